"""What QuickBooks' refusals say of a customer: the customer's own words and fields."""

from __future__ import annotations

from typing import Any

import pytest

from shared.domain.ids import RecordKind
from shared.domain.outcomes import EntryBusy, EntryRefused
from shared.domain.runs import PushAction
from shared.providers.quickbooks.errors import fault_of
from shared.providers.quickbooks.faults import entry_outcome
from tests.unit.providers.quickbooks.payloads import fault


def outcome(code: int, kind: RecordKind = RecordKind.CUSTOMER, **more: Any) -> Any:
    errors = fault_of(fault(code, **more))
    assert errors
    return entry_outcome(errors, PushAction.CREATE, kind)


@pytest.mark.parametrize("code", [610, 620, 2020, 2040, 2050, 2210, 2500, 6220])
def test_a_refused_customer_is_told_of_as_a_customer(code: int) -> None:
    refused = outcome(code)
    assert isinstance(refused, EntryRefused)
    text = refused.problem.message + refused.problem.action
    assert "customer" in text
    assert "item" not in text
    assert "{" not in text


def test_a_missing_reference_of_an_item_is_its_account() -> None:
    assert outcome(2500, RecordKind.ITEM).problem.field == "incomeAccountId"
    assert outcome(2500).problem.field == ""


def test_a_refused_e_mail_address_names_its_field() -> None:
    refused = outcome(2210)
    assert (refused.problem.field, refused.cause) == ("email", "EMAIL_MALFORMED")


def test_what_is_busy_says_what_to_sync_again() -> None:
    busy = outcome(6000)
    assert isinstance(busy, EntryBusy)
    assert busy.problem.action == "Sync the customer again in a few minutes."
