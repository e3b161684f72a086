"""The job of an uploaded file: the inline import's rules and results, whatever happens meanwhile."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from local.price_book import csv_bytes
from shared.domain.errors import RequestInvalid, StorageUnavailable
from shared.domain.file_imports import FileFormat, FileImportState
from shared.domain.ids import CorrelationId, RecordKind
from shared.storage.memory import memory_stores
from shared.sync.import_records import ROWS_AT_ONCE, import_records, importable_items
from shared.sync.record_files import ITEM_FILE, open_csv
from shared.sync.uploads import reading, working
from shared.sync.uploads.limits import MAX_BYTES, MOST_ATTEMPTS
from tests.support.effects import VirtualClock
from tests.support.services import COMPANY
from tests.unit.sync.uploads.upload_world import (
    HEADER,
    UploadWorld,
    counts,
    items_csv,
    upload_world,
)

ROWS = 2 * ROWS_AT_ONCE + 100
ABANDONED = 61.0
BAD_ROW = "I-2,Pipe,much,USD\n"


class Died(BaseException):
    """The worker's process is gone."""


class Dying:
    """A store whose user dies at its `at`-th call of one method: before it (or after, when `after`)."""

    def __init__(self, store: Any, method: str, at: int, *, after: bool = False) -> None:
        self._store, self._method, self._left, self._after = store, method, at, after

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._store, name)
        if name != self._method:
            return method

        def call(*args: Any) -> Any:
            self._left -= 1
            if self._left == 0 and not self._after:
                raise Died
            answer = method(*args)
            if self._left == 0:
                raise Died
            return answer

        return call


@pytest.fixture
def world() -> UploadWorld:
    return upload_world()


def mixed_rows(count: int) -> bytes:
    """Every seventh row is bad, every eleventh repeats the first id."""
    rows = []
    for number in range(1, count + 1):
        price = "much" if number % 7 == 0 else "2.50"
        source_id = "I-1" if number % 11 == 0 else f"I-{number}"
        rows.append(f"{source_id},Pipe {number},{price},USD\n")
    return (HEADER + "".join(rows)).encode()


def inline(
    content: bytes, before: bytes = b""
) -> tuple[tuple[int, ...], list[Any], dict[str, Any]]:
    """What the import of a file in the body makes of it: counts, problems, contents."""
    stores = memory_stores()
    for body in (before, content) if before else (content,):
        result = import_records(
            stores.records,
            VirtualClock(),
            COMPANY,
            open_csv(body, ITEM_FILE),
            importable_items("USD"),
            correlation_id=CorrelationId("c"),
        )
    numbers = (result.received, result.created, result.updated, result.unchanged, result.rejected)
    errors = [(e.line, e.problem.field, e.problem.code, e.source_id) for e in result.errors]
    world = upload_world(stores)
    return numbers, errors, {key: item.content() for key, item in world.items().items()}


def outcome(
    world: UploadWorld, import_id: str
) -> tuple[tuple[int, ...], list[Any], dict[str, Any]]:
    contents = {key: item.content() for key, item in world.items().items()}
    return counts(world.job(import_id)), world.errors(import_id), contents


@pytest.mark.parametrize(
    "content",
    [
        csv_bytes(),
        mixed_rows(1300),
        (HEADER + 'I-1,"Pipe,1.00,USD\nI-2,Pipe,1.00,USD\n\n,,,\nI-3,P\n').encode(),
        b"\xef\xbb\xbfname,price,code\r\nPipe,1.00,A\r\nPipe,1.00,a\r\nPipe,1.00,A\r\n",
        HEADER.encode(),
    ],
    ids=["price book", "mixed", "broken", "no ids", "header only"],
)
def test_it_comes_to_what_the_inline_import_comes_to(world: UploadWorld, content: bytes) -> None:
    job = world.done(content)
    assert job.state is FileImportState.DONE
    assert outcome(world, job.import_id) == inline(content)
    assert job.total_rows == job.counts.received


def test_customers_and_json_lines_go_the_same_way(world: UploadWorld) -> None:
    rows = [{"id": f"C-{number}", "name": f"Firm {number}", "extra": 1} for number in range(700)]
    content = "\n".join(json.dumps(row) for row in [*rows, {"id": "C-x"}]).encode()
    job = world.done(content, kind=RecordKind.CUSTOMER, file_format=FileFormat.JSON_LINES)
    assert counts(job) == (701, 700, 0, 0, 1)
    assert world.errors(job.import_id) == [(701, "name", "MISSING", "C-x")]
    assert (len(world.customers()), job.ignored_columns) == (700, ("extra",))


def test_the_same_file_again_changes_nothing_and_a_changed_row_is_one_update(
    world: UploadWorld,
) -> None:
    world.done(items_csv(ROWS))
    before = world.items()
    assert counts(world.done(items_csv(ROWS))) == (ROWS, 0, 0, ROWS, 0)
    assert world.items() == before
    changed = items_csv(ROWS).replace(b"Pipe 7,2.50", b"Pipe 7,3.50")
    assert counts(world.done(changed)) == (ROWS, 0, 1, ROWS - 1, 0)


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("at", range(1, 9))
@pytest.mark.parametrize(
    ("store", "method"),
    [
        ("records", "save"),
        ("file_imports", "save"),
        ("file_imports", "add_problems"),
        ("audit", "add"),
    ],
)
def test_killed_anywhere_and_run_again_it_ends_as_if_it_had_not_been(
    store: str, method: str, at: int, *, after: bool
) -> None:
    world = upload_world()
    world.done(items_csv(300, price="1.00"))  # some of the rows are updates
    content = mixed_rows(ROWS)
    import_id = world.ask(content)
    stores = world.services.stores
    dying = Dying(getattr(stores, store), method, at, after=after)
    try:
        world.work(import_id, stores=replace(stores, **{store: dying}))
    except Died:
        assert world.work(import_id) in ("busy", "done"), (
            "whoever is silent for a moment is not dead"
        )
        world.clock.sleep(ABANDONED)
        assert world.work(import_id) == "done"
    assert outcome(world, import_id) == inline(content, before=items_csv(300, price="1.00"))
    versions = {item.version for item in world.items().values()}
    assert versions == {1, 2}
    told = world.services.stores.audit.page(COMPANY, 9, None).rows
    assert len(told) == 2, "each import once"


def test_killed_again_and_again_it_goes_on_where_it_was(world: UploadWorld) -> None:
    content = mixed_rows(ROWS)
    import_id = world.ask(content)
    stores = world.services.stores
    deaths = 0
    while not world.job(import_id).state.ended:
        dying = Dying(stores.records, "save", 2)
        try:
            world.work(import_id, stores=replace(stores, records=dying))
        except Died:
            deaths += 1
            world.clock.sleep(ABANDONED)
    assert deaths >= 2
    assert outcome(world, import_id) == inline(content)


def test_problems_of_a_dead_worker_that_do_not_stand_are_dropped(world: UploadWorld) -> None:
    """It had found a row contested; whoever came after it stored that row."""
    content = (HEADER + BAD_ROW).encode() + items_csv(10).partition(b"\n")[2]
    import_id = world.ask(content)
    stores = world.services.stores
    dying = Dying(stores.file_imports, "save", 3)
    with pytest.raises(Died):
        world.work(import_id, stores=replace(stores, file_imports=dying))
    left = stores.file_imports.page_problems(COMPANY, import_id, 9, None).rows
    assert left, "written before the counts"
    stray = replace(left[0], line=4)
    stores.file_imports.add_problems(COMPANY, import_id, [stray])
    world.clock.sleep(ABANDONED)
    assert world.work(import_id) == "done"
    assert outcome(world, import_id) == inline(content)


def test_dying_at_the_same_place_too_often_is_given_up_and_said(world: UploadWorld) -> None:
    import_id = world.ask(items_csv(ROWS))
    stores = world.services.stores
    for _ in range(MOST_ATTEMPTS):
        dying = Dying(stores.records, "save", 1)
        with pytest.raises(Died):
            world.work(import_id, stores=replace(stores, records=dying))
        world.clock.sleep(ABANDONED)
    assert world.work(import_id) == "failed"
    job = world.job(import_id)
    assert job.problem is not None
    assert (job.state, job.problem.code) == (FileImportState.FAILED, "STOPPED_UNEXPECTEDLY")
    assert world.work(import_id) == "failed", "an end is an end"


def test_a_slice_that_is_over_hands_on_and_nothing_is_done_twice(world: UploadWorld) -> None:
    content = mixed_rows(ROWS)
    import_id = world.ask(content)
    outcomes = [world.work(import_id, seconds=-1.0) for _ in range(3)]
    assert outcomes == ["continued", "continued", "done"]
    assert world.queue.woken == [(COMPANY, import_id)] * 2
    assert outcome(world, import_id) == inline(content)
    assert {item.version for item in world.items().values()} == {1}


def test_progress_is_seen_and_never_falls(world: UploadWorld) -> None:
    import_id = world.ask(items_csv(ROWS))
    seen = []
    for _ in range(3):
        world.work(import_id, seconds=-1.0)
        job = world.job(import_id)
        seen.append((job.counts.received, job.total_rows, str(job.state)))
    assert seen == [(500, ROWS, "queued"), (1000, ROWS, "queued"), (ROWS, ROWS, "done")]


def test_a_second_worker_meanwhile_does_nothing(world: UploadWorld) -> None:
    import_id = world.ask(items_csv(ROWS))
    answers: list[str] = []

    class Meanwhile(Dying):
        def __getattr__(self, name: str) -> Any:
            if name == "save" and not answers:
                answers.append("")
                answers[0] = world.work(import_id)
            return getattr(self._store, name)

    records = Meanwhile(world.services.stores.records, "", 0)
    assert world.work(import_id, stores=replace(world.services.stores, records=records)) == "done"
    assert answers == ["busy"]
    assert counts(world.job(import_id)) == (ROWS, ROWS, 0, 0, 0)


def test_a_worker_thought_dead_stops_at_its_next_save(world: UploadWorld) -> None:
    content = mixed_rows(ROWS)
    import_id = world.ask(content)
    successor: list[str] = []

    class Slow(Dying):
        def __getattr__(self, name: str) -> Any:
            if name == "save" and not successor:
                world.clock.sleep(ABANDONED)
                successor.append("")
                successor[0] = world.work(import_id)
            return getattr(self._store, name)

    records = Slow(world.services.stores.records, "", 0)
    stores = replace(world.services.stores, records=records)
    assert world.work(import_id, stores=stores) == "taken_over"
    assert successor == ["done"]
    assert outcome(world, import_id) == inline(content)
    assert {item.version for item in world.items().values()} == {1}


@pytest.mark.parametrize("removed", [False, True], ids=["replaced", "removed"])
def test_a_file_that_changes_meanwhile_ends_the_import_and_what_is_stored_stays(
    world: UploadWorld, *, removed: bool
) -> None:
    import_id = world.ask(items_csv(ROWS))
    assert world.work(import_id, seconds=-1.0) == "continued"
    if removed:
        world.files.remove(world.key(import_id))
    else:
        world.files.put(world.key(import_id), items_csv(ROWS, price="9.99"))
    assert world.work(import_id) == "failed"
    job = world.job(import_id)
    assert job.problem is not None
    assert job.problem.code == "FILE_CHANGED"
    assert counts(job) == (500, 500, 0, 0, 0)
    assert {str(item.unit_price.amount) for item in world.items().values()} == {"2.50"}


@pytest.mark.no_cover
def test_a_file_replaced_between_two_reads_ends_it_too(world: UploadWorld) -> None:
    content = items_csv(60_000)  # two blocks
    import_id = world.ask(content)

    class Replacing(Dying):
        def __getattr__(self, name: str) -> Any:
            world.files.put(world.key(import_id), items_csv(10))
            return getattr(self._store, name)

    records = Replacing(world.services.stores.records, "", 0)
    stores = replace(world.services.stores, records=records)
    assert world.work(import_id, stores=stores) == "failed"
    job = world.job(import_id)
    assert job.problem is not None
    assert (job.problem.code, job.total_rows) == ("FILE_CHANGED", 60_000)
    assert 0 < job.counts.received < 60_000


REFUSED = {
    "empty": (b"", "EMPTY_FILE", ""),
    "blank lines only": (b"\n\n", "EMPTY_FILE", ""),
    "no header": (b"1,Pipe,2.50\n2,Tee,1.00\n", "MISSING_COLUMN", "name"),
    "another kind's header": (
        b"name,email\nHill,office@hill.example\n",
        "MISSING_COLUMN",
        "unitPrice",
    ),
    "workbook": (b"PK\x03\x04....", "NOT_TEXT", ""),
    "UTF-16": ("id,name".encode("utf-16"), "WRONG_ENCODING", ""),
    "Latin-1 at the end": (
        items_csv(ROWS) + "I-x,Schlüssel,1.00,USD\n".encode("latin-1"),
        "WRONG_ENCODING",
        "",
    ),
    "zero bytes at the end": (items_csv(ROWS) + b"\x00", "NOT_TEXT", ""),
    "a column twice": (b"id,name,price,unit_price\n1,P,1,1\n", "REPEATED_COLUMN", "unitPrice"),
}


@pytest.mark.parametrize(("content", "code", "field"), REFUSED.values(), ids=REFUSED.keys())
def test_what_is_no_such_file_is_refused_whole_and_stores_nothing(
    world: UploadWorld, content: bytes, code: str, field: str
) -> None:
    job = world.done(content)
    assert job.problem is not None
    assert (job.state, job.problem.code, job.problem.field) == (FileImportState.FAILED, code, field)
    assert job.problem.message
    assert job.problem.action
    assert world.items() == {}
    with pytest.raises(RequestInvalid) as inline_refusal:
        inline(content)
    assert inline_refusal.value.problem == job.problem


def test_a_wrong_format_is_said(world: UploadWorld) -> None:
    job = world.done(items_csv(3), file_format=FileFormat.JSON_LINES)
    assert job.problem is not None
    assert job.problem.code == "NOT_JSON_LINES"


def test_too_many_rows_or_bytes_are_refused_before_anything_is_stored(
    world: UploadWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "MAX_ROWS", 1000)
    job = world.done(items_csv(1001))
    assert job.problem is not None
    assert job.problem.code == "TOO_MANY_ROWS"
    assert "1,000 rows" in job.problem.message
    assert world.items() == {}
    assert world.done(items_csv(1000)).state is FileImportState.DONE
    monkeypatch.setattr(reading, "MAX_BYTES", 100)
    job = world.done(items_csv(1000))
    assert job.problem is not None
    assert job.problem.code == "FILE_TOO_LARGE"
    assert MAX_BYTES == 200_000_000


def test_of_too_many_problems_the_first_are_kept_and_all_counted(
    world: UploadWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(working, "MAX_ERRORS", 700)
    content = (HEADER + "".join(f"I-{n},,much,USD\n" for n in range(1, 1201))).encode()
    job = world.done(content)
    assert counts(job) == (1200, 0, 0, 0, 1200)
    assert (job.errors_listed, job.errors_not_listed) == (700, 1700)
    found = world.errors(job.import_id)
    assert len(found) == 700
    assert (
        found[:2] == [(2, "name", "MISSING", "I-1"), (2, "unitPrice", "WRONG_TYPE", "I-1")] or found
    )
    assert [line for line, *_ in found] == [line for n in range(2, 352) for line in (n, n)]


def test_a_store_that_is_away_leaves_it_to_be_run_again(world: UploadWorld) -> None:
    import_id = world.ask(items_csv(ROWS))

    class Away(Dying):
        def __getattr__(self, name: str) -> Any:
            if name == "get_many":
                raise StorageUnavailable("away")
            return getattr(self._store, name)

    records = Away(world.services.stores.records, "", 0)
    with pytest.raises(StorageUnavailable):
        world.work(import_id, stores=replace(world.services.stores, records=records))
    world.clock.sleep(ABANDONED)
    assert world.work(import_id) == "done"
    assert counts(world.job(import_id)) == (ROWS, ROWS, 0, 0, 0)


def test_without_a_file_nothing_happens(world: UploadWorld) -> None:
    import_id = world.ask()
    before = world.job(import_id)
    assert world.work(import_id) == "no_file"
    assert world.job(import_id) == before


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(st.integers(1, 9), st.sampled_from(["1.00", "2.00", "x"])), max_size=30))
def test_any_rows_come_to_what_they_come_to_inline(rows: list[tuple[int, str]]) -> None:
    content = (HEADER + "".join(f"I-{n},Pipe,{price},USD\n" for n, price in rows)).encode()
    world = upload_world()
    job = world.done(content)
    assert outcome(world, job.import_id) == inline(content)
