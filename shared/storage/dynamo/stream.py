"""The records table's stream, read as changes: what a relay needs to know and nothing of the content."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from shared.domain.due import Change
from shared.domain.ids import CompanyId, CorrelationId, RecordKind, SourceId
from shared.storage.dynamo.tables import SAME_CONTENT
from shared.storage.keys import split


def read_stream(records: Sequence[Mapping[str, Any]]) -> tuple[list[Change], list[str]]:
    """The changes, and the sequence numbers of stream records that are not of our making.

    A deletion is no change: nothing of ours deletes records, they are archived. Nor is a row that says
    what it said before: an invoice whose payments changed.
    """
    changes: list[Change] = []
    strange: list[str] = []
    for record in records:
        try:
            image = record["dynamodb"].get("NewImage")
            if image is None and record.get("eventName") == "REMOVE":
                continue
            if SAME_CONTENT in image:
                continue
            kind, company_id = split(image["pk"]["S"])
            changes.append(
                Change(
                    CompanyId(company_id),
                    RecordKind(kind),
                    SourceId(image["sk"]["S"]),
                    int(image["version"]["N"]),
                    CorrelationId(image.get("correlation_id", {}).get("S", "")),
                )
            )
        except (KeyError, TypeError, ValueError, AttributeError):
            strange.append(_sequence_number(record))
    return changes, strange


def _sequence_number(record: object) -> str:
    told = record.get("dynamodb") if isinstance(record, Mapping) else None
    number = told.get("SequenceNumber") if isinstance(told, Mapping) else None
    return str(number) if number else "unknown"
