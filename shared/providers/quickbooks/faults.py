"""What QuickBooks' errors mean: by HTTP status and numeric code together, never by text.

Table: quickbooks.md 2.8. Code 3100 comes with 403 (stop) and with 500 (passing); code 500 comes with
HTTP 400 (do not repeat); a missing record is 400 with 610.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from http import HTTPStatus
from typing import Final

from shared.domain.ids import RecordKind, RemoteId
from shared.domain.outcomes import (
    CallOutcome,
    CallRejected,
    CallStopped,
    EntryBusy,
    EntryOutcome,
    EntryRefused,
    EntryUnknown,
    GrantDead,
    NameTaken,
    NoTrustworthyAnswer,
    Stale,
    Throttled,
)
from shared.domain.runs import Problem, PushAction
from shared.providers.http import HttpAnswer
from shared.providers.quickbooks import money_faults
from shared.providers.quickbooks.entities import ENTITIES
from shared.providers.quickbooks.errors import (
    ErrorEntry,
    Errors,
    codes_of,
    described,
    errors_of,
)

THROTTLED: Final = 3001
ACCESS_LOST: Final = 120
"""2.8: the person who connected lost access: another token does not help [verified: D-common]."""
WRONG_CLUSTER: Final = 130
"""2.8: not an expired token, a renewed one does not help [verified: python-quickbooks#369]."""
NAME_TAKEN: Final = 6240
GONE: Final = 610
STALE: Final = frozenset({5010})
PASSING: Final = frozenset({140, 150, THROTTLED, 6000})
"""Company locked or under maintenance; throttled; 6000: another write to the list was running, among
other things: two or three spaced tries, then a person."""
UNDECIDED: Final = frozenset({600, 10000})
"""600: this request key was used already, so maybe it was written. 10000: a failure of the system."""
NOT_PERMITTED: Final = 5020
PLAN_ENDED: Final = 6190
LATER: Final = frozenset({WRONG_CLUSTER, 140, 150, 10000})
"""Of a whole call: nothing is known to be wrong with it, again later."""

_SETTINGS: Final = "Go to Settings → Integrations → Reconnect QuickBooks."
_BUSY: Final = Problem(
    "PROVIDER_BUSY",
    "QuickBooks was saving something else in the same list, or could not save just then.",
    "Sync the {noun} again in a few minutes.",
)
_STOPPING: Final = {
    PLAN_ENDED: Problem(
        "SUBSCRIPTION_ENDED",
        "This company's QuickBooks subscription has ended or is unpaid.",
        "Renew the subscription in QuickBooks, then sync again.",
    ),
    NOT_PERMITTED: Problem(
        "NOT_PERMITTED",
        "The person who connected QuickBooks may not do this there.",
        "Ask a QuickBooks administrator for the right, or reconnect as an administrator.",
    ),
}
_ACCESS_REFUSED: Final = Problem(
    "ACCESS_REFUSED",
    "QuickBooks does not let this connection into the company.",
    f"{_SETTINGS} Choose the same company there.",
)
_REFERENCE: Final = Problem(
    "REFERENCE_MISSING",
    "Something that this {noun} refers to is missing or inactive in QuickBooks.",
    "Make it active again in QuickBooks, then sync the {noun} again.",
)
_ACCOUNT_MISSING: Final = Problem(
    "REFERENCE_MISSING",
    "The income account chosen for this item is missing or inactive in QuickBooks.",
    "Choose another income account for the item, or make that one active again.",
    "incomeAccountId",
)
_UNSUITABLE: Final = Problem(
    "VALUE_REFUSED",
    "QuickBooks does not accept a value of this {noun}.",
    "Correct the {noun}'s {values}, then sync it again.",
)
_NOT_UNDERSTOOD: Final = Problem(
    "REQUEST_NOT_UNDERSTOOD",
    "QuickBooks did not understand what it was sent.",
    "Report this to support: it is not a mistake in your data.",
)
_REFUSALS: Final = {
    **_STOPPING,
    GONE: _REFERENCE,
    620: _REFERENCE,
    2500: _REFERENCE,
    6430: Problem(
        "ACCOUNT_UNSUITABLE",
        "The account chosen for this item cannot take income in QuickBooks.",
        "Choose another income account for the item.",
        "incomeAccountId",
    ),
    2020: replace(_UNSUITABLE, message="QuickBooks needs a value that this {noun} does not have."),
    2040: replace(_UNSUITABLE, message="QuickBooks does not accept a character in this {noun}."),
    2050: replace(_UNSUITABLE, message="A value of this {noun} is too long or out of range."),
    2210: Problem(
        "EMAIL_MALFORMED",
        "QuickBooks does not take this {noun}'s e-mail address.",
        "Write it like name@example.com, or leave it empty.",
        "email",
    ),
    6220: Problem(
        "OPEN_BALANCE",
        "QuickBooks does not make a {noun} inactive while it has an open balance.",
        "Settle the balance in QuickBooks, then sync the {noun} again.",
    ),
    6200: Problem(
        "BOOKS_CLOSED",
        "The books are closed for that date.",
        "Decide with your accountant whether to open the period or to leave this as it is.",
    ),
    **dict.fromkeys((500, 1040, 2010, 2030, 2130, 2170), _NOT_UNDERSTOOD),
}


def entry_outcome(errors: Errors, action: PushAction, kind: RecordKind) -> EntryOutcome:
    """What became of one entry that came back with a fault. The first code that is known decides."""
    if kind is RecordKind.PAYMENT and not money_faults.surely_refused(errors):
        codes = ",".join(str(code) for code in sorted(codes_of(errors)))
        return EntryUnknown(f"codes {codes}")
    known = (_known(error, action, kind) for error in errors)
    return next((outcome for outcome in known if outcome), None) or _refused(errors[0], kind)


def _known(error: ErrorEntry, action: PushAction, kind: RecordKind) -> EntryOutcome | None:
    """What a code says; None for one that we have no sentence for."""
    code = error.code
    if code == _TAKEN.get(kind):
        return NameTaken(RemoteId(error.owner) if error.owner else None)
    if code in STALE:
        return Stale(money_faults.IF_CURRENT.get(kind))
    if code == GONE and action is not PushAction.CREATE:
        return Stale()
    if code in PASSING:
        return EntryBusy(money_faults.BUSY.get(kind) or _worded(_BUSY, ENTITIES[kind].noun))
    if code in UNDECIDED:
        return EntryUnknown(f"code {code}")
    return _refused(error, kind) if code in _refusals(kind) else None


_TAKEN: Final = {
    RecordKind.ITEM: NAME_TAKEN,
    RecordKind.CUSTOMER: NAME_TAKEN,
    RecordKind.INVOICE: money_faults.NUMBER_TAKEN,
}
"""Nothing about a payment is unique."""


def _refusals(kind: RecordKind) -> Mapping[int, Problem]:
    return {**_REFUSALS, **money_faults.REFUSALS.get(kind, {})}


def _refused(error: ErrorEntry, kind: RecordKind) -> EntryRefused:
    entity = ENTITIES[kind]
    refusals = _refusals(kind)
    problem = refusals.get(error.code) or _problem(error)
    if problem is _REFERENCE and kind is RecordKind.ITEM:
        problem = _ACCOUNT_MISSING
    problem = _worded(problem, entity.noun, entity.values)
    named = entity.our_field(error.element)
    if named and not problem.field:
        problem = replace(problem, field=named)
    cause = problem.code if error.code in refusals else f"{problem.code}_{error.code}"
    return EntryRefused(problem, cause)


def _worded(problem: Problem, noun: str, values: str = "values") -> Problem:
    """Its sentences about this kind of record."""
    message, action = (
        text.replace("{noun}", noun).replace("{values}", values)
        for text in (problem.message, problem.action)
    )
    return replace(problem, message=message, action=action)


def _problem(error: ErrorEntry) -> Problem:
    known = _REFUSALS.get(error.code)
    if known is not None:
        return known
    return Problem(
        "REFUSED",
        f"QuickBooks refused this for a reason of its own (number {error.code}).",
        "Look at the record in QuickBooks, or report the number to support.",
    )


def stopping(errors: Errors | None) -> Problem | None:
    """The problem that concerns the whole connection, where there is one among the errors."""
    return next((_STOPPING[c] for c in sorted(codes_of(errors)) if c in _STOPPING), None)


def renewable(answer: HttpAnswer) -> bool:
    """Whether a 401 may be cured by a new token."""
    return codes_of(errors_of(answer)).isdisjoint({ACCESS_LOST, WRONG_CLUSTER})


def whole_call(answer: HttpAnswer) -> CallOutcome:
    """What an answer means whose status is not 200."""
    status = answer.status
    errors = errors_of(answer)
    if status == HTTPStatus.UNAUTHORIZED:
        cluster = WRONG_CLUSTER in codes_of(errors)
        return NoTrustworthyAnswer(described(answer, errors)) if cluster else GrantDead()
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return Throttled(retry_after(answer))
    if status == HTTPStatus.FORBIDDEN:
        return _forbidden(answer, errors)
    refusal = HTTPStatus.BAD_REQUEST <= status < HTTPStatus.INTERNAL_SERVER_ERROR
    certain = errors is not None and status != HTTPStatus.REQUEST_TIMEOUT
    if refusal and (certain or status in _ALWAYS_CERTAIN):
        return refused_call(answer, errors or (ErrorEntry(0),))
    return NoTrustworthyAnswer(described(answer, errors))


_ALWAYS_CERTAIN: Final = frozenset(
    {HTTPStatus.BAD_REQUEST, HTTPStatus.REQUEST_ENTITY_TOO_LARGE, HTTPStatus.REQUEST_URI_TOO_LONG}
)
"""Refusals by status alone; another 4xx without a code may be a gateway's, and says nothing sure."""


def refused_call(answer: HttpAnswer, errors: Errors) -> CallOutcome:
    """A fault for the whole request, with HTTP 400 or inside a 200."""
    codes = codes_of(errors)
    if THROTTLED in codes:
        return Throttled(retry_after(answer))
    problem = stopping(errors)
    if problem is not None:
        return CallStopped(problem)
    if codes & (LATER | UNDECIDED):
        return NoTrustworthyAnswer(described(answer, errors))
    return CallRejected(_worded(_problem(errors[0]), "record"))


def _forbidden(answer: HttpAnswer, errors: Errors | None) -> CallOutcome:
    if THROTTLED in codes_of(errors):  # 2.8: as 403 in reports of 2016
        return Throttled(retry_after(answer))
    if errors is None:  # a gateway's page
        return NoTrustworthyAnswer(described(answer, errors))
    return CallStopped(stopping(errors) or _ACCESS_REFUSED)


def retry_after(answer: HttpAnswer) -> float | None:
    """3: not documented, honoured when it is there. Seconds only; a date is not worth a clock here."""
    text = answer.headers.get("retry-after", "").strip()
    return float(text) if text.isascii() and text.isdigit() and len(text) <= 6 else None  # noqa: PLR2004 - a week
