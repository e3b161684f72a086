"""What every `LinkedRecordStore` promises, and how links are told and removed."""

from __future__ import annotations

import pytest

from shared.domain.ids import RemoteId, SourceId
from shared.domain.links import Link
from shared.domain.records import Item
from shared.storage.ports import LinkLoss, Stores
from tests.contract.stores.builders import COMPANY, OTHER_COMPANY, SCOPE, item, link
from tests.contract.stores.conftest import LeaveClaim


def pair(number: int, remote: int | None = None) -> tuple[Item, Link]:
    source_id = f"item-{number:03}"
    return item(source_id), link(source_id, f"r-{number if remote is None else remote}")


def there(stores: Stores, number: int) -> tuple[bool, bool, bool]:
    """Whether record, link and claim are."""
    source_id, remote_id = SourceId(f"item-{number:03}"), RemoteId(f"r-{number}")
    return (
        stores.records.get(COMPANY, Item, source_id) is not None,
        source_id in stores.links.get_links(SCOPE, [source_id]),
        stores.links.linked_to(SCOPE, [remote_id]).get(remote_id) == source_id,
    )


class TestAdd:
    @pytest.mark.parametrize("count", [0, 1, 33, 80])
    def test_a_record_is_stored_with_its_link_and_claim(self, stores: Stores, count: int) -> None:
        pairs = [pair(number) for number in range(count)]
        assert stores.linked_records.add(COMPANY, SCOPE, pairs) == {}
        assert all(there(stores, number) == (True, True, True) for number in range(count))
        if count:
            record, stored = pairs[0]
            assert stores.records.get(COMPANY, Item, record.source_id) == record
            assert stores.links.get_links(SCOPE, [record.source_id])[record.source_id] == stored

    def test_of_whom_something_is_there_nothing_is_stored_and_the_others_are(
        self, stores: Stores
    ) -> None:
        stores.records.save(COMPANY, [item("item-001")])
        stores.links.save_links(SCOPE, [link("item-002", "r-elsewhere")])
        stores.links.save_links(SCOPE, [link("item-other", "r-3")])
        lost = stores.linked_records.add(COMPANY, SCOPE, [pair(number) for number in range(40)])
        assert lost == {
            "item-001": LinkLoss.RECORD_EXISTS,
            "item-002": LinkLoss.LINKED,
            "item-003": LinkLoss.LINKED,
        }
        assert there(stores, 1) == (True, False, False)
        assert there(stores, 2) == (False, True, False)
        assert there(stores, 3) == (False, False, False)
        assert all(there(stores, number) == (True, True, True) for number in (0, *range(4, 40)))

    def test_the_same_again_loses_and_changes_nothing(self, stores: Stores) -> None:
        stores.linked_records.add(COMPANY, SCOPE, [pair(1)])
        again = stores.linked_records.add(COMPANY, SCOPE, [pair(1)])
        assert again == {"item-001": LinkLoss.RECORD_EXISTS}
        assert stores.records.get(OTHER_COMPANY, Item, SourceId("item-001")) is None

    def test_a_claim_of_its_own_left_by_a_crash_counts_as_ours(
        self, stores: Stores, leave_claim: LeaveClaim
    ) -> None:
        leave_claim(SCOPE, RemoteId("r-1"), SourceId("item-001"))
        leave_claim(SCOPE, RemoteId("r-2"), SourceId("somebody"))
        lost = stores.linked_records.add(COMPANY, SCOPE, [pair(1), pair(2)])
        assert lost == {"item-002": LinkLoss.LINKED}
        assert there(stores, 1) == (True, True, True)

    def test_an_id_twice_is_a_mistake(self, stores: Stores) -> None:
        for pairs in ([pair(1), pair(1, 9)], [pair(1, 9), pair(2, 9)]):
            with pytest.raises(ValueError, match="twice"):
                stores.linked_records.add(COMPANY, SCOPE, pairs)
        assert there(stores, 1) == (False, False, False)


def test_everything_that_is_linked(stores: Stores) -> None:
    assert stores.links.all_linked(SCOPE) == {}
    stores.links.save_links(SCOPE, [link(f"item-{n:03}", f"r-{n}") for n in range(60)])
    told = stores.links.all_linked(SCOPE)
    assert told == {RemoteId(f"r-{n}"): SourceId(f"item-{n:03}") for n in range(60)}


class TestRemove:
    def test_link_and_claim_go_and_both_sides_can_be_linked_anew(self, stores: Stores) -> None:
        stores.links.save_links(SCOPE, [link("item-001", "r-1"), link("item-002", "r-2")])
        assert stores.links.remove_link(SCOPE, link("item-001", "r-1"))
        assert there(stores, 1)[1:] == (False, False)
        assert there(stores, 2)[1:] == (True, True)
        assert stores.links.save_links(SCOPE, [link("item-009", "r-1")]) == []
        assert stores.links.save_links(SCOPE, [link("item-001", "r-9")]) == []

    def test_a_link_that_moved_on_or_is_gone_stays_as_it_is(self, stores: Stores) -> None:
        stores.links.save_links(SCOPE, [link("item-001", "r-1")])
        stores.links.save_links(SCOPE, [link("item-001", "r-1", row_version=2)])
        assert not stores.links.remove_link(SCOPE, link("item-001", "r-1"))
        assert not stores.links.remove_link(SCOPE, link("item-404", "r-404"))
        assert there(stores, 1)[1:] == (True, True)
