"""The ports of a world: each call is a point of the scheduler, and may fail before or after its effect."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import fields
from datetime import datetime
from typing import Any

from shared.domain.errors import StorageUnavailable
from shared.storage import keys
from shared.storage.ports import Stores
from tests.simulation.faults import Faults, Sort, StoreFault
from tests.simulation.scheduler import Scheduler

BULK = {
    ("records", "save"): 1,
    ("links", "save_links"): 1,
    ("runs", "add_chunks"): 1,
    ("runs", "save_chunks"): 1,
    ("failures", "save"): 0,
    ("failures", "clear"): 2,
    ("mappings", "save_mappings"): 1,
    ("due", "add"): 0,
    ("due", "remove"): 0,
    ("due", "put_off"): 0,
    ("ledger", "save"): 1,
    ("linked_records", "add"): 2,
}
"""Writes of many rows that are not atomic together, and which argument has the rows."""

IN_TWO = frozenset({("ledger", "save")})
"""Those in the middle of which others may write too; they answer the rows that lost their condition."""

RISKY = frozenset(
    {
        ("linked_records", "add"),
        ("remote_lists", "put"),
        ("listings", "save"),
        ("links", "remove_link"),
        ("due", "remove"),
    }
)
"""Writes around which death and long waits are more frequent: of lists and imports, which are few, and
the removal of due rows, which what is asked for in that moment must survive."""

_READS = (
    *("get", "page", "active", "linked_to", "all_linked", "of", "load", "look", "urgent"),
    "due_everywhere",
)

Saw = Callable[[str, tuple[Any, ...], dict[str, Any]], None]


class Ports:
    """`gate` is the point of every port call of code that may fail; `restart` ends all functions."""

    def __init__(self, scheduler: Scheduler, faults: Faults) -> None:
        self._scheduler = scheduler
        self.faults = faults
        self.restart: Callable[[], None] = lambda: None
        self.stalls = (3.0, 30.0, 70.0, 130.0)
        """Seconds for which a machine may freeze."""

    def note(self, what: str) -> None:
        self._scheduler.note(what)

    def gate(self, what: str) -> None:
        """Let others run, and maybe die, freeze or dawdle here."""
        self._scheduler.point(what)
        actor = self._scheduler.current
        if actor is None or not actor.process.mortal:
            return
        struck = self.faults.at_gate()
        if struck is not None:
            self._strike(struck)

    def dawdle(self, what: str) -> None:
        """The same, where storage may be slow for a long time as well."""
        self.gate(what)
        actor, random = self._scheduler.current, self._scheduler.random
        if self.faults.on and actor is not None and actor.process.mortal and random.random() < 0.15:
            self._scheduler.sleep(random.choice((1.0, 20.0, 80.0)))

    def risk(self, what: str) -> None:
        """Let others run, now and then for long, or never go on; but not in a world without faults."""
        self._scheduler.point(what)
        actor, draw = self._scheduler.current, self._scheduler.random
        if actor is None or not actor.process.mortal or not self.faults.any or draw.random() > 0.08:
            return
        if draw.random() < 0.4:
            self.die()
        self._scheduler.stall(draw.choice(self.stalls))

    def _strike(self, sort: Sort) -> None:
        if sort is Sort.DEATH:
            self.die()
        elif sort is Sort.RESTART:
            self.note("RESTART")
            self.restart()
            self.die()
        elif sort is Sort.STALL:
            self._scheduler.stall(self._scheduler.random.choice(self.stalls))
        else:
            self._scheduler.sleep(self._scheduler.random.uniform(0.01, 3.0))

    def cut(self, rows: int) -> int:
        """Where a write of so many rows is interrupted: after the first, before the last."""
        return self._scheduler.random.randrange(1, rows)

    def die(self) -> None:
        """The caller's process ends here, if it is one that can."""
        actor = self._scheduler.current
        if actor is not None and actor.process.mortal:
            self._scheduler.die()


class SimulatedClock:
    def __init__(self, scheduler: Scheduler, ports: Ports) -> None:
        self._scheduler = scheduler
        self._ports = ports

    def now(self) -> datetime:
        return self._scheduler.now

    def sleep(self, seconds: float) -> None:
        self._ports.gate("sleep")
        self._scheduler.sleep(seconds)


class SimulatedIds:
    def __init__(self, scheduler: Scheduler, ports: Ports) -> None:
        self._scheduler = scheduler
        self._ports = ports

    def new(self) -> str:
        self._ports.gate("id")
        return f"{self._scheduler.random.getrandbits(128):032x}"


class SimulatedChance:
    def __init__(self, scheduler: Scheduler) -> None:
        self._scheduler = scheduler

    def fraction(self) -> float:
        return self._scheduler.random.random()


class SimulatedSecretBytes:
    def __init__(self, scheduler: Scheduler) -> None:
        self._scheduler = scheduler

    def take(self, count: int) -> bytes:
        return self._scheduler.random.randbytes(count)


class StorePort:
    """One store behind the gate. `before` hears of each write that takes effect, just before it does."""

    def __init__(self, name: str, store: Any, ports: Ports, before: Saw) -> None:
        self._name = name
        self._store = store
        self._ports = ports
        self._before = before

    def __getattr__(self, method: str) -> Callable[..., Any]:
        effect = getattr(self._store, method)
        call = (
            self._reading(method, effect)
            if method.startswith(_READS)
            else self._writing(method, effect)
        )
        setattr(self, method, call)
        return call

    def _reading(self, method: str, effect: Callable[..., Any]) -> Callable[..., Any]:
        what = f"{self._name}.{method}"
        gate, faults = self._ports.gate, self._ports.faults

        def call(*args: Any, **named: Any) -> Any:
            gate(what)
            if faults.at_store(writes=False, rows=0):
                raise StorageUnavailable(what)
            return effect(*args, **named)

        return call

    def _writing(self, method: str, effect: Callable[..., Any]) -> Callable[..., Any]:
        what = f"{self._name}.{method}"
        place = BULK.get((self._name, method))
        gate, faults, before = self._ports.gate, self._ports.faults, self._before
        if (self._name, method) in IN_TWO and place is not None:
            effect, before = self._in_two(what, effect, place), _seen_already

        def call(*args: Any, **named: Any) -> Any:
            gate(what)
            rows = 0 if place is None else len(args[place])
            fault = faults.at_store(writes=True, rows=rows)
            if fault is None:
                before(what, args, named)
                answer = effect(*args, **named)
                if place is not None and answer:
                    self._ports.note(f"{what} lost {answer}")
                return answer
            if fault is StoreFault.AFTER:
                before(what, args, named)
                effect(*args, **named)
            elif fault in (StoreFault.PART, StoreFault.PART_AND_DEATH) and place is not None:
                chosen = faults.some(rows)
                part = (*args[:place], [args[place][i] for i in chosen], *args[place + 1 :])
                before(what, part, named)
                effect(*part, **named)
                if method == "save_links":
                    self._claim_only(args[0], args[1], set(chosen))
                if fault is StoreFault.PART_AND_DEATH:
                    self._ports.die()
            raise StorageUnavailable(f"{what} ({fault.name.lower()})")

        return self._at_risk(what, call) if (self._name, method) in RISKY else call

    def _at_risk(self, what: str, call: Callable[..., Any]) -> Callable[..., Any]:
        def risky(*args: Any, **named: Any) -> Any:
            self._ports.risk(f"{what} is near")
            answer = call(*args, **named)
            self._ports.risk(f"{what} is over")
            return answer

        return risky

    def _in_two(
        self, what: str, effect: Callable[..., Any], place: int
    ) -> Callable[..., Sequence[Any]]:
        """The same, with a point somewhere amid the rows."""

        def part(*args: Any) -> Sequence[Any]:
            self._before(what, args, {})
            return list(effect(*args))

        def call(*args: Any) -> Sequence[Any]:
            rows = args[place]
            if len(rows) < 2:
                return part(*args)
            cut = self._ports.cut(len(rows))
            lost = part(*args[:place], rows[:cut], *args[place + 1 :])
            self._ports.dawdle(f"{what}, the rest")
            return [*lost, *part(*args[:place], rows[cut:], *args[place + 1 :])]

        return call

    def _claim_only(self, scope: Any, links: Any, saved: set[int]) -> None:
        """Of the first new link that was not saved the remote id is claimed, as after a crash."""
        for place, link in enumerate(links):
            if place in saved or link.row_version != 1:
                continue
            pk = keys.of_scope("remote", scope)
            if self._store.claims.get(pk, link.remote_id) is None and not self._store.get_links(
                scope, [link.source_id]
            ):
                self._store.claims.put(pk, link.remote_id, link.source_id)
            return


def _seen_already(_what: str, _args: tuple[Any, ...], _named: dict[str, Any]) -> None:
    """Each half of a write in two is seen just before it takes effect."""


def behind_gate(stores: Stores, ports: Ports, before: Saw) -> Stores:
    return Stores(
        **{
            each.name: StorePort(each.name, getattr(stores, each.name), ports, before)
            for each in fields(Stores)
        }
    )
