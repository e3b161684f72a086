"""The deployed functions as an operator has them: their settings, their processes, their executions."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from local.aws import REGION
from local.ports import HOST
from local.stack import Stack
from tests.support.deployed.company import until

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_stepfunctions import SFNClient

SYNC_ITEMS = "SyncItemsFunction"
SYNC_CUSTOMERS = "SyncCustomersFunction"
SYNC_PAYMENTS = "SyncPaymentsFunction"
SCHEDULE_SYNCS = "ScheduleSyncsFunction"
RELAY_CHANGES = "RelayChangesFunction"
REPORT_FAILURES = "ReportFailuresFunction"
REFRESH_TOKEN = "RefreshTokenFunction"
API = "ApiFunction"
RUNS_RULE = "ScheduleSyncsFunctionEveryMinute"
SWEEP_RULE = "RefreshTokenFunctionSweepQuickBooks"


class Functions:
    """Functions are named by their logical ids of template.yaml."""

    def __init__(self, stack: Stack, data: Path) -> None:
        self._stack = stack
        self._workers_below = data.resolve() / "tmp"
        self._lambda: LambdaClient = stack.aws.session.client(
            "lambda", endpoint_url=stack.aws.endpoint_url, config=stack.aws.config
        )
        self._events: Any = stack.aws.session.client(
            "events", endpoint_url=stack.aws.endpoint_url, config=stack.aws.config
        )
        self._states: SFNClient = stack.aws.session.client(
            "stepfunctions", endpoint_url=stack.aws.endpoint_url, config=stack.aws.config
        )

    @contextmanager
    def settings(
        self, function: str, *, timeout: int | None = None, **variables: str
    ) -> Iterator[None]:
        """Other settings for a while. Running workers of the function are ended by each change."""
        name = self._stack.deployed.resources[function]
        before = self._lambda.get_function_configuration(FunctionName=name)
        environment = before["Environment"]["Variables"]
        self._lambda.update_function_configuration(
            FunctionName=name,
            Timeout=timeout or before["Timeout"],
            Environment={"Variables": {**environment, **variables}},
        )
        try:
            yield
        finally:
            self._lambda.update_function_configuration(
                FunctionName=name,
                Timeout=before["Timeout"],
                Environment={"Variables": environment},
            )

    def environment(self, function: str) -> dict[str, str]:
        """For running the library in a process of the test's own, as the function runs it."""
        configuration = self._lambda.get_function_configuration(
            FunctionName=self._stack.deployed.resources[function]
        )
        return {
            **configuration["Environment"]["Variables"],
            "AWS_ENDPOINT_URL": self._stack.aws.endpoint_url,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "NO_PROXY": HOST,
        }

    @contextmanager
    def ticking(self, of: str = RUNS_RULE) -> Iterator[None]:
        """A schedule's rule does its work for a while (see `hold_the_schedule`)."""
        rule = self._stack.deployed.resources[of]
        self._events.enable_rule(Name=rule)
        try:
            yield
        finally:
            self._events.disable_rule(Name=rule)

    def hold_the_schedule(self) -> None:
        """Nothing is taken over or swept by itself, however slow the machine is.

        Put rather than disabled: the emulator then counts the minute from now, not from `ticking`.
        """
        for each in (RUNS_RULE, SWEEP_RULE):
            rule = self._stack.deployed.resources[each]
            schedule = self.schedule(each)
            self._events.put_rule(Name=rule, ScheduleExpression=schedule, State="DISABLED")

    def schedule(self, rule: str) -> str:
        """When it ticks, as it is deployed."""
        name = self._stack.deployed.resources[rule]
        return str(self._events.describe_rule(Name=name)["ScheduleExpression"])

    def invoke(self, function: str, event: object) -> dict[str, Any]:
        answer = self._lambda.invoke(
            FunctionName=self._stack.deployed.resources[function],
            Payload=json.dumps(event).encode(),
        )
        body: dict[str, Any] = json.loads(answer["Payload"].read())
        assert "FunctionError" not in answer, body
        return body

    def workers(self, function: str) -> list[int]:
        """Process ids of the emulator's workers for a function; of this stack and no other."""
        folder = (
            f"{self._workers_below}/ministack-lambda-{self._stack.deployed.resources[function]}-"
        )
        found = []
        for process in Path("/proc").iterdir():
            if not process.name.isdecimal():
                continue
            try:
                command = (process / "cmdline").read_bytes().decode("utf-8", "replace")
            except OSError:  # it ended meanwhile
                continue
            if folder in command:
                found.append(int(process.name))
        return found

    def signal_workers(self, function: str, number: signal.Signals) -> int:
        """How many got it."""
        workers = self.workers(function)
        for worker in workers:
            os.kill(worker, number)
        return len(workers)

    def kill(self, function: str) -> None:
        """SIGKILL to all of its workers; returns when they are gone."""
        killed = self.workers(function)
        assert killed, f"no worker of {function} is running"
        for worker in killed:
            os.kill(worker, signal.SIGKILL)
        until(lambda: not set(killed) & set(self.workers(function)), "the killed workers to go", 20)

    def executions(self, run_id: str) -> list[str]:
        """Of that run, the first one first: one more for each time it was taken over."""
        pages = self._states.get_paginator("list_executions").paginate(
            stateMachineArn=self._stack.deployed.resources["SyncItemsStateMachine"]
        )
        found = [
            execution["executionArn"]
            for page in pages
            for execution in page["executions"]
            if execution["name"].startswith(f"{run_id}-")
        ]
        return sorted(found, key=lambda arn: int(arn.rpartition("-")[2]))

    def stop_execution(self, arn: str) -> None:
        self._states.stop_execution(executionArn=arn)

    def status(self, arn: str) -> str:
        return str(self._states.describe_execution(executionArn=arn)["status"])

    def history(self, arn: str) -> list[dict[str, Any]]:
        events: list[dict[str, Any]] = []
        pages = self._states.get_paginator("get_execution_history").paginate(
            executionArn=arn, includeExecutionData=True
        )
        for page in pages:
            events.extend(dict(event) for event in page["events"])
        return events

    def states(self, run_id: str) -> list[str]:
        """The states that the run's executions entered, in order."""
        return [
            event["stateEnteredEventDetails"]["name"]
            for arn in self.executions(run_id)
            for event in self.history(arn)
            if "stateEnteredEventDetails" in event
        ]
