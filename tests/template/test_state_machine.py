"""The state machine's definition: it leads somewhere, and a crash never leads to success."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from local.template import load_yaml, resources_of

_ENDS = ("Succeed", "Fail")


@pytest.fixture(scope="module")
def machine(root: Path) -> dict[str, Any]:
    return load_yaml(root / "infra" / "sync.asl.yaml")


@pytest.fixture(scope="module")
def states(machine: dict[str, Any]) -> dict[str, dict[str, Any]]:
    loaded: dict[str, dict[str, Any]] = machine["States"]
    return loaded


def next_states(state: dict[str, Any]) -> Iterator[str]:
    """Every state that may follow, crashes included."""
    yield from (rule["Next"] for rule in state.get("Choices", []))
    yield from (rule["Next"] for rule in state.get("Catch", []))
    yield from (state[key] for key in ("Next", "Default") if key in state)


def test_every_state_is_there_and_can_be_reached(
    machine: dict[str, Any], states: dict[str, dict[str, Any]]
) -> None:
    """The local emulator accepts a definition whose StartAt or Next does not exist."""
    reached: set[str] = set()
    waiting = [machine["StartAt"]]
    while waiting:
        name = waiting.pop()
        assert name in states
        if name not in reached:
            reached.add(name)
            waiting += next_states(states[name])
    assert reached == set(states)


def test_every_path_can_end(states: dict[str, dict[str, Any]]) -> None:
    ending = {name for name, state in states.items() if state["Type"] in _ENDS or state.get("End")}
    grew = True
    while grew:
        more = {name for name in states if ending & set(next_states(states[name]))} - ending
        ending |= more
        grew = bool(more)
    assert ending == set(states)


def test_every_choice_has_a_default_that_is_no_success(
    states: dict[str, dict[str, Any]],
) -> None:
    """An outcome that the definition does not know is not taken for the end of the work.

    `Concluded` follows the summary: the work is over there whatever else is said.
    """
    for name, state in states.items():
        if state["Type"] == "Choice" and name != "Concluded":
            assert states[state["Default"]]["Type"] == "Fail", name


def test_every_task_catches_everything_into_the_classifying_step_or_a_failure(
    states: dict[str, dict[str, Any]],
) -> None:
    for name, state in states.items():
        if state["Type"] != "Task":
            continue
        caught = {tuple(rule["ErrorEquals"]): rule["Next"] for rule in state["Catch"]}
        assert list(caught) == [("States.ALL",)], name
        target = caught["States.ALL",]
        assert target == "Classify" or states[target]["Type"] == "Fail", name


def test_a_crash_of_the_classifying_step_is_not_classified_again(
    states: dict[str, dict[str, Any]],
) -> None:
    assert "Classify" not in [rule["Next"] for rule in states["Classify"]["Catch"]]


def test_the_state_machine_retries_nothing_by_itself(states: dict[str, dict[str, Any]]) -> None:
    """A retry of its own would send what a dead function may have sent."""
    assert not [name for name, state in states.items() if "Retry" in state]


def test_a_task_is_given_longer_than_its_function(
    template: dict[str, Any], states: dict[str, dict[str, Any]]
) -> None:
    functions = resources_of(template, "AWS::Serverless::Function")
    for name, state in states.items():
        if state["Type"] == "Task":
            for function in (
                "SyncCustomersFunction",
                "SyncItemsFunction",
                "SyncInvoicesFunction",
                "SyncPaymentsFunction",
            ):
                assert state["TimeoutSeconds"] > functions[function]["Timeout"], name


def test_only_substituted_names_stand_in_the_definition(
    root: Path, template: dict[str, Any]
) -> None:
    text = (root / "infra" / "sync.asl.yaml").read_text()
    for machine in resources_of(template, "AWS::Serverless::StateMachine").values():
        assert machine["DefinitionUri"] == "infra/sync.asl.yaml"
        assert set(machine["DefinitionSubstitutions"]) == set(re.findall(r"\$\{(\w+)\}", text))


def test_each_kind_has_a_state_machine_and_a_function_of_its_own(template: dict[str, Any]) -> None:
    machines = resources_of(template, "AWS::Serverless::StateMachine")
    for kind in ("Customers", "Items", "Invoices", "Payments"):
        [function] = machines[f"Sync{kind}StateMachine"]["DefinitionSubstitutions"].values()
        assert function == {"Fn::GetAtt": [f"Sync{kind}Function", "Arn"]}
    assert len(machines) == 4
