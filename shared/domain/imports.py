"""Records of the books brought into BlueClerk: what is asked for, and what became of each."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Final

from shared.domain.ids import LinkScope, RecordKind, RemoteId, SourceId
from shared.domain.runs import Problem

IMPORTED_KINDS: Final = (RecordKind.CUSTOMER, RecordKind.ITEM)

MOST_IMPORTED: Final = 10_000
"""Records of one import."""

RESULTS_KEPT: Final = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Wanted:
    """One remote record that a person chose: to be linked to one of ours, or to come in as a new one.

    `as_new`: although one of ours has the same address or name.
    """

    remote_id: RemoteId
    link_to: SourceId | None = None
    as_new: bool = False


class ImportOutcome(StrEnum):
    CREATED = "created"
    LINKED = "linked"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class ImportResult:
    """What became of one remote record; `problem` where it was refused. `name` as the books have it; empty
    where they do not know the id.
    """

    remote_id: RemoteId
    outcome: ImportOutcome
    source_id: SourceId | None = None
    problem: Problem | None = None
    name: str = ""


class Reason(StrEnum):
    """Why one of ours may be what a remote record is, the surest first."""

    REMOTE_ID = "remote_id"
    EMAIL = "email"
    NAME = "name"
    SIMILAR = "similar"

    @property
    def exact(self) -> bool:
        return self is not Reason.SIMILAR


@dataclass(frozen=True, slots=True)
class Proposal:
    """One of ours that a remote record may be. `score`: 0 to 100."""

    source_id: SourceId
    name: str
    reason: Reason
    score: int = 100


Proposals = Mapping[RemoteId, tuple[Proposal, ...]]
"""The best first; a remote record that nothing of ours resembles is not in it."""


def imported_id(scope: LinkScope, remote_id: RemoteId, again: int = 0) -> SourceId:
    """The id of the record that an import makes: the same one each time, so that a repeat finds it.

    `again`: for another record, where the one of that id is kept apart from it by a person.
    """
    said = f"{scope.connection.provider}/{scope.remote_company_id}/{scope.kind}/{remote_id}"
    plain = f"books-{hashlib.blake2b(said.encode(), digest_size=10).hexdigest()}"
    return SourceId(f"{plain}-{again}" if again else plain)
