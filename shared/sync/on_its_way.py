"""Whether an invoice that somebody waits for is about to go to the books, or what keeps it: for people."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from shared.domain.due import DueRow
from shared.domain.ids import ConnectionKey, RecordKind, SourceId
from shared.domain.runs import Problem
from shared.sync.automatic import gate
from shared.sync.automatic.dependencies import GOES_FIRST, waiting_reason
from shared.sync.services import Services

_LOOKED_AT: Final = 200
"""Rows; behind so many others its turn is not near anyway."""


@dataclass(frozen=True, slots=True)
class OnItsWay:
    """`moving`: nobody has to do anything but wait a moment. `reason`: what it waits for beside its turn."""

    moving: bool
    reason: Problem | None = None


def invoice_on_its_way(services: Services, key: ConnectionKey, source_id: SourceId) -> OnItsWay:
    """Reads the due rows that a person asked for, and those that wait for other records."""
    row = _row_of(services, key, source_id)
    if row is None:
        return OnItsWay(moving=False)
    if row.waits_for:
        reason = waiting_reason(services, row)
        return OnItsWay(moving=reason is None or reason.code == GOES_FIRST, reason=reason)
    circuit = gate.state_of(services, key).circuit
    if circuit is not None:
        label = services.profile(key.provider).label
        away = Problem(
            "PROVIDER_AWAY",
            f"{label} does not answer. Nothing is lost.",
            f"Wait: it goes by itself when {label} does.",
        )
        return OnItsWay(moving=False, reason=circuit.problem or away)
    return OnItsWay(moving=row.tries == 0)


def _row_of(services: Services, key: ConnectionKey, source_id: SourceId) -> DueRow | None:
    due = services.stores.due
    rows = [
        *due.urgent(key, RecordKind.INVOICE, _LOOKED_AT),
        *due.waiting(key, RecordKind.INVOICE, _LOOKED_AT),
    ]
    return next((row for row in rows if row.source_id == source_id), None)
