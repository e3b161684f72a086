"""Everything that is written down anywhere: logs, execution histories, tables, answers of the API."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Any

from local.deploy import STACK
from local.stack import Stack
from tests.support.deployed.company import Company
from tests.support.deployed.functions import Functions

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_logs import CloudWatchLogsClient


class Traces:
    def __init__(self, stack: Stack, functions: Functions) -> None:
        self._stack = stack
        self._functions = functions
        self._logs: CloudWatchLogsClient = stack.aws.session.client(
            "logs", endpoint_url=stack.aws.endpoint_url, config=stack.aws.config
        )
        self._tables: DynamoDBClient = stack.aws.session.client(
            "dynamodb", endpoint_url=stack.aws.endpoint_url, config=stack.aws.config
        )

    def of(self, company: Company, run_id: str) -> dict[str, str]:
        """Text by place: all logs since there is the company, its rows, the run's histories, what the
        API told it.

        Fails where nothing is known of the run: who looks for what must not be there has to look at
        the right places.
        """
        histories = "\n".join(
            str(self._functions.history(arn)) for arn in self._functions.executions(run_id)
        )
        answers = "\n".join(company.heard)
        found = {
            **dict(self.logs(company.opened)),
            **dict(self.rows(company)),
            "history": histories,
            "API": answers,
        }
        knowing = {place for place, text in found.items() if run_id in text}
        expected = {f"log /aws/lambda/{STACK}/sync_items", "table sync_state", "history", "API"}
        assert expected <= knowing, f"only {sorted(knowing)} of {sorted(found)} know the run"
        return found

    def logs(self, since: datetime) -> Iterator[tuple[str, str]]:
        """One text for each log group."""
        groups = self._logs.get_paginator("describe_log_groups").paginate()
        for name in [group["logGroupName"] for page in groups for group in page["logGroups"]]:
            pages = self._logs.get_paginator("filter_log_events").paginate(
                logGroupName=name, startTime=int(since.timestamp() * 1000)
            )
            lines = [event["message"] for page in pages for event in page["events"]]
            yield f"log {name}", "\n".join(lines)

    def rows(self, company: Company) -> Iterator[tuple[str, str]]:
        """One text for each table, binary values as they are and in base64; the grants are all of them."""
        for name, table in self._stack.table_names.items():
            pages = self._tables.get_paginator("scan").paginate(
                TableName=table,
                FilterExpression="contains(pk, :company) OR begins_with(pk, :grant) OR "
                "begins_with(pk, :consent)",
                ExpressionAttributeValues={
                    ":company": {"S": company.company_id},
                    ":grant": {"S": "grant#"},
                    ":consent": {"S": "consent#"},
                },
            )
            rows = [_shown(row) for page in pages for row in page["Items"]]
            yield f"table {name}", "\n".join(rows)


def _shown(value: Any) -> str:
    if isinstance(value, dict):
        return " ".join(f"{name}={_shown(inner)}" for name, inner in value.items())
    if isinstance(value, list):
        return " ".join(map(_shown, value))
    if isinstance(value, bytes):
        return f"{value.decode('latin-1')} {base64.b64encode(value).decode()}"
    return str(value)
