"""intuit-oauth, Intuit's own client, must go from consent to revocation by its own code."""

from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest
from intuitlib.client import AuthClient
from intuitlib.enums import Scopes
from intuitlib.exceptions import AuthClientError

from tests.support.sandbox_process import (
    CEDAR_RIDGE,
    CLIENT_ID,
    CLIENT_SECRET,
    REDIRECT_URI,
    SandboxProcess,
)


@pytest.fixture
def client(sandbox: SandboxProcess) -> AuthClient:
    discovery = f"{sandbox.quickbooks_url}/.well-known/openid_configuration"
    return AuthClient(CLIENT_ID, CLIENT_SECRET, REDIRECT_URI, discovery)


def consented(client: AuthClient, *scopes: Scopes) -> dict[str, str]:
    """What the callback receives after a person pressed Connect."""
    url = client.get_authorization_url(list(scopes), state_token="state-1")
    page = httpx2.get(url)
    assert "Cedar Ridge Plumbing (Sandbox)" in page.text
    answer = httpx2.post(url, data={"company": CEDAR_RIDGE, "decision": "connect"})
    location = urlsplit(answer.headers["location"])
    assert answer.headers["location"].startswith(f"{REDIRECT_URI}?")
    return {name: values[0] for name, values in parse_qs(location.query).items()}


def test_its_discovery_leads_to_the_sandbox(client: AuthClient, sandbox: SandboxProcess) -> None:
    for endpoint in (
        client.auth_endpoint,
        client.token_endpoint,
        client.revoke_endpoint,
        client.user_info_url,
    ):
        assert endpoint.startswith(f"{sandbox.quickbooks_url}/")


def test_consent_and_exchange_give_tokens_for_the_chosen_company(client: AuthClient) -> None:
    callback = consented(client, Scopes.ACCOUNTING)
    client.get_bearer_token(callback["code"], realm_id=callback["realmId"])

    assert (callback["state"], client.realm_id) == ("state-1", CEDAR_RIDGE)
    assert client.access_token
    assert (client.expires_in, client.x_refresh_token_expires_in) == (3600, 8726400)


def test_refresh_gives_a_new_access_token(client: AuthClient) -> None:
    client.get_bearer_token(consented(client, Scopes.ACCOUNTING)["code"])
    former = client.access_token
    client.refresh()

    assert client.access_token != former


def test_a_revoked_connection_cannot_be_refreshed(client: AuthClient) -> None:
    client.get_bearer_token(consented(client, Scopes.ACCOUNTING)["code"])
    assert client.revoke()

    with pytest.raises(AuthClientError) as refused:
        client.refresh()

    assert (refused.value.status_code, refused.value.content) == (400, b'{"error":"invalid_grant"}')


@pytest.mark.filterwarnings("ignore:datetime.datetime.utcnow:DeprecationWarning")
def test_its_check_of_the_id_token_passes_and_userinfo_names_the_person(client: AuthClient) -> None:
    callback = consented(client, Scopes.OPENID, Scopes.EMAIL, Scopes.ACCOUNTING)
    client.get_bearer_token(callback["code"])

    assert client.id_token
    assert client.get_user_info().json()["email"] == "owner@cedar-ridge.example"
