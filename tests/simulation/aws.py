"""Lambda and Step Functions of a world: containers, invocations, executions of the real definition."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from shared.domain.errors import RetryLater
from shared.domain.runs import Run
from shared.sync.services import Services
from shared.sync.steps import first_state, perform_step
from tests.simulation.faults import Sort
from tests.simulation.ports import Ports
from tests.simulation.scheduler import Actor, Process, Scheduler
from tests.support.state_machine import StateMachine, TaskFailed

FUNCTION_SECONDS = 300.0


class Functions:
    """Invokes code as Lambda does: in a container that may be warm, for 300 seconds at most.

    `crashed` hears of exceptions that escape: a use case raises only what its contract says.
    """

    def __init__(
        self,
        scheduler: Scheduler,
        ports: Ports,
        make_services: Callable[[], Services],
        crashed: Callable[[str, Exception], None],
    ) -> None:
        self._scheduler = scheduler
        self._ports = ports
        self._make_services = make_services
        self._crashed = crashed
        self._warm: list[Services] = []
        self._count = 0
        self.alive: dict[Process, None] = {}

    def invoke(self, name: str, work: Callable[[Services], Any]) -> Any:
        """Raises `TaskFailed` for one that died, crashed or took too long."""
        answer: list[Any] = []
        actor = self.start(name, lambda services: answer.append(work(services)))
        if not self._scheduler.join(actor, FUNCTION_SECONDS):
            self._scheduler.kill(actor.process)
            raise TaskFailed("timed out")
        if not answer:
            raise TaskFailed("died")
        return answer[0]

    def start(self, name: str, work: Callable[[Services], object]) -> Actor:
        """The same, not waited for and without the time limit."""
        self._count += 1
        process = Process(f"{name}-{self._count}", mortal=True)
        warm = self._warm and self._scheduler.random.random() < 0.6
        services = self._warm.pop() if warm else self._make_services()

        def live() -> None:
            try:
                work(services)
            except Exception as error:
                self._crashed(process.name, error)
                raise
            finally:
                self.alive.pop(process, None)
            self._warm.append(services)
            self._ports.gate("returns")

        self.alive[process] = None
        return self._scheduler.spawn(process.name, live, process)

    def end_all(self) -> None:
        """The machine they ran on is gone."""
        self._warm.clear()
        for process in list(self.alive):
            self._scheduler.kill(process)
        self.alive.clear()


class Executions:
    """The `Workflows` port, and the clockwork behind it. `report` is told what must never happen."""

    def __init__(
        self,
        scheduler: Scheduler,
        ports: Ports,
        functions: Functions,
        machine: StateMachine,
        is_taken_over: Callable[[dict[str, Any]], bool],
        report: Callable[[str], None],
    ) -> None:
        self._scheduler = scheduler
        self._ports = ports
        self._functions = functions
        self._machine = machine
        self._is_taken_over = is_taken_over
        self._report = report
        self._names: set[str] = set()
        self._under_way: dict[Process, None] = {}
        self.ends: list[str] = []

    @property
    def count(self) -> int:
        return len(self._under_way)

    def start_sync(self, run: Run) -> None:
        """See the port."""
        self._ports.gate("workflow.start")
        fails = self._ports.faults.strikes(Sort.WORKFLOW)
        if fails and self._scheduler.random.random() < 0.5:
            raise RetryLater("the state machine could not be started")
        name = f"{run.run_id[:6]}-{run.takeovers}"
        if name not in self._names:
            self._names.add(name)
            process = Process(f"execution {name}")
            self._under_way[process] = None
            self._scheduler.spawn(process.name, lambda: self._execute(process, run), process)
        if fails:
            raise RetryLater("whether the state machine was started is not known")

    def vanish(self) -> None:
        """Every execution is forgotten, as by a restart of the local AWS without its data."""
        for process in list(self._under_way):
            self._scheduler.kill(process)
        self._under_way.clear()

    def _execute(self, process: Process, run: Run) -> None:
        try:
            end = self._machine.execute(
                first_state(run),
                invoke=self._invoke,
                wait=self._scheduler.sleep,
                enter=self._scheduler.note,
            )
            self.ends.append(end)
            self._scheduler.note(f"END {end}")
        finally:
            self._under_way.pop(process, None)

    def _invoke(self, event: dict[str, Any], _seconds: float) -> Any:
        operation, state = str(event["operation"]), event["state"]

        def step(services: Services) -> dict[str, Any]:
            return perform_step(services, operation, state, FUNCTION_SECONDS)

        taken_over = self._is_taken_over(state)
        if self._ports.faults.strikes(Sort.TWICE):  # the same event delivered a second time
            self._functions.start(f"{operation}-twin", step)
        answer = self._functions.invoke(operation, step)
        if taken_over and answer["outcome"] not in ("lost", "wait") and operation != "classify":
            self._report(f"{operation} of a run that was taken over before: {answer['outcome']}")
        return answer
