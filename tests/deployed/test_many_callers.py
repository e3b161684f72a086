"""64 callers at once want a token that has ended: one refresh, and all are given the one new token.

Four processes of 14 threads use the library that every function uses, with a function's settings, over
the deployed tables, key and provider; eight invocations of the deployed `refresh_token` join them.

How a token ends here: the sandbox lets it lapse, so that it really is dead and nobody could be served
with it unnoticed; and the grant's row is made an hour older, as an hour of waiting would have it (the
two instants only, nothing that decides who refreshes). Only the sandbox's half would not do: callers
would then have to be refused with 401 first, one by one. Each refresh rotates the refresh token and
a superseded one ends the whole grant, so that a second refresh could not stay unseen.
"""

from __future__ import annotations

import hashlib
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Self

import pytest
from botocore.config import Config

from shared.storage.keys import instant
from tests.support.deployed.company import Company, plain_rows
from tests.support.deployed.functions import REFRESH_TOKEN, Functions
from tests.support.deployed.sealed import grant_of, tokens_of

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient

pytestmark = [pytest.mark.deployed, pytest.mark.alone]

ROUNDS, LEAST, ENOUGH = 200, 20, 45.0
"""So many rounds; where the machine is slow, the least once it has taken so many seconds."""
PROCESSES, THREADS, INVOCATIONS = 4, 14, 8
_HOUR = timedelta(hours=1)


@dataclass(frozen=True)
class Served:
    """`digest` is that of the token; an invocation's answer has none."""

    seconds: float
    version: int
    digest: str | None


class CallerProcess:
    """See `tests.support.deployed.token_caller`."""

    def __init__(self, company: Company, settings: Mapping[str, str]) -> None:
        self._process = subprocess.Popen(
            [
                *(sys.executable, "-m", "tests.support.deployed.token_caller"),
                *(company.company_id, str(THREADS)),
            ],
            env={"PATH": os.environ["PATH"], "PYTHONDONTWRITEBYTECODE": "1", **settings},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._asks, self._answers = self._process.stdin, self._process.stdout

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._asks.close()
        self._answers.close()
        self._process.wait(60)

    def wait_until_ready(self) -> None:
        assert self._answers.readline() == "ready\n"

    def begin(self) -> None:
        self._asks.write("\n")
        self._asks.flush()

    def ended(self) -> list[Served]:
        line = self._answers.readline()
        while line.startswith("{"):  # a log line, as a function writes them
            line = self._answers.readline()
        return [Served(*one) for one in json.loads(line)]


class Callers:
    """All 64 of them."""

    def __init__(self, company: Company, functions: Functions, closing: ExitStack) -> None:
        stack = company.stack
        self._functions: LambdaClient = stack.aws.session.client(
            "lambda",
            endpoint_url=stack.aws.endpoint_url,
            config=stack.aws.config.merge(
                Config(max_pool_connections=INVOCATIONS, read_timeout=120)
            ),
        )
        self._function = stack.deployed.resources[REFRESH_TOKEN]
        self._event = json.dumps({"companyId": company.company_id, "provider": "quickbooks"})
        self._pool = closing.enter_context(ThreadPoolExecutor(INVOCATIONS))
        settings = functions.environment(REFRESH_TOKEN)
        self._processes = [
            closing.enter_context(CallerProcess(company, settings)) for _ in range(PROCESSES)
        ]
        for process in self._processes:
            process.wait_until_ready()

    def all_at_once(self) -> list[Served]:
        for process in self._processes:
            process.begin()
        invoked = [self._pool.submit(self._invoke) for _ in range(INVOCATIONS)]
        served = [one for process in self._processes for one in process.ended()]
        return served + [one.result() for one in invoked]

    def _invoke(self) -> Served:
        began = time.monotonic()
        answer = json.load(
            self._functions.invoke(FunctionName=self._function, Payload=self._event)["Payload"]
        )
        assert answer.get("outcome") == "fresh", answer
        return Served(time.monotonic() - began, answer["tokenVersion"], None)


@pytest.fixture
def connected(company: Company) -> Iterator[Company]:
    company.control.settings(rotationSeconds=0, reuseRevokesChain=True)
    company.ready()
    yield company
    company.control.settings(rotationSeconds=86_400, reuseRevokesChain=False)


def let_the_token_end(company: Company) -> int:
    """See above; the version that has ended."""
    company.control.post("/grants/expire-access", {"realm": company.realm})
    stack = company.stack
    grant = grant_of(stack, company.company_id)
    assert grant.rotated_at is not None
    stack.aws.session.client(
        "dynamodb", endpoint_url=stack.aws.endpoint_url, config=stack.aws.config
    ).update_item(
        TableName=stack.table_names["grants"],
        Key={"pk": {"S": f"grant#{grant.grant_id}"}, "sk": {"S": "grant"}},
        UpdateExpression="SET access_expires_at = :ended, rotated_at = :before",
        ConditionExpression="token_version = :version",
        ExpressionAttributeValues={
            ":ended": {"S": instant(grant.access_expires_at - _HOUR)},
            ":before": {"S": instant(grant.rotated_at - _HOUR)},
            ":version": {"N": str(grant.token_version)},
        },
    )
    return grant.token_version


def test_64_callers_cost_one_refresh_and_all_get_its_token(
    connected: Company, functions: Functions
) -> None:
    waits: list[float] = []
    with ExitStack() as closing:
        callers = Callers(connected, functions, closing)
        callers.all_at_once()  # the workers start; nothing is due
        connected.control.settings(latency={"token": 100})
        began = time.monotonic()
        for number in range(1, ROUNDS + 1):
            if number > LEAST and time.monotonic() - began > ENOUGH:
                break
            ended = let_the_token_end(connected)
            served = callers.all_at_once()
            assert len(served) == PROCESSES * THREADS + INVOCATIONS
            assert {one.version for one in served} == {ended + 1}, f"round {number}"
            assert len({one.digest for one in served} - {None}) == 1, f"round {number}"
            assert connected.counters()["refreshes"] == number
            waits += [one.seconds for one in served]
        seconds = time.monotonic() - began
    token, _ = tokens_of(connected.stack, connected.company_id)
    assert served[0].digest == hashlib.sha256(token.encode()).hexdigest(), "what is stored"
    connected.import_rows(plain_rows(1))
    assert connected.sync()["counts"]["created"] == 1, "and it works"
    hundredths = statistics.quantiles(waits, n=100)
    rounds = len(waits) // len(served)
    print(  # noqa: T201 - the figure this test is also run for
        f"\n{rounds} rounds of {len(served)} callers in {seconds:.0f} s; a caller waited "
        f"{hundredths[49]:.2f} s (p50), {hundredths[94]:.2f} s (p95), {max(waits):.2f} s at most"
    )
