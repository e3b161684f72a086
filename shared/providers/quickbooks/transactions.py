"""What invoices and payments have in common in QuickBooks' JSON (quickbooks.md 2.6, 6.4, 6.5, 6.7)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from json.encoder import encode_basestring_ascii as quoted
from typing import Any, Final

from shared.providers.base import RecordWrite
from shared.providers.quickbooks.wire import ShapeUnknown, number_of, text_of, update_head

_VOIDED: Final = re.compile(r"Voided\b[\s:;,.\-]*")
_ISO_DATE: Final = 10


def void_object(write: RecordWrite) -> str:
    """The body of a void. Sparse: where a void was not understood as one, nothing is emptied by it.

    A payment must be sent so [verified: Intuit's page of Payment, a copy], for an invoice `Id` and
    `SyncToken` are enough and `sparse` does no harm (2.1).
    """
    return "{" + update_head(write) + "}"


def reference(attribute: str, remote_id: str) -> str:
    """6.4: `name` in references is ignored, so the id alone."""
    return f'"{attribute}":{{"value":{quoted(remote_id)}}}'


def cut_to(text: str, most: int) -> str:
    """At most so many UTF-16 units, the strictest way of counting; no character is halved."""
    units = text.encode("utf-16-le", "surrogatepass")
    return text if len(units) <= 2 * most else units[: 2 * most].decode("utf-16-le", "ignore")


def group_of(row: Mapping[str, Any], attribute: str) -> Mapping[str, Any]:
    """5.1: what has no value is left out."""
    value = row.get(attribute)
    return value if isinstance(value, dict) else {}


def referred(row: Mapping[str, Any], attribute: str, *, needed: bool = False) -> str:
    """The id in a reference. Raises `ShapeUnknown` where it is needed and missing."""
    found = text_of(group_of(row, attribute), "value")
    if needed and not found:
        raise ShapeUnknown(attribute)
    return found


def rows_of(row: Mapping[str, Any], attribute: str) -> list[Mapping[str, Any]]:
    """The objects of a list, which is left out when it is empty. Raises `ShapeUnknown`."""
    value = row.get(attribute)
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
        raise ShapeUnknown(attribute)
    return value


def date_of(row: Mapping[str, Any], attribute: str) -> date | None:
    """A business date; old answers have an offset behind it. Raises `ShapeUnknown`."""
    text = text_of(row, attribute)
    try:
        return date.fromisoformat(text[:_ISO_DATE]) if text else None
    except ValueError as error:
        raise ShapeUnknown(attribute) from error


def needed_date(row: Mapping[str, Any], attribute: str) -> date:
    """Raises `ShapeUnknown`."""
    found = date_of(row, attribute)
    if found is None:
        raise ShapeUnknown(attribute)
    return found


def total_of(row: Mapping[str, Any]) -> Decimal:
    """Raises `ShapeUnknown` when it is missing: nothing may pass for an empty or void transaction
    for lack of an attribute.
    """
    if row.get("TotalAmt") is None:
        raise ShapeUnknown("TotalAmt")
    return number_of(row, "TotalAmt")


def note_of(row: Mapping[str, Any]) -> str:
    """The note as it was before a void put its word in front of it (2.6)."""
    note = text_of(row, "PrivateNote")
    return _VOIDED.sub("", note, count=1) if _says_voided(row) else note


def is_void(row: Mapping[str, Any], *, emptied: bool) -> bool:
    """2.6: there is no status for it. By the word and a total of 0; where the word is another one (it
    may be translated) by a total of 0, some note, and `emptied`: all that it held is 0 as well.
    """
    if total_of(row):
        return False
    return _says_voided(row) or (emptied and bool(text_of(row, "PrivateNote")))


def _says_voided(row: Mapping[str, Any]) -> bool:
    return not total_of(row) and bool(_VOIDED.match(text_of(row, "PrivateNote")))
