"""Starts a run's state machine."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from shared.domain.errors import RetryLater
from shared.domain.ids import RecordKind
from shared.domain.runs import Run
from shared.sync.steps import first_state

if TYPE_CHECKING:
    from mypy_boto3_stepfunctions import SFNClient


class StepFunctionsWorkflows:
    """The `Workflows` port over Step Functions; the client is made on first use."""

    def __init__(self, client: Callable[[], SFNClient], arns: Mapping[RecordKind, str]) -> None:
        self._client = client
        self._arns = arns

    def start_sync(self, run: Run) -> None:
        from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415 - with the client

        client = self._client()
        try:
            client.start_execution(
                stateMachineArn=self._arns[run.kind],
                name=f"{run.run_id}-{run.takeovers}",
                input=json.dumps(first_state(run)),
            )
        except client.exceptions.ExecutionAlreadyExists:
            return
        except (BotoCoreError, ClientError) as error:
            raise RetryLater(
                f"run {run.run_id}: its state machine could not be started ({type(error).__name__})"
            ) from None
