"""A company, its books and the state machine on one thread, with sentences to tell stories in.

    world = World()
    world.has("Pipe", "Elbow")                   # records "01", "02"
    run = world.sync()                           # one click, the state machine to its end
    world.books.faults.add("batch", Lost(0.0))   # see fake_faults
    world.kill_after("links.save_links")         # the function dies there, once

Store calls go through `Watched`, so that a story can happen at each of them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import fields, replace
from decimal import Decimal
from typing import Any

import pytest

from shared.domain.ids import PersonId, RecordKind, SourceId
from shared.domain.links import Link
from shared.domain.money import Money
from shared.domain.names import marked_name
from shared.domain.records import Customer, Item
from shared.domain.runs import Chunk, Failure, Run
from shared.storage.keys import join
from shared.storage.memory import memory_stores
from shared.storage.ports import Stores
from shared.sync.engine.failures import stored_failures
from shared.sync.engine.preparing import stored_chunks
from shared.sync.engine.survey import paired
from shared.sync.engine.terms import scope_of
from shared.sync.runs import StartedRun, start_or_join
from shared.sync.steps import first_state, perform_step
from tests.support.effects import VirtualClock
from tests.support.fake_books import FakeBooks
from tests.support.fake_profile import fake_profile
from tests.support.services import COMPANY, build_services, connect, settings_of_a_test
from tests.support.state_machine import StateMachine
from tests.support.workflows import RecordingWorkflows

FUNCTION_SECONDS = 300.0
PERSON = PersonId("p-1")
MOST_STEPS = 400
MACHINE = StateMachine.load()

Story = Callable[[], object]


class Killed(Exception):
    """The function's process has died; nothing that it still wanted happens."""


class Watched:
    """A store whose calls a story may meet, before or after their effect."""

    def __init__(self, name: str, store: Any, met: Callable[[str, str, tuple[Any, ...]], None]):
        self._name, self._store, self._met = name, store, met

    def __getattr__(self, method: str) -> Any:
        inner = getattr(self._store, method)
        if not callable(inner):
            return inner

        def call(*args: Any, **named: Any) -> Any:
            self._met("before", f"{self._name}.{method}", args)
            answer = inner(*args, **named)
            self._met("after", f"{self._name}.{method}", args)
            return answer

        return call


class World:
    """One company with 5 entries a batch; `kind` is what is synced; `books` options go to `FakeBooks`."""

    def __init__(
        self,
        *,
        batch_size: int = 5,
        unique_names: bool = True,
        kind: RecordKind = RecordKind.ITEM,
        page_size: int = 1000,
        settings: dict[str, Any] | None = None,
        clock: VirtualClock | None = None,
        **books: Any,
    ) -> None:
        self.kind = kind
        self.clock = clock or VirtualClock()
        profile = fake_profile(
            batch_size=batch_size, unique_names=unique_names, page_size=page_size
        )
        self.books = FakeBooks(clock=self.clock, **{"profile": profile, **books})
        self._stories: defaultdict[tuple[str, str], list[Story | None]] = defaultdict(list)
        self._anywhere: tuple[str, int, Callable[[str], None]] | None = None
        self._performing = False
        self._dead = False
        self.store_calls: defaultdict[str, int] = defaultdict(int)
        self.saved_runs: list[Run] = []
        """Each form in which a run's row was saved, in order."""
        self.workflows = RecordingWorkflows()
        self.services = build_services(
            books=self.books,
            stores=self._watched(memory_stores()),
            clock=self.clock,
            workflows=self.workflows,
            settings=settings_of_a_test(**(settings or {})),
        )
        self.connection = connect(self.services, self.books)
        self.pause: Callable[[float], None] = self.clock.sleep
        """How the state machine waits."""
        self.steps: list[str] = []
        """The operations that the state machine asked for, with what came of each."""

    # What happens to BlueClerk's records.

    def has(self, *names: str, **values: Any) -> list[SourceId]:
        """New records of these names; ids "01", "02" and so on, or `ids=[...]`."""
        ids = values.pop("ids", None) or [
            f"{place:02}" for place in range(len(self.items) + 1, len(self.items) + len(names) + 1)
        ]
        made = [
            self._item(SourceId(each), name, **values)
            for each, name in zip(ids, names, strict=True)
        ]
        assert not self.services.stores.records.save(COMPANY, made)
        return [item.source_id for item in made]

    def edit(self, source_id: str, **changes: Any) -> Item:
        """A person changes a record; `price` and `currency` stand for its unit price."""
        item = self.items[SourceId(source_id)]
        price = Decimal(changes.pop("price", item.unit_price.amount))
        currency = changes.pop("currency", item.unit_price.currency)
        edited = replace(
            item, unit_price=Money(price, currency), version=item.version + 1, **changes
        )
        assert not self.services.stores.records.save(COMPANY, [edited])
        return edited

    def has_customer(self, source_id: str, name: str, **values: Any) -> Customer:
        """A new customer, or the next version of the one with this id."""
        records = self.services.stores.records
        stored = records.get(COMPANY, Customer, SourceId(source_id))
        version = stored.version + 1 if stored else 1
        customer = Customer(SourceId(source_id), name, version=version, **values)
        assert not records.save(COMPANY, [customer])
        return customer

    def delete(self, source_id: str) -> None:
        """The record is gone for good (the store has no such method: nothing of ours deletes)."""
        records: Any = self.services.stores.records
        assert records._store._records.remove(join("item", COMPANY), source_id)

    def reconnect(self, **changes: Any) -> None:
        """The connection's row as it is, but for these fields."""
        stored = self.services.stores.connections.get(self.connection.key)
        assert stored is not None
        self.connection = replace(stored, version=stored.version + 1, **changes)
        assert self.services.stores.connections.save(self.connection)

    def _item(self, source_id: SourceId, name: str, **values: Any) -> Item:
        price, currency = values.pop("price", "2.50"), values.pop("currency", "USD")
        return Item(source_id, name, Money(Decimal(price), currency), version=1, **values)

    # Clicks, steps and deaths.

    def click(self) -> StartedRun:
        return start_or_join(self.services, self.connection, self.kind, PERSON)

    def sync(self) -> Run:
        """One click, and whatever was started is carried out to its end."""
        started = self.click()
        self.work()
        return self.run(started.run)

    def work(self) -> list[str]:
        """Carry out the executions that were started; answers the last state of each."""
        ends = []
        while self.workflows.started:
            ends.append(self.execute(self.workflows.started.pop(0)))
        return ends

    def execute(self, run: Run) -> str:
        return MACHINE.execute(first_state(run), invoke=self._invoke, wait=self.pause)

    def _invoke(self, event: dict[str, Any], _limit: float) -> dict[str, Any]:
        self._dead = False
        if len(self.steps) >= MOST_STEPS:  # not an Exception: the state machine would catch that
            pytest.fail(f"it goes round in circles: {self.steps[-12:]}")
        self._performing = True
        try:
            answer = perform_step(
                self.services, event["operation"], event["state"], FUNCTION_SECONDS
            )
        except BaseException as error:
            self.steps.append(f"{event['operation']}: {type(error).__name__}")
            raise
        finally:
            self._performing = False
        self.steps.append(f"{event['operation']}: {answer['outcome']}")
        return answer

    def meets(self, call: str, story: Story, *, when: str = "before", nth: int = 1) -> None:
        """Have the story happen at the nth such store call from now, such as "runs.save_chunks"."""
        self._stories[when, call].extend([*[None] * (nth - 1), story])

    def kill_before(self, call: str, nth: int = 1) -> None:
        self.meets(call, self._die, when="before", nth=nth)

    def kill_after(self, call: str, nth: int = 1) -> None:
        self.meets(call, self._die, when="after", nth=nth)

    def at_any_call(self, nth: int, story: Story, when: str) -> list[str]:
        """Have the story happen at the nth store call of any sort once steps are performed; answers
        the call that was met, when it was.
        """
        met: list[str] = []

        def at(call: str) -> None:
            met.append(call)
            story()

        self._anywhere = (when, nth, at)
        return met

    def take_over(self) -> None:
        """The worker goes silent for more than a minute; the next click takes the run over."""
        self.clock.sleep(61)
        self.click()
        before = self._dead, self._performing
        self.work()
        self._dead, self._performing = before

    def _die(self) -> None:
        self._dead = True
        raise Killed

    def _watched(self, stores: Stores) -> Stores:
        each = {f.name: Watched(f.name, getattr(stores, f.name), self._met) for f in fields(stores)}
        return replace(stores, **each)

    def _met(self, when: str, call: str, args: tuple[Any, ...]) -> None:
        if self._dead and self._performing:
            raise Killed
        if when == "after":
            self.store_calls[call] += 1
            if call == "runs.save":
                self.saved_runs.append(args[0])
        if self._anywhere is not None and when == self._anywhere[0] and self._performing:
            _, left, at = self._anywhere
            self._anywhere = (when, left - 1, at) if left > 1 else None
            if left == 1:
                at(call)
        waiting = self._stories[when, call]
        story = waiting.pop(0) if waiting else None
        if story is not None:
            story()

    def would_be_called(self, source_id: str) -> str:
        """The marked name that the rule gives this record."""
        item = self.items[SourceId(source_id)]
        return marked_name(item.name, item.source_id, self.books.profile.item_names)

    # What there is to see.

    def run(self, run: Run) -> Run:
        found = self.services.stores.runs.get(run.connection, run.run_id)
        assert found is not None
        return found

    @property
    def items(self) -> dict[SourceId, Item]:
        page = self.services.stores.records.page(COMPANY, Item, 100_000, None)
        return {item.source_id: item for item in page.rows}

    @property
    def links(self) -> dict[SourceId, Link]:
        rows = paired(self.services.stores, scope_of(self.kind, self.connection))
        return {link.source_id: link for _, link in rows if link is not None}

    @property
    def failures(self) -> dict[SourceId, Failure]:
        found = stored_failures(self.services.stores, self.connection.key, self.kind)
        return {failure.source_id: failure for failure in found}

    def chunks(self, run: Run) -> list[Chunk]:
        return list(stored_chunks(self.services.stores, self.run(run)))

    def in_books(self, source_id: str) -> Any:
        """What the linked remote record says."""
        remote_id = self.links[SourceId(source_id)].remote_id
        return {row.remote_id: row.fields for row in self.books.records(self.kind)}[remote_id]

    @property
    def names_in_books(self) -> list[str]:
        return [row.fields.name for row in self.books.records(self.kind)]

    def written_since(self, effects: int) -> list[tuple[str, str]]:
        """(action, source id) of each write that took place after so many."""
        return [(e.action.value, e.source_id) for e in self.books.effects[effects:]]

    def settles(self, run: Run) -> None:
        """What must hold after a run that finished: everything has an end, once."""
        counts = self.run(run).counts
        assert counts.settled == counts.total, counts
        self.nothing_is_doubled()
        assert not self.books.desk.key_misuses, "one request key stood for two requests"

    def nothing_is_doubled(self) -> None:
        created: list[str] = [e.source_id for e in self.books.effects if e.action == "create"]
        assert len(created) == len(set(created)), f"created twice: {sorted(created)}"
        remote_ids = [link.remote_id for link in self.links.values()]
        assert len(remote_ids) == len(set(remote_ids))

    def shown_counts_never_fall(self, runs: Iterable[Run] | None = None) -> None:
        """Within a run and a plan attempt the settled count only rises."""
        last: dict[tuple[str, int], int] = {}
        for run in runs or self.saved_runs:
            place = (run.run_id, run.plan_attempt)
            assert run.counts.settled >= last.get(place, 0), "the progress fell"
            last[place] = run.counts.settled
