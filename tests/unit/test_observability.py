"""Logs: one JSON line, and nothing in it that should not be there."""

from __future__ import annotations

import io
import itertools
import json
from typing import Any

import pytest
from aws_lambda_powertools.logging import Logger

from shared.config import ConfigurationError
from shared.domain.errors import StorageUnavailable
from shared.observability import REDACTED, described, make_logger, redacted

REFRESH_TOKEN = "AB11731234567890abcdefghijklmnopqrstuvwxyzABCDEFGH"
JWT = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJqYW5lIn0.c2lnbmF0dXJl"


NUMBERS = itertools.count()


def logged(write: Any) -> list[dict[str, Any]]:
    out = io.StringIO()
    write(make_logger(f"test-{next(NUMBERS)}", out))
    return [json.loads(line) for line in out.getvalue().splitlines()]


@pytest.mark.parametrize(
    "secret",
    [
        f"Bearer {REFRESH_TOKEN}",
        "bearer abc.def",
        "Authorization: Basic dXNlcjpwYXNz",
        f"token {JWT} refused",
        f"got {REFRESH_TOKEN}",
        "https://x.example/callback?code=AB123&state=xyz789",
        '{"access_token": "short", "refresh_token":"tiny"}',
        "client_secret=hunter2",
    ],
)
def test_a_secret_in_a_text_is_replaced(secret: str) -> None:
    (line,) = logged(lambda logger: logger.info(secret, note=secret, deep={"list": [secret]}))
    text = json.dumps(line)
    for part in (
        "AB11",
        "eyJ",
        "abc.def",
        "dXNlcjp",
        "AB123",
        "xyz789",
        "short",
        "tiny",
        "hunter2",
    ):
        assert part not in text
    assert REDACTED in text


def test_a_field_named_like_a_secret_is_replaced_whatever_it_holds() -> None:
    (line,) = logged(
        lambda logger: logger.info(
            "x", access_token="a", token_version=7, Cookie="b", deep={"clientSecret": ["c"]}
        )
    )
    assert (line["access_token"], line["Cookie"]) == (REDACTED, REDACTED)
    assert line["deep"] == {"clientSecret": REDACTED}
    assert line["token_version"] == 7


def test_our_ids_counts_and_codes_stay() -> None:
    kept = {"run_id": "0123456789abcdef" * 2, "problem": "NOT_CONNECTED", "created": 3629}
    assert redacted(kept) == kept


def _failed() -> ValueError:
    try:
        try:
            int("Jane Doe")
        except ValueError as error:
            raise StorageUnavailable("table records: timed out") from error
    except StorageUnavailable as error:
        outer = ValueError("customer Jane Doe")
        outer.__cause__ = error
        return outer


def test_an_error_is_told_by_class_and_place_and_only_ours_by_text() -> None:
    lines = described(_failed())
    assert lines[0] == "builtins.ValueError"
    assert "shared.domain.errors.StorageUnavailable: table records: timed out" in lines
    assert any("test_observability.py" in line and "_failed" in line for line in lines)
    assert "Jane" not in "".join(lines)


def test_a_logged_exception_never_quotes_what_it_was_given() -> None:
    def write(logger: Logger) -> None:
        try:
            raise _failed()
        except ValueError:
            logger.exception("failed")

    (line,) = logged(write)
    assert "Jane" not in json.dumps(line)
    assert "ValueError" in line["exception"]


def test_a_missing_setting_is_named_in_the_log() -> None:
    assert described(ConfigurationError("PUBLIC_URL is not set")) == [
        "shared.config.ConfigurationError: PUBLIC_URL is not set"
    ]
