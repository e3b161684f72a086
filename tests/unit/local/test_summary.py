"""The summary says what happened, and the exit status is 0 only if every item is in the provider."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from local import summary
from local.onboard import COMPANY_ID, Onboarded
from local.seed import Imported
from sandbox.issuer.people import PEOPLE

IMPORTED = Imported(received=3, created=3, updated=0, unchanged=0, rejected=0, errors=())
COUNTS = {
    "total": 3,
    "created": 2,
    "updated": 0,
    "adopted": 1,
    "unchanged": 0,
    "renamed": 1,
    "refused": 0,
    "settled": 3,
}
RUN: dict[str, Any] = {
    "state": "finished",
    "counts": COUNTS,
    "providerCalls": 2,
    "startedAt": "2026-05-04T10:00:00Z",
    "finishedAt": "2026-05-04T10:00:07.500Z",
    "problem": None,
    "causes": [],
}
DONE = Onboarded(IMPORTED, {"remoteCompany": {"name": "Cedar Ridge"}}, "Sales", RUN)


def text(done: Onboarded) -> str:
    return "\n".join(summary.lines(done))


def test_a_sync_of_everything_is_complete() -> None:
    assert DONE.complete
    assert "3 of 3 settled in 7.5 s: 2 created, 0 updated, 0 unchanged, 1 adopted" in text(DONE)
    assert "Cedar Ridge, income account Sales" in text(DONE)


@pytest.mark.parametrize(
    "run",
    [
        {"counts": {**COUNTS, "refused": 1}},
        {"counts": {**COUNTS, "settled": 2}},
        {"state": "failed"},
        {"state": "needs_reauth"},
    ],
    ids=["refused", "unsettled", "failed", "needs reauth"],
)
def test_less_than_everything_is_not_complete(run: dict[str, Any]) -> None:
    assert not replace(DONE, run={**RUN, **run}).complete


def test_a_rejected_row_is_not_complete_and_told_by_line() -> None:
    error = {"line": 3, "message": "The price is not a number."}
    done = replace(DONE, imported=replace(IMPORTED, received=4, rejected=1, errors=(error,)))
    assert not done.complete
    assert "line 3: The price is not a number." in text(done)


def test_what_went_wrong_is_told_with_what_to_do() -> None:
    cause = {"cause": "x", "count": 12, "message": "No such account.", "action": "Choose one."}
    problem = {"message": "Your QuickBooks connection has expired.", "action": "Reconnect."}
    done = replace(
        DONE,
        run={
            **RUN,
            "state": "needs_reauth",
            "finishedAt": None,
            "causes": [cause],
            "problem": problem,
        },
    )
    assert "12 items: No such account. Choose one." in text(done)
    assert "Your QuickBooks connection has expired. Reconnect." in text(done)
    assert "(needs reauth)" in text(done)


def test_the_console_is_named_with_who_can_sign_in_there() -> None:
    """Both at the demo company, as the issuer's tokens say it: what `make run` seeds is what they see."""
    told = "\n".join(
        summary.invitation("http://127.0.0.1:1/console/x", "http://127.0.0.1:1", Path("s.json"))
    )
    assert "http://127.0.0.1:1/console/x" in told
    assert "serving at http://127.0.0.1:1 " in told
    for person in PEOPLE.values():
        assert (person.name in told) is (person.company_id == COMPANY_ID)
