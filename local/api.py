"""A small client of the suite's own HTTP API, as BlueClerk's frontend would be one."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http import HTTPStatus
from typing import Any

import httpx2

from local.trouble import LaunchFailed

_SECONDS = 35.0
_PATIENCE = 60.0
_PAUSE = 1.0
_RENEW_BEFORE = 600.0
TOKEN_SECONDS = 3600


class ApiRefused(LaunchFailed):
    """A problem document: `code` for programs, the text says what a person would be told."""

    def __init__(self, call: str, status: int, problem: dict[str, Any]) -> None:
        self.status = status
        self.code = str(problem.get("code", ""))
        sentence = problem.get("detail") or problem.get("title") or "no reason given"
        super().__init__(
            f"{call} was answered {status}: {sentence} {problem.get('action') or ''}".strip()
        )


class TokenKeeper:
    """Hands out a bearer token that is good for some minutes."""

    def __init__(self, mint: Callable[[], str]) -> None:
        self._mint = mint
        self._token = ""
        self._fresh_until = 0.0

    def token(self) -> str:
        if time.monotonic() > self._fresh_until:
            self._token = self._mint()
            self._fresh_until = time.monotonic() + TOKEN_SECONDS - _RENEW_BEFORE
        return self._token


class SuiteApi:
    """One company's calls. Each raises `ApiRefused`, or `LaunchFailed` where nothing answers.

    "Try again in a little while" (503) is obeyed for a minute: every call here may be repeated.
    """

    def __init__(self, client: httpx2.Client, tokens: TokenKeeper) -> None:
        self._client = client
        self._tokens = tokens

    def get(self, path: str) -> dict[str, Any]:
        return self._call("GET", path)

    def post(self, path: str, body: object) -> dict[str, Any]:
        return self._call("POST", path, json.dumps(body).encode())

    def put(self, path: str, body: object) -> dict[str, Any]:
        return self._call("PUT", path, json.dumps(body).encode())

    def post_csv(self, path: str, content: bytes) -> dict[str, Any]:
        return self._call("POST", path, content, "text/csv")

    def _call(
        self, method: str, path: str, content: bytes = b"", kind: str = "application/json"
    ) -> dict[str, Any]:
        give_up = time.monotonic() + _PATIENCE
        while True:
            try:
                return self._call_once(method, path, content, kind)
            except ApiRefused as refused:
                if refused.status != HTTPStatus.SERVICE_UNAVAILABLE or time.monotonic() > give_up:
                    raise
                time.sleep(_PAUSE)

    def _call_once(self, method: str, path: str, content: bytes, kind: str) -> dict[str, Any]:
        call = f"{method} {path}"
        headers = {"authorization": f"Bearer {self._tokens.token()}", "content-type": kind}
        try:
            answer = self._client.request(method, path, headers=headers, content=content)
        except httpx2.TransportError as error:
            raise LaunchFailed(f"{call} was not answered: {error}") from None
        try:
            body = answer.json()
        except ValueError:
            body = {"title": answer.text[:200]}
        if answer.is_error or not isinstance(body, dict):
            raise ApiRefused(call, answer.status_code, body if isinstance(body, dict) else {})
        return body


@contextmanager
def suite_api(api_url: str, mint: Callable[[], str]) -> Iterator[SuiteApi]:
    with httpx2.Client(base_url=api_url, timeout=_SECONDS, trust_env=False) as client:
        yield SuiteApi(client, TokenKeeper(mint))
