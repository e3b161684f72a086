"""What fails is told: on the topic, in the API, in metrics; and one id goes from the call to the books.

A queue subscribed to the topic stands for the e-mail.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from local.connect import CONNECTION
from local.mail import Mail, Mailbox
from local.stack import Stack
from tests.support.deployed.company import Company, until
from tests.support.deployed.functions import (
    RELAY_CHANGES,
    REPORT_FAILURES,
    SYNC_ITEMS,
    Functions,
)
from tests.support.deployed.traces import Traces

pytestmark = pytest.mark.deployed

IN_EUROS = {"name": "Pipe", "unitPrice": "1.00", "currency": "EUR"}
IN_DOLLARS = {**IN_EUROS, "currency": "USD"}


class Mails:
    """What the topic sent, by company."""

    def __init__(self, stack: Stack) -> None:
        topic = stack.deployed.resources["NotificationsTopic"]
        self._mailbox = Mailbox(stack.aws, topic, "test-mail")
        self._received: list[Mail] = []

    def of(self, company: Company) -> list[str]:
        """The codes of its messages, in order."""
        self._received += self._mailbox.receive()
        told = [mail.attributes for mail in self._received]
        return [one["code"] for one in told if one.get("companyId") == company.company_id]


@pytest.fixture(scope="module")
def mails(stack: Stack) -> Mails:
    return Mails(stack)


@pytest.fixture
def automatic(company: Company) -> Company:
    """Its changes go by themselves."""
    company.ready()
    company.api.put(f"{CONNECTION}/setup", {"importCustomers": "skipped", "importItems": "skipped"})
    return company


def notified(company: Company) -> list[str]:
    """Codes, oldest first."""
    listed = company.api.get("/v1/notifications")["notifications"]
    return [one["code"] for one in reversed(listed)]


class Logs:
    """What a function logs; the emulator keeps lines that it reads late for the function's next call."""

    def __init__(self, traces: Traces, functions: Functions) -> None:
        self._traces, self._functions = traces, functions
        self._since = datetime.now(UTC)

    def of(self, function: str) -> str:
        self._functions.invoke(function, {"Records": []})
        name = f"/{_LOG_GROUPS[function]}"
        return next(text for group, text in self._traces.logs(self._since) if group.endswith(name))


_LOG_GROUPS = {
    RELAY_CHANGES: "relay_changes",
    REPORT_FAILURES: "report_failures",
    SYNC_ITEMS: "sync_items",
}


@pytest.fixture
def logs(traces: Traces, functions: Functions) -> Logs:
    """From now on."""
    return Logs(traces, functions)


def test_a_refused_record_is_told_once_and_so_is_its_end(automatic: Company, mails: Mails) -> None:
    for item in ("I-1", "I-2"):
        automatic.api.put(f"/v1/items/{item}", {**IN_EUROS, "name": item})
    until(lambda: len(automatic.failures()) == 2, "both failures", 40)
    until(lambda: mails.of(automatic) == ["RECORDS_REFUSED"], "the message", 30)
    causes = automatic.api.get("/v1/failures/causes?provider=quickbooks")["causes"]
    assert [(one["cause"], one["count"]) for one in causes] == [("CURRENCY_DIFFERS", 2)]

    for item in ("I-1", "I-2"):
        automatic.api.put(f"/v1/items/{item}", {**IN_DOLLARS, "name": item})
    both = ["RECORDS_REFUSED", "RECORDS_SYNCED_AGAIN"]
    until(lambda: mails.of(automatic) == both, "the message of its end", 40)
    assert notified(automatic) == both
    assert automatic.failures() == []
    assert automatic.connection()["unsynced"] == {"count": 0, "oldestSince": None}


def test_a_muted_connection_is_told_in_the_api_only(automatic: Company, mails: Mails) -> None:
    automatic.api.put(f"{CONNECTION}/settings", {"notify": False})
    automatic.api.put("/v1/items/I-1", IN_EUROS)
    until(lambda: notified(automatic) == ["RECORDS_REFUSED"], "the notification", 40)
    assert mails.of(automatic) == []


def test_one_id_goes_from_the_call_to_the_provider(automatic: Company, logs: Logs) -> None:
    answer = automatic.asked("PUT", "/v1/items/I-1", IN_DOLLARS)
    cause = answer.headers["x-correlation-id"]
    until(lambda: len(automatic.books()) == 1, "the item in the books", 40)
    until(lambda: cause in logs.of(RELAY_CHANGES), "the line of what relayed it", 30)

    def calls() -> list[dict[str, Any]]:
        lines = logs.of(SYNC_ITEMS).splitlines()
        told = [json.loads(line) for line in lines if '"called"' in line]
        return [one for one in told if one.get("correlation_id") == cause]

    until(lambda: any(one["path"].endswith("/batch") for one in calls()), "the call's line", 30)


def test_a_dead_letter_is_told_to_its_company_and_counted(
    stack: Stack, automatic: Company, mails: Mails, logs: Logs
) -> None:
    body = {"companyId": automatic.company_id, "provider": "quickbooks", "kind": "item"}
    queue = stack.deployed.resources["DeadLetterQueue"]
    sqs = stack.aws.session.client(
        "sqs", endpoint_url=stack.aws.endpoint_url, config=stack.aws.config
    )
    for message in ("by hand", json.dumps(body)):
        sqs.send_message(QueueUrl=queue, MessageBody=message)
    until(lambda: mails.of(automatic) == ["STOPPED_UNEXPECTEDLY"], "the message", 40)
    assert notified(automatic) == ["STOPPED_UNEXPECTEDLY"]

    def counted() -> int:
        lines = logs.of(REPORT_FAILURES).splitlines()
        measured = [json.loads(line) for line in lines if '"_aws"' in line]
        return sum(sum(one["DeadLetters"]) for one in measured)

    until(lambda: counted() == 2, "both in the metric", 30)
