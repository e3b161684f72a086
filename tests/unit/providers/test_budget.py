"""The shared budget as pure data: windows, corrections, and the text it is stored as."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from shared.providers.base import CallClass, Limits
from shared.providers.budget import (
    MINUTE,
    SECOND,
    Block,
    Budget,
    Place,
    Waiter,
    from_text,
    to_text,
)

NOW = 1_800_000_000_000


def limits(
    per_second: int | None = None, batches: int | None = None, everything: int | None = None
) -> Limits:
    per_minute = {} if batches is None else {CallClass.BATCH: batches}
    return Limits(10, per_second, per_minute, everything, 60.0, (1,))


def sent(*blocks: tuple[int, int], call_class: CallClass = CallClass.BATCH) -> Budget:
    """Blocks of (end, count), relative to NOW."""
    budget = Budget()
    for end, count in blocks:
        budget.reserve(call_class, Block(NOW + end, NOW + end, count))
    return budget


def test_without_figures_there_is_room() -> None:
    assert sent((0, 1000)).room(limits(), CallClass.BATCH, NOW, 0)[0] > 1000


def test_a_minute_holds_its_figure_and_says_when_there_is_room_again() -> None:
    budget = sent((-50_000, 30), (-10_000, 8))
    assert budget.room(limits(batches=40), CallClass.BATCH, NOW, 0) == (2, NOW)
    budget.reserve(CallClass.BATCH, Block(NOW, NOW, 2))
    room, ready = budget.room(limits(batches=40), CallClass.BATCH, NOW, 0)
    assert (room, ready) == (0, NOW - 50_000 + MINUTE)
    assert budget.room(limits(batches=40), CallClass.BATCH, ready - 1, 0)[0] == 0
    assert budget.room(limits(batches=40), CallClass.BATCH, ready, 0)[0] == 30


def test_a_second_counts_all_classes_together() -> None:
    budget = sent((-200, 4))
    budget.reserve(CallClass.READ, Block(NOW - 100, NOW, 6))
    assert budget.room(limits(per_second=10), CallClass.BATCH, NOW, 0) == (0, NOW - 200 + SECOND)


def test_a_class_has_its_own_minute_and_all_share_another() -> None:
    budget = sent((-100, 40))
    assert budget.room(limits(batches=40), CallClass.READ, NOW, 0)[0] > 1000
    assert budget.room(limits(everything=50), CallClass.READ, NOW, 0)[0] == 10


def test_the_kept_share_is_left_to_others() -> None:
    budget = sent((-100, 29))
    assert budget.room(limits(batches=40), CallClass.BATCH, NOW, 0.25)[0] == 1
    assert budget.room(limits(batches=1), CallClass.BATCH, NOW + MINUTE, 0.25)[0] == 1


def test_a_block_counts_in_full_until_it_is_corrected() -> None:
    budget = Budget()
    budget.reserve(CallClass.BATCH, Block(NOW, NOW + 500, 10, "me"))
    budget.reserve(CallClass.BATCH, Block(NOW, NOW + 500, 10, "you"))
    assert budget.room(limits(batches=40), CallClass.BATCH, NOW, 0)[0] == 20
    budget.correct("me", 3, NOW + 20)
    assert budget.room(limits(batches=40), CallClass.BATCH, NOW, 0)[0] == 27
    budget.correct("me", 9, NOW + 90)  # corrected already: nothing of ours is open
    assert budget.room(limits(batches=40), CallClass.BATCH, NOW, 0)[0] == 27
    assert budget.open_block("you") is not None


def test_a_corrected_block_counts_from_its_last_use() -> None:
    budget = Budget()
    budget.reserve(CallClass.BATCH, Block(NOW, NOW + 500, 40, "me"))
    budget.correct("me", 40, NOW + 300)
    assert budget.room(limits(batches=40), CallClass.BATCH, NOW, 0)[1] == NOW + 300 + MINUTE


def test_joined_blocks_count_until_the_last_of_them() -> None:
    budget = sent((0, 1), (60, 1))
    budget.forget_old(NOW + 100)
    (joined,) = budget.blocks[CallClass.BATCH]
    assert (joined.start, joined.end, joined.count) == (NOW, NOW + 60, 2)


def test_what_no_longer_counts_is_forgotten() -> None:
    budget = sent((-MINUTE, 5), (-MINUTE + 1, 6), (-3, 0))
    budget.places = {"a": Place(1, NOW), "b": Place(1, NOW + 1)}
    budget.waiting = {"a": Waiter(first=True, until=NOW), "b": Waiter(first=True, until=NOW + 1)}
    budget.serial_until = {"item": NOW, "customer": NOW + 1}
    budget.forget_old(NOW)
    assert [block.count for block in budget.blocks[CallClass.BATCH]] == [6]
    assert list(budget.places) == list(budget.waiting) == ["b"]
    assert list(budget.serial_until) == ["customer"]


def test_open_blocks_are_never_joined() -> None:
    budget = sent((0, 1), (10, 2))
    budget.reserve(CallClass.BATCH, Block(NOW + 20, NOW + 30, 4, "me"))
    budget.forget_old(NOW + 50)
    assert [(b.count, b.owner) for b in budget.blocks[CallClass.BATCH]] == [(3, ""), (4, "me")]


blocks = st.lists(
    st.tuples(st.integers(-70_000, 0), st.integers(0, 2_000), st.integers(0, 40)), max_size=30
)


@settings(deadline=None)
@given(blocks, st.integers(1, 60))
def test_joining_never_makes_room_and_waiting_until_ready_always_does(
    drawn: list[tuple[int, int, int]], figure: int
) -> None:
    plain, joined = Budget(), Budget()
    for start, length, count in drawn:
        for budget in (plain, joined):
            budget.reserve(CallClass.BATCH, Block(NOW + start, NOW + start + length, count))
    joined.forget_old(NOW)
    figures = limits(batches=figure)
    room, _ = plain.room(figures, CallClass.BATCH, NOW, 0)
    room_joined, ready = joined.room(figures, CallClass.BATCH, NOW, 0)
    assert room_joined == room
    assert joined.room(figures, CallClass.BATCH, ready, 0)[0] > 0
    for later in (1_000, 30_000, 60_000):
        at = NOW + later
        assert (
            joined.room(figures, CallClass.BATCH, at, 0)[0]
            <= plain.room(figures, CallClass.BATCH, at, 0)[0]
        )


def test_the_text_says_everything() -> None:
    budget = sent((0, 3), call_class=CallClass.READ)
    budget.reserve(CallClass.BATCH, Block(NOW, NOW + 9, 4, "me"))
    budget.documented_until, budget.throttled_at, budget.pause_until = 1, 2, 3
    budget.pauses = {"reads": 2}
    budget.serial_until = {"item": 5}
    budget.places = {"me": Place(4, NOW)}
    budget.waiting = {"you": Waiter(first=False, until=NOW)}
    assert from_text(to_text(budget)) == budget


def test_a_text_of_another_format_is_an_empty_budget() -> None:
    assert from_text('{"format":99,"blocks":"?"}') == Budget()
