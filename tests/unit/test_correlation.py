"""One correlation id from the call that came in to the run it started and the rows it wrote."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from shared import correlation
from shared.correlation import caused_by


def test_nothing_was_the_cause_until_somebody_says_so() -> None:
    assert correlation.current() == ""


def test_the_cause_holds_inside_and_ends_with_it() -> None:
    with caused_by("outer"):
        with caused_by("inner"):
            assert correlation.current() == "inner"
        assert correlation.current() == "outer"
    assert correlation.current() == ""


def test_an_error_ends_it_too() -> None:
    with pytest.raises(ValueError, match="stop"), caused_by("outer"):
        raise ValueError("stop")
    assert correlation.current() == ""


def test_threads_do_not_see_each_others() -> None:
    with caused_by("mine"), ThreadPoolExecutor(1) as pool:
        assert pool.submit(correlation.current).result() == ""
