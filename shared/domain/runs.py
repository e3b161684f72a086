"""A run is one execution of a sync; its plan is stored as chunks, each the content of one request."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Final

from shared.domain.ids import (
    AskingId,
    ConnectionKey,
    CorrelationId,
    RecordKind,
    RemoteCompanyId,
    RemoteId,
    RemoteVersion,
    RequestKey,
    RunId,
    SourceId,
)


class RunState(StrEnum):
    """PLANNING and PUSHING are active; the rest are ends."""

    PLANNING = "planning"
    PUSHING = "pushing"
    FINISHED = "finished"
    """Everything was tried; some records may have been refused, see the counts."""
    NEEDS_REAUTH = "needs_reauth"
    """The grant died; what was not sent waits, nothing is marked failed."""
    FAILED = "failed"
    """Stopped for a reason that concerns the whole run; `problem` says which and what to do."""

    @property
    def active(self) -> bool:
        return self in (RunState.PLANNING, RunState.PUSHING)


class RunPurpose(StrEnum):
    """What a run does under the lease of its connection and kind."""

    SYNC = "sync"
    IMPORT = "import"
    """Brings records of the books in. Its `chunk_count` are the parts of what was asked for (0: not known
    yet: all that are new), its `plan_attempt` tells which takeover has a worker.
    """
    UNLINK = "unlink"


@dataclass(frozen=True, slots=True)
class Problem:
    """Why something stopped or was refused: a code for programs, one sentence and an action for people."""

    code: str
    message: str
    action: str = ""
    field: str = ""


@dataclass(frozen=True, slots=True)
class RunCounts:
    """How many records ended how. `renamed` counts among created and updated; `total` is the catalogue."""

    total: int = 0
    created: int = 0
    updated: int = 0
    adopted: int = 0
    adopted_differing: int = 0
    unchanged: int = 0
    renamed: int = 0
    refused: int = 0

    @property
    def settled(self) -> int:
        """Records whose end is known; never falls during a run."""
        return self.created + self.updated + self.adopted + self.unchanged + self.refused

    @property
    def sent(self) -> int:
        """Records that got into step by this run."""
        return self.created + self.updated + self.adopted

    def plus(self, other: RunCounts) -> RunCounts:
        return RunCounts(
            total=self.total + other.total,
            created=self.created + other.created,
            updated=self.updated + other.updated,
            adopted=self.adopted + other.adopted,
            adopted_differing=self.adopted_differing + other.adopted_differing,
            unchanged=self.unchanged + other.unchanged,
            renamed=self.renamed + other.renamed,
            refused=self.refused + other.refused,
        )


@dataclass(frozen=True, slots=True)
class Run:
    """`epoch` is the fencing token: it grows with each worker slice, and every save checks it.

    `heartbeat_at` older than 60 s on an active run means abandoned: the next click or the schedule
    takes it over. `plan_attempt` is the epoch of the worker whose plan counts (0: none yet). `causes`
    groups refusals: cause key to how many and one sentence. `only`: the records that an automatic run is
    about; None for a whole catalogue.
    """

    run_id: RunId
    connection: ConnectionKey
    remote_company_id: RemoteCompanyId
    kind: RecordKind
    state: RunState
    started_at: datetime
    heartbeat_at: datetime
    epoch: int = 0
    takeovers: int = 0
    plan_attempt: int = 0
    chunk_count: int = 0
    counts: RunCounts = field(default_factory=RunCounts)
    causes: Mapping[str, tuple[int, str]] = field(default_factory=dict)
    provider_calls: int = 0
    finished_at: datetime | None = None
    problem: Problem | None = None
    started_by: str = ""
    only: tuple[SourceId, ...] | None = None
    asked: tuple[AskingId, ...] = ()
    """Of an automatic run: what had been asked for of its records when it began (`DueRow.asked`)."""
    purpose: RunPurpose = RunPurpose.SYNC
    recovered: bool = False
    """It looked at what runs stopped before it had left behind."""
    chosen_by: int = 0
    """Of an import: the epoch of the worker that chose its records; 0: a person did, or nobody yet."""
    done_by: tuple[int, ...] = ()
    """Of an import: of each part that is done, the epoch of the worker whose results count."""
    correlation_id: CorrelationId = CorrelationId("")


def is_listed(run: Run) -> bool:
    """Whether a run stands in the list of runs: all that people start, and of automatic ones those
    that a later plan must know of, once they ended. Imports are asked for by their id.
    """
    if run.purpose is not RunPurpose.SYNC:
        return False
    if run.only is None:
        return True
    stopped = run.state is not RunState.FINISHED and run.chunk_count > 0
    return not run.state.active and (stopped or run.recovered)


class ChunkState(StrEnum):
    PLANNED = "planned"
    """Not sent, or sent without a trustworthy answer yet: the same bytes and request key may go again."""
    REJECTED = "rejected"
    """The whole request was definitely refused, or read back: what is left goes one at a time."""
    DONE = "done"


class PushAction(StrEnum):
    CREATE = "create"
    UPDATE = "update"
    VOID = "void"
    """Of invoices and payments: it stays in the books and bears nothing."""


LAST_MARKS: Final = 4


@dataclass(frozen=True, slots=True)
class ChunkEntry:
    """One record in a chunk: which version of it, under which name, onto which remote record.

    `remote_name` is what the plan chose. `renamed` says whether the stated rule changed the name.
    `sent` marks the contents that may have gone out (`links.content_mark`), so that a write whose
    answer nobody heard is known again although the record was edited since.
    """

    source_id: SourceId
    source_version: int
    action: PushAction
    remote_name: str
    renamed: bool = False
    remote_id: RemoteId = RemoteId("")
    remote_version: RemoteVersion = RemoteVersion("")
    sent: tuple[str, ...] = ()

    def sending(self, mark: str) -> ChunkEntry:
        """As it is stored before this content is sent: itself where that is known already.

        Remembered are the last few and the first, which a batch carried and which so may come late.
        """
        if mark in self.sent:
            return self
        return replace(self, sent=(*self.sent[:1], *(*self.sent[1:], mark)[-LAST_MARKS:]))


@dataclass(frozen=True, slots=True)
class Chunk:
    """At most the provider's batch size of entries, sent as one request under one request key.

    `body_hash` is of the exact bytes: rebuilt bytes that hash otherwise must not go under the same
    request key. `generation` grows with each new request key. `epoch` is the run's at the last save.
    """

    run_id: RunId
    plan_attempt: int
    number: int
    entries: tuple[ChunkEntry, ...]
    request_key: RequestKey
    body_hash: str
    state: ChunkState = ChunkState.PLANNED
    generation: int = 0
    counts: RunCounts = field(default_factory=RunCounts)
    epoch: int = 0


@dataclass(frozen=True, slots=True)
class Failure:
    """A record that could not be synced, for a person to see. One per connection, kind and source id."""

    connection: ConnectionKey
    kind: RecordKind
    source_id: SourceId
    cause: str
    problem: Problem
    source_version: int
    run_id: RunId
    at: datetime
