"""Compare versions with links and make due what nobody heard of: the stream keeps 24 hours, we for ever."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from itertools import islice
from typing import Final

from shared.domain.connections import Connection, NewFromBooks
from shared.domain.due import AutomaticState
from shared.domain.errors import Conflicting, RetryLater
from shared.domain.ids import ConnectionKey, PersonId, RecordKind, SourceId
from shared.domain.imports import IMPORTED_KINDS
from shared.domain.invoice_plan import NOT_IN_BOOKS, TAX_CODE_FIELD, TAX_CODE_MISSING
from shared.domain.item_plan import ACCOUNT_FIELD, ACCOUNT_MISSING
from shared.domain.metrics import Metric
from shared.domain.record_plan import Terms, goes_when_asked, in_step
from shared.domain.records import Record
from shared.domain.runs import Problem
from shared.domain.wake_up import Task
from shared.sync.automatic import gate
from shared.sync.automatic.kept_back import forget, remember
from shared.sync.automatic.relay import make_due
from shared.sync.automatic.waiting import Waiting, waiting_of
from shared.sync.engine.failures import stored_failures
from shared.sync.engine.survey import paired
from shared.sync.engine.terms import scope_of, terms_of
from shared.sync.payments.missed import missed_payments, unsent_payments, unsure_payments
from shared.sync.review.start import start_import
from shared.sync.services import Services

_MISSING: Final = {ACCOUNT_FIELD: ACCOUNT_MISSING, TAX_CODE_FIELD: TAX_CODE_MISSING}
BY_ITSELF: Final = PersonId("")
"""Who asked: no person."""
_AT_ONCE = 100
_CONNECTIONS_OF_A_TICK = 50


def look_at_connections(services: Services) -> int:
    """The schedule's part: wake what may be probed and who is to compare, measure what waits.

    Answers how many. Measured are all connections with due rows that could go: the first row of a while
    has its connection looked at (`gate.keep_in_sight`), and that goes on while something waits. Not those
    that need reauthorising: they wait for a person, who was told, and would hide the others.
    """
    looked_at = 0
    now = services.clock.now()
    waiting, circuits_open = Waiting(), 0
    for key in services.stores.automatic.due_everywhere(now, _CONNECTIONS_OF_A_TICK):
        try:
            state = gate.state_of(services, key)
            circuits_open += state.circuit is not None
            connection = services.stores.connections.get(key)
            _look_at(services, state, connection)
            if gate.may_push(connection):
                waiting = waiting.plus(_still_waiting(services, key))
            else:
                gate.change_state(services, key, _out_of_sight)
            looked_at += 1
        except RetryLater:
            continue  # one company's trouble must not keep the others waiting
    age = (now - waiting.oldest_since).total_seconds() if waiting.oldest_since else 0.0
    services.metrics.add(Metric.OLDEST_UNSYNCED_SECONDS, max(0.0, age))
    services.metrics.add(Metric.DUE_ROWS, waiting.count)
    services.metrics.add(Metric.CIRCUITS_OPEN, circuits_open)
    return looked_at


def _still_waiting(services: Services, key: ConnectionKey) -> Waiting:
    """What waits, and the next look at it while something does.

    Counted once more after the connection went out of sight: whoever stored a row before that saw it
    in sight, whoever stores one later does not.
    """
    waiting = waiting_of(services, key)
    if waiting.count:
        look_at = services.clock.now() + gate.LOOK_EVERY
        gate.change_state(services, key, lambda state: replace(state, look_at=look_at))
    elif gate.change_state(services, key, _out_of_sight):
        waiting = waiting_of(services, key)
        if waiting.count:
            gate.keep_in_sight(services, key)
    return waiting


def _out_of_sight(state: AutomaticState) -> AutomaticState | None:
    return replace(state, look_at=None) if state.look_at else None


def _look_at(services: Services, state: AutomaticState, connection: Connection | None) -> None:
    key, now = state.connection, services.clock.now()
    if connection is None or not gate.goes_by_itself(connection):
        gate.change_state(
            services, key, lambda each: replace(_compared(each, services), wake_at=None)
        )
        return
    if state.wake_at is not None and state.wake_at <= now:
        for kind in gate.AUTOMATIC_KINDS:
            services.wake_ups.wake(key, kind)
        gate.change_state(services, key, lambda each: _woken(each, state.wake_at))
    if state.circuit is not None and state.circuit.probe_at <= now:
        for kind in gate.AUTOMATIC_KINDS:
            services.wake_ups.wake(key, kind)
    if state.compare_at <= now:
        # By the kinds' own workers: a large company's comparison takes longer than a schedule's minute.
        for kind in gate.AUTOMATIC_KINDS:
            services.tasks.hand_over(key, kind, Task.COMPARE)
        gate.change_state(
            services,
            key,
            lambda each: _compared(each, services) if each.compare_at == state.compare_at else None,
        )


def _woken(state: AutomaticState, at: datetime | None) -> AutomaticState | None:
    return replace(state, wake_at=None) if state.wake_at == at else None


def _compared(state: AutomaticState, services: Services) -> AutomaticState:
    return replace(state, compare_at=services.clock.now() + gate.COMPARE_EVERY)


def compare_now(services: Services, key: ConnectionKey, kind: RecordKind) -> None:
    """What the schedule asked for, if the connection is still one whose changes go by themselves."""
    connection = services.stores.connections.get(key)
    if connection is not None and gate.goes_by_itself(connection):
        compare(services, connection, kind)
        _bring_in_new(services, connection, kind)


def _bring_in_new(services: Services, connection: Connection, kind: RecordKind) -> None:
    """Where the office said so, what is new in the books comes in by itself, once a day; what one of ours
    may be is left to a person. While something else of the kind is under way it waits for the next day.
    """
    if connection.settings.new_from_books is NewFromBooks.IMPORT and kind in IMPORTED_KINDS:
        with suppress(Conflicting):
            start_import(services, connection.key, kind, None, BY_ITSELF)


def compare(services: Services, connection: Connection, kind: RecordKind) -> int:
    """Make due each record that is out of step and does not stand refused in that version, and each
    that is in step and stands refused. Of a kind that is kept back only a payment that may be in the books.

    A refusal over its account or tax code stands only while it has none: another one may have been
    chosen since, or that one opened again in the books, of which nobody tells us.
    """
    made = 0
    if connection.keeps_back(kind):
        missed = _missed_of_kept_back(services, connection, kind)
    elif kind is RecordKind.PAYMENT:
        missed = missed_payments(services, connection)
    else:
        missed = _missed(services, connection, kind)
    while some := list(islice(missed, _AT_ONCE)):
        made += make_due(services, connection.key, kind, some)
    if not made and services.stores.due.count(connection.key, kind, 1):
        services.wake_ups.wake(connection.key, kind)  # something is due whose wake-up was lost
    return made


def _missed_of_kept_back(
    services: Services, connection: Connection, kind: RecordKind
) -> Iterator[tuple[SourceId, int]]:
    """Says whether anything is unsent; answers only payments that may be in the books."""
    key = connection.key
    # First, so that what is heard of from now on marks it again, and stays.
    forget(services, key, kind)
    if kind is RecordKind.PAYMENT:
        unsent = unsent_payments(services, connection)
    else:
        unsent = _missed(services, connection, kind, healed_too=False)
    if any(True for _ in unsent):
        remember(services, key, kind)
    return unsure_payments(services, connection) if kind is RecordKind.PAYMENT else iter(())


def _missed(
    services: Services, connection: Connection, kind: RecordKind, *, healed_too: bool = True
) -> Iterator[tuple[SourceId, int]]:
    refused = {
        (failure.source_id, failure.source_version): failure.problem
        for failure in stored_failures(services.stores, connection.key, kind)
    }
    standing = {source_id for source_id, _ in refused}
    terms = terms_of(kind, connection, services.profile(connection.key.provider))
    for record, link in paired(services.stores, scope_of(kind, connection)):
        if record is None:
            continue
        if in_step(record, link, terms):
            agrees = link is None or terms.disagreement(link) is None
            if healed_too and record.source_id in standing and agrees:
                # Archived, or refused by a worker that did not know yet that another one had taken over.
                yield record.source_id, record.version
            continue
        problem = refused.get((record.source_id, record.version))
        if goes_when_asked(record, link, terms):
            continue
        if problem is None or _may_be_over(record, problem, terms):
            yield record.source_id, record.version


def _may_be_over(record: Record, problem: Problem, terms: Terms) -> bool:
    """Whether it was refused over what is chosen elsewhere, and is not by what is chosen now."""
    if problem.code == NOT_IN_BOOKS:
        return terms.not_created(record) is None
    missing = _MISSING.get(problem.field)
    return missing is not None and terms.refusal(record) != missing
