"""Interprets the small part of Amazon States Language that infra/sync.asl.yaml is written in.

Task (Parameters with `.$` references, Catch of States.ALL), Choice (StringEquals), Wait (SecondsPath),
Succeed and Fail. Anything else in a definition is an error when it is loaded, so that what is simulated
is never less than what is deployed.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import yaml

DEFINITION_FILE = Path(__file__).parents[2] / "infra" / "sync.asl.yaml"
LONGEST_STATE = 32 * 1024
"""Bytes of JSON; DESIGN section 2."""

_FIELDS = {
    "Task": {"Resource", "Parameters", "TimeoutSeconds", "Catch", "Next"},
    "Choice": {"Choices", "Default"},
    "Wait": {"SecondsPath", "Next"},
    "Succeed": set(),
    "Fail": {"Error", "Cause"},
}

Json = dict[str, Any]


class TaskFailed(Exception):
    """What a task raised or how it ended; the machine's Catch sees only that it failed."""


class StateMachine:
    """One definition, executed any number of times."""

    def __init__(self, definition: Mapping[str, Any]) -> None:
        """Raises `ValueError` for what this interpreter does not know."""
        self._start: str = definition["StartAt"]
        self._states: Mapping[str, Mapping[str, Any]] = definition["States"]
        for name, state in self._states.items():
            kind = state["Type"]
            unknown = set(state) - _FIELDS.get(kind, set()) - {"Type", "Comment"}
            if kind not in _FIELDS or unknown:
                raise ValueError(f"state {name}: {kind} with {sorted(unknown)} is not known here")
            for catcher in state.get("Catch", ()):
                if catcher["ErrorEquals"] != ["States.ALL"]:
                    raise ValueError(f"state {name}: only States.ALL is caught here")

    @classmethod
    def load(cls, path: Path = DEFINITION_FILE) -> StateMachine:
        return cls(yaml.safe_load(path.read_text()))

    def execute(
        self,
        state: Mapping[str, Any],
        *,
        invoke: Callable[[Json, float], Any],
        wait: Callable[[float], None],
        enter: Callable[[str], None] = lambda _: None,
    ) -> str:
        """Run to the end; answers the name of the last state.

        `invoke` gets a task's parameters and its time limit in seconds, and answers what the function
        answered; an `Exception` from it is the task's failure. `wait` gets seconds.
        """
        data: Json = _copied(state)
        name = self._start
        while True:
            enter(name)
            current = self._states[name]
            match current["Type"]:
                case "Task":
                    name, data = self._task(current, data, invoke)
                case "Choice":
                    name = _chosen(current, data)
                case "Wait":
                    wait(float(_at(current["SecondsPath"], data)))
                    name = current["Next"]
                case _:
                    return name

    def _task(
        self, state: Mapping[str, Any], data: Json, invoke: Callable[[Json, float], Any]
    ) -> tuple[str, Json]:
        parameters = {
            key.removesuffix(".$"): _at(value, data) if key.endswith(".$") else value
            for key, value in state["Parameters"].items()
        }
        try:
            answer = invoke(_copied(parameters), float(state["TimeoutSeconds"]))
            return state["Next"], _copied(answer)
        except Exception as error:
            for catcher in state.get("Catch", ()):
                place = catcher["ResultPath"].removeprefix("$.")
                caught = {"Error": type(error).__name__, "Cause": "(left out)"}
                return catcher["Next"], {**data, place: caught}
            raise TaskFailed(type(error).__name__) from error


def _chosen(state: Mapping[str, Any], data: Json) -> str:
    for choice in state["Choices"]:
        if _at(choice["Variable"], data) == choice["StringEquals"]:
            return str(choice["Next"])
    return str(state["Default"])


def _at(path: str, data: Json) -> Any:
    """`$` or `$.name`. Raises `KeyError` where there is none, as the service fails the execution."""
    return data if path == "$" else data[path.removeprefix("$.")]


def _copied(state: Any) -> Any:
    """As it goes over the wire. Raises `ValueError` when it is longer than a state may be."""
    text = json.dumps(state)
    if len(text.encode()) > LONGEST_STATE:
        raise ValueError("the state is longer than 32 KB")
    return json.loads(text)
