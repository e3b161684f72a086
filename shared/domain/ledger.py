"""The payment ledger: one row per payment and operation, written before any call; its legal moves.

A row is `reserved`, `in_flight`, then `posted`, `refused` or `unknown`. Moves are stored by a
conditional write on `version` (`moved`), so of two that move a row one loses and looks again.
`generation` rises only after a definite refusal or by a person's decision: the ledger key (remote
company, payment, operation, generation) names one intended effect.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from shared.domain.ids import (
    ConnectionKey,
    CorrelationId,
    RemoteCompanyId,
    RemoteId,
    RemoteVersion,
    RequestKey,
    SourceId,
)
from shared.domain.money import Money
from shared.domain.runs import Problem

REFERENCE_LENGTH: Final = 12


class Operation(StrEnum):
    POST = "post"
    VOID = "void"


class LedgerState(StrEnum):
    RESERVED = "reserved"
    IN_FLIGHT = "in_flight"
    """A request with it may be under way until `over_at`."""
    POSTED = "posted"
    """It stands in the books (a void: it is void there)."""
    REFUSED = "refused"
    """Definitely not carried out, with the reason."""
    UNKNOWN = "unknown"
    """Sent, no trustworthy answer; looked up before anything else, see `shared.sync.payments`."""


@dataclass(frozen=True, slots=True)
class LedgerScope:
    """Whose payments: of one connection, in one remote company."""

    connection: ConnectionKey
    remote_company_id: RemoteCompanyId


@dataclass(frozen=True, slots=True)
class LedgerRow:
    """`payload_hash` is of what the payment says: another payment under the same id is never sent.

    `attempt` counts requests of this generation; `request_key` names the last one. `singly`: it was
    in a batch that was refused as a whole, so it goes alone. `customer_id`: whose it is in the
    books as it was sent; its invoice may be another's, or void, by the time that it is looked for.
    `looks` counts look-ups since it became unknown, and afterwards those for a late commit.
    `unsure_at`: when a request last had no answer; it stays when the outcome is known, because the
    provider may commit late. `look_at`: when to look (again).
    """

    payment_id: SourceId
    operation: Operation
    state: LedgerState
    generation: int
    payload_hash: str
    amount: Money
    reserved_at: datetime
    attempt: int = 0
    request_key: RequestKey = RequestKey("")
    over_at: datetime | None = None
    customer_id: RemoteId = RemoteId("")
    remote_id: RemoteId = RemoteId("")
    remote_version: RemoteVersion = RemoteVersion("")
    problem: Problem | None = None
    singly: bool = False
    looks: int = 0
    unsure_at: datetime | None = None
    look_at: datetime | None = None
    settled_at: datetime | None = None
    version: int = 0
    correlation_id: CorrelationId = CorrelationId("")


def reference_of(scope: LedgerScope, payment_id: SourceId) -> str:
    """Our short reference, which every payment carries in the books: the same for all its generations."""
    text = f"{scope.remote_company_id}/{scope.connection.company_id}/{payment_id}"
    return "BC-" + hashlib.blake2b(text.encode(), digest_size=8).hexdigest()[:REFERENCE_LENGTH]


def moved(row: LedgerRow) -> LedgerRow:
    """The row as it is to be stored after one move or several."""
    return replace(row, version=row.version + 1)


def reserved(
    before: LedgerRow | None,
    payment_id: SourceId,
    operation: Operation,
    payload_hash: str,
    amount: Money,
    now: datetime,
) -> LedgerRow:
    """The row of a new generation. Raises `ValueError` unless there is none, or it was refused."""
    if before is not None and before.state is not LedgerState.REFUSED:
        raise ValueError(f"a payment that is {before.state} is not reserved again")
    return LedgerRow(
        payment_id,
        operation,
        LedgerState.RESERVED,
        generation=before.generation + 1 if before else 1,
        payload_hash=payload_hash,
        amount=amount,
        reserved_at=now,
        looks=before.looks if before else 0,
        unsure_at=before.unsure_at if before else None,
        version=before.version if before else 0,
    )


def sent(
    row: LedgerRow, request_key: RequestKey, over_at: datetime, customer_id: RemoteId
) -> LedgerRow:
    """To be stored before the request goes. Raises `ValueError` unless it is reserved."""
    _require(row, LedgerState.RESERVED)
    return replace(
        row,
        state=LedgerState.IN_FLIGHT,
        attempt=row.attempt + 1,
        request_key=request_key,
        over_at=over_at,
        customer_id=customer_id,
    )


def held_back(row: LedgerRow, *, singly: bool = False) -> LedgerRow:
    """It was definitely not carried out, for no fault of its own: reserved, as before the request."""
    _require(row, LedgerState.IN_FLIGHT)
    return replace(
        row,
        state=LedgerState.RESERVED,
        over_at=None,
        singly=row.singly or singly,
    )


def posted(
    row: LedgerRow, remote_id: RemoteId, remote_version: RemoteVersion, now: datetime
) -> LedgerRow:
    """It stands in the books, as an answer says, or a look-up: then whatever was believed before."""
    if row.state is LedgerState.POSTED:
        raise ValueError("a payment is posted once")
    return replace(
        row,
        state=LedgerState.POSTED,
        remote_id=remote_id,
        remote_version=remote_version,
        problem=None,
        over_at=None,
        looks=0,
        look_at=None,
        settled_at=now,
    )


def seen(row: LedgerRow, remote_version: RemoteVersion) -> LedgerRow:
    """Somebody changed it in the books: what the next write has to quote."""
    _require(row, LedgerState.POSTED)
    return replace(row, remote_version=remote_version)


def kept(row: LedgerRow, remote_id: RemoteId, remote_version: RemoteVersion) -> LedgerRow:
    """Of several in the books a person kept this one, and not the one that was known."""
    _require(row, LedgerState.POSTED)
    return replace(row, remote_id=remote_id, remote_version=remote_version)


def refused(row: LedgerRow, problem: Problem, now: datetime) -> LedgerRow:
    """Definitely not carried out."""
    _require(row, LedgerState.IN_FLIGHT, LedgerState.RESERVED)
    return replace(
        row,
        state=LedgerState.REFUSED,
        problem=problem,
        over_at=None,
        look_at=None,
        settled_at=now,
    )


def unheard(row: LedgerRow, now: datetime) -> LedgerRow:
    """A request with it had no answer, whatever its repeat was answered: the provider may commit late."""
    _require(row, LedgerState.IN_FLIGHT)
    return replace(row, unsure_at=now, looks=0)


def unknown(row: LedgerRow, now: datetime, look_at: datetime) -> LedgerRow:
    """No trustworthy answer; from now on it is looked up, not sent."""
    _require(row, LedgerState.IN_FLIGHT)
    return replace(
        row,
        state=LedgerState.UNKNOWN,
        unsure_at=now,
        looks=0,
        look_at=look_at,
    )


def looked(row: LedgerRow, look_at: datetime) -> LedgerRow:
    """Looked up and not found, while it may yet come."""
    _require(row, LedgerState.UNKNOWN)
    return replace(row, looks=row.looks + 1, look_at=look_at)


def proved_absent(row: LedgerRow) -> LedgerRow:
    """Not in the books when no request of ours could be under way any more: it may go again."""
    _require(row, LedgerState.UNKNOWN)
    return replace(row, state=LedgerState.RESERVED, over_at=None, looks=0, look_at=None)


def to_be_checked(row: LedgerRow, look_at: datetime | None) -> LedgerRow:
    """Its outcome is known, but once was not: when to look for a late commit; None: never again."""
    _require(row, LedgerState.POSTED, LedgerState.REFUSED)
    return replace(row, look_at=look_at)


def checked(row: LedgerRow) -> LedgerRow:
    """It was looked for once more."""
    _require(row, LedgerState.POSTED, LedgerState.REFUSED)
    return replace(row, looks=row.looks + 1)


def outcome_known(row: LedgerRow) -> bool:
    """Whether all that may be left is to look for a late commit."""
    return row.state in (LedgerState.POSTED, LedgerState.REFUSED)


def request_ends(now: datetime, deadline: float, provider_limit: timedelta) -> datetime:
    """Until when a request that is sent now may still be carried out by the provider."""
    return now + timedelta(seconds=deadline) + provider_limit


def _require(row: LedgerRow, *states: LedgerState) -> None:
    if row.state not in states:
        raise ValueError(f"a payment that is {row.state} cannot make this move")
