"""Wake-ups over SQS, marked with what the present work was caused by."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Final

from shared import correlation
from shared.domain.errors import RetryLater
from shared.domain.ids import CompanyId, ConnectionKey, RecordKind
from shared.domain.wake_up import Task, WakeUp
from shared.sync.uploads import messages

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

LONGEST_DELAY: Final = 900
"""Seconds; SQS' limit. Whoever waits longer is woken by the schedule."""


class SqsWakeUps:
    """The ports `WakeUps` and `Tasks`; the client is made on first use. `queue_urls`: one queue per kind."""

    def __init__(
        self, client: Callable[[], SQSClient], queue_urls: Mapping[RecordKind, str]
    ) -> None:
        self._client = client
        self._queue_urls = queue_urls

    def wake(self, connection: ConnectionKey, kind: RecordKind, after: float = 0.0) -> None:
        self._send(WakeUp(connection, kind, correlation.current()), after)

    def hand_over(self, connection: ConnectionKey, kind: RecordKind, task: Task) -> None:
        self._send(WakeUp(connection, kind, correlation.current(), task))

    def _send(self, wake_up: WakeUp, after: float = 0.0) -> None:
        from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415 - with the client

        try:
            self._client().send_message(
                QueueUrl=self._queue_urls[wake_up.kind],
                MessageBody=wake_up.written(),
                DelaySeconds=min(LONGEST_DELAY, max(0, math.ceil(after))),
            )
        except (BotoCoreError, ClientError) as error:
            raise RetryLater(
                f"a wake-up of {wake_up.connection.provider} could not be sent ({type(error).__name__})"
            ) from None


class SqsImportQueue:
    """The `ImportQueue` port; the client is made on first use."""

    def __init__(self, client: Callable[[], SQSClient], queue_url: str) -> None:
        self._client = client
        self._queue_url = queue_url

    def wake(self, company_id: CompanyId, import_id: str) -> None:
        from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415 - with the client

        try:
            self._client().send_message(
                QueueUrl=self._queue_url, MessageBody=messages.written(company_id, import_id)
            )
        except (BotoCoreError, ClientError) as error:
            raise RetryLater(
                f"a message of an import could not be sent ({type(error).__name__})"
            ) from None
