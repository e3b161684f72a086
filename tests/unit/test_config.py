"""Settings are read once, and everything wrong with them is said at once."""

from __future__ import annotations

import pytest

from shared.config import ConfigurationError, load
from shared.domain.ids import ProviderName

PROVIDER = ProviderName("quickbooks")
COMPLETE = {
    "RECORDS_TABLE": "records",
    "SYNC_STATE_TABLE": "state",
    "GRANTS_TABLE": "grants",
    "TOKEN_KEY_ID": "key",
    "PROVIDER_SECRET_NAME": "secret",
    "QUICKBOOKS_API_URL": "https://books.example/",
    "QUICKBOOKS_AUTHORIZE_URL": "https://books.example/authorize",
    "QUICKBOOKS_TOKEN_URL": "https://books.example/token",
    "QUICKBOOKS_REVOKE_URL": "https://books.example/revoke",
}


def test_a_complete_environment_is_read_with_sensible_defaults() -> None:
    settings = load((PROVIDER,), COMPLETE)
    assert settings.records_table == "records"
    assert settings.endpoints[PROVIDER].api_url == "https://books.example"
    assert (settings.slice_seconds, settings.abandoned_seconds) == (270.0, 60.0)
    assert settings.token_patience_seconds is None


def test_slice_and_one_last_call_fit_into_a_functions_life() -> None:
    settings = load((PROVIDER,), COMPLETE)
    assert settings.slice_seconds + settings.request_deadline_seconds < 300


@pytest.mark.parametrize("name", COMPLETE)
@pytest.mark.parametrize("value", [None, "", "  "])
def test_each_variable_that_is_missing_is_named(name: str, value: str | None) -> None:
    environment = {key: text for key, text in COMPLETE.items() if key != name}
    if value is not None:
        environment[name] = value
    with pytest.raises(ConfigurationError, match=f"{name} is not set"):
        load((PROVIDER,), environment)


def test_all_that_is_wrong_is_said_at_once() -> None:
    with pytest.raises(ConfigurationError) as raised:
        load((PROVIDER,), {"SLICE_SECONDS": "soon", "GRANTS_TABLE": "grants"})
    message = str(raised.value)
    assert "RECORDS_TABLE is not set" in message
    assert "SLICE_SECONDS is not a number of seconds" in message
    assert "GRANTS_TABLE" not in message


@pytest.mark.parametrize("text", ["0", "-1", "nan", "inf", "1e9", "x"])
def test_a_number_of_seconds_is_a_sensible_one(text: str) -> None:
    with pytest.raises(ConfigurationError, match="HEARTBEAT_SECONDS"):
        load((PROVIDER,), {**COMPLETE, "HEARTBEAT_SECONDS": text})
