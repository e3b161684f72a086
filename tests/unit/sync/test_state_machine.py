"""infra/sync.asl.yaml says what the steps mean by their outcomes."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from shared.sync.engine.slices import SliceEnd
from shared.sync.steps import perform_step
from tests.support.state_machine import DEFINITION_FILE, StateMachine, TaskFailed
from tests.unit.sync.item_world import World

DEFINITION: dict[str, Any] = yaml.safe_load(DEFINITION_FILE.read_text())
STATES: dict[str, dict[str, Any]] = DEFINITION["States"]
TASKS = {name: state for name, state in STATES.items() if state["Type"] == "Task"}
ENDS = {name for name, state in STATES.items() if state["Type"] in ("Succeed", "Fail")}


def path(*answers: str | None) -> list[str]:
    """The states entered when the steps answer with these outcomes; None is a crash."""
    left, entered = list(answers), list[str]()

    def invoke(event: dict[str, Any], _limit: float) -> dict[str, Any]:
        outcome = left.pop(0)
        if outcome is None:
            raise RuntimeError
        return {**event["state"], "outcome": outcome, "waitSeconds": 5}

    state = {"runId": "r", "outcome": "", "waitSeconds": 0}
    last = StateMachine.load().execute(
        state, invoke=invoke, wait=lambda _: None, enter=entered.append
    )
    assert not left
    assert entered[-1] == last
    return entered


def test_every_operation_is_one_that_the_function_knows() -> None:
    world = World()
    state = {"companyId": "c", "provider": "quickbooks", "runId": "r", "takeover": 0}
    for task in TASKS.values():
        answer = perform_step(world.services, task["Parameters"]["operation"], state, 300)
        assert answer["outcome"] in set(SliceEnd)


def test_an_operation_that_there_is_not_is_an_error() -> None:
    state = {"companyId": "c", "provider": "quickbooks", "runId": "r", "takeover": 0}
    with pytest.raises(ValueError, match="no step is called 'dance'"):
        perform_step(World().services, "dance", state, 300)


def test_every_outcome_of_a_step_is_decided_on() -> None:
    decided = {choice["StringEquals"] for choice in STATES["Decide"]["Choices"]}
    assert decided == {end.value for end in SliceEnd}


def test_every_state_is_reachable_and_every_next_state_exists() -> None:
    following: dict[str, set[str]] = {}
    for name, state in STATES.items():
        following[name] = {state[key] for key in ("Next", "Default") if key in state}
        following[name] |= {each["Next"] for each in state.get("Choices", [])}
        following[name] |= {each["Next"] for each in state.get("Catch", [])}
    seen, waiting = set[str](), {DEFINITION["StartAt"]}
    while waiting:
        name = waiting.pop()
        seen.add(name)
        waiting |= following[name] - seen
    assert seen == set(STATES)


@pytest.mark.parametrize("name", sorted(TASKS))
def test_a_crash_of_any_step_is_caught_and_never_goes_to_success(name: str) -> None:
    [catcher] = TASKS[name]["Catch"]
    assert catcher["ErrorEquals"] == ["States.ALL"]
    assert catcher["Next"] in {"Classify", "Abandoned"}
    assert STATES["Abandoned"]["Type"] == "Fail"
    assert "Retry" not in TASKS[name], "Step Functions' own retry would know nothing of a lease"


def test_a_step_may_take_as_long_as_the_function_may() -> None:
    assert {task["TimeoutSeconds"] for task in TASKS.values()} == {310}


def test_the_plain_way() -> None:
    assert path("planned", "more", "more", "done", "done") == [
        *("Plan", "Decide", "Push", "Decide", "Push", "Decide", "Push", "Decide"),
        *("Summarise", "Concluded", "Ended"),
    ]


def test_rejected_batches_go_singly_and_then_the_push_has_the_last_word() -> None:
    entered = path("planned", "rejected", "more", "done", "done")
    assert [name for name in entered if name in TASKS] == [
        *("Plan", "Push", "PushSingly", "Push", "Summarise"),
    ]


def test_who_waits_goes_on_where_it_was() -> None:
    entered = path("planned", "wait", "planned", "done", "done")
    assert entered[4:7] == ["Pause", "Plan", "Decide"]


@pytest.mark.parametrize("outcome", ["needs_reauth", "stopped"])
def test_what_cannot_go_on_is_summarised(outcome: str) -> None:
    assert path("planned", outcome, outcome)[-3:] == ["Summarise", "Concluded", "Ended"]


def test_who_was_taken_over_ends_quietly() -> None:
    assert path("planned", "lost")[-1] == "TakenOver"


def test_a_crash_is_classified_and_waited_out() -> None:
    entered = path(None, "wait", "planned", "done", "done")
    assert entered[:4] == ["Plan", "Classify", "Decide", "Pause"]


def test_a_crash_of_the_classification_or_the_summary_fails_the_execution() -> None:
    assert path(None, None)[-1] == "Abandoned"
    assert path("planned", "done", None)[-1] == "Abandoned"


def test_an_answer_nobody_knows_fails_the_execution() -> None:
    assert path("shrug")[-1] == "Abandoned"


def test_the_interpreter_refuses_what_it_does_not_know() -> None:
    with pytest.raises(ValueError, match="is not known here"):
        StateMachine({"StartAt": "A", "States": {"A": {"Type": "Map"}}})
    uncaught = {"Type": "Task", "Resource": "r", "Parameters": {}, "Next": "A"}
    machine = StateMachine({"StartAt": "A", "States": {"A": uncaught}})
    with pytest.raises(TaskFailed):
        machine.execute({}, invoke=lambda *_: 1 / 0, wait=lambda _: None)
