"""What must hold once a world has come to rest: DESIGN section 8, for the item sync."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from shared.domain.connections import Connection
from shared.domain.ids import RemoteId, SourceId
from shared.domain.links import Link, LinkOrigin
from shared.domain.names import name_key
from shared.domain.record_plan import Terms, as_linked, differing_fields
from shared.domain.records import Record, class_of
from shared.domain.runs import Failure, PushAction, Run, RunState
from shared.storage.memory.links import MemoryLinks
from shared.sync.engine.survey import paired
from shared.sync.engine.terms import scope_of, terms_of
from tests.simulation.company import Company
from tests.simulation.installation import Installation
from tests.support.fake_shelf import Effect

PASSING_CAUSES = frozenset({"PROVIDER_BUSY", "PROVIDER_KEEPS_REFUSING"})
"""Refusals that must not be left once faults have stopped."""

CONFLICT = "CHANGED_IN_BOOKS"


def broken(world: Installation, company: Company, last: Run) -> Iterator[str]:
    """What does not hold for this company, in sentences. `last` is its final run."""
    connection = world.stores.connections.get(company.key)
    assert connection is not None
    yield from _one_remote_record_each(world, company, connection)
    yield from _own_records_only(world, company)
    if company.books.desk.key_misuses:
        yield f"request keys came with other bytes: {company.books.desk.key_misuses}"
    if company.books.most_in_flight > world.profile.limits.in_flight * 2:
        yield f"{company.books.most_in_flight} calls were in flight"
    failures = {
        failure.source_id: failure
        for failure in world.stores.failures.page(company.key, company.kind, 10_000, None).rows
    }
    linked: Counter[RemoteId] = Counter()
    terms = terms_of(company.kind, connection, world.profile)
    for item, link in paired(world.stores, scope_of(company.kind, connection)):
        if link is not None:
            linked[link.remote_id] += 1
            yield from _link_holds(world, company, connection, link, item)
            failure = failures.get(link.source_id)
            if failure and failure.cause == CONFLICT and link.remote_id not in company.touched:
                yield f"{link.source_id} is refused as changed in the books, where nobody touched it"
        if item is not None:
            yield from _item_ended(item, link, failures.get(item.source_id), terms)
            yield from _account_as_chosen(world, company, connection, item)
    yield from (f"{remote_id} is linked {n} times" for remote_id, n in linked.items() if n > 1)
    yield from _run_adds_up(last, failures)
    for failure in failures.values():
        if failure.cause in PASSING_CAUSES:
            yield f"{failure.source_id} is left refused by {failure.cause}"


def _one_remote_record_each(
    world: Installation, company: Company, connection: Connection
) -> Iterator[str]:
    """Two for one source record are excused where nobody could have known better.

    That is: somebody renamed or deactivated the first in the books before its answer was known; or a
    late commit came after its absence was proved, under a name that the record no longer had. And one
    that was linked to another record of ours since is that one's.
    """
    created: dict[SourceId, list[Effect]] = {}
    for effect in company.books.effects:
        if effect.action is PushAction.CREATE:
            created.setdefault(effect.source_id, []).append(effect)
    owners = world.stores.links.linked_to(
        scope_of(company.kind, connection),
        [row.remote_id for row in company.books.records(company.kind)],
    )
    for source_id, effects in created.items():
        known = [
            effect
            for effect in effects
            if effect.remote_id not in company.touched
            and owners.get(effect.remote_id, source_id) == source_id
        ]
        one_name = len({name_key(effect.fields.name) for effect in known}) == 1
        if len(known) > 1 and (one_name or not any(effect.late for effect in known)):
            rows = ", ".join(f"{each.remote_id} {each.fields.name!r}" for each in known)
            yield f"{source_id} was created {len(effects)} times: {rows}"


def _own_records_only(world: Installation, company: Company) -> Iterator[str]:
    """Its numbered ones, and what was imported."""
    records, cls = world.stores.records, class_of(company.kind)
    for effect in company.books.effects:
        own = effect.source_id.startswith(f"{company.company_id}/")
        if not own and records.get(company.company_id, cls, effect.source_id) is None:
            yield f"{effect.source_id} was written to the books of {company.company_id}"


def _link_holds(
    world: Installation,
    company: Company,
    connection: Connection,
    link: Link,
    item: Record | None,
) -> Iterator[str]:
    who = f"{link.source_id} -> {link.remote_id}"
    row = next(
        (row for row in company.books.records(company.kind) if row.remote_id == link.remote_id),
        None,
    )
    links = world.stores.links
    assert isinstance(links, MemoryLinks)
    scope = scope_of(company.kind, connection)
    if links.linked_to(scope, [link.remote_id]).get(link.remote_id) != link.source_id:
        yield f"{who}: the reverse link says otherwise"
    if row is None:
        yield f"{who}: there is no such remote record"
        return
    if not row.linkable:
        yield f"{who}: linked to a record that no item can be"
    if item is None or link.source_version != item.version or link.remote_id in company.touched:
        return
    if not item.active:  # what else differs of an archived item goes when it comes back
        # A person may link an archived one to one that is active there: neither is changed.
        if row.fields.active and "active" not in link.differing:
            yield f"{who}: archived here, active in the books"
        return
    terms = terms_of(company.kind, connection, world.profile)
    if row.fields.active and name_key(row.fields.name) != name_key(link.remote_name):
        yield f"{who}: named {row.fields.name!r}, the link says {link.remote_name!r}"
    if link.origin is LinkOrigin.ADOPTED:
        return
    wanted = terms.desired(item, link.remote_name)
    differing = [
        name for name in differing_fields(wanted, row.fields) if name != "name" or row.fields.active
    ]
    if differing:
        yield f"{who}: {differing} differ though the link says it is in step"


def _account_as_chosen(
    world: Installation,
    company: Company,
    connection: Connection,
    item: Record,
) -> Iterator[str]:
    """What the office was told last is stored; that it was sent shows as with any other change."""
    scope = scope_of(company.kind, connection)
    stored = world.stores.mappings.get_mappings(scope, [item.source_id]).get(item.source_id)
    account = stored.income_account_id if stored else ""
    chosen = company.accounts.get(item.source_id, {""})
    if account not in chosen:
        yield f"{item.source_id} is mapped to {account!r}, chosen was {sorted(chosen)}"


def _item_ended(
    item: Record, link: Link | None, failure: Failure | None, terms: Terms
) -> Iterator[str]:
    if link is None:
        if item.active and failure is None:
            yield f"{item.source_id} v{item.version} is neither linked nor refused"
        if not item.active and failure is not None:
            yield f"{item.source_id} is archived and still stands as failed by {failure.cause}"
        return
    in_step = as_linked(item, link, terms)
    if not in_step and failure is None:
        yield f"{item.source_id} v{item.version} is at v{link.source_version} and not refused"
    if in_step and failure is not None:
        yield f"{item.source_id} is in step and still stands as failed by {failure.cause}"


def _run_adds_up(run: Run, failures: dict[SourceId, Failure]) -> Iterator[str]:
    if run.state is not RunState.FINISHED:
        yield f"the last run ended {run.state}: {run.problem}"
        return
    counts = run.counts
    if counts.settled != counts.total:
        yield f"settled {counts.settled} of {counts.total}: {counts}"
    named = sum(count for count, _ in run.causes.values())
    if named != counts.refused:
        yield f"{counts.refused} refused, but the causes name {named}"
