"""Reading QuickBooks' error envelopes: all six shapes seen, down to numeric codes (quickbooks.md 2.7).

Messages and details are never looked at, but for the owner's id behind 6240 and 6140: they are
localised, vary, and may repeat the access token.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from shared.providers.http import HttpAnswer
from shared.providers.quickbooks.wire import decoded
from shared.providers.redaction import request_id

_XML_CODE: Final = re.compile(rb"<Error\b[^>]*\bcode\s*=\s*[\"'](\d{1,6})[\"']", re.IGNORECASE)
_OWNER: Final = re.compile(r"\bId=(\d{1,25})\b", re.ASCII)
_NUMBERED: Final = re.compile(r"\bTxnType=Invoice\b.*?\bTxnId=(\d{1,25})\b", re.ASCII)
_CODE: Final = re.compile(r"\d{1,9}", re.ASCII)
_XML_HEAD: Final = 64 * 1024


@dataclass(frozen=True, slots=True)
class ErrorEntry:
    """One `Error`. `code` 0: it had none. `owner`: the id that a 6240 names as the name's owner, or a
    6140 as the invoice that has the number.
    """

    code: int
    element: str = ""
    owner: str = ""


Errors = tuple[ErrorEntry, ...]


def fault_of(body: object) -> Errors | None:
    """The errors of a JSON value that is or holds a fault; None when it holds none.

    Envelopes a (`Fault`, also of a batch entry), b (`fault`) and d (`code` beside `message`).
    """
    if not isinstance(body, dict):
        return None
    fault = body.get("Fault") or body.get("fault")
    if isinstance(fault, dict):
        rows = fault.get("Error") or fault.get("error")
        known = rows if isinstance(rows, list) else ()
        entries = tuple(_entry(row) for row in known if isinstance(row, dict))
        return entries or (ErrorEntry(0),)
    if "code" in body and "message" in body:
        return (_entry(body),)
    return None


def errors_of(answer: HttpAnswer) -> Errors | None:
    """The errors in a whole answer of any content type; None when no envelope is recognised.

    Envelopes e and f (HTML, text, nothing) have no codes: None as well.
    """
    try:
        return fault_of(decoded(answer.body))
    except ValueError:
        found = _XML_CODE.findall(answer.body[:_XML_HEAD])
        return tuple(ErrorEntry(int(code)) for code in found) or None


def codes_of(errors: Errors | None) -> frozenset[int]:
    return frozenset(entry.code for entry in errors or ())


def described(answer: HttpAnswer, errors: Errors | None) -> str:
    """For messages: status, numeric codes and `intuit_tid`, nothing else of the answer (2.3)."""
    codes = ",".join(str(code) for code in sorted(codes_of(errors))) or "none"
    return f"HTTP {answer.status}, codes {codes}, request id {_intuit_tid(answer.headers)}"


def _intuit_tid(headers: Mapping[str, str]) -> str:
    """Recorded under two spellings (2.3)."""
    return request_id(headers.get("intuit_tid") or headers.get("intuit-tid") or "")


def _entry(row: Mapping[str, Any]) -> ErrorEntry:
    detail = row.get("Detail", row.get("detail"))
    owner = (_OWNER.findall(detail) or _NUMBERED.findall(detail)) if isinstance(detail, str) else []
    element = row.get("element")
    return ErrorEntry(
        code=_number(row.get("code")),
        element=element if isinstance(element, str) else "",
        owner=owner[-1] if owner else "",
    )


def _number(code: object) -> int:
    """Codes come as "003001", "3001" or 3001."""
    text = str(code).strip()
    return int(text) if _CODE.fullmatch(text) else 0
