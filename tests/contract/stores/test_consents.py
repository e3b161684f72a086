"""What every `ConsentStore` and `ChoiceStore` promises."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from shared.domain.connections import OfferedCompany, PendingChoice
from shared.domain.ids import GrantId, PersonId, RemoteCompanyId
from shared.storage.auth_ports import ConsentRequest
from shared.storage.ports import Stores
from tests.contract.stores.builders import CONNECTION, NOW, OTHER_CONNECTION

SOON = timedelta(minutes=10)


def consent(state: str, **changes: str) -> ConsentRequest:
    return ConsentRequest(
        state, CONNECTION, "person-1", "https://app.example/back", NOW + SOON, **changes
    )


class TestConsents:
    def test_a_state_works_once(self, stores: Stores) -> None:
        request = replace(
            consent("state-1", code_verifier="v" * 128, return_to="/settings?é=1#x"),
            needs_session=True,
        )
        stores.consents.put(request)
        assert stores.consents.take("state-1") == request
        assert stores.consents.take("state-1") is None

    def test_expiry_is_the_callers_to_compare(self, stores: Stores) -> None:
        old = replace(consent("state-1"), expires_at=NOW - timedelta(days=400))
        stores.consents.put(old)
        assert stores.consents.take("state-1") == old

    @pytest.mark.parametrize("state", ["", "unknown", "x" * 5000, "\ud800", "#"])
    def test_an_unknown_state_stands_for_nothing(self, stores: Stores, state: str) -> None:
        stores.consents.put(consent("state-1"))
        assert stores.consents.take(state) is None
        assert stores.consents.take("state-1") is not None


def choice(choice_id: str = "choice-1", **changes: object) -> PendingChoice:
    pending = PendingChoice(
        choice_id=choice_id,
        connection=CONNECTION,
        grant_id=GrantId("grant-1"),
        person_id=PersonId("person-1"),
        offered=(
            OfferedCompany(RemoteCompanyId("é#1"), 'A "B" C'),
            OfferedCompany(RemoteCompanyId("2")),
        ),
        expires_at=NOW + SOON,
    )
    return replace(pending, **changes)  # type: ignore[arg-type]  # a test's own spelling


class TestChoices:
    @pytest.mark.parametrize(
        "pending", [choice(), choice(connected="Acme Books", return_to="/settings", offered=())]
    )
    def test_a_choice_comes_back_as_it_was_put(
        self, stores: Stores, pending: PendingChoice
    ) -> None:
        assert stores.choices.put(pending) is None
        assert stores.choices.get(CONNECTION) == pending
        assert stores.choices.get(OTHER_CONNECTION) is None

    def test_another_one_replaces_it_and_answers_what_it_replaced(self, stores: Stores) -> None:
        stores.choices.put(choice())
        assert stores.choices.put(choice("choice-2")) == choice()
        assert stores.choices.get(CONNECTION) == choice("choice-2")

    def test_a_choice_is_decided_once_and_only_if_it_is_still_that_one(
        self, stores: Stores
    ) -> None:
        stores.choices.put(choice("choice-2"))
        assert not stores.choices.take(CONNECTION, "choice-1")
        assert not stores.choices.take(OTHER_CONNECTION, "choice-2")
        assert stores.choices.take(CONNECTION, "choice-2")
        assert not stores.choices.take(CONNECTION, "choice-2")
        assert stores.choices.get(CONNECTION) is None
