"""What became of a write, as data. The engine decides on these; it never sees a status code.

A call has one `CallOutcome`; when it is `Answered` each entry has an `EntryOutcome` of its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from shared.domain.ids import RemoteId, RemoteVersion, SourceId
from shared.domain.links import Fields
from shared.domain.runs import Problem


@dataclass(frozen=True, slots=True)
class Done:
    """Written. `fields` is how the provider answered the record, for comparing with what we sent."""

    remote_id: RemoteId
    remote_version: RemoteVersion
    fields: Fields


@dataclass(frozen=True, slots=True)
class EntryRefused:
    """Definitely not written, and the same again would be refused again. `cause` groups failures."""

    problem: Problem
    cause: str


@dataclass(frozen=True, slots=True)
class EntryBusy:
    """Definitely not written for a passing cause: again later, under a new request key."""

    problem: Problem


@dataclass(frozen=True, slots=True)
class NameTaken:
    """Not written: the chosen name exists. Maybe it is our own earlier write: read back first."""

    owner: RemoteId | None


@dataclass(frozen=True, slots=True)
class Stale:
    """Not written: the remote version we quoted is old, or the record is gone. Read, plan again.

    `if_current`: what it means where that read shows the very version that was quoted; then planning
    again would only be refused again. None: nothing that the provider is known to say so.
    """

    if_current: Problem | None = None


@dataclass(frozen=True, slots=True)
class EntryUnknown:
    """The answer does not say: replay the identical request, then read back."""

    reason: str


EntryOutcome = Done | EntryRefused | EntryBusy | NameTaken | Stale | EntryUnknown


@dataclass(frozen=True, slots=True)
class Answered:
    """A trustworthy answer; it has an outcome for every entry that was sent."""

    entries: Mapping[SourceId, EntryOutcome]


@dataclass(frozen=True, slots=True)
class CallRejected:
    """The whole request was definitely refused: nothing of it was written."""

    problem: Problem


@dataclass(frozen=True, slots=True)
class NoTrustworthyAnswer:
    """Timeout, 5xx, HTML, cut-off JSON: it may or may not have been written."""

    reason: str


@dataclass(frozen=True, slots=True)
class Throttled:
    """Too many requests; nothing was written. `after` seconds if the provider said so."""

    after: float | None


@dataclass(frozen=True, slots=True)
class GrantDead:
    """401 that a renewed token does not cure, or the grant is dead. The run stops, nothing failed."""


@dataclass(frozen=True, slots=True)
class CallStopped:
    """The provider refuses this connection as a whole (wrong company, plan ended, access withdrawn)."""

    problem: Problem


CallOutcome = Answered | CallRejected | NoTrustworthyAnswer | Throttled | GrantDead | CallStopped
