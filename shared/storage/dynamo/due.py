"""`DueStore` and `AutomaticStore` over the sync-state table."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from functools import partial
from itertools import islice
from typing import Any, Final

from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action

from shared.domain.due import AutomaticState, Circuit, DueLook, DueRow, LastBatch
from shared.domain.ids import (
    AskingId,
    CompanyId,
    ConnectionKey,
    CorrelationId,
    ProviderName,
    RecordKind,
    SourceId,
)
from shared.domain.runs import Problem
from shared.storage.dynamo.bulk import BulkRows, Raw, equal_to
from shared.storage.dynamo.models import AutomaticRow, DueRowModel
from shared.storage.dynamo.single import SingleRows
from shared.storage.dynamo.tables import SCHEDULE
from shared.storage.keys import (
    AUTOMATIC_SHARDS,
    OLDEST_AMONG,
    automatic_lane,
    automatic_lane_of,
    due_key,
    instant,
    of_connection,
    read_instant,
    require_next_version,
    split,
)
from shared.storage.paging import every_row

_STATE: Final = "state"
_URGENT: Final = "0#"
_PAGE: Final = 200


class DynamoDue:
    """Upserts are one update each: a condition and a new row in one call is more than PartiQL can say."""

    def __init__(self, table_name: str, rows: SingleRows, bulk: BulkRows) -> None:
        self._name = table_name
        self._rows = rows
        self._bulk = bulk

    def add(self, rows: Sequence[DueRow]) -> None:
        for row in rows:
            newer = DueRowModel.pk.does_not_exist() | (DueRowModel.version < row.version)
            version = DueRowModel.version.set(row.version)
            # One update cannot keep the higher version. A row that goes or comes between the two meets
            # neither condition, and the asking must not be lost: then again.
            while not self._raise(row, newer, version) and row.asked:
                if self._raise(row, DueRowModel.version >= row.version):
                    break

    def _raise(self, row: DueRow, condition: Condition, *more: Action) -> bool:
        raised = self._rows.update(
            DueRowModel,
            _pk(row.connection, row.kind),
            due_key(row.source_id, urgent=row.urgent),
            [
                DueRowModel.schema_version.set(1),
                DueRowModel.source_id.set(row.source_id),
                DueRowModel.since.set(DueRowModel.since | instant(row.since)),
                DueRowModel.not_before.set(instant(row.not_before)),
                DueRowModel.tries.set(0),
                DueRowModel.waits_for.remove(),
                _late_check(row),
                *([DueRowModel.asked.set(row.asked)] if row.asked else []),
                DueRowModel.caused_by.set(row.correlation_id),
                *more,
            ],
            condition,
        )
        return raised is not None

    def look(
        self, connection: ConnectionKey, kind: RecordKind, now: datetime, limit: int
    ) -> DueLook:
        ready: list[DueRow] = []
        next_at: datetime | None = None
        for row in self._all(connection, kind):
            if row.not_before <= now:
                ready.append(row)
                if len(ready) == limit:
                    break
            elif not row.waits_for:
                next_at = min(next_at, row.not_before) if next_at else row.not_before
        return DueLook(tuple(ready), next_at)

    def urgent(self, connection: ConnectionKey, kind: RecordKind, limit: int) -> Sequence[DueRow]:
        begins = {"AttributeValueList": [{"S": _URGENT}], "ComparisonOperator": "BEGINS_WITH"}
        arguments = self._query(connection, kind)
        arguments["KeyConditions"]["sk"] = begins
        found = self._bulk.query(arguments, limit)
        return [_parse(connection, kind, raw) for raw in found]

    def remove(self, rows: Sequence[DueRow]) -> None:
        for row in rows:
            self._rows.delete(
                _pk(row.connection, row.kind),
                due_key(row.source_id, urgent=row.urgent),
                _unmoved(row) & (DueRowModel.tries == row.tries),
            )

    def put_off(self, rows: Sequence[DueRow]) -> None:
        for row in rows:
            self._rows.update(
                DueRowModel,
                _pk(row.connection, row.kind),
                due_key(row.source_id, urgent=row.urgent),
                [
                    DueRowModel.not_before.set(instant(row.not_before)),
                    DueRowModel.tries.set(row.tries),
                    DueRowModel.waits_for.set(row.waits_for)
                    if row.waits_for
                    else DueRowModel.waits_for.remove(),
                    _late_check(row),
                ],
                _unmoved(row),
            )

    def waiting(self, connection: ConnectionKey, kind: RecordKind, most: int) -> Sequence[DueRow]:
        return list(islice((row for row in self._all(connection, kind) if row.waits_for), most))

    def count(self, connection: ConnectionKey, kind: RecordKind, most: int) -> int:
        rows = (row for row in self._all(connection, kind) if not row.late_check)
        return sum(1 for _ in islice(rows, most))

    def oldest_since(self, connection: ConnectionKey, kind: RecordKind) -> datetime | None:
        rows = self._all(connection, kind)
        free = (row for row in rows if not row.waits_for and not row.late_check)
        return min((row.since for row in islice(free, OLDEST_AMONG)), default=None)

    def _all(self, connection: ConnectionKey, kind: RecordKind) -> Iterator[DueRow]:
        """A page at a time: whoever has enough stops reading."""
        pk, parse = _pk(connection, kind), partial(_parse, connection, kind)
        return every_row(lambda cursor: self._bulk.page(self._name, pk, _PAGE, cursor, parse))

    def _query(self, connection: ConnectionKey, kind: RecordKind) -> Raw:
        return {
            "TableName": self._name,
            "KeyConditions": {"pk": equal_to(_pk(connection, kind))},
            "ConsistentRead": True,
        }


class DynamoAutomatic:
    def __init__(self, table_name: str, rows: SingleRows, bulk: BulkRows) -> None:
        self._name = table_name
        self._rows = rows
        self._bulk = bulk

    def load(self, connection: ConnectionKey) -> AutomaticState | None:
        row = self._rows.get(AutomaticRow, of_connection("automatic", connection), _STATE)
        return None if row is None else _state(connection, row)

    def save(self, state: AutomaticState) -> bool:
        require_next_version(state.version)
        row = AutomaticRow(
            pk=of_connection("automatic", state.connection),
            sk=_STATE,
            version=state.version,
            company_id=state.connection.company_id,
            provider=state.connection.provider,
            schedule_lane=automatic_lane_of(state.connection),
            schedule_at=instant(state.due_at),
            body=_body(state),
        )
        if state.version == 1:
            return self._rows.put(row, AutomaticRow.pk.does_not_exist())
        return self._rows.put(row, AutomaticRow.version == state.version - 1)

    def due_everywhere(self, now: datetime, limit: int) -> Sequence[ConnectionKey]:
        until = {"AttributeValueList": [{"S": instant(now)}], "ComparisonOperator": "LE"}
        places: list[Raw] = []
        for shard in range(AUTOMATIC_SHARDS):
            arguments = {
                "TableName": self._name,
                "IndexName": SCHEDULE,
                "KeyConditions": {
                    "schedule_lane": equal_to(automatic_lane(shard)),
                    "schedule_at": until,
                },
            }
            places += self._bulk.query(arguments, limit)
        places.sort(key=lambda place: (place["schedule_at"]["S"], place["pk"]["S"]))
        return [_connection(place["pk"]["S"]) for place in places[:limit]]


def _pk(connection: ConnectionKey, kind: RecordKind) -> str:
    return of_connection("due", connection, kind)


def _connection(pk: str) -> ConnectionKey:
    _, company_id, provider = split(pk)
    return ConnectionKey(CompanyId(company_id), ProviderName(provider))


def _late_check(row: DueRow) -> Action:
    return DueRowModel.late_check.set(True) if row.late_check else DueRowModel.late_check.remove()


def _unmoved(row: DueRow) -> Condition:
    asked = DueRowModel.asked
    # Without one: nobody asked, or the row is from before it was stored.
    as_asked = asked == row.asked if row.asked else asked.does_not_exist()
    unmoved: Condition = (DueRowModel.version == row.version) & as_asked
    return unmoved


def _parse(connection: ConnectionKey, kind: RecordKind, raw: Raw) -> DueRow:
    return DueRow(
        connection=connection,
        kind=kind,
        source_id=SourceId(raw["source_id"]["S"]),
        version=int(raw["version"]["N"]),
        since=read_instant(raw["since"]["S"]),
        not_before=read_instant(raw["not_before"]["S"]),
        urgent=raw["sk"]["S"].startswith(_URGENT),
        tries=int(raw["tries"]["N"]),
        waits_for=raw.get("waits_for", {}).get("S", ""),
        late_check="late_check" in raw,
        asked=AskingId(raw.get("asked", {}).get("S", "")),
        correlation_id=CorrelationId(raw.get("caused_by", {}).get("S", "")),
    )


def _body(state: AutomaticState) -> dict[str, Any]:
    circuit = state.circuit
    problem = circuit.problem if circuit else None
    return {
        "compare_at": instant(state.compare_at),
        "look_at": instant(state.look_at) if state.look_at else None,
        "wake_at": instant(state.wake_at) if state.wake_at else None,
        "kept_back_at": {kind: instant(at) for kind, at in state.kept_back_at.items()},
        "batches": {
            kind: [instant(batch.at), sorted(batch.marks)] for kind, batch in state.batches.items()
        },
        "circuit": [instant(circuit.opened_at), instant(circuit.probe_at)] if circuit else None,
        "problem": [problem.code, problem.message, problem.action, problem.field]
        if problem
        else None,
    }


def _state(connection: ConnectionKey, row: AutomaticRow) -> AutomaticState:
    body = row.body
    circuit = None
    if body["circuit"]:
        opened_at, probe_at = map(read_instant, body["circuit"])
        circuit = Circuit(
            opened_at, probe_at, Problem(*body["problem"]) if body["problem"] else None
        )
    return AutomaticState(
        connection=connection,
        compare_at=read_instant(body["compare_at"]),
        batches={
            RecordKind(kind): LastBatch(read_instant(at), frozenset(marks))
            for kind, (at, marks) in body["batches"].items()
        },
        circuit=circuit,
        look_at=read_instant(body["look_at"]) if body.get("look_at") else None,
        wake_at=read_instant(body["wake_at"]) if body.get("wake_at") else None,
        kept_back_at={
            RecordKind(kind): read_instant(at) for kind, at in body.get("kept_back_at", {}).items()
        },
        version=int(row.version),
    )
