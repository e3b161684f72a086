"""The office before Review & Import: opens the alert, chooses, clicks twice, takes wrong matches apart."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from shared.domain.errors import Conflicting, SyncError
from shared.domain.ids import RemoteId, SourceId
from shared.domain.imports import Wanted
from shared.domain.records import class_of
from shared.sync.review.browse import RemoteRow, RowStatus, Shown, Sought, browse
from shared.sync.review.start import start_import
from shared.sync.review.unlink import unlink
from shared.sync.review.unsynced import AlertState, Unsynced, ask_unsynced
from shared.sync.services import Services
from tests.simulation.actors.office import PERSON
from tests.simulation.imports.book import ImportBook
from tests.simulation.imports.invariants import taken
from tests.simulation.installation import Installation
from tests.simulation.scheduler import Actor

T = TypeVar("T")

NOWHERE = RemoteId("nowhere")
NOBODY = SourceId("nobody")
POLL = 4.0
"""Seconds between two looks at a list that is being fetched."""


def reviews(world: Installation, book: ImportBook, seconds: float) -> None:
    """Opens the alert, or the page; imports some of what it shows, or all that is new."""
    random = world.scheduler.random
    until = world.elapsed + seconds
    while world.elapsed < until:
        world.scheduler.sleep(random.choice((0.5, 5.0, 30.0, 90.0)))
        if random.random() < 0.3:
            for _ in range(random.choice((1, 1, 2))):
                opens(world, book)
            continue
        rows = shown(world, book, until)
        chosen = None if not rows or random.random() < 0.2 else _chosen(world, book, rows)
        for _ in range(random.choice((1, 1, 1, 2))):  # twice at once
            begins(world, book, chosen)


def takes_apart(world: Installation, book: ImportBook, seconds: float) -> None:
    """Finds a match to be wrong now and then."""
    random = world.scheduler.random
    until = world.elapsed + seconds
    while world.elapsed < until:
        world.scheduler.sleep(random.choice((5.0, 40.0, 150.0)))
        linked = sorted(book.linked)
        ids = [*random.sample(linked, min(len(linked), random.choice((1, 1, 3))))]
        ids += [NOWHERE] if random.random() < 0.1 else []
        if not ids:
            continue
        # What becomes of a record that a person took apart is theirs: it is not ours to judge later.
        book.apart.update(ids)
        book.company.touched.update(ids)

        def work(services: Services, ids: Sequence[RemoteId] = ids) -> None:
            told = unlink(services, book.company.key, book.company.kind, ids, PERSON)
            done = [remote_id for remote_id, problem in told.items() if problem is None]
            world.scheduler.note(f"APART {done} of {ids}")

        _asks(world, "unlink", book, work)


def opens(world: Installation, book: ImportBook, heard: list[Unsynced] | None = None) -> Actor:
    """The alert, once; what it says is compared with the books (`judged`)."""

    def work(services: Services) -> None:
        before, moves = taken(world, book), len(book.moved)
        told = ask_unsynced(services, book.company.key, book.company.kind)
        world.scheduler.note(f"ALERT {told.state} {told.unsynced} of {told.total}")
        for what in judged(book, told, before, set(book.moved[moves:])):
            world.watch.report(what)
        if heard is not None:
            heard.append(told)

    return _asks(world, "alert", book, work)


def judged(
    book: ImportBook, told: Unsynced, linked: set[RemoteId], moved: set[RemoteId]
) -> list[str]:
    """A count is that of the list it says it is of, against what was linked as it was told: `linked` when
    it was asked for, without or with what moved until the answer.
    """
    if told.state is not AlertState.COUNTED:
        guessed = told.unsynced is not None or told.total is not None
        silent = not told.message and told.state is not AlertState.NOT_ASKED
        return [f"no count, yet told {told}"] if guessed or silent else []
    if told.listed_at not in book.listed or told.unsynced is None:
        return [f"a count of no list: {told}"]
    listed = book.listed[told.listed_at]
    least, most = len(listed - linked - moved), len(listed - (linked - moved))
    if told.total != len(listed) or not least <= told.unsynced <= most:
        return [f"told {told.unsynced} of {told.total}, it is {least} to {most} of {len(listed)}"]
    return []


def shown(world: Installation, book: ImportBook, until: float) -> list[RemoteRow]:
    """Every row of the page, waited for; those so far where the list does not come, or changes amid."""
    rows: list[RemoteRow] = []
    cursor: list[str | None] = [None]
    ends: list[bool] = []  # no more rows, or why not

    def work(services: Services) -> None:
        key, kind = book.company.key, book.company.kind
        page = browse(services, key, kind, Sought(), 40, cursor[0])
        if isinstance(page, Shown):
            rows.extend(page.page.rows)
            cursor[0] = page.page.cursor
            if cursor[0] is None:
                ends.append(True)

    while not ends and world.elapsed < until:
        world.scheduler.join(_asks(world, "page", book, work, lambda: ends.append(False)))
        if not ends and cursor[0] is None:
            world.scheduler.sleep(POLL)
    return rows


def begins(world: Installation, book: ImportBook, chosen: list[Wanted] | None) -> Actor:
    """One click on Import."""

    def work(services: Services) -> None:
        run = start_import(services, book.company.key, book.company.kind, chosen, PERSON)
        book.acknowledged[run.run_id] = chosen
        some = "all" if chosen is None else len(chosen)
        world.scheduler.note(f"IMPORT {run.run_id[:6]} of {some}")

    return _asks(world, "begin", book, work)


def _chosen(world: Installation, book: ImportBook, rows: Sequence[RemoteRow]) -> list[Wanted]:
    random = world.scheduler.random
    count = len(rows) if random.random() < 0.4 else random.randint(1, len(rows))
    wanted = [_decision(world, book, row) for row in random.sample(list(rows), count)]
    if random.random() < 0.2:
        wanted.append(random.choice(wanted))
    if random.random() < 0.2:
        wanted.insert(random.randrange(len(wanted) + 1), Wanted(NOWHERE))
    categories = [
        r.remote_id for r in book.company.books.records(book.company.kind) if not r.linkable
    ]
    if categories and random.random() < 0.4:
        wanted.append(Wanted(random.choice(categories)))
    return wanted


def _decision(world: Installation, book: ImportBook, row: RemoteRow) -> Wanted:
    random, remote_id = world.scheduler.random, row.remote.remote_id
    draw = random.random()
    if row.status is RowStatus.MATCHED and draw < 0.5:
        return Wanted(remote_id, random.choice(row.proposals).source_id)
    if draw < 0.65:
        return Wanted(remote_id, as_new=draw < 0.6)
    if draw < 0.75:  # a wrong match
        return Wanted(remote_id, _anyone(world, book))
    return Wanted(remote_id)


def _anyone(world: Installation, book: ImportBook) -> SourceId:
    company, random = book.company, world.scheduler.random
    page = world.stores.records.page(company.company_id, class_of(company.kind), 10_000, None)
    return random.choice([NOBODY, *(record.source_id for record in page.rows)])


def _asks(
    world: Installation,
    what: str,
    book: ImportBook,
    work: Callable[[Services], object],
    failed: Callable[[], object] = lambda: None,
) -> Actor:
    """In a function of its own; what it is told instead of an answer goes into the trace."""

    def told(services: Services) -> None:
        try:
            work(services)
        except SyncError as error:
            problem = error.problem.code if isinstance(error, Conflicting) else ""
            world.scheduler.note(f"{what.upper()} told {type(error).__name__} {problem}")
            failed()

    return world.functions.start(f"{what} {book.company.company_id}", told)
