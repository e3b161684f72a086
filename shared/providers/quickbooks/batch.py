"""Writes of records as QuickBooks requests, and what became of each entry (quickbooks.md 2.4 and 4).

A request is bytes that depend on nothing but the writes, so that a repeat under the same request key is
identical; bIds are "1" to "30". The answer is matched by bId: order and completeness are not promised,
and HTTP 200 can be all failures.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Final
from urllib.parse import quote

from shared.domain.ids import RecordKind, RemoteCompanyId, RequestKey, SourceId
from shared.domain.outcomes import (
    Answered,
    CallOutcome,
    CallRejected,
    CallStopped,
    Done,
    EntryOutcome,
    EntryRefused,
    EntryUnknown,
    NoTrustworthyAnswer,
    Throttled,
)
from shared.domain.runs import Problem, PushAction
from shared.providers.base import CallClass, RecordWrite, WriteRequest
from shared.providers.http import HttpAnswer
from shared.providers.quickbooks.entities import ENTITIES, Entity
from shared.providers.quickbooks.errors import (
    ErrorEntry,
    Errors,
    codes_of,
    described,
    errors_of,
    fault_of,
)
from shared.providers.quickbooks.faults import (
    THROTTLED,
    entry_outcome,
    refused_call,
    retry_after,
    stopping,
    whole_call,
)
from shared.providers.quickbooks.money_faults import surely_refused
from shared.providers.quickbooks.profile import PROFILE
from shared.providers.quickbooks.transactions import total_of
from shared.providers.quickbooks.wire import (
    ShapeUnknown,
    decoded,
    identity,
)

MINOR_VERSION: Final = "75"
"""2.2: lower ones are ignored since August 2025."""

HEADERS: Final = (("accept", "application/json"), ("content-type", "application/json"))

_OPERATIONS: Final = {
    PushAction.CREATE: '"operation":"create"',
    PushAction.UPDATE: '"operation":"update"',
    PushAction.VOID: '"operation":"update","optionsData":"void"',
}
"""4: that a void in a batch is an update with `optionsData` is [uncertain: threads]; in addresses
`include=void` is its like (2.1). So a void that stands alone always goes by itself, in the way that is
documented, and what comes back is looked at: a void that was not understood changed nothing.
"""
_NOT_VOIDED: Final = Problem(
    "NOT_VOIDED",
    "QuickBooks took this but did not make it void.",
    "Make it void in QuickBooks, then sync it again.",
)


def company_path(remote_company_id: RemoteCompanyId) -> str:
    return f"/v3/company/{quote(remote_company_id, safe='')}"


def write_request(
    remote_company_id: RemoteCompanyId,
    kind: RecordKind,
    writes: Sequence[RecordWrite],
    request_key: RequestKey,
    *,
    single: bool,
    country: str = "",
) -> WriteRequest:
    """`country` of the books (ISO 3166), by which invoices tell tax; empty: unknown.

    Raises ValueError for more writes than a request takes, and for a request key that is too long.
    """
    most = 1 if single else PROFILE.batch_size
    if not 1 <= len(writes) <= most:
        raise ValueError(f"a request takes 1 to {most} writes, not {len(writes)}")
    if not 1 <= len(request_key) <= PROFILE.max_request_key:
        raise ValueError(f"a request key has 1 to {PROFILE.max_request_key} characters")
    entity = ENTITIES[kind]
    objects = [entity.build(write, country) for write in writes]
    void = len(writes) == 1 and writes[0].action is PushAction.VOID
    if void or single:
        body = objects[0].encode("ascii")
    else:
        entries = ",".join(
            f'{{"bId":"{number}",{_OPERATIONS[write.action]},"{entity.name}":{text}}}'
            for number, (write, text) in enumerate(zip(writes, objects, strict=True), start=1)
        )
        body = f'{{"BatchItemRequest":[{entries}]}}'.encode("ascii")
    return WriteRequest(
        kind=kind,
        call_class=CallClass.SINGLE if void or single else CallClass.BATCH,
        method="POST",
        path=f"{company_path(remote_company_id)}/{entity.path if void or single else 'batch'}",
        query=(
            *(entity.void_query if void else ()),
            ("requestid", request_key),
            ("minorversion", MINOR_VERSION),
        ),
        headers=HEADERS,
        body=body,
        body_hash=hashlib.sha256(body).hexdigest(),
        request_key=request_key,
        entries=tuple(
            (str(number), write.source_id) for number, write in enumerate(writes, start=1)
        ),
        actions=tuple(write.action for write in writes),
    )


def outcome_of(request: WriteRequest, answer: HttpAnswer) -> CallOutcome:
    """What an answer to this request means. Every entry has an outcome when it is `Answered`."""
    single = request.call_class is CallClass.SINGLE
    if answer.status == HTTPStatus.OK:
        try:
            body = decoded(answer.body)
        except ValueError:
            return NoTrustworthyAnswer("HTTP 200 without JSON")
        errors = fault_of(body)  # 2.7: a 200 can hold a fault, so before the entity
        if errors is None:
            return _record(request, body) if single else _entries(request, answer, body)
        if single:
            return _refused_single(request, answer, errors)
        return _sure(request, refused_call(answer, errors), answer, errors)
    errors = errors_of(answer)
    if single and answer.status == HTTPStatus.BAD_REQUEST:
        return _refused_single(request, answer, errors or (ErrorEntry(0),))
    return _sure(request, whole_call(answer), answer, errors)


def _sure(
    request: WriteRequest, outcome: CallOutcome, answer: HttpAnswer, errors: Errors | None
) -> CallOutcome:
    """Of payments a request counts as refused only by a code that says so (`money_faults`)."""
    doubtful = isinstance(outcome, CallRejected) and not surely_refused(errors)
    if request.kind is RecordKind.PAYMENT and doubtful:
        return NoTrustworthyAnswer(described(answer, errors))
    return outcome


def _refused_single(request: WriteRequest, answer: HttpAnswer, errors: Errors) -> CallOutcome:
    """A fault of one record: the call was answered, unless it says something about more than that."""
    whole = refused_call(answer, errors)
    if isinstance(whole, CallRejected):
        return Answered(
            {request.entries[0][1]: entry_outcome(errors, request.actions[0], request.kind)}
        )
    return whole


def _record(request: WriteRequest, body: object) -> CallOutcome:
    entity = ENTITIES[request.kind]
    row = body.get(entity.name) if isinstance(body, dict) else None
    return Answered({request.entries[0][1]: _written(entity, row, request.actions[0])})


def _entries(request: WriteRequest, answer: HttpAnswer, body: object) -> CallOutcome:
    rows = body.get("BatchItemResponse") if isinstance(body, dict) else None
    if not isinstance(rows, list):
        return NoTrustworthyAnswer("HTTP 200 without entries")
    entity = ENTITIES[request.kind]
    answered: dict[str, EntryOutcome] = {}
    faults: dict[str, Errors] = {}
    actions = {
        label: action for (label, _), action in zip(request.entries, request.actions, strict=True)
    }
    for row in rows:
        label = str(row.get("bId")) if isinstance(row, dict) else ""
        if label not in actions:
            continue
        if label in answered:
            answered[label] = EntryUnknown("answered twice")
            continue
        errors = fault_of(row) if entity.name not in row else None
        if errors is None:
            answered[label] = _written(entity, row.get(entity.name), actions[label])
        else:
            faults[label] = errors
            answered[label] = entry_outcome(errors, actions[label], request.kind)
    if len(faults) == len(actions):
        whole = _same_for_all(answer, list(faults.values()))
        if whole is not None:
            return whole
    missing = EntryUnknown("not in the answer")
    outcomes: Mapping[SourceId, EntryOutcome] = {
        source_id: answered.get(label, missing) for label, source_id in request.entries
    }
    return Answered(outcomes)


def _same_for_all(answer: HttpAnswer, faults: list[Errors]) -> CallOutcome | None:
    """A cause that stands in every entry is the connection's, not the records' (6190, 5020, 3001)."""
    problems = [stopping(errors) for errors in faults]
    if all(problems):
        problem = problems[0]
        return CallStopped(problem) if problem is not None else None
    if all(THROTTLED in codes_of(errors) for errors in faults):
        return Throttled(retry_after(answer))
    return None


def _written(entity: Entity, row: object, action: PushAction) -> EntryOutcome:
    if not isinstance(row, dict):
        return EntryUnknown("neither a record nor a fault")
    try:
        remote_id, remote_version = identity(row)
        fields = entity.fields(row)
        if action is PushAction.VOID and fields.active and total_of(row):
            return EntryRefused(_NOT_VOIDED, _NOT_VOIDED.code)
        return Done(remote_id, remote_version, fields)
    except ShapeUnknown as error:
        return EntryUnknown(f"a record without a usable {error}")
