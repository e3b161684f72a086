"""What must hold of imports once a world has come to rest."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator

from shared.domain.ids import RecordKind, RemoteId, RunId, SourceId
from shared.domain.imports import ImportOutcome, ImportResult, Wanted
from shared.domain.links import Link
from shared.domain.records import class_of
from shared.domain.runs import PushAction, Run, RunState
from shared.providers.base import WriteRequest
from shared.sync.engine.terms import scope_of
from shared.sync.review.results import page_of_results
from tests.simulation.company import Company
from tests.simulation.imports.book import ImportBook
from tests.simulation.installation import Installation

EDITED = {RecordKind.CUSTOMER: {"phone"}, RecordKind.ITEM: {"unit_price"}}
"""What an office of these worlds edits of imported records; nothing else of them may go out."""


def broken(world: Installation, book: ImportBook) -> Iterator[str]:
    """What does not hold for this company, in sentences."""
    links = links_of(world, book)
    for run_id, wanted in book.acknowledged.items():
        run = world.stores.runs.get(book.company.key, run_id)
        who = f"import {run_id[:6]}"
        if run is None or run.state.active:
            yield f"{who} does not end: {run and run.state}"
        elif run.state is not RunState.FINISHED:
            world.scheduler.note(f"{who} {run.state} {run.problem and run.problem.code}")
            if run.problem is None:
                yield f"{who} ended {run.state} without a reason"
        else:
            told = results_of(world, book, run_id)
            yield from (f"{who}: {what}" for what in _adds_up(run, wanted, told))
            for one in told:
                code = one.problem.code if one.problem else ""
                world.scheduler.note(f"RESULT {one.outcome} {code}")
                yield from (f"{who}: {what}" for what in _told_is_so(world, book, links, one))
    yield from _one_record_each(world, book, links)
    yield from _nothing_pushed_back(world, book)


def results_of(world: Installation, book: ImportBook, run_id: RunId) -> list[ImportResult]:
    page = page_of_results(world.bare_services(), book.company.key, run_id, 10_000, None)
    return list(page.rows)


def taken(world: Installation, book: ImportBook) -> set[RemoteId]:
    """What is linked, and what the next sync links: claimed by one of ours that has no link yet."""
    links = links_of(world, book)
    have = {link.source_id for link in links.values()}
    connection = world.stores.connections.get(book.company.key)
    assert connection is not None
    claims = world.stores.links.all_linked(scope_of(book.company.kind, connection))
    return links.keys() | {each for each, owner in claims.items() if owner not in have}


def records_of(world: Installation, company: Company) -> set[SourceId]:
    page = world.stores.records.page(company.company_id, class_of(company.kind), 10_000, None)
    return {record.source_id for record in page.rows}


def links_of(world: Installation, book: ImportBook) -> dict[RemoteId, Link]:
    connection = world.stores.connections.get(book.company.key)
    assert connection is not None
    scope = scope_of(book.company.kind, connection)
    rows = world.stores.links.page_links(scope, 10_000, None).rows
    return {link.remote_id: link for link in rows}


def _adds_up(run: Run, wanted: list[Wanted] | None, told: list[ImportResult]) -> Iterator[str]:
    """One result for each that was chosen, in order, and counts that say the same."""
    if wanted is not None and [one.remote_id for one in told] != [w.remote_id for w in wanted]:
        yield f"{len(wanted)} were chosen, {len(told)} were told of"
    said = (run.counts.total, run.counts.created, run.counts.adopted, run.counts.refused)
    outcomes = Counter(one.outcome for one in told)
    found = (len(told), *(outcomes[each] for each in ImportOutcome))
    if said != found:
        yield f"counts say {said}, the results {found}"
    for one, place in zip(told, wanted or (), strict=False):
        if one.outcome is ImportOutcome.LINKED and one.source_id != place.link_to:
            yield f"{one.remote_id} is linked to {one.source_id}, chosen was {place.link_to}"
        if one.outcome is ImportOutcome.CREATED and place.link_to is not None:
            yield f"{one.remote_id} came in as a new one, chosen was {place.link_to}"


def _told_is_so(
    world: Installation, book: ImportBook, links: dict[RemoteId, Link], one: ImportResult
) -> Iterator[str]:
    """Of what nobody took apart since."""
    if one.outcome is ImportOutcome.REFUSED:
        if one.problem is None:
            yield f"{one.remote_id} was refused without a reason"
        return
    link = links.get(one.remote_id)
    if one.remote_id not in book.apart and (link is None or link.source_id != one.source_id):
        yield f"{one.remote_id} was {one.outcome} as {one.source_id}, and is {link}"


def _one_record_each(
    world: Installation, book: ImportBook, links: dict[RemoteId, Link]
) -> Iterator[str]:
    """A remote record that nobody took apart has one record at most, and that has its link."""
    records, cls = world.stores.records, class_of(book.company.kind)
    for row in book.company.books.records(book.company.kind):
        remote_id = row.remote_id
        found = [
            source_id
            for source_id in book.ids_of(world, remote_id)
            if records.get(book.company.company_id, cls, source_id) is not None
        ]
        if remote_id in book.apart or not found:
            continue
        link = links.get(remote_id)
        if len(found) > 1 or link is None or link.source_id != found[0]:
            yield f"{remote_id} came in as {found}, linked is {link and link.source_id}"


def _nothing_pushed_back(world: Installation, book: ImportBook) -> Iterator[str]:
    """Of what was imported nothing but the office's own edits goes out, be it after an edit."""
    company = book.company
    brought: dict[SourceId, RemoteId] = {
        source_id: row.remote_id
        for row in company.books.records(company.kind)
        if row.remote_id not in book.apart
        for source_id in book.ids_of(world, row.remote_id)
    }
    records, cls = world.stores.records, class_of(company.kind)
    for source_id, action, names in _entries(company.books.requests):
        if source_id not in brought:
            continue
        record = records.get(company.company_id, cls, source_id)
        if record is None or record.version == 1 or action is not PushAction.UPDATE:
            yield f"{source_id} was pushed back: {action} of {sorted(names)}"
        elif names - EDITED[company.kind]:
            yield f"{source_id} was edited, and {sorted(names)} went out"


def _entries(
    requests: list[WriteRequest],
) -> Iterator[tuple[SourceId, PushAction, set[str]]]:
    for request in requests:
        for entry in json.loads(request.body):
            yield SourceId(entry["source_id"]), PushAction(entry["action"]), set(entry["fields"])
