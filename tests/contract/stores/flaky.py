"""A DynamoDB client that fails to order, in front of the real one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from botocore.exceptions import (
    ClientError,
    ConnectionClosedError,
    EndpointConnectionError,
    ReadTimeoutError,
)

Fault = Callable[[Callable[..., Any], dict[str, Any]], Any]
"""Given the real method and its arguments: what the caller gets instead."""


class FlakyClient:
    """`faults[operation]` are used up in order, one per call; then the real client answers.

    `calls` counts each operation's calls.
    """

    def __init__(self, client: Any, faults: dict[str, list[Fault]]) -> None:
        self._client = client
        self._faults = faults
        self.calls: dict[str, int] = {}

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._client, name)

        def call(**arguments: Any) -> Any:
            self.calls[name] = self.calls.get(name, 0) + 1
            waiting = self._faults.get(name, [])
            return waiting.pop(0)(method, arguments) if waiting else method(**arguments)

        call.__name__ = name
        return call


def refused(code: str) -> Fault:
    """The service refuses the call with this code and does nothing."""

    def fault(_method: Callable[..., Any], _arguments: dict[str, Any]) -> Any:
        raise ClientError({"Error": {"Code": code, "Message": code}}, "Operation")

    return fault


def never_connects(_method: Callable[..., Any], _arguments: dict[str, Any]) -> Any:
    raise EndpointConnectionError(endpoint_url="http://127.0.0.1")


def times_out_before(_method: Callable[..., Any], _arguments: dict[str, Any]) -> Any:
    raise ReadTimeoutError(endpoint_url="http://127.0.0.1")


def answer_is_lost(method: Callable[..., Any], arguments: dict[str, Any]) -> Any:
    """It happens, and nobody is told."""
    method(**arguments)
    raise ConnectionClosedError(endpoint_url="http://127.0.0.1")


def elements_fail(code: str, *places: int, after: bool = False) -> Fault:
    """Those statements of a batch fail with this code, before or after they had their effect."""

    def fault(method: Callable[..., Any], arguments: dict[str, Any]) -> Any:
        statements = arguments["Statements"]
        sent = [one for n, one in enumerate(statements) if after or n not in places]
        answers = iter(method(Statements=sent)["Responses"] if sent else [])
        responses = []
        for place in range(len(statements)):
            answer = next(answers) if after or place not in places else {}
            failed = {"Error": {"Code": code, "Message": code}}
            responses.append(failed if place in places else answer)
        return {"Responses": responses}

    return fault


def some_unprocessed(key: str, field: str) -> Fault:
    """All but the first request of a batch come back unprocessed, under `key`."""

    def fault(method: Callable[..., Any], arguments: dict[str, Any]) -> Any:
        ((table, requests),) = arguments["RequestItems"].items()
        group = requests if field == "" else requests[field]
        done = group[:1] if field == "" else {**requests, field: group[:1]}
        left = group[1:] if field == "" else {**requests, field: group[1:]}
        answer = method(RequestItems={table: done})
        return {**answer, key: {table: left}}

    return fault
