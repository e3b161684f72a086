"""Kinds that the office keeps back: their changes leave no due row, but where something waits for them.

Whoever asks makes due rows, which go like any others. Of the rest a mark is remembered: when a change was
heard of. A full sync that begins later sends them all and takes it away; so does a comparison that finds
nothing unsent.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime

from shared.domain.connections import Connection
from shared.domain.due import AutomaticState, Dependency
from shared.domain.ids import ConnectionKey, RecordKind, SourceId
from shared.domain.payment_plan import Step
from shared.domain.record_plan import goes_when_asked, in_step
from shared.sync.automatic.gate import MOST_READY, WAITED_FOR_BY, change_state
from shared.sync.engine.few import some_paired
from shared.sync.engine.terms import scope_of, terms_of
from shared.sync.payments.standing import standing_of
from shared.sync.services import Services


def heard_of(
    services: Services, connection: Connection, kind: RecordKind, ids: Collection[SourceId]
) -> set[SourceId]:
    """Changes of these records; answers those that something waits for, which are not kept back."""
    needed = _needed_by_others(services, connection.key, kind, ids)
    rest = [source_id for source_id in ids if source_id not in needed]
    if rest and _any_unsent(services, connection, kind, rest):
        remember(services, connection.key, kind)
    return needed


def remember(services: Services, key: ConnectionKey, kind: RecordKind) -> None:
    """Something of that kind waits. A mark that stands says so already, unless a full sync is under way
    that may have passed by this change and will take away what is older than itself.
    """
    active = services.stores.runs.active(key, kind)
    whole = active is not None and active.only is None
    now = services.clock.now()

    def marked(state: AutomaticState) -> AutomaticState | None:
        if kind in state.kept_back_at and not whole:
            return None
        return replace(state, kept_back_at={**state.kept_back_at, kind: now})

    change_state(services, key, marked)


def forget(
    services: Services, key: ConnectionKey, kind: RecordKind, before: datetime | None = None
) -> None:
    """What was heard of before that is in the books, or, without an instant, is looked for now."""

    def unmarked(state: AutomaticState) -> AutomaticState | None:
        marked = state.kept_back_at.get(kind)
        if marked is None or (before is not None and marked >= before):
            return None
        others = {each: at for each, at in state.kept_back_at.items() if each is not kind}
        return replace(state, kept_back_at=others)

    change_state(services, key, unmarked)


def kinds_that_wait(connection: Connection, state: AutomaticState) -> Sequence[RecordKind]:
    """Those kept back of which something is not in the books as it is here."""
    return [kind for kind in state.kept_back_at if connection.keeps_back(kind)]


def _needed_by_others(
    services: Services, key: ConnectionKey, kind: RecordKind, ids: Collection[SourceId]
) -> set[SourceId]:
    return {
        needed.source_id
        for dependent in WAITED_FOR_BY.get(kind, ())
        for row in services.stores.due.waiting(key, dependent, MOST_READY)
        if (needed := Dependency.read(row.waits_for)).kind is kind and needed.source_id in ids
    }


def _any_unsent(
    services: Services, connection: Connection, kind: RecordKind, ids: Sequence[SourceId]
) -> bool:
    stores = services.stores
    if kind is RecordKind.PAYMENT:
        now = services.clock.now()
        found = standing_of(stores, connection, ids)
        return any(standing.decision(now).step is Step.SEND for standing in found)
    terms = terms_of(kind, connection, services.profile(connection.key.provider))
    return any(
        record is not None
        and not in_step(record, link, terms)
        and not goes_when_asked(record, link, terms)
        for record, link in some_paired(stores, scope_of(kind, connection), ids)
    )
