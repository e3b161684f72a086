"""A company that connects to a provider: stores, provider, and the person's browser."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlsplit

from shared.auth.choices import ShownChoice, cancel, choose, shown
from shared.auth.connect import FinishedConsent, begin_consent, finish_consent
from shared.auth.connect_ports import ConnectPorts
from shared.auth.disconnect import disconnect
from shared.auth.keeper import TokenKeeper
from shared.auth.tokens import GrantTokens
from shared.domain.connections import Connection, PendingChoice, RemoteCompany
from shared.domain.grants import Grant
from shared.domain.ids import CompanyId, ConnectionKey, PersonId, RemoteCompanyId
from shared.providers.base import ProviderProfile, TokenSource
from shared.storage.memory import memory_stores
from tests.support.fake_oauth import FRESHBOOKS, XERO, FakeOAuth, oauth_profile
from tests.unit.auth.doubles import (
    KEY,
    REALM,
    CountingBytes,
    CountingIds,
    Half,
    ManualClock,
    local_vault,
)

ADA = PersonId("ada")
OTHER_REALM = RemoteCompanyId("realm-2")
THIRD_REALM = RemoteCompanyId("realm-3")
OTHER_KEY = ConnectionKey(CompanyId("beta"), KEY.provider)
CALLBACK = "https://sync.example/v1/oauth/quickbooks/callback"


@dataclass(slots=True)
class FakeRemoteCompanies:
    """What the provider says of its companies. `failure` is raised instead; `look` is called first."""

    names: dict[RemoteCompanyId, str]
    failure: Exception | None = None
    refuses_token: bool = False
    answers_for: RemoteCompanyId | None = None
    look: Callable[[], None] = lambda: None

    def open(self, connection: Connection, tokens: TokenSource) -> _OneCompany:
        return _OneCompany(self, connection.remote_company.remote_company_id, tokens)


@dataclass(slots=True)
class _OneCompany:
    companies: FakeRemoteCompanies
    remote_company_id: RemoteCompanyId
    tokens: TokenSource

    def company_info(self) -> RemoteCompany:
        self.companies.look()
        _, version = self.tokens.access_token()
        if self.companies.refuses_token:
            self.tokens.renew(after_version=version)
        if self.companies.failure:
            raise self.companies.failure
        name = self.companies.names[self.remote_company_id]
        answers_for = self.companies.answers_for or self.remote_company_id
        return RemoteCompany(answers_for, name, "USD", "US", "America/New_York")


def like_xero() -> ConnectWorld:
    """One consent covers several organisations and has a chain of its own."""
    world = ConnectWorld(oauth_profile(XERO, shares_grants=True))
    world.oauth.names = world.companies.names
    world.oauth.access_lifetime = 1800.0
    return world


def like_freshbooks() -> ConnectWorld:
    """One consent covers several businesses; a user has one chain, which each consent begins anew."""
    world = ConnectWorld(oauth_profile(FRESHBOOKS, shares_grants=True))
    world.oauth.names = world.companies.names
    world.oauth.user_id, world.oauth.own_chains = "dana", False
    return world


class ConnectWorld:
    def __init__(self, profile: ProviderProfile | None = None) -> None:
        self.clock = ManualClock()
        self.stores = memory_stores()
        self.vault = local_vault()
        self.companies = FakeRemoteCompanies(
            {REALM: "Acme Books", OTHER_REALM: "Beta Books", THIRD_REALM: "Gamma Books"}
        )
        self.oauth = FakeOAuth(profile or oauth_profile(), self.clock)
        self.oauth.issued = 10
        self.oauth.own_chains = True
        self.ports = ConnectPorts(
            stores=self.stores,
            vault=self.vault,
            clock=self.clock,
            ids=CountingIds(),
            secret_bytes=CountingBytes(),
            open_provider=self.companies.open,
            token_source=self.tokens,
        )

    def begin(self, key: ConnectionKey = KEY, person_id: PersonId = ADA, **options: Any) -> str:
        """The state of the authorize URL."""
        url = begin_consent(
            self.ports, self.oauth, key, person_id, redirect_uri=CALLBACK, **options
        )
        return parse_qs(urlsplit(url).query)["state"][0]

    def agree(
        self, state: str, *covered: RemoteCompanyId, code: str = "code-1", **parameters: str
    ) -> dict[str, str]:
        """The person says yes at the provider: the callback's parameters."""
        self.oauth.codes[code] = covered or (REALM,)
        return {"state": state, "code": code, "realmId": "realm-1"} | parameters

    def finish(
        self,
        parameters: dict[str, str],
        company_id: CompanyId | None = None,
        person_id: PersonId | None = None,
    ) -> FinishedConsent:
        return finish_consent(
            self.ports, self.oauth, parameters, company_id=company_id, person_id=person_id
        )

    def connect(self, *covered: RemoteCompanyId, key: ConnectionKey = KEY) -> Connection:
        connection = self.finish(self.agree(self.begin(key), *covered)).connection
        assert connection is not None
        return connection

    def ask(self, *covered: RemoteCompanyId, key: ConnectionKey = KEY) -> PendingChoice:
        """A consent that a person must decide on."""
        choice = self.finish(self.agree(self.begin(key), *covered)).choice
        assert choice is not None
        return choice

    def choose(
        self,
        remote_company_id: RemoteCompanyId,
        *,
        start_afresh: bool = False,
        key: ConnectionKey = KEY,
        person_id: PersonId = ADA,
    ) -> Connection:
        return choose(
            self.ports,
            self.oauth,
            key,
            person_id,
            remote_company_id,
            start_afresh=start_afresh,
        )

    def cancel(self, key: ConnectionKey = KEY) -> None:
        cancel(self.ports, self.oauth, key, ADA)

    def waiting(self, key: ConnectionKey = KEY) -> ShownChoice | None:
        return shown(self.stores, key, self.clock.now())

    def disconnect(self, key: ConnectionKey = KEY) -> Connection:
        return disconnect(self.ports, self.oauth, key, ADA)

    def grant(self, of: Connection | PendingChoice) -> Grant:
        grant = self.stores.grants.get(of.grant_id)
        assert grant is not None
        return grant

    def tokens(self, connection: Connection) -> GrantTokens:
        keeper = TokenKeeper(
            grants=self.stores.grants,
            vault=self.vault,
            clock=self.clock,
            ids=self.ports.ids,
            chance=Half(),
            call_deadline=20.0,
        )
        return GrantTokens(keeper, connection, self.oauth)

    def audited(self) -> list[str]:
        page = self.stores.audit.page(KEY.company_id, 100, None)
        return [entry.what for entry in reversed(page.rows)]

    def free(self, remote_company_id: RemoteCompanyId) -> bool:
        """Whether nobody has claimed the remote company."""
        owner = self.stores.connections.owner_of_remote_company(KEY.provider, remote_company_id)
        return owner is None
