"""What came in and what went out: one entry per call, and counters over them."""

from collections import Counter, deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Literal, TypeAlias

from sandbox.clock import Clock
from sandbox.jsontext import Json, JsonObject

Change: TypeAlias = Literal["created", "updated", "voided", "deleted"]

_KEPT_ENTRIES = 100_000


@dataclass
class Entry:
    """One call. ``status`` is None while it runs, and stays so if the connection was cut before an answer."""

    seq: int
    time: float
    kind: str
    method: str
    path: str
    in_flight: int
    realm: str = ""
    request_id: str | None = None
    body_sha256: str = ""
    entries: int = 0
    names: tuple[str, ...] = ()
    status: int | None = None
    seconds: float = 0.0
    fault: str | None = None
    throttled: bool = False
    replayed: int = 0
    committed: int = 0

    def described(self, *, with_names: bool) -> JsonObject:
        shown: JsonObject = {
            "seq": self.seq,
            "time": Decimal(f"{self.time:.6f}"),
            "kind": self.kind,
            "method": self.method,
            "path": self.path,
            "realm": self.realm,
            "requestId": self.request_id,
            "bodySha256": self.body_sha256,
            "entries": self.entries,
            "status": self.status,
            "seconds": Decimal(f"{self.seconds:.6f}"),
            "inFlight": self.in_flight,
            "fault": self.fault,
            "throttled": self.throttled,
            "replayed": self.replayed,
            "committed": self.committed,
        }
        if with_names:
            shown["names"] = list(self.names)
        return shown


@dataclass
class Tally:
    """The counters since the last reset, for one realm or for all of them."""

    calls: Counter[str] = field(default_factory=Counter)
    created: Counter[str] = field(default_factory=Counter)
    updated: Counter[str] = field(default_factory=Counter)
    voided: Counter[str] = field(default_factory=Counter)
    deleted: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)
    batch_entries: int = 0
    replayed_entries: int = 0
    throttled: int = 0
    refreshes: int = 0
    rotations: int = 0
    max_in_flight: int = 0

    def described(self) -> JsonObject:
        return {
            "calls": dict(self.calls),
            "batches": self.calls["batch"],
            "batchEntries": self.batch_entries,
            "singleWrites": self.calls["write"],
            "created": dict(self.created),
            "updated": dict(self.updated),
            "voided": dict(self.voided),
            "deleted": dict(self.deleted),
            "replayedEntries": self.replayed_entries,
            "throttled": self.throttled,
            "faults": dict(self.faults),
            "maxInFlight": self.max_in_flight,
            "refreshes": self.refreshes,
            "rotations": self.rotations,
        }


class Journal:
    """Entries (the latest hundred thousand) and tallies."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._entries: deque[Entry] = deque(maxlen=_KEPT_ENTRIES)
        self._seq = 0
        self._in_flight: Counter[str] = Counter()
        self.total = Tally()
        self.by_realm: dict[str, Tally] = {}

    @contextmanager
    def recording(self, kind: str, method: str, path: str, realm: str) -> Iterator[Entry]:
        """An entry that is in flight until the block ends."""
        self._seq += 1
        for key in {"", realm}:
            self._in_flight[key] += 1
        entry = Entry(
            self._seq,
            self._clock.seconds(),
            kind,
            method,
            path,
            in_flight=self._in_flight[realm],
            realm=realm,
        )
        self._entries.append(entry)
        for key, tally in self._tallies(realm):
            tally.calls[kind] += 1
            tally.max_in_flight = max(tally.max_in_flight, self._in_flight[key])
        try:
            yield entry
        finally:
            for key in {"", realm}:
                self._in_flight[key] -= 1
            entry.seconds = self._clock.seconds() - entry.time
            self._count_outcome(entry)

    def count_commit(self, realm: str, entity: str, change: Change) -> None:
        for _, tally in self._tallies(realm):
            {
                "created": tally.created,
                "updated": tally.updated,
                "voided": tally.voided,
                "deleted": tally.deleted,
            }[change][entity] += 1

    def count_refresh(self, realm: str, *, rotated: bool) -> None:
        for _, tally in self._tallies(realm):
            tally.refreshes += 1
            tally.rotations += rotated

    def count_fault(self, realm: str, fault: str) -> None:
        for _, tally in self._tallies(realm):
            tally.faults[fault] += 1

    def reset_counters(self) -> None:
        self.total = Tally()
        self.by_realm = {}

    def forget(self) -> None:
        """Drop the entries too; sequence numbers go on."""
        self._entries.clear()
        self.reset_counters()

    def entries(
        self,
        *,
        kind: str = "",
        realm: str = "",
        after: int = 0,
        limit: int = 1000,
        with_names: bool = False,
    ) -> list[Json]:
        found = (
            entry
            for entry in self._entries
            if entry.seq > after
            and (not kind or entry.kind == kind)
            and (not realm or entry.realm == realm)
        )
        return [
            entry.described(with_names=with_names)
            for _, entry in zip(range(limit), found, strict=False)
        ]

    def described(self) -> JsonObject:
        return self.total.described() | {
            "byRealm": {realm: tally.described() for realm, tally in self.by_realm.items()},
            "lastSeq": self._seq,
        }

    def _count_outcome(self, entry: Entry) -> None:
        for _, tally in self._tallies(entry.realm):
            tally.batch_entries += entry.entries
            tally.replayed_entries += entry.replayed
            tally.throttled += entry.throttled

    def _tallies(self, realm: str) -> list[tuple[str, Tally]]:
        tallies = [("", self.total)]
        if realm:
            if realm not in self.by_realm:
                self.by_realm[realm] = Tally()
            tallies.append((realm, self.by_realm[realm]))
        return tallies
