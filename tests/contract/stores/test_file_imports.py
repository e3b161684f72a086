"""What every `FileImportStore` promises."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from shared.domain.errors import InvalidCursor
from shared.domain.file_imports import (
    FileFormat,
    FileImport,
    FileImportState,
    RowCounts,
    RowProblem,
    StoredFile,
)
from shared.domain.ids import CompanyId, PersonId, RecordKind
from shared.domain.runs import Problem
from shared.storage.ports import Stores
from tests.contract.stores.builders import COMPANY, NOW, OTHER_COMPANY, at_once

WRONG = Problem("WRONG", "It is wrong.", "Correct it.", "name")


def job(import_id: str = "i-1", company_id: CompanyId = COMPANY, **changes: Any) -> FileImport:
    return FileImport(
        company_id=company_id,
        import_id=import_id,
        kind=RecordKind.ITEM,
        format=FileFormat.CSV,
        name="Préisliste #1%",
        started_by=PersonId("person-1"),
        created_at=NOW,
        upload_until=NOW + timedelta(minutes=15),
        **changes,
    )


def at(line: int, number: int = 0, message: str = "It is wrong.") -> RowProblem:
    return RowProblem(line, number, replace(WRONG, message=message), f"id-{line}")


def problems(stores: Stores, import_id: str = "i-1") -> list[RowProblem]:
    return list(stores.file_imports.page_problems(COMPANY, import_id, 100, None).rows)


def test_what_is_saved_is_read_as_it_was(stores: Stores) -> None:
    everything = job(
        state=FileImportState.FAILED,
        file=StoredFile(12, '"etag"'),
        total_rows=7,
        counts=RowCounts(6, 1, 2, 0, 3),
        line=8,
        ignored_columns=("a", "b"),
        errors_listed=4,
        errors_not_listed=5,
        attempts=2,
        beat_at=NOW + timedelta(seconds=1),
        ended_at=NOW + timedelta(seconds=2),
        problem=WRONG,
    )
    assert stores.file_imports.save(everything)
    assert stores.file_imports.get(COMPANY, "i-1") == everything
    assert stores.file_imports.save(job("i-2"))
    assert stores.file_imports.get(COMPANY, "i-2") == job("i-2")


@pytest.mark.parametrize("import_id", ["", "absent", "x" * 2000, "\ud800"])
def test_what_is_not_there_is_none(stores: Stores, import_id: str) -> None:
    stores.file_imports.save(job())
    assert stores.file_imports.get(COMPANY, import_id) is None
    assert stores.file_imports.get(OTHER_COMPANY, "i-1") is None


def test_each_save_is_on_the_version_before(stores: Stores) -> None:
    assert not stores.file_imports.save(job(version=2)), "there is none"
    assert stores.file_imports.save(job())
    assert not stores.file_imports.save(job()), "there is one"
    assert stores.file_imports.save(job(version=2, total_rows=5))
    assert not stores.file_imports.save(job(version=2, total_rows=6))
    found = stores.file_imports.get(COMPANY, "i-1")
    assert found is not None
    assert (found.version, found.total_rows) == (2, 5)
    with pytest.raises(ValueError, match="version 1"):
        stores.file_imports.save(job(version=0))


def test_of_several_at_once_one_wins(stores: Stores) -> None:
    stores.file_imports.save(job())
    won = at_once(4, lambda n: stores.file_imports.save(job(version=2, total_rows=n)))
    assert sorted(won) == [False, False, False, True]


def test_the_list_is_newest_first_in_pages_and_of_one_company(stores: Stores) -> None:
    for number in (1, 3, 2):
        stores.file_imports.save(job(f"i-{number}"))
    stores.file_imports.save(job("i-9", OTHER_COMPANY))
    first = stores.file_imports.page(COMPANY, 2, None)
    assert [one.import_id for one in first.rows] == ["i-3", "i-2"]
    last = stores.file_imports.page(COMPANY, 2, first.cursor)
    assert ([one.import_id for one in last.rows], last.cursor) == (["i-1"], None)
    with pytest.raises(InvalidCursor):
        stores.file_imports.page(OTHER_COMPANY, 2, first.cursor)


def test_problems_come_by_line_then_number_in_pages(stores: Stores) -> None:
    store = stores.file_imports
    store.add_problems(COMPANY, "i-1", [at(100), at(9, 1), at(9, 0), at(9, 10)])
    store.add_problems(COMPANY, "i-2", [at(1)])
    store.add_problems(OTHER_COMPANY, "i-1", [at(2)])
    store.add_problems(COMPANY, "i-1", [])
    first = store.page_problems(COMPANY, "i-1", 3, None)
    assert list(first.rows) == [at(9, 0), at(9, 1), at(9, 10)]
    assert list(store.page_problems(COMPANY, "i-1", 3, first.cursor).rows) == [at(100)]
    with pytest.raises(InvalidCursor):
        store.page_problems(COMPANY, "i-2", 3, first.cursor)


def test_the_same_problem_again_replaces(stores: Stores) -> None:
    stores.file_imports.add_problems(COMPANY, "i-1", [at(9), at(10)])
    stores.file_imports.add_problems(COMPANY, "i-1", [at(9, message="Otherwise.")])
    assert problems(stores) == [at(9, message="Otherwise."), at(10)]


def test_problems_after_a_line_are_dropped_and_no_others(stores: Stores) -> None:
    store = stores.file_imports
    store.add_problems(COMPANY, "i-1", [at(9), at(10), at(10, 1), at(11), at(1_000_000)])
    store.add_problems(COMPANY, "i-2", [at(11)])
    store.drop_problems_after(COMPANY, "i-1", 10)
    assert problems(stores) == [at(9), at(10), at(10, 1)]
    assert problems(stores, "i-2") == [at(11)]
    store.drop_problems_after(COMPANY, "i-1", 0)
    assert problems(stores) == []
    store.drop_problems_after(COMPANY, "absent", 0)
