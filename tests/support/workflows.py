"""Workflows that remember what was started, and can carry the real state machine out in process."""

from __future__ import annotations

from shared.domain.runs import Run
from shared.sync.services import Services
from shared.sync.steps import first_state, perform_step
from tests.support.state_machine import StateMachine

FUNCTION_SECONDS = 300.0


class RecordingWorkflows:
    """`started` holds each run once per execution name, as Step Functions would start it."""

    def __init__(self) -> None:
        self.started: list[Run] = []
        self._names: set[str] = set()

    def start_sync(self, run: Run) -> None:
        name = f"{run.run_id}-{run.takeovers}"
        if name not in self._names:
            self._names.add(name)
            self.started.append(run)

    def execute_all(self, services: Services) -> list[str]:
        """Carry out what was started and not yet executed; answers the last state of each."""
        ends = []
        while self.started:
            ends.append(execute(services, self.started.pop(0)))
        return ends


def execute(services: Services, run: Run) -> str:
    """One execution of infra/sync.asl.yaml; answers the name of its last state."""
    return StateMachine.load().execute(
        first_state(run),
        invoke=lambda event, _: perform_step(
            services, event["operation"], event["state"], FUNCTION_SECONDS
        ),
        wait=services.clock.sleep,
    )
