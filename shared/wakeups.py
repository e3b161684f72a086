"""Wake-ups over SQS: a message names a connection and a kind, never a record."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Final

from shared.domain.errors import RetryLater
from shared.domain.ids import CompanyId, ConnectionKey, ProviderName, RecordKind

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

LONGEST_DELAY: Final = 900
"""Seconds; SQS' limit. Whoever waits longer is woken by the schedule."""


class SqsWakeUps:
    """The `WakeUps` port; the client is made on first use. `queue_urls`: one queue per kind."""

    def __init__(
        self, client: Callable[[], SQSClient], queue_urls: Mapping[RecordKind, str]
    ) -> None:
        self._client = client
        self._queue_urls = queue_urls

    def wake(self, connection: ConnectionKey, kind: RecordKind, after: float = 0.0) -> None:
        from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415 - with the client

        try:
            self._client().send_message(
                QueueUrl=self._queue_urls[kind],
                MessageBody=written(connection, kind),
                DelaySeconds=min(LONGEST_DELAY, max(0, math.ceil(after))),
            )
        except (BotoCoreError, ClientError) as error:
            raise RetryLater(
                f"a wake-up of {connection.provider} could not be sent ({type(error).__name__})"
            ) from None


def written(connection: ConnectionKey, kind: RecordKind) -> str:
    return json.dumps(
        {"companyId": connection.company_id, "provider": connection.provider, "kind": kind}
    )


def read(body: str) -> tuple[ConnectionKey, RecordKind]:
    """Raises `ValueError` for a message that is not one of ours."""
    try:
        given = json.loads(body)
        company_id, provider, kind = given["companyId"], given["provider"], given["kind"]
    except (KeyError, TypeError):
        raise ValueError("a wake-up names companyId, provider and kind") from None
    if not (isinstance(company_id, str) and isinstance(provider, str) and company_id and provider):
        raise ValueError("a wake-up names a company and a provider")
    return ConnectionKey(CompanyId(company_id), ProviderName(provider)), RecordKind(kind)
