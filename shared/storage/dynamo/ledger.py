"""`LedgerStore` over the sync-state table. What no condition asks about is one JSON attribute."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from decimal import Decimal

from shared.domain.ids import CorrelationId, RemoteId, RemoteVersion, RequestKey, SourceId
from shared.domain.ledger import LedgerRow, LedgerScope, LedgerState, Operation
from shared.domain.money import Money
from shared.domain.runs import Problem
from shared.storage.dynamo.bulk import BulkRows, Raw, insert, to_json, update
from shared.storage.dynamo.tables import SCHEMA_VERSION
from shared.storage.keys import (
    instant,
    is_key,
    of_ledger,
    read_instant,
    require_distinct_keys,
    require_next_version,
)
from shared.storage.ports import Page

_INSTANTS = ("reserved_at", "over_at", "unsure_at", "look_at", "settled_at")


class DynamoLedger:
    def __init__(self, table_name: str, bulk: BulkRows) -> None:
        self._name = table_name
        self._bulk = bulk

    def of(
        self, scope: LedgerScope, operation: Operation, payment_ids: Sequence[SourceId]
    ) -> Mapping[SourceId, LedgerRow]:
        pk = of_ledger(scope, operation)
        raws = self._bulk.get(self._name, pk, filter(is_key, payment_ids))
        return {row.payment_id: row for row in (_parsed(operation, raw) for raw in raws)}

    def save(self, scope: LedgerScope, rows: Sequence[LedgerRow]) -> Sequence[SourceId]:
        require_distinct_keys(row.payment_id for row in rows)
        for row in rows:
            require_next_version(row.version)
        held = self._bulk.execute(
            [self._statement(of_ledger(scope, row.operation), row) for row in rows],
            repeatable=False,
        )
        return [row.payment_id for row, saved in zip(rows, held, strict=True) if not saved]

    def page(
        self, scope: LedgerScope, operation: Operation, limit: int, cursor: str | None
    ) -> Page[LedgerRow]:
        pk = of_ledger(scope, operation)
        return self._bulk.page(self._name, pk, limit, cursor, lambda raw: _parsed(operation, raw))

    def _statement(self, pk: str, row: LedgerRow) -> Raw:
        raw = {
            "pk": {"S": pk},
            "sk": {"S": row.payment_id},
            "schema_version": {"N": str(SCHEMA_VERSION)},
            "correlation_id": {"S": row.correlation_id},
            "version": {"N": str(row.version)},
            "ledger_state": {"S": row.state},
            "body": {"S": to_json(_body(row))},
        }
        if row.version == 1:
            return insert(self._name, raw)
        return update(self._name, raw, {"version =": {"N": str(row.version - 1)}})


def _body(row: LedgerRow) -> dict[str, object]:
    instants: dict[str, datetime | None] = {name: getattr(row, name) for name in _INSTANTS}
    return {
        "generation": row.generation,
        "payload_hash": row.payload_hash,
        "amount": str(row.amount.amount),
        "currency": row.amount.currency,
        "attempt": row.attempt,
        "request_key": row.request_key,
        "customer_id": row.customer_id,
        "remote_id": row.remote_id,
        "remote_version": row.remote_version,
        "problem": asdict(row.problem) if row.problem else None,
        "singly": row.singly,
        "looks": row.looks,
        **{name: instant(at) if at else None for name, at in instants.items()},
    }


def _parsed(operation: Operation, raw: Raw) -> LedgerRow:
    body = json.loads(raw["body"]["S"])
    reserved_at, *others = (read_instant(body[name]) if body[name] else None for name in _INSTANTS)
    assert reserved_at is not None  # noqa: S101 - every row has it
    return LedgerRow(
        SourceId(raw["sk"]["S"]),
        operation,
        LedgerState(raw["ledger_state"]["S"]),
        body["generation"],
        body["payload_hash"],
        Money(Decimal(body["amount"]), body["currency"]),
        reserved_at,
        attempt=body["attempt"],
        request_key=RequestKey(body["request_key"]),
        customer_id=RemoteId(body.get("customer_id", "")),
        remote_id=RemoteId(body["remote_id"]),
        remote_version=RemoteVersion(body["remote_version"]),
        problem=Problem(**body["problem"]) if body["problem"] else None,
        singly=body["singly"],
        looks=body["looks"],
        version=int(raw["version"]["N"]),
        correlation_id=CorrelationId(raw["correlation_id"]["S"]),
        **dict(zip(_INSTANTS[1:], others, strict=True)),
    )
