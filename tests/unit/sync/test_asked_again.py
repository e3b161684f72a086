"""What is asked for while a worker has the record's due row in hand goes without any comparison."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from shared.domain.ids import PersonId, RecordKind, RemoteId, SourceId
from shared.domain.runs import Problem
from shared.sync.account_mapping import Choice, assign
from shared.sync.automatic.ask import retry
from tests.support.fake_books import INCOME_ACCOUNT, SERVICES_ACCOUNT
from tests.support.fake_faults import BooksCall, Busy, Fault
from tests.unit.sync.automatic_world import AutomaticWorld
from tests.unit.sync.item_world import Killed, Story

ANN = PersonId("ann")
OTHER = replace(INCOME_ACCOUNT, remote_id=RemoteId("inc-3"), name="Other")
A, B = SERVICES_ACCOUNT.remote_id, OTHER.remote_id
PASSING = 5
REFUSED = Problem("CODE_REFUSED", "The account is not taken.", "Choose another one.")


class World(AutomaticWorld):
    """One item, "01", in the books on the default account, and its rest is over."""

    def __init__(self, *, refused: str = "") -> None:
        self.refused = refused
        super().__init__(refuses=lambda one: REFUSED if self.refuses(one) else None)
        self.books.accounts.append(OTHER)
        self.has("Pipe")
        self.settle_down()
        self.clock.sleep(5)

    def refuses(self, fields: object) -> bool:
        return getattr(fields, "income_account_id", "") == self.refused

    def choose(self, account: str) -> None:
        key = self.connection.key
        assign(self.services, key, [SourceId("01")], Choice(income_account_id=account), ANN)

    def retry(self) -> None:
        retry(self.services, self.connection.key, RecordKind.ITEM, ANN)

    def while_it_is_pushed(self, story: Story) -> None:
        """In the moment that the books get the next batch."""
        waiting = [story]
        before = self.books.choose_fault

        def meet(call: BooksCall) -> Fault | None:
            if call.on == "batch" and waiting:
                waiting.pop()()
            return before(call)

        self.books.choose_fault = meet

    @property
    def tries(self) -> int:
        look = self.services.stores.due.look(
            self.connection.key, RecordKind.ITEM, self.clock.now() + timedelta(days=9), 1
        )
        return look.ready[0].tries

    def comes_to(self, account: str) -> None:
        """Messages are delivered, the schedule does nothing."""
        self.settle_down()
        assert (self.in_books("01").income_account_id, self.due) == (account, [])
        assert self.failures == {}


def test_an_account_chosen_while_another_one_is_pushed() -> None:
    world = World()
    world.choose(A)
    world.while_it_is_pushed(lambda: world.choose(B))
    world.comes_to(B)


@pytest.mark.parametrize(("call", "nth"), [("due.put_off", 3), ("due.remove", 2)])
def test_an_account_chosen_as_the_row_goes_for_the_one_that_was_pushed(call: str, nth: int) -> None:
    """The record and its link have been read, and are in step: the calls of the look after the batch."""
    world = World()
    world.choose(A)
    world.meets(call, lambda: world.choose(B), nth=nth)
    world.comes_to(B)


def test_an_account_chosen_while_the_one_before_is_being_refused() -> None:
    world = World(refused=A)
    world.choose(A)
    world.while_it_is_pushed(lambda: world.choose(B))
    world.comes_to(B)


@pytest.mark.parametrize("call", ["failures.save", "due.put_off", "due.remove"])
def test_an_account_chosen_as_the_one_before_is_put_off_goes_at_once(call: str) -> None:
    """After so many passing refusals the next try would be minutes away."""
    world = World()
    busy: list[Fault] = [Busy(frozenset({0}))]
    world.books.choose_fault = lambda told: busy[0] if busy and told.on == "batch" else None
    chosen_at: list[datetime] = []

    def choose() -> None:
        busy.clear()
        chosen_at.append(world.clock.now())
        world.choose(B)

    world.choose(A)
    while world.tries < PASSING:
        world.deliver()
    world.meets("failures.save", lambda: world.meets(call, choose, when="after"))
    world.comes_to(B)
    assert (world.books.effects[-1].at - chosen_at[0]).total_seconds() < 5


def test_what_a_person_tries_again_while_it_is_being_refused() -> None:
    world = World(refused=A)

    def cured() -> None:
        world.refused = ""
        world.retry()

    world.choose(A)
    world.meets("failures.save", cured, when="after")
    world.comes_to(A)


def test_an_account_chosen_before_another_worker_ends_the_run_that_refused_the_one_before() -> None:
    world = World(refused=A)
    world.choose(A)
    world.kill_after("runs.save_chunks")
    with pytest.raises(Killed):
        world.settle_down()
    world.choose(B)
    world.clock.sleep(61)
    world.minute()
    world.comes_to(B)


def test_what_is_asked_for_again_and_is_in_step_costs_no_call() -> None:
    world = World()
    world.choose(A)
    world.while_it_is_pushed(lambda: world.choose(A))
    calls = world.books.calls["batch"]
    world.comes_to(A)
    assert world.books.calls["batch"] == calls + 1
