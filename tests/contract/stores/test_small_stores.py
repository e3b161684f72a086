"""What every `PacingStore`, `RemoteListCache` and `AuditStore` promises."""

from __future__ import annotations

from datetime import timedelta

import pytest

from shared.domain.errors import InvalidCursor, TooLarge
from shared.domain.ids import PersonId, SourceId
from shared.storage.ports import AuditEntry, PacingRow, Stores
from tests.contract.stores.builders import (
    COMPANY,
    CONNECTION,
    NOW,
    OTHER_COMPANY,
    OTHER_CONNECTION,
    all_pages,
)

MINUTE = timedelta(seconds=60)


class TestPacing:
    def test_a_row_comes_back_as_it_was_saved(self, stores: Stores) -> None:
        assert stores.pacing.load(CONNECTION) is None
        assert stores.pacing.save(CONNECTION, PacingRow('{"é": 1}', 1))
        assert stores.pacing.load(CONNECTION) == PacingRow('{"é": 1}', 1)
        assert stores.pacing.load(OTHER_CONNECTION) is None
        assert stores.pacing.save(CONNECTION, PacingRow("", 2))
        assert stores.pacing.load(CONNECTION) == PacingRow("", 2)

    @pytest.mark.parametrize(("stored", "offered"), [(0, 2), (1, 1), (1, 3), (2, 1)])
    def test_a_save_needs_the_version_before_it(
        self, stores: Stores, stored: int, offered: int
    ) -> None:
        for version in range(1, stored + 1):
            assert stores.pacing.save(CONNECTION, PacingRow("kept", version))
        assert not stores.pacing.save(CONNECTION, PacingRow("late", offered))
        found = stores.pacing.load(CONNECTION)
        assert found == (PacingRow("kept", stored) if stored else None)

    def test_version_zero_is_a_mistake(self, stores: Stores) -> None:
        with pytest.raises(ValueError, match="version"):
            stores.pacing.save(CONNECTION, PacingRow("", 0))


class TestRemoteLists:
    @pytest.mark.parametrize(
        ("passed", "fresh"),
        [
            (-MINUTE, True),
            (MINUTE - timedelta(microseconds=1), True),
            (MINUTE, False),
            (MINUTE * 99, False),
        ],
    )
    def test_a_list_is_there_while_it_is_fresh(
        self, stores: Stores, passed: timedelta, *, fresh: bool
    ) -> None:
        stores.remote_lists.put(CONNECTION, "accounts", '["é"]', now=NOW, fresh=MINUTE)
        found = stores.remote_lists.get(CONNECTION, "accounts", NOW + passed)
        assert found == ('["é"]' if fresh else None)

    def test_putting_it_again_replaces_it(self, stores: Stores) -> None:
        stores.remote_lists.put(CONNECTION, "accounts", "old", now=NOW, fresh=MINUTE)
        stores.remote_lists.put(CONNECTION, "accounts", "", now=NOW + MINUTE, fresh=MINUTE)
        assert stores.remote_lists.get(CONNECTION, "accounts", NOW + MINUTE) == ""
        assert stores.remote_lists.get(CONNECTION, "tax-codes", NOW) is None
        assert stores.remote_lists.get(OTHER_CONNECTION, "accounts", NOW) is None

    def test_300_kb_fit_and_one_byte_more_is_refused(self, stores: Stores) -> None:
        """By bytes, not by characters, and whatever it could be compressed to."""
        most = "é" * (150 * 1024)
        stores.remote_lists.put(CONNECTION, "accounts", most, now=NOW, fresh=MINUTE)
        with pytest.raises(TooLarge) as refused:
            stores.remote_lists.put(CONNECTION, "accounts", most + "x", now=NOW, fresh=MINUTE)
        assert refused.value.problem.code == "TOO_LARGE"
        assert stores.remote_lists.get(CONNECTION, "accounts", NOW) == most


def entry(number: int, company: str = COMPANY, **changes: object) -> AuditEntry:
    given = {
        "company_id": company,
        "at": NOW + timedelta(microseconds=number),
        "entry_id": f"entry-{number}",
        "who": PersonId("person-1"),
        "what": "connection.connected",
        "about": {"provider": "quickbooks", "é": "中"},
    }
    return AuditEntry(**{**given, **changes})


class TestAudit:
    def test_newest_first(self, stores: Stores) -> None:
        for number in (2, 5, 1, 3, 4):
            stores.audit.add(entry(number))
        stores.audit.add(entry(9, OTHER_COMPANY))
        pages = all_pages(lambda cursor: stores.audit.page(COMPANY, 2, cursor))
        assert pages == [(entry(5), entry(4)), (entry(3), entry(2)), (entry(1),)]

    def test_what_was_written_stays(self, stores: Stores) -> None:
        about = {"a": "before"}
        stores.audit.add(entry(1, about=about))
        about["a"] = "after"
        stores.audit.add(entry(1, about=about, what="something.else"))
        assert stores.audit.page(COMPANY, 5, None).rows == (entry(1, about={"a": "before"}),)

    def test_two_entries_of_one_instant_both_stay(self, stores: Stores) -> None:
        stores.audit.add(entry(1))
        stores.audit.add(entry(1, entry_id="another"))
        assert len(stores.audit.page(COMPANY, 5, None).rows) == 2

    def test_entries_about_an_invoice_are_found_by_it(self, stores: Stores) -> None:
        about = {"invoice": "a/b#1"}
        stores.audit.add(entry(1, about=about))
        stores.audit.add(entry(2, about={"invoice": "a/b"}))
        stores.audit.add(entry(3))
        stores.audit.add(entry(4, about=about))
        stores.audit.add(entry(5, OTHER_COMPANY, about=about))
        pages = all_pages(
            lambda cursor: stores.audit.page_of_invoice(COMPANY, SourceId("a/b#1"), 1, cursor)
        )
        assert pages == [(entry(4, about=about),), (entry(1, about=about),)]
        assert len(stores.audit.page(COMPANY, 9, None).rows) == 4

    def test_a_cursor_of_another_company_is_refused(self, stores: Stores) -> None:
        for company in (COMPANY, OTHER_COMPANY):
            stores.audit.add(entry(1, company))
            stores.audit.add(entry(2, company))
        cursor = stores.audit.page(OTHER_COMPANY, 1, None).cursor
        with pytest.raises(InvalidCursor):
            stores.audit.page(COMPANY, 1, cursor)
