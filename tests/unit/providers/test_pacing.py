"""The pace of a connection, simulated on a virtual clock against a strict reference server."""

from __future__ import annotations

import math
import random
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.domain.connections import PacingMode
from shared.domain.errors import ConnectionStopped, RateLimited, StorageUnavailable
from shared.domain.ids import ConnectionKey, RecordKind
from shared.domain.outcomes import NoTrustworthyAnswer, Throttled
from shared.providers.base import CallClass
from shared.providers.pacing import Pacer
from shared.storage.ports import PacingRow
from tests.unit.providers.virtual_world import (
    ANSWERED,
    COLLIDED,
    CONNECTION,
    LIMITS,
    MemoryPacing,
    Pusher,
    StrictServer,
    World,
    pacer,
    uniform,
)

ADAPTIVE, DOCUMENTED = PacingMode.ADAPTIVE, PacingMode.DOCUMENTED
BATCH, READ, SINGLE = CallClass.BATCH, CallClass.READ, CallClass.SINGLE
CATALOGUE = 121
HOUR = 3600.0


def refused(after: float | None = None) -> Throttled:
    return Throttled(after)


class Setting:
    """One world with one store and server; pushers are added."""

    def __init__(self, server: StrictServer | None = None) -> None:
        self.world = World()
        self.store = MemoryPacing()
        self.server = server or StrictServer()

    def pacer(
        self, mode: PacingMode = ADAPTIVE, kind: RecordKind = RecordKind.ITEM, owner: str = "a"
    ) -> Pacer:
        return pacer(self.world, self.store, mode=mode, kind=kind, owner=owner)

    def push(self, tasks: int, using: Pacer | None = None, **how: object) -> Pusher:
        return Pusher(self.world, self.server, using or self.pacer(), tasks, **how)  # type: ignore[arg-type]  # passed on


# One worker


def test_adaptive_ramps_one_four_ten_and_reaches_the_floor_of_seven_seconds() -> None:
    setting = Setting(StrictServer(unlimited=True))
    pusher = setting.push(CATALOGUE)
    setting.world.run()
    assert [pusher.starts.count(at) for at in (0.0, 0.5, 1.0, 1.5)] == [1, 4, 10, 10]
    assert pusher.finished_at == 7.0
    assert setting.server.most_under_way == 10
    assert setting.store.saves <= 20  # reserved in blocks, not one by one


@pytest.mark.parametrize("late", [False, True])
@pytest.mark.parametrize("counts", [False, True])
@pytest.mark.parametrize(("fixed", "phase"), [(False, 0), (True, 0), (True, 0.7), (True, 31.5)])
@pytest.mark.parametrize("mode", [ADAPTIVE, DOCUMENTED])
def test_a_catalogue_under_the_documented_limits_takes_about_three_minutes(
    mode: PacingMode, *, fixed: bool, phase: float, counts: bool, late: bool
) -> None:
    """121 batches at 0.5 s: 184 s documented, 186 s adaptive, whether minutes slide or are fixed."""
    setting = Setting(StrictServer(fixed_minute=fixed, phase=phase, refused_count=counts))
    pusher = setting.push(CATALOGUE, setting.pacer(mode), note_late=late)
    setting.world.run()
    assert pusher.done == CATALOGUE
    assert pusher.finished_at <= (184 if mode is DOCUMENTED else 186)
    assert setting.server.most_under_way <= 10
    if mode is DOCUMENTED:
        assert setting.server.refused == 0
    else:
        assert 0 < setting.server.refused <= 10  # the storm that taught it, and none after


def test_collisions_cost_a_tenth_at_most_and_nothing_is_lost() -> None:
    setting = Setting(StrictServer(unlimited=True, collides=True))
    pusher = setting.push(CATALOGUE)
    setting.world.run()
    assert pusher.done == CATALOGUE
    assert pusher.finished_at <= 1.1 * CATALOGUE * 0.5


def test_a_collision_is_remembered_for_its_kind_for_a_day() -> None:
    setting = Setting()
    one = setting.pacer()
    assert one.may_start(BATCH, 0) == 0.0
    one.note(COLLIDED, BATCH)
    assert one.may_start(BATCH, 0) == 0.0
    assert one.may_start(BATCH, 1) == math.inf
    setting.world.sleep(23 * HOUR)
    later = setting.pacer(owner="b")
    assert later.in_flight_limit(BATCH) == 1
    assert setting.pacer(kind=RecordKind.CUSTOMER, owner="c").in_flight_limit(READ) == 10
    assert later.may_start(BATCH, 0) == 0.0
    later.note(ANSWERED, BATCH)
    setting.world.sleep(2 * HOUR)
    assert _start_all(later) == 4  # the ramp goes on


def _start_all(one: Pacer, call_class: CallClass = BATCH) -> int:
    """Start whatever may start now, without an answer between."""
    for started in range(100):
        if one.may_start(call_class, started) > 0:
            return started
    raise AssertionError("no end")


def test_the_ramp_waits_for_a_whole_round_and_an_unanswered_call_does_not_count() -> None:
    setting = Setting()
    one = setting.pacer()
    assert _start_all(one) == 1
    one.note(NoTrustworthyAnswer("?"), BATCH)
    assert _start_all(one) == 1
    one.note(ANSWERED, BATCH)
    assert _start_all(one) == 4
    for _ in range(3):
        one.note(ANSWERED, BATCH)
    assert one.may_start(BATCH, 1) == math.inf
    one.note(ANSWERED, BATCH)
    assert _start_all(one) == 10


def test_the_first_refusal_rests_a_second_and_makes_the_connection_documented_for_a_day() -> None:
    setting = Setting()
    one = setting.pacer()
    assert one.may_start(BATCH, 0) == 0.0
    one.note(refused(), BATCH)
    assert one.may_start(BATCH, 0) == 1.0
    setting.world.sleep(1.0)
    other = setting.pacer(owner="b", kind=RecordKind.CUSTOMER)
    for _ in range(39):  # one was sent already, refused or not
        setting.world.sleep(1.0)
        assert other.may_start(BATCH, 0) == 0.0
        other.note(ANSWERED, BATCH)
    assert other.may_start(BATCH, 0) == pytest.approx(60.5 - 40.0)
    setting.world.sleep(25 * HOUR)
    for _ in range(60):
        assert other.may_start(BATCH, 0) == 0.0
        other.note(ANSWERED, BATCH)


def test_the_first_refusal_obeys_retry_after() -> None:
    setting = Setting()
    one = setting.pacer()
    one.may_start(BATCH, 0)
    one.note(refused(7.0), BATCH)
    assert one.may_start(BATCH, 0) == 7.0


def test_refusals_of_one_storm_count_once() -> None:
    """Ten calls are out; five come back refused: a second's rest, no minute's pause."""
    setting = Setting()
    one = setting.pacer()
    for size in (1, 4):
        assert _start_all(one) == size
        for _ in range(size):
            one.note(ANSWERED, BATCH)
    assert _start_all(one) == 10
    for _ in range(3):
        one.note(refused(), BATCH)
    assert one.may_start(BATCH, 7) == 1.0
    setting.world.sleep(0.9)
    one.note(refused(), BATCH)
    one.note(refused(), BATCH)
    assert one.may_start(BATCH, 5) == pytest.approx(0.1)
    setting.world.sleep(0.1)
    assert one.may_start(BATCH, 5) < 2.0


def test_another_workers_calls_that_were_out_are_of_the_same_storm() -> None:
    setting = Setting()
    one, two = setting.pacer(), setting.pacer(owner="b", kind=RecordKind.CUSTOMER)
    assert one.may_start(BATCH, 0) == 0.0
    assert two.may_start(BATCH, 0) == 0.0
    one.note(refused(), BATCH)
    assert one.may_start(BATCH, 0) == 1.0
    two.note(refused(), BATCH)
    assert two.may_start(BATCH, 0) <= 1.0


@pytest.mark.parametrize(("after", "pause"), [(None, 60.0), (5.0, 5.0), (90.0, 90.0)])
def test_a_refusal_in_documented_mode_pauses_everything(after: float | None, pause: float) -> None:
    setting = Setting()
    one = setting.pacer(DOCUMENTED)
    one.may_start(BATCH, 0)
    one.note(refused(after), BATCH)
    assert one.may_start(BATCH, 0) == pause
    other = setting.pacer(DOCUMENTED, RecordKind.PAYMENT, "b")
    assert other.may_start(BATCH, 0) == pause
    assert other.may_start(READ, 0) == pause
    setting.world.sleep(pause)
    assert other.may_start(READ, 0) == 0.0


def test_after_three_pauses_in_vain_a_person_is_told() -> None:
    setting = Setting()
    one = setting.pacer(DOCUMENTED)
    waited = 0.0
    for _ in range(3):
        assert one.may_start(BATCH, 0) == 0.0
        one.note(refused(1.0), BATCH)
        pause = one.may_start(BATCH, 0)
        waited += pause
        setting.world.sleep(pause)
    assert waited >= 120  # a short Retry-After that did not help is not believed again
    assert one.may_start(BATCH, 0) == 0.0
    one.note(refused(), BATCH)
    with pytest.raises(ConnectionStopped) as stopped:
        one.may_start(BATCH, 0)
    assert stopped.value.problem.code == "QUOTA_TAKEN"
    with pytest.raises(ConnectionStopped):
        setting.pacer(owner="b").wait_turn(BATCH)
    assert setting.pacer(owner="c").may_start(READ, 0) == 60.0  # reads were never refused
    setting.world.sleep(60)
    assert one.may_start(BATCH, 0) == 0.0  # a new try later is not forbidden


def test_a_success_between_pauses_starts_the_count_anew() -> None:
    setting = Setting()
    one = setting.pacer(DOCUMENTED)
    for _ in range(5):
        one.wait_turn(BATCH)
        one.note(refused(), BATCH)
        one.wait_turn(BATCH)
        one.note(ANSWERED, BATCH)
    one.wait_turn(BATCH)


def test_wait_turn_sleeps_through_the_clock_and_gives_up_in_time() -> None:
    setting = Setting()
    one = setting.pacer(DOCUMENTED)
    one.wait_turn(READ)
    one.note(refused(), READ)
    with pytest.raises(RateLimited) as limited:
        one.wait_turn(READ, at_most=10.0)
    assert limited.value.after == 60.0
    assert setting.world.seconds == 0.0
    one.wait_turn(READ, at_most=61.0)
    assert setting.world.seconds == 60.0


# Several workers


def test_two_runs_share_the_minute_and_the_places() -> None:
    setting = Setting()
    one = setting.push(60, setting.pacer(DOCUMENTED, RecordKind.ITEM, "a"))
    two = setting.push(60, setting.pacer(DOCUMENTED, RecordKind.CUSTOMER, "b"))
    setting.world.run()
    assert (one.done, two.done) == (60, 60)
    assert setting.server.refused == 0
    assert max(one.finished_at, two.finished_at) <= 190


def test_a_read_gets_a_place_beside_a_push_that_holds_all_ten() -> None:
    setting = Setting(StrictServer(unlimited=True))
    setting.push(400)
    waited: list[float] = []

    def read() -> None:
        reader = setting.push(1, setting.pacer(owner="r"), call_class=READ, lasting=lambda: 0.2)
        setting.world.at(8.0, lambda: waited.append(reader.finished_at))

    setting.world.at(3.0, read)
    setting.world.run()
    assert 3.0 < waited[0] <= 6.0
    assert setting.server.most_under_way <= 10


def test_an_invoice_is_not_kept_waiting_by_a_run_that_passes_the_figures() -> None:
    setting = Setting(StrictServer(unlimited=True))
    run = setting.push(400)
    invoices: list[Pusher] = []

    def change() -> None:
        using = setting.pacer(kind=RecordKind.INVOICE, owner="i")
        invoices.append(setting.push(1, using))

    setting.world.at(3.0, change)
    setting.world.run()
    assert invoices[0].finished_at <= 6.0
    assert run.done == 400
    assert setting.server.most_under_way <= 10


def test_a_run_keeps_to_the_figures_while_an_invoice_waits() -> None:
    setting = Setting(StrictServer(unlimited=True))
    run = setting.pacer()
    for _ in range(60):
        assert run.may_start(BATCH, 0) == 0.0
        run.note(ANSWERED, BATCH)
    assert _start_all(run) == 10  # it holds every place now
    assert setting.pacer(kind=RecordKind.PAYMENT, owner="p").may_start(BATCH, 0) == 0.3
    for _ in range(10):
        run.note(ANSWERED, BATCH)
    setting.world.sleep(1.1)
    assert run.may_start(BATCH, 0) > 50  # 70 in this minute are more than 40
    setting.world.sleep(3.0)
    assert run.may_start(BATCH, 0) == 0.0  # nobody waits any more


def test_invoices_that_wait_for_the_minute_get_their_share_of_the_next() -> None:
    setting = Setting()
    setting.push(200, setting.pacer(DOCUMENTED))
    invoices: list[Pusher] = []
    setting.world.at(
        20.0,
        lambda: invoices.append(
            setting.push(5, setting.pacer(DOCUMENTED, RecordKind.INVOICE, "i"))
        ),
    )
    setting.world.run()
    assert invoices[0].done == 5
    assert invoices[0].finished_at <= 66
    assert setting.server.refused == 0


@pytest.mark.parametrize(("mode", "held"), [(ADAPTIVE, 6), (DOCUMENTED, 20)])
def test_a_killed_workers_places_are_free_again_after_a_while(mode: PacingMode, held: int) -> None:
    setting = Setting(StrictServer(unlimited=True))
    killed = setting.pacer(mode)
    for size in (1, 4):
        _start_all(killed)
        for _ in range(size):
            killed.note(ANSWERED, BATCH)
    setting.world.sleep(2.0)
    assert _start_all(killed) == 10
    heir = setting.push(20, setting.pacer(mode, owner="b"))
    setting.world.run()
    assert held - 0.5 <= heir.starts[0] - 2.0 <= held + 0.5
    assert heir.done == 20


def test_calls_that_last_keep_their_places() -> None:
    """Ten calls of ten seconds, and others that would like to go meanwhile: never more than ten."""
    setting = Setting(StrictServer(unlimited=True))
    slow = setting.push(150, lasting=lambda: 10.0)
    others: list[Pusher] = []
    setting.world.at(
        25.0,
        lambda: others.append(setting.push(30, setting.pacer(owner="b", kind=RecordKind.CUSTOMER))),
    )
    setting.world.run()
    assert (slow.done, others[0].done) == (150, 30)
    assert setting.server.most_under_way == 10


@pytest.mark.parametrize(("mode", "saves"), [(ADAPTIVE, 1), (DOCUMENTED, 2)])
def test_resting_after_a_read_hands_back_what_would_be_held_for_long(
    mode: PacingMode, saves: int
) -> None:
    setting = Setting()
    for number in range(12):  # as many as there are places, and more
        reader = setting.pacer(mode, owner=f"r{number}")
        reader.wait_turn(READ, at_most=4.0)
        reader.note(ANSWERED, READ)
        reader.rest()
        if number == 0:
            assert setting.store.saves == saves
        setting.world.sleep(0.5)
    assert setting.world.seconds <= 8.0


def test_closing_frees_places_and_permits_at_once() -> None:
    setting = Setting()
    one = setting.pacer(DOCUMENTED)
    assert _start_all(one) == 1
    one.note(ANSWERED, BATCH)
    assert _start_all(one) == 4
    for _ in range(4):
        one.note(ANSWERED, BATCH)
    assert one.may_start(BATCH, 0) == 0.0
    one.note(ANSWERED, BATCH)
    one.close()
    one.close()
    other = setting.pacer(DOCUMENTED, owner="b")
    setting.world.sleep(1.5)
    for _ in range(34):  # 40 less the six that were sent
        assert other.may_start(BATCH, 0) == 0.0
        other.note(ANSWERED, BATCH)
        setting.world.sleep(0.2)
    assert other.may_start(BATCH, 0) > 10


def test_closing_a_pacer_that_was_never_asked_reads_nothing() -> None:
    setting = Setting()
    setting.pacer().close()
    assert setting.store.loads == 0


KINDS = list(RecordKind)
PLANS = st.lists(
    st.tuples(
        st.floats(0, 90),
        st.integers(1, 70),
        st.sampled_from(KINDS),
        st.sampled_from([BATCH, BATCH, SINGLE, READ]),
        st.sampled_from([0.3, 0.5, 3.0, 15.0]),
    ),
    min_size=1,
    max_size=3,
)


@pytest.mark.no_cover
@settings(max_examples=60, deadline=None)
@given(
    plans=PLANS,
    fixed=st.booleans(),
    phase=st.floats(0, 60),
    counts=st.booleans(),
    seed=st.integers(0, 10_000),
)
def test_documented_workers_draw_no_refusal_whatever_comes_when(
    *,
    plans: list[tuple[float, int, RecordKind, CallClass, float]],
    fixed: bool,
    phase: float,
    counts: bool,
    seed: int,
) -> None:
    """Up to three workers, a network that delays each request by up to 0.4 s, any kind of minute."""
    setting = Setting(StrictServer(fixed_minute=fixed, phase=phase, refused_count=counts))
    chance = random.Random(seed)
    pushers: list[tuple[Pusher, int]] = []

    def begin(number: int) -> Callable[[], None]:
        _, tasks, kind, call_class, longest = plans[number]

        def start() -> None:
            pusher = setting.push(
                tasks,
                setting.pacer(DOCUMENTED, kind, f"w{number}"),
                call_class=call_class,
                lasting=uniform(chance, 0.05, longest),
                travel=uniform(chance, 0, 0.4),
            )
            pushers.append((pusher, tasks))

        return start

    for number, plan in enumerate(plans):
        setting.world.at(plan[0], begin(number))
    setting.world.run(3 * HOUR)
    assert all(pusher.done == tasks for pusher, tasks in pushers)
    assert setting.server.refused == 0
    assert setting.server.most_under_way <= LIMITS.in_flight


@pytest.mark.no_cover
@settings(max_examples=40, deadline=None)
@given(
    tasks=st.integers(1, 160),
    fixed=st.booleans(),
    phase=st.floats(0, 60),
    counts=st.booleans(),
    late=st.booleans(),
    collides=st.booleans(),
    seed=st.integers(0, 10_000),
)
def test_adaptive_finishes_everything_and_meets_the_limit_in_one_storm_only(
    *, tasks: int, fixed: bool, phase: float, counts: bool, late: bool, collides: bool, seed: int
) -> None:
    setting = Setting(
        StrictServer(fixed_minute=fixed, phase=phase, refused_count=counts, collides=collides)
    )
    chance = random.Random(seed)
    pusher = setting.push(
        tasks,
        lasting=uniform(chance, 0.1, 1.5),
        travel=uniform(chance, 0, 0.2),
        note_late=late,
    )
    setting.world.run(3 * HOUR)
    assert pusher.done == tasks
    assert pusher.most_in_flight <= LIMITS.in_flight
    assert setting.server.refused <= 2 * LIMITS.in_flight


# The store


class FailingStore(MemoryPacing):
    """Away while `away`; `after` lets the write happen before it says so."""

    away = False
    after = False

    def save(self, connection: ConnectionKey, row: PacingRow) -> bool:
        if self.away:
            if self.after:
                super().save(connection, row)
            raise StorageUnavailable("away")
        return super().save(connection, row)


@pytest.mark.parametrize("after", [False, True])
def test_storage_that_is_away_is_said_and_then_made_up_for(*, after: bool) -> None:
    setting = Setting()
    setting.store = store = FailingStore()
    one = setting.pacer(DOCUMENTED)
    assert one.may_start(BATCH, 0) == 0.0
    one.note(ANSWERED, BATCH)
    store.away, store.after = True, after
    with pytest.raises(StorageUnavailable):
        one.may_start(BATCH, 0)
    one.close()
    store.away = False
    assert one.may_start(BATCH, 0) == 0.0


def test_a_lost_race_is_tried_again() -> None:
    setting = Setting()
    one, two = setting.pacer(), setting.pacer(owner="b")
    assert one.may_start(BATCH, 0) == 0.0
    assert two.may_start(BATCH, 0) == 0.0
    one.note(ANSWERED, BATCH)
    setting.world.sleep(1.1)  # its block is over, and its copy of the row is old
    assert one.may_start(BATCH, 0) == 0.0
    assert setting.store.rows[CONNECTION].version == 3


@pytest.mark.no_cover
def test_the_stored_row_stays_small() -> None:
    setting = Setting(StrictServer(unlimited=True))
    largest = [0]

    def look() -> None:
        row = setting.store.rows.get(CONNECTION)
        largest[0] = max(largest[0], len(row.state) if row else 0)
        if setting.world.seconds < 150:
            setting.world.at(setting.world.seconds + 0.1, look)

    setting.push(2000)
    setting.push(200, setting.pacer(owner="s", kind=RecordKind.CUSTOMER), call_class=SINGLE)
    setting.world.at(0.0, look)
    setting.world.run()
    assert largest[0] < 16_000
