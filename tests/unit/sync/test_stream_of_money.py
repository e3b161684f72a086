"""Invoices and payments in the records table's stream."""

from __future__ import annotations

from typing import Any

import pytest

from shared.domain.due import Change
from shared.domain.ids import CorrelationId, RecordKind, SourceId
from shared.domain.invoices import Invoice, Payment
from shared.domain.records import Record
from shared.storage.dynamo.records import DynamoRecords
from shared.storage.dynamo.stream import read_stream
from tests.contract.stores.builders import COMPANY, CORRELATION, invoice, payment


def image(record: Record) -> dict[str, Any]:
    """The new image that the stream carries of a row."""
    store: Any = DynamoRecords("records", None, None, None)  # type: ignore[arg-type]  # sends nothing
    row: dict[str, Any] = store._put(COMPANY, record)["Item"]
    return {"dynamodb": {"NewImage": row}}


@pytest.mark.parametrize(
    ("record", "kind", "source_id"),
    [
        (invoice("a#b/%", version=3), RecordKind.INVOICE, "a#b/%"),
        (payment("1#é", "a#b", version=2), RecordKind.PAYMENT, "a%23b#1%23é"),
    ],
)
def test_a_write_is_a_change_of_its_kind(
    record: Invoice | Payment, kind: RecordKind, source_id: str
) -> None:
    changes, strange = read_stream([image(record)])
    cause = CorrelationId(CORRELATION)
    assert changes == [Change(COMPANY, kind, SourceId(source_id), record.version, cause)]
    assert strange == []


def test_a_payment_makes_its_invoice_no_change() -> None:
    """The row is written for its count of payments alone: each payment had had the invoice looked at."""
    store: Any = DynamoRecords("records", None, None, None)  # type: ignore[arg-type]  # sends nothing
    raised = store._put_raised(COMPANY, invoice("1", version=3))["Item"]
    assert read_stream([{"dynamodb": {"NewImage": raised}}]) == ([], [])
