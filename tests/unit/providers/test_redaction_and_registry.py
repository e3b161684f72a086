"""Secrets stay out of messages; the registry is the only list of providers."""

from __future__ import annotations

import subprocess
import sys

import pytest

from shared.config import ProviderEndpoints
from shared.domain.errors import NotFound
from shared.domain.ids import ProviderName, RemoteCompanyId
from shared.providers import registry
from shared.providers.redaction import redact, request_id
from tests.support.effects import SeededChance, VirtualClock
from tests.unit.providers.scripted import CountingTokens, ScriptedTransport, replied

ENDPOINTS = ProviderEndpoints("http://b", "http://b/authorize", "http://b/token", "http://b/revoke")


@pytest.mark.parametrize(
    "text",
    [
        "Authorization: Bearer eyJhbGciOi.short",
        "authorization: basic c2VjcmV0",
        '{"access_token":"s3cr3t-value"}',
        "refresh_token=s3cr3t-value&x=1",
        "Token expired: s3cr3t-value" + "A1b2" * 20,
        "code=s3cr3t-value",
    ],
)
def test_what_looks_like_a_secret_is_removed(text: str) -> None:
    told = redact(text)
    for secret in ("eyJhbGciOi", "c2VjcmV0", "s3cr3t-value"):
        assert secret not in told


def test_a_given_secret_is_removed_wherever_it_stands() -> None:
    assert redact("detail short1 and short1", "short1", "") == "detail <removed> and <removed>"


def test_plain_messages_stay_as_they_are() -> None:
    text = "quickbooks: query Item: HTTP 503, codes none, request id 1-5f72e2c3-3a1f0b5c4d"
    assert redact(text) == text


def test_only_what_is_shaped_like_a_request_id_is_shown() -> None:
    assert request_id("1-5f72e2c3-3a1f0b5c4d") == "1-5f72e2c3-3a1f0b5c4d"
    for odd in ("", "Bearer x", "a" * 81, "né", "a\nb"):
        assert request_id(odd) == "none"


def test_an_unknown_provider_is_named_as_such_with_those_that_there_are() -> None:
    for ask in (
        lambda: registry.profile(ProviderName("nobooks")),
        lambda: registry.open_oauth(
            ProviderName("nobooks"),
            ENDPOINTS,
            client_id="a",
            client_secret="b",
            transport=ScriptedTransport(replied({})),
            clock=VirtualClock(),
            deadline=1.0,
        ),
        lambda: registry.open_provider(
            ProviderName("nobooks"),
            ENDPOINTS,
            remote_company_id=RemoteCompanyId("1"),
            tokens=CountingTokens(),
            transport=ScriptedTransport(replied({})),
            pacer=None,
            clock=VirtualClock(),
            chance=SeededChance(),
            deadline=1.0,
        ),
    ):
        with pytest.raises(NotFound) as unknown:
            ask()
        assert unknown.value.problem.code == "UNKNOWN_PROVIDER"
        assert "quickbooks" in unknown.value.problem.action


def test_each_provider_has_a_profile_of_its_own_name() -> None:
    for name in registry.provider_names():
        profile = registry.profile(name)
        assert profile.name == name
        assert profile.batch_size >= 1
        assert profile.limits.ramp[-1] <= profile.limits.in_flight


def test_importing_the_registry_imports_nothing_heavy() -> None:
    """Run in an interpreter of its own: what this one has imported says nothing."""
    code = (
        "import sys, shared.providers.registry, shared.system, shared.providers.transport;"
        "heavy = {'httpx2', 'httpcore2', 'authlib', 'h11', 'ssl', 'requests',"
        " 'shared.providers.quickbooks.adapter', 'shared.providers.quickbooks.oauth'};"
        "print(sorted(heavy & set(sys.modules)))"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "[]"
