"""What every `GrantStore` promises of the companies that use a grant and of its place in the sweep."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from shared.domain.grants import Grant, GrantState, SweepLane, SweepPlace
from shared.domain.ids import CompanyId, GrantId, ProviderName
from shared.storage.ports import Stores
from tests.contract.stores.builders import COMPANY, NOW, OTHER_COMPANY, QUICKBOOKS, grant

GRANT = grant().grant_id
HOUR = timedelta(hours=1)


def placed(
    number: int, lane: SweepLane = SweepLane.IDLE, hours: float = 0, **changes: object
) -> Grant:
    place = SweepPlace(lane, NOW + hours * HOUR)
    return replace(grant(), grant_id=GrantId(f"grant-{number}"), place=place, **changes)  # type: ignore[arg-type]  # a test's own spelling


def lane_of(
    stores: Stores, lane: SweepLane = SweepLane.IDLE, limit: int = 100, **until: object
) -> list[str]:
    return [one for one, _ in stores.grants.next_in_sweep(QUICKBOOKS, lane, limit, **until)]  # type: ignore[arg-type]  # as above


def stored(stores: Stores) -> Grant:
    found = stores.grants.get(GRANT)
    assert found is not None
    return found


class TestCompanies:
    def test_who_uses_it_is_added_and_taken_away_one_by_one(self, stores: Stores) -> None:
        stores.grants.put_new(grant())
        assert stores.grants.attach(GRANT, COMPANY)
        assert stores.grants.attach(GRANT, COMPANY)
        assert stores.grants.attach(GRANT, OTHER_COMPANY)
        assert stored(stores) == grant(companies=frozenset({COMPANY, OTHER_COMPANY}))
        assert stores.grants.detach(GRANT, COMPANY) == {OTHER_COMPANY}
        assert stores.grants.detach(GRANT, COMPANY) == {OTHER_COMPANY}
        assert stores.grants.detach(GRANT, OTHER_COMPANY) == frozenset()
        assert stored(stores) == grant()

    def test_companies_given_at_first_are_stored(self, stores: Stores) -> None:
        given = grant(companies=frozenset({CompanyId("é#"), COMPANY}))
        stores.grants.put_new(given)
        assert stored(stores) == given

    def test_what_is_not_there_or_revoked_is_used_by_nobody(self, stores: Stores) -> None:
        assert not stores.grants.attach(GRANT, COMPANY)
        assert stores.grants.detach(GRANT, COMPANY) == frozenset()
        assert stores.grants.get(GRANT) is None
        stores.grants.put_new(grant(state=GrantState.REVOKED))
        assert not stores.grants.attach(GRANT, COMPANY)

    def test_one_to_be_reauthorised_may_still_be_attached(self, stores: Stores) -> None:
        stores.grants.put_new(grant(state=GrantState.NEEDS_REAUTH))
        assert stores.grants.attach(GRANT, COMPANY)


class TestRetiring:
    def test_pair_and_place_are_erased_and_a_refresh_under_way_loses(self, stores: Stores) -> None:
        before = replace(placed(1), grant_id=GRANT, token_version=4, sealed_former_pair=b"old")
        stores.grants.put_new(before)
        assert stores.grants.retire(GRANT)
        assert stored(stores) == replace(
            before,
            state=GrantState.REVOKED,
            token_version=5,
            sealed_pair=b"",
            sealed_former_pair=None,
            place=None,
        )
        assert not stores.grants.save_pair(
            replace(before, token_version=5), expected_token_version=4
        )
        assert lane_of(stores) == []

    def test_not_while_a_company_uses_it(self, stores: Stores) -> None:
        stores.grants.put_new(grant(companies=frozenset({COMPANY})))
        assert not stores.grants.retire(GRANT)
        assert stored(stores).state is GrantState.ACTIVE

    def test_not_twice_and_not_what_is_not_there(self, stores: Stores) -> None:
        assert not stores.grants.retire(GRANT)
        stores.grants.put_new(grant())
        assert stores.grants.retire(GRANT)
        assert not stores.grants.retire(GRANT)


class TestPlaces:
    def test_the_earliest_places_of_a_lane_come_first(self, stores: Stores) -> None:
        for number, hours in ((1, 3), (2, 1), (3, 2), (4, 5), (5, 4)):
            stores.grants.put_new(placed(number, hours=hours))
        stores.grants.put_new(placed(6, SweepLane.IN_USE))
        assert lane_of(stores) == ["grant-2", "grant-3", "grant-1", "grant-5", "grant-4"]
        assert lane_of(stores, limit=2) == ["grant-2", "grant-3"]
        assert stores.grants.next_in_sweep(QUICKBOOKS, SweepLane.IN_USE, 9) == [
            (GrantId("grant-6"), NOW)
        ]

    def test_a_lane_is_one_providers(self, stores: Stores) -> None:
        stores.grants.put_new(placed(1, provider=ProviderName("xero")))
        assert lane_of(stores) == []
        assert stores.grants.count_in_sweep(QUICKBOOKS, SweepLane.IDLE) == 0
        assert stores.grants.count_in_sweep(ProviderName("xero"), SweepLane.IDLE) == 1

    def test_until_is_part_of_it(self, stores: Stores) -> None:
        for number in range(3):
            stores.grants.put_new(placed(number, SweepLane.TIMED, hours=number))
        assert lane_of(stores, SweepLane.TIMED, until=NOW + HOUR) == ["grant-0", "grant-1"]
        assert lane_of(stores, SweepLane.TIMED, until=NOW - HOUR) == []

    def test_each_lane_is_counted_for_itself(self, stores: Stores) -> None:
        for number in range(20):
            lane = SweepLane.IDLE if number % 4 else SweepLane.IN_USE
            stores.grants.put_new(placed(number, lane))
        assert stores.grants.count_in_sweep(QUICKBOOKS, SweepLane.IDLE) == 15
        assert stores.grants.count_in_sweep(QUICKBOOKS, SweepLane.IN_USE) == 5
        assert stores.grants.count_in_sweep(QUICKBOOKS, SweepLane.TIMED) == 0

    def test_a_new_pair_brings_its_place(self, stores: Stores) -> None:
        before = placed(1)
        stores.grants.put_new(before)
        after = replace(before, token_version=2, place=SweepPlace(SweepLane.IN_USE, NOW + HOUR))
        assert stores.grants.save_pair(after, expected_token_version=1)
        assert lane_of(stores) == []
        assert lane_of(stores, SweepLane.IN_USE) == ["grant-1"]

    @pytest.mark.parametrize("place", [SweepPlace(SweepLane.TIMED, NOW + HOUR), None])
    def test_a_place_is_changed_and_nothing_else(
        self, stores: Stores, place: SweepPlace | None
    ) -> None:
        before = replace(placed(1), wanted_at=NOW, unanswered_since=NOW)
        stores.grants.put_new(before)
        assert stores.grants.set_place(before.grant_id, place, expected_token_version=1)
        assert stores.grants.get(before.grant_id) == replace(before, place=place)
        assert stores.grants.count_in_sweep(QUICKBOOKS, SweepLane.IDLE) == 0

    def test_when_it_was_wanted_and_unanswered_comes_along_where_given(
        self, stores: Stores
    ) -> None:
        before = placed(1)
        stores.grants.put_new(before)
        place = SweepPlace(SweepLane.IN_USE, NOW)
        assert stores.grants.set_place(
            before.grant_id,
            place,
            expected_token_version=1,
            wanted_at=NOW + HOUR,
            unanswered_since=NOW - HOUR,
        )
        assert stores.grants.get(before.grant_id) == replace(
            before, place=place, wanted_at=NOW + HOUR, unanswered_since=NOW - HOUR
        )

    def test_a_place_needs_an_active_grant_of_that_version(self, stores: Stores) -> None:
        place = SweepPlace(SweepLane.IDLE, NOW)
        assert not stores.grants.set_place(GRANT, place, expected_token_version=1)
        stores.grants.put_new(grant())
        assert not stores.grants.set_place(GRANT, place, expected_token_version=2)
        stores.grants.put_new(grant(state=GrantState.NEEDS_REAUTH))
        assert not stores.grants.set_place(GRANT, place, expected_token_version=1)
        assert lane_of(stores) == []

    def test_one_to_be_reauthorised_is_swept_no_more(self, stores: Stores) -> None:
        before = placed(1)
        stores.grants.put_new(before)
        lease = stores.grants.take_lease(before.grant_id, "worker", now=NOW, expires_at=NOW + HOUR)
        assert lease is not None
        assert stores.grants.mark_needs_reauth(
            before.grant_id, expected_token_version=1, fence=lease.fence
        )
        assert lane_of(stores) == []


class TestUsers:
    def test_a_users_chain_is_held_by_one_grant(self, stores: Stores) -> None:
        claim = stores.grants.claim_user
        assert stores.grants.of_user(QUICKBOOKS, "ann#1") is None
        assert claim(QUICKBOOKS, "ann#1", GRANT, instead_of=None) == GRANT
        assert claim(QUICKBOOKS, "ann#1", GrantId("late"), instead_of=None) == GRANT
        assert claim(QUICKBOOKS, "ann#1", GrantId("late"), instead_of=GrantId("no")) == GRANT
        assert stores.grants.of_user(QUICKBOOKS, "ann#1") == GRANT
        assert claim(QUICKBOOKS, "ann#1", GrantId("next"), instead_of=GRANT) == "next"
        assert stores.grants.of_user(QUICKBOOKS, "ann#1") == "next"

    def test_users_of_different_providers_are_different(self, stores: Stores) -> None:
        stores.grants.claim_user(QUICKBOOKS, "ann", GRANT, instead_of=None)
        assert stores.grants.of_user(ProviderName("xero"), "ann") is None
        assert stores.grants.of_user(QUICKBOOKS, "bob") is None
