"""`FailureStore` over the sync-state table."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict
from functools import partial

from shared.domain.ids import ConnectionKey, CorrelationId, RecordKind, RunId, SourceId
from shared.domain.runs import Failure, Problem
from shared.storage.dynamo.bulk import BulkRows, Raw, to_json
from shared.storage.dynamo.tables import SCHEMA_VERSION
from shared.storage.keys import instant, is_key, of_connection, read_instant
from shared.storage.limits import require_fitting
from shared.storage.ports import Page


class DynamoFailures:
    def __init__(
        self, table_name: str, bulk: BulkRows, correlation_id: Callable[[], CorrelationId]
    ) -> None:
        self._name = table_name
        self._bulk = bulk
        self._correlation_id = correlation_id

    def save(self, failures: Sequence[Failure]) -> None:
        """The last of several for one record counts."""
        rows = {(row["pk"]["S"], row["sk"]["S"]): row for row in map(self._row, failures)}
        self._bulk.write(self._name, [{"PutRequest": {"Item": row}} for row in rows.values()])

    def clear(
        self, connection: ConnectionKey, kind: RecordKind, source_ids: Sequence[SourceId]
    ) -> None:
        """Reads before it deletes: nearly every record cleared has no failure, and a delete of
        nothing costs a write unit all the same.
        """
        wanted = {source_id for source_id in source_ids if is_key(source_id)}
        if not wanted:
            return
        pk = of_connection("failure", connection, kind)
        standing = self._bulk.sort_keys_between(self._name, pk, min(wanted), max(wanted))
        self._bulk.write(
            self._name,
            [
                {"DeleteRequest": {"Key": {"pk": {"S": pk}, "sk": {"S": source_id}}}}
                for source_id in standing
                if source_id in wanted
            ],
        )

    def of(
        self, connection: ConnectionKey, kind: RecordKind, source_ids: Sequence[SourceId]
    ) -> Sequence[Failure]:
        pk = of_connection("failure", connection, kind)
        raws = self._bulk.get(self._name, pk, filter(is_key, source_ids))
        return [_parse(connection, kind, raw) for raw in raws]

    def page(
        self, connection: ConnectionKey, kind: RecordKind, limit: int, cursor: str | None
    ) -> Page[Failure]:
        parse = partial(_parse, connection, kind)
        pk = of_connection("failure", connection, kind)
        return self._bulk.page(self._name, pk, limit, cursor, parse)

    def _row(self, failure: Failure) -> Raw:
        body = to_json(
            {
                "cause": failure.cause,
                "problem": asdict(failure.problem),
                "source_version": failure.source_version,
                "run_id": failure.run_id,
                "at": instant(failure.at),
            }
        )
        require_fitting(len(body.encode()), "A failure")
        return {
            "pk": {"S": of_connection("failure", failure.connection, failure.kind)},
            "sk": {"S": failure.source_id},
            "schema_version": {"N": str(SCHEMA_VERSION)},
            "correlation_id": {"S": self._correlation_id()},
            "body": {"S": body},
        }


def _parse(connection: ConnectionKey, kind: RecordKind, raw: Raw) -> Failure:
    body = json.loads(raw["body"]["S"])
    return Failure(
        connection=connection,
        kind=kind,
        source_id=SourceId(raw["sk"]["S"]),
        cause=body["cause"],
        problem=Problem(**body["problem"]),
        source_version=body["source_version"],
        run_id=RunId(body["run_id"]),
        at=read_instant(body["at"]),
    )
