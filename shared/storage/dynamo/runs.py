"""`RunStore` over the sync-state table; the chunks are in `chunks`.

A run has its own row, a pointer row per connection and kind while it is active, and a row in the list
by start. Start and end write the run with its pointer in one transaction, so at most one run is
active; what is in between (heartbeats, counts) writes the run's row alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import timedelta
from typing import Any

from shared.domain.effects import Clock
from shared.domain.ids import ConnectionKey, CorrelationId, RecordKind, RunId
from shared.domain.runs import Chunk, ChunkState, Run, is_listed
from shared.storage import cursors, keys
from shared.storage.dynamo.bulk import BulkRows, Raw, equal_to
from shared.storage.dynamo.chunks import DynamoChunks
from shared.storage.dynamo.client import ATTEMPTS, Refused, Sender, unavailable
from shared.storage.dynamo.models import RunPointerRow, RunRow
from shared.storage.dynamo.run_rows import parse_run, run_pk, run_row
from shared.storage.dynamo.single import SingleRows
from shared.storage.dynamo.tables import SCHEDULE
from shared.storage.ports import Page

KEPT = timedelta(days=90)
"""How long a run that has ended, its chunks and its place in the list are kept."""


class DynamoRuns:
    def __init__(
        self,
        table_name: str,
        rows: SingleRows,
        bulk: BulkRows,
        sender: Sender,
        clock: Clock,
        correlation_id: Callable[[], CorrelationId],
    ) -> None:
        self._name = table_name
        self._rows = rows
        self._bulk = bulk
        self._sender = sender
        self._clock = clock
        self._chunks = DynamoChunks(table_name, bulk, clock, correlation_id, KEPT)

    def start(self, run: Run) -> Run:
        """Once started and ended, the same run id again answers the ended run and starts nothing."""
        pointed_at: RunId | None = None
        for attempt in range(ATTEMPTS):
            try:
                self._rows.transact(self._start_actions(run, in_place_of=pointed_at))
            except Refused:
                pointer = self._pointer(run.connection, run.kind)
                pointed_at = RunId(pointer.run_id) if pointer else None
                candidates = (pointed_at, run.run_id) if pointed_at else (run.run_id,)
                for run_id in candidates:
                    standing = self.get(run.connection, run_id)
                    if standing is not None and (standing.state.active or run_id == run.run_id):
                        return standing
                # Either the active run ended in between, or the pointer names a run that has ended
                # or is gone, which no writer of ours leaves behind: it is replaced on that condition.
            else:
                return run
            self._sender.pause(attempt)
        raise unavailable("start of a run", "too many others at once")

    def get(self, connection: ConnectionKey, run_id: RunId) -> Run | None:
        row = self._rows.get(RunRow, run_pk(connection), run_id)
        return None if row is None else parse_run(row)

    def active(self, connection: ConnectionKey, kind: RecordKind) -> Run | None:
        pointer = self._pointer(connection, kind)
        run = None if pointer is None else self.get(connection, RunId(pointer.run_id))
        return run if run is not None and run.state.active else None

    def all_active(self, connection: ConnectionKey) -> Sequence[Run]:
        pointers = self._rows.partition(RunPointerRow, keys.of_connection("run-active", connection))
        run_ids = [pointer.run_id for pointer in pointers]
        raws = self._bulk.get(self._name, run_pk(connection), run_ids) if run_ids else ()
        return tuple(run for run in _in_order(raws, run_ids) if run.state.active)

    def page(self, connection: ConnectionKey, limit: int, cursor: str | None) -> Page[Run]:
        page = self._bulk.page(
            self._name,
            keys.of_connection("run-start", connection),
            limit,
            cursor,
            lambda raw: str(raw["run_id"]["S"]),
            newest_first=True,
        )
        raws = self._bulk.get(self._name, run_pk(connection), page.rows)
        return Page(tuple(_in_order(raws, page.rows)), page.cursor)

    def active_everywhere(self, limit: int, cursor: str | None) -> Page[Run]:
        """In order of shard, then of start."""
        if limit < 1:
            raise ValueError("a page has at least one row")
        places = self._active_places(limit + 1, cursor)
        shown = places[:limit]
        run_keys = [{"pk": place["pk"], "sk": place["sk"]} for place in shown]
        raws = self._bulk.get_keys(self._name, run_keys)
        runs = _in_order(raws, [key["sk"]["S"] for key in run_keys])
        following = None
        if len(places) > limit:
            last = shown[-1]
            following = cursors.encode(
                SCHEDULE, *(last[name]["S"] for name in (*_INDEX_KEYS, "pk", "sk"))
            )
        return Page(tuple(run for run in runs if run.state.active), following)

    def save(self, run: Run, *, expected_epoch: int) -> bool:
        ended_at = None if run.state.active else run.finished_at or self._clock.now()
        row = run_row(run, ended_at + KEPT if ended_at else None)
        condition = (RunRow.epoch == expected_epoch) & (RunRow.active == True)  # noqa: E712 - PynamoDB builds an expression from it
        if run.state.active:
            return self._rows.put(row, condition)
        pointer_pk = keys.of_connection("run-active", run.connection)
        free_pointer = self._rows.delete_action(
            pointer_pk, run.kind, RunPointerRow.run_id == run.run_id
        )
        # An automatic run stands in the list from its end on, one that a person started from its start.
        listing = [] if run.only is None else self._listing(run)
        try:
            self._rows.transact(
                [
                    {"Put": self._rows.put_action(row, condition)},
                    {"Delete": free_pointer},
                    *listing,
                ]
            )
        except Refused as refused:
            if refused.reasons and refused.reasons[0].get("Code") != "ConditionalCheckFailed":
                # The pointer is gone or names another run (see `start`): only the run is to be ended.
                return self._rows.put(row, condition)
            return False
        return True

    def add_chunks(self, connection: ConnectionKey, chunks: Sequence[Chunk]) -> None:
        self._chunks.add(connection, chunks)

    def save_chunks(self, connection: ConnectionKey, chunks: Sequence[Chunk]) -> Sequence[int]:
        """A chunk that was never added has lost as well: it is not of a plan that counts."""
        return self._chunks.save(connection, chunks)

    def page_chunks(
        self,
        connection: ConnectionKey,
        run_id: RunId,
        plan_attempt: int,
        limit: int,
        cursor: str | None,
        state: ChunkState | None = None,
    ) -> Page[Chunk]:
        return self._chunks.page(connection, run_id, plan_attempt, limit, cursor, state)

    def _pointer(self, connection: ConnectionKey, kind: RecordKind) -> RunPointerRow | None:
        return self._rows.get(RunPointerRow, keys.of_connection("run-active", connection), kind)

    def _start_actions(self, run: Run, *, in_place_of: RunId | None) -> list[dict[str, Any]]:
        pointer = RunPointerRow(
            pk=keys.of_connection("run-active", run.connection),
            sk=run.kind,
            run_id=run.run_id,
            correlation_id=run.correlation_id,
        )
        free = (
            RunPointerRow.pk.does_not_exist()
            if in_place_of is None
            else RunPointerRow.run_id == in_place_of
        )
        return [
            {"Put": self._rows.put_action(pointer, free)},
            {"Put": self._rows.put_action(run_row(run, None), RunRow.pk.does_not_exist())},
            *self._listing(run),
        ]

    def _listing(self, run: Run) -> list[dict[str, Any]]:
        if not is_listed(run):
            return []
        listed = RunPointerRow(
            pk=keys.of_connection("run-start", run.connection),
            sk=f"{keys.instant(run.started_at)}#{run.run_id}",
            run_id=run.run_id,
            correlation_id=run.correlation_id,
            expires_at=int((run.started_at + KEPT).timestamp()),
        )
        return [{"Put": self._rows.put_action(listed)}]

    def _active_places(self, wanted: int, cursor: str | None) -> list[Raw]:
        """Keys of active runs as the index has them, over its shards one after another."""
        first_shard, start_key = 0, None
        if cursor is not None:
            values = cursors.decode(SCHEDULE, cursor, parts=4)
            first_shard = _SHARDS.index(values[0]) if values[0] in _SHARDS else len(_SHARDS)
            names = (*_INDEX_KEYS, "pk", "sk")
            start_key = {name: {"S": text} for name, text in zip(names, values, strict=True)}
        places: list[Raw] = []
        for shard in _SHARDS[first_shard:]:
            arguments: Raw = {
                "TableName": self._name,
                "IndexName": SCHEDULE,
                "KeyConditions": {"schedule_lane": equal_to(shard)},
            }
            if start_key is not None:
                arguments["ExclusiveStartKey"] = start_key
                start_key = None
            places += self._bulk.query(arguments, wanted - len(places))
            if len(places) >= wanted:
                break
        return places


_SHARDS = tuple(str(shard) for shard in range(keys.RUN_SHARDS))
_INDEX_KEYS = ("schedule_lane", "schedule_at")


def _in_order(raws: Iterable[Raw], run_ids: Sequence[str]) -> Iterator[Run]:
    by_id = {raw["sk"]["S"]: raw for raw in raws}
    for run_id in run_ids:
        if run_id in by_id:
            yield parse_run(RunRow.from_raw_data(by_id[run_id]))
