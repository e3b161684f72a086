"""Counts of a run add up."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from shared.domain.runs import RunCounts, RunState

counts = st.builds(
    RunCounts, **{name: st.integers(min_value=0, max_value=9) for name in RunCounts.__slots__}
)


@given(counts, counts, counts)
def test_adding_is_field_by_field_in_any_order(a: RunCounts, b: RunCounts, c: RunCounts) -> None:
    assert a.plus(b) == b.plus(a)
    assert a.plus(b).plus(c) == a.plus(b.plus(c))
    assert a.plus(RunCounts()) == a
    assert a.plus(b).settled == a.settled + b.settled
    assert a.plus(b).refused == a.refused + b.refused


def test_renamed_and_differing_are_counted_among_others_and_not_settled_twice() -> None:
    assert RunCounts(created=1, renamed=1).settled == 1
    assert RunCounts(adopted=1, adopted_differing=1).settled == 1
    assert RunCounts(total=5).settled == 0


def test_only_planning_and_pushing_are_under_way() -> None:
    assert {state for state in RunState if state.active} == {RunState.PLANNING, RunState.PUSHING}
