"""What every `GrantStore` promises of pairs and leases."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from shared.domain.grants import Grant, GrantState, Lease, SweepLane, SweepPlace
from shared.domain.ids import CompanyId, GrantId, RemoteCompanyId
from shared.storage.ports import Stores
from tests.contract.stores.builders import NOW, grant

GRANT = GrantId("grant-1")
SOON = timedelta(seconds=30)


def take(stores: Stores, owner: str = "worker-1", now: datetime = NOW) -> Lease | None:
    return stores.grants.take_lease(GRANT, owner, now=now, expires_at=now + SOON)


def stored(stores: Stores) -> Grant:
    found = stores.grants.get(GRANT)
    assert found is not None
    return found


class TestGrants:
    @pytest.mark.parametrize(
        "given",
        [
            grant(),
            grant(refresh_expires_at=None, remote_company_ids=()),
            grant(
                remote_company_ids=(RemoteCompanyId("é"), RemoteCompanyId("b")),
                sealed_former_pair=b"\x00former",
                rotated_at=NOW,
                lease=Lease("worker-1", NOW + SOON, 7),
                state=GrantState.REVOKED,
                token_version=10**9,
            ),
        ],
    )
    def test_a_grant_comes_back_as_it_was_put(self, stores: Stores, given: Grant) -> None:
        stores.grants.put_new(given)
        assert stores.grants.get(GRANT) == given
        assert stores.grants.get(GrantId("another")) is None

    def test_a_new_consent_replaces_whatever_stood_there(self, stores: Stores) -> None:
        stores.grants.put_new(grant(sealed_former_pair=b"x", lease=Lease("w", NOW, 3)))
        later = grant(token_version=2, refresh_expires_at=None)
        stores.grants.put_new(later)
        assert stores.grants.get(GRANT) == later


class TestLease:
    def test_one_at_a_time_with_a_growing_fence(self, stores: Stores) -> None:
        stores.grants.put_new(grant())
        assert take(stores) == Lease("worker-1", NOW + SOON, 1)
        assert take(stores, "worker-2") is None
        assert take(stores, "worker-1") is None
        assert stored(stores).lease == Lease("worker-1", NOW + SOON, 1)

    @pytest.mark.parametrize(
        ("passed", "free"),
        [(SOON - timedelta(microseconds=1), False), (SOON, True), (SOON * 2, True)],
    )
    def test_it_ends_at_its_expiry_to_the_instant(
        self, stores: Stores, passed: timedelta, *, free: bool
    ) -> None:
        stores.grants.put_new(grant())
        take(stores)
        later = take(stores, "worker-2", NOW + passed)
        assert later == (Lease("worker-2", NOW + passed + SOON, 2) if free else None)

    def test_an_unknown_grant_has_none_to_give(self, stores: Stores) -> None:
        assert take(stores) is None
        assert stores.grants.get(GRANT) is None

    def test_released_it_is_free_at_once_and_the_fence_stays(self, stores: Stores) -> None:
        stores.grants.put_new(grant())
        lease = take(stores)
        stores.grants.release_lease(GRANT, lease)
        kept = stored(stores).lease
        assert (kept.owner, kept.fence) == ("worker-1", 1)
        assert kept.expires_at < NOW
        assert take(stores, "worker-2") == Lease("worker-2", NOW + SOON, 2)

    @pytest.mark.parametrize(
        "foreign", [Lease("worker-2", NOW + SOON, 1), Lease("worker-1", NOW + SOON, 0)]
    )
    def test_nobody_else_can_release_it(self, stores: Stores, foreign: Lease) -> None:
        stores.grants.put_new(grant())
        take(stores)
        stores.grants.release_lease(GRANT, foreign)
        assert take(stores, "worker-3") is None

    def test_releasing_one_that_was_taken_over_frees_nothing(self, stores: Stores) -> None:
        stores.grants.put_new(grant())
        first = take(stores)
        take(stores, "worker-1", NOW + SOON)
        stores.grants.release_lease(GRANT, first)
        assert take(stores, "worker-2", NOW + SOON) is None

    def test_releasing_what_is_not_there_is_no_matter(self, stores: Stores) -> None:
        stores.grants.release_lease(GRANT, Lease("worker-1", NOW, 1))
        assert stores.grants.get(GRANT) is None


class TestSavingAPair:
    def test_all_that_a_new_pair_brings_is_saved_and_nothing_else(self, stores: Stores) -> None:
        before = grant(state=GrantState.NEEDS_REAUTH, token_version=4)
        stores.grants.put_new(before)
        lease = take(stores)
        renewed = grant(
            remote_company_ids=(RemoteCompanyId("another"),),
            companies=frozenset({CompanyId("not saved")}),
            wanted_at=NOW,
            unanswered_since=NOW,
            place=SweepPlace(SweepLane.IDLE, NOW),
            sealed_pair=b"new",
            token_version=5,
            access_expires_at=NOW + timedelta(hours=2),
            refresh_expires_at=NOW + timedelta(days=101),
            sealed_former_pair=b"old",
            rotated_at=NOW,
            state=GrantState.REVOKED,
            lease=Lease("not saved", NOW, 99),
        )
        assert stores.grants.save_pair(renewed, expected_token_version=4)
        assert stored(stores) == replace(
            renewed,
            companies=before.companies,
            wanted_at=None,
            unanswered_since=None,
            state=GrantState.ACTIVE,
            lease=lease,
        )

    def test_what_the_new_pair_does_not_have_is_gone(self, stores: Stores) -> None:
        stores.grants.put_new(grant(sealed_former_pair=b"old", rotated_at=NOW))
        bare = grant(refresh_expires_at=None, token_version=2)
        assert stores.grants.save_pair(bare, expected_token_version=1)
        assert stored(stores) == bare

    def test_a_late_save_wins_while_the_version_is_unmoved(self, stores: Stores) -> None:
        """It holds the only live pair, whoever holds the lease by now."""
        stores.grants.put_new(grant())
        take(stores, "slow")
        take(stores, "next", NOW + SOON)
        late = grant(sealed_pair=b"late", token_version=2)
        assert stores.grants.save_pair(late, expected_token_version=1)
        assert stored(stores).sealed_pair == b"late"
        assert stored(stores).lease.owner == "next"

    @pytest.mark.parametrize("expected", [0, 2, 3])
    def test_it_loses_once_the_version_has_moved(self, stores: Stores, expected: int) -> None:
        stores.grants.put_new(grant())
        winner = grant(sealed_pair=b"winner", token_version=2)
        assert stores.grants.save_pair(winner, expected_token_version=1)
        if expected == 2:
            expected = 1
        late = grant(sealed_pair=b"late", token_version=expected + 1)
        assert not stores.grants.save_pair(late, expected_token_version=expected)
        assert stored(stores) == winner

    def test_there_is_nothing_to_save_for_an_unknown_grant(self, stores: Stores) -> None:
        assert not stores.grants.save_pair(grant(), expected_token_version=0)
        assert stores.grants.get(GRANT) is None


class TestNeedsReauth:
    def test_it_is_marked_and_the_version_does_not_move(self, stores: Stores) -> None:
        stores.grants.put_new(grant())
        lease = take(stores)
        assert stores.grants.mark_needs_reauth(GRANT, expected_token_version=1, fence=1)
        assert stored(stores) == grant(state=GrantState.NEEDS_REAUTH, lease=lease)

    @pytest.mark.parametrize(("version", "fence"), [(0, 1), (2, 1), (1, 0), (1, 2)])
    def test_version_and_fence_must_be_unmoved(
        self, stores: Stores, version: int, fence: int
    ) -> None:
        stores.grants.put_new(grant())
        take(stores)
        mark = stores.grants.mark_needs_reauth
        assert not mark(GRANT, expected_token_version=version, fence=fence)
        assert stored(stores).state is GrantState.ACTIVE

    @pytest.mark.parametrize("known", [True, False])
    def test_without_a_lease_nobody_may_mark(self, stores: Stores, *, known: bool) -> None:
        if known:
            stores.grants.put_new(grant())
        assert not stores.grants.mark_needs_reauth(GRANT, expected_token_version=1, fence=0)

    def test_the_fence_of_a_released_lease_still_counts(self, stores: Stores) -> None:
        stores.grants.put_new(grant())
        stores.grants.release_lease(GRANT, take(stores))
        assert stores.grants.mark_needs_reauth(GRANT, expected_token_version=1, fence=1)
