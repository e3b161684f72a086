"""What must hold of payments once a world has come to rest: DESIGN section 8, points 1, 3, 4, 5 and 8."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from decimal import Decimal

from shared.domain.ids import RecordKind, SourceId
from shared.domain.invoices import Payment
from shared.domain.ledger import LedgerRow, LedgerState, Operation
from shared.domain.payment_plan import Step
from shared.domain.runs import Failure, PushAction, Run, RunState
from shared.sync.failure_notices import PASSING_CAUSES
from shared.sync.payments.standing import Standing, ledger_scope, standing_of
from tests.simulation.company import Company
from tests.simulation.installation import Installation
from tests.simulation.payments.ledger_watch import LedgerWatch
from tests.support.fake_shelf import Effect

TWICE = "PAYMENT_TWICE_IN_BOOKS"
KIND = RecordKind.PAYMENT


def broken(world: Installation, company: Company, watch: LedgerWatch, last: Run) -> Iterator[str]:
    """What does not hold for this company, in sentences. `last` is its final run."""
    connection = world.stores.connections.get(company.key)
    assert connection is not None
    if company.books.desk.key_misuses:
        yield f"request keys came with other bytes: {company.books.desk.key_misuses}"
    failures = {
        failure.source_id: failure
        for failure in world.stores.failures.page(company.key, KIND, 10_000, None).rows
    }
    made = defaultdict[SourceId, list[Effect]](list)
    for effect in company.books.effects:
        if not effect.source_id.startswith(f"{company.company_id}/"):
            yield f"{effect.source_id} was written to the books of {company.company_id}"
        if effect.action is PushAction.CREATE:
            made[effect.source_id].append(effect)
    standings = list(standing_of(world.stores, connection, None))
    doubled = set[SourceId]()
    for standing in standings:
        source_id = standing.payment.source_id
        effects, failure = made[source_id], failures.get(source_id)
        if len(effects) > 1:
            doubled.add(source_id)
        yield from _made_once(company, watch, standing.payment, effects, failure)
        yield from _ended(world, company, standing, failure)
    yield from _sums(company, standings, doubled)
    yield from _strangers(company, standings, ledger_names(world, company))
    yield from _run_adds_up(last, failures)


def ledger_names(world: Installation, company: Company) -> set[str]:
    """Ids of all rows of the ledger."""
    connection = world.stores.connections.get(company.key)
    assert connection is not None
    scope = ledger_scope(connection)
    return {
        row.payment_id
        for operation in Operation
        for row in world.stores.ledger.page(scope, operation, 10_000, None).rows
    }


def _made_once(
    company: Company,
    watch: LedgerWatch,
    payment: Payment,
    effects: list[Effect],
    failure: Failure | None,
) -> Iterator[str]:
    """Two are excused where all but one came when no request could be under way any more; and then
    a person must have been told, if they stand there still.
    """
    if len(effects) < 2:
        return
    who = payment.source_id
    in_time = [each for each in effects if not _came_late(watch, each)]
    if len(in_time) > 1:
        told = ", ".join(f"{e.remote_id} at {e.at:%X} by {e.request_key[:6]}" for e in effects)
        yield f"{who} was made {len(effects)} times: {told}"
    ours = {effect.remote_id for effect in effects}
    active = [row for row in company.books.till.active() if row.remote_id in ours]
    if len(active) > payment.active and (failure is None or failure.cause != TWICE):
        yield f"{who} stands {len(active)} times in the books, and nobody is told"


def _came_late(watch: LedgerWatch, effect: Effect) -> bool:
    over_at = watch.over_at(effect.source_id, effect.request_key)
    return over_at is not None and effect.at > over_at


def _ended(
    world: Installation, company: Company, standing: Standing, failure: Failure | None
) -> Iterator[str]:
    payment, post = standing.payment, standing.post
    who = f"{payment.source_id} v{payment.version}"
    for row in (post, standing.void):
        if row is not None:
            yield from (f"{who}: {row.operation} is left {what}" for what in _left(row))
    posted = post is not None and post.state is LedgerState.POSTED
    if posted and post is not None:
        yield from (f"{who} is {what}" for what in _not_as_here(company, post, payment))
    cause = failure.cause if failure is not None else ""
    if cause in PASSING_CAUSES:
        yield f"{who} is left refused by {cause}"
    at_its_end = posted or not payment.active
    if at_its_end and cause not in ("", TWICE):
        yield f"{who} is {'posted' if posted else 'void'} and stands as failed by {cause}"
    if not at_its_end and failure is None:
        yield f"{who} is neither posted nor refused"
    if not at_its_end and failure is not None and failure.source_version != payment.version:
        yield f"{who} is refused as v{failure.source_version}"
    step = standing.decision(world.scheduler.now).step
    if step is not (Step.NOTHING if at_its_end else Step.SEND):
        yield f"{who} is left to {step}"


def _left(row: LedgerRow) -> Iterator[str]:
    if row.state not in (LedgerState.POSTED, LedgerState.REFUSED):
        yield row.state
    if row.look_at is not None:
        yield f"to be looked at {row.look_at:%X}"


def _not_as_here(company: Company, post: LedgerRow, payment: Payment) -> Iterator[str]:
    remote = company.books.till.get(post.remote_id)
    if remote is None:
        yield f"posted as {post.remote_id}, which there is not"
    elif remote.fields.active != payment.active:
        yield f"{'active' if remote.fields.active else 'void'} in the books"


def _sums(company: Company, standings: list[Standing], doubled: set[SourceId]) -> Iterator[str]:
    """Each invoice's payments in the books against those here, to the cent; doubled ones left out."""
    here, there = defaultdict[str, Decimal](Decimal), defaultdict[str, Decimal](Decimal)
    skipped = {effect.remote_id for effect in company.books.effects if effect.source_id in doubled}
    for standing in standings:
        payment, post = standing.payment, standing.post
        posted = post is not None and post.state is LedgerState.POSTED
        if payment.active and posted and payment.source_id not in doubled:
            here[f"i-{payment.invoice_id}"] += payment.amount.amount
    for row in company.books.till.active():
        if row.remote_id not in skipped:
            there[row.fields.invoice_id] += row.fields.amount
    for invoice_id in sorted({*here, *there}):
        if here[invoice_id] != there[invoice_id]:
            yield f"{invoice_id}: {there[invoice_id]} in the books, {here[invoice_id]} here"


def _strangers(company: Company, standings: list[Standing], in_ledger: set[str]) -> Iterator[str]:
    known = {standing.payment.source_id for standing in standings}
    yield from (f"the ledger has {each}, which there is not" for each in in_ledger - known)
    for effect in company.books.effects:
        if effect.source_id not in in_ledger:
            yield f"{effect.source_id} was written without a row in the ledger"


def _run_adds_up(run: Run, failures: dict[SourceId, Failure]) -> Iterator[str]:
    if run.state is not RunState.FINISHED:
        yield f"the last run ended {run.state}: {run.problem}"
        return
    if run.counts.settled != run.counts.total:
        yield f"settled {run.counts.settled} of {run.counts.total}: {run.counts}"
    named = sum(count for count, _ in run.causes.values())
    if named < run.counts.refused:
        yield f"{run.counts.refused} refused, but the causes name {named}"
