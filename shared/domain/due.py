"""Work that waits: a due row per record that may be out of step, and what paces and stops it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from shared.domain.ids import (
    AskingId,
    CompanyId,
    ConnectionKey,
    CorrelationId,
    RecordKind,
    SourceId,
)
from shared.domain.runs import Problem


@dataclass(frozen=True, slots=True)
class Dependency:
    """A record that another one waits for: it must have a link first."""

    kind: RecordKind
    source_id: SourceId

    def written(self) -> str:
        return f"{self.kind}:{self.source_id}"

    @classmethod
    def read(cls, text: str) -> Dependency:
        """Raises `ValueError` for a text that is not as `written`."""
        kind, _, source_id = text.partition(":")
        return cls(RecordKind(kind), SourceId(source_id))


@dataclass(frozen=True, slots=True)
class Change:
    """A record of ours was stored in this version."""

    company_id: CompanyId
    kind: RecordKind
    source_id: SourceId
    version: int
    correlation_id: CorrelationId = CorrelationId("")


@dataclass(frozen=True, slots=True)
class DueRow:
    """One record that is to be looked at. It says what was heard of, never what to write.

    `version` is the highest heard of, `since` when the oldest change not yet synced was heard of.
    `urgent` rows are another row of the same record, ahead of all that are not. `tries` counts
    passing refusals; with them `not_before` moves away. `waits_for` is a `Dependency` as written: it is
    looked at when that has a link, or at `not_before`; empty: it waits for nothing else. `late_check`: its
    outcome is known, and it is only looked at once more; nobody waits for that.
    `asked` is of who asked last that it be looked at again, whatever its version; empty: nobody did.
    Whoever read the row before that neither removes it nor puts it off.
    `correlation_id` is what caused that version, or that asking.
    """

    connection: ConnectionKey
    kind: RecordKind
    source_id: SourceId
    version: int
    since: datetime
    not_before: datetime
    urgent: bool = False
    tries: int = 0
    waits_for: str = ""
    late_check: bool = False
    asked: AskingId = AskingId("")
    correlation_id: CorrelationId = CorrelationId("")


@dataclass(frozen=True, slots=True)
class DueLook:
    """What a look at the due rows found: those that may go, and when the earliest of the others may,
    but for those that wait for another record.
    """

    ready: tuple[DueRow, ...] = ()
    next_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class LastBatch:
    """The last automatic batch of a kind: when it began, and the marks of its records (`mark_of`)."""

    at: datetime
    marks: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Circuit:
    """The provider gives no answer (or stops the connection: `problem`): one probe at `probe_at`."""

    opened_at: datetime
    probe_at: datetime
    problem: Problem | None = None


@dataclass(frozen=True, slots=True)
class AutomaticState:
    """What the automatic road remembers of one connection. `version` as for connections.

    `compare_at` is when records and links are compared next, for changes that nobody heard of; `look_at`
    when what waits is looked at next, None while nothing is known to wait. `wake_at`: when workers are to
    be woken for what was put off for longer than a wake-up can be; None: nothing was. `kept_back_at`: when
    a change was heard of last, of kinds whose changes wait until a person asks.
    """

    connection: ConnectionKey
    compare_at: datetime
    batches: Mapping[RecordKind, LastBatch] = field(default_factory=dict)
    circuit: Circuit | None = None
    look_at: datetime | None = None
    wake_at: datetime | None = None
    kept_back_at: Mapping[RecordKind, datetime] = field(default_factory=dict)
    version: int = 0

    @property
    def due_at(self) -> datetime:
        """When the schedule is to look at this connection."""
        probe_at = self.circuit.probe_at if self.circuit else None
        return min(at for at in (self.compare_at, probe_at, self.look_at, self.wake_at) if at)
