"""The API over stores in memory: a client, the services behind it, and tokens of some callers.

world = api_world()
world.client.get("/v1/items", headers=world.as_("office"))

Callers: `office` (company-1, read and write), `clerk` (company-1, read), `nobody` (company-1, no role),
`other` (company-2, read and write). Any other token is refused.
"""

from __future__ import annotations

import io
import itertools
import json
import re
from dataclasses import dataclass
from datetime import timedelta
from html import unescape
from typing import Any

from httpx2 import Response
from starlette.testclient import TestClient

from functions.api.app import create_app
from shared.auth.bearer import BearerVerifier
from shared.auth.caller import Caller
from shared.auth.connect_ports import ConnectPorts
from shared.auth.data_keys import LocalDataKeys
from shared.auth.keeper import TokenKeeper
from shared.auth.sign_in import SignIn
from shared.auth.tokens import GrantTokens
from shared.auth.vault import EnvelopeVault
from shared.domain.connections import Connection
from shared.domain.errors import Unauthenticated
from shared.domain.ids import CompanyId, PersonId, RemoteCompanyId
from shared.domain.runs import Problem
from shared.observability import make_logger
from shared.providers.http import HttpAnswer, HttpFailure, HttpRequest
from shared.storage.auth_ports import Session
from shared.storage.memory.files import MemoryFiles, MemoryImportQueue
from shared.storage.ports import Stores
from shared.sync.services import Services, Uploads
from tests.support.effects import SeededChance, VirtualClock
from tests.support.fake_books import FakeBooks
from tests.support.fake_oauth import FakeOAuth, oauth_profile
from tests.support.services import COMPANY, build_services, connect, settings_of_a_test
from tests.support.workflows import RecordingWorkflows

OTHER_COMPANY = CompanyId("company-2")
_WORLDS = itertools.count()  # a logger keeps the output it was made with
PUBLIC_URL = "https://sync.example"


def _caller(company_id: CompanyId, person: str, *roles: str) -> Caller:
    return Caller(company_id, company_id, PersonId(person), frozenset(roles), person)


CALLERS = {
    "office": _caller(COMPANY, "office", "read", "write"),
    "clerk": _caller(COMPANY, "clerk", "read"),
    "nobody": _caller(COMPANY, "nobody"),
    "other": _caller(OTHER_COMPANY, "other", "read", "write"),
}


@dataclass(frozen=True, slots=True)
class ApiWorld:
    client: TestClient
    services: Services
    books: FakeBooks
    oauth: FakeOAuth
    clock: VirtualClock
    workflows: RecordingWorkflows
    log: io.StringIO
    files: MemoryFiles
    import_queue: MemoryImportQueue

    @property
    def logged(self) -> list[dict[str, Any]]:
        """The log's lines so far."""
        return [json.loads(line) for line in self.log.getvalue().splitlines()]

    def as_(self, name: str) -> dict[str, str]:
        return {"Authorization": f"Bearer token-of-{name}"}

    def call(
        self, method: str, path: str, body: Any = None, *, who: str = "office", **options: Any
    ) -> Response:
        """`body` goes as JSON. Redirects are not followed."""
        headers = {**self.as_(who), **options.pop("headers", {})}
        if body is not None:
            headers["Content-Type"] = "application/json"
            options["content"] = json.dumps(body)
        return self.client.request(method, path, headers=headers, follow_redirects=False, **options)

    def import_csv(self, text: str | bytes, who: str = "office") -> Response:
        headers = {**self.as_(who), "Content-Type": "text/csv"}
        return self.client.post("/v1/items:import", content=text, headers=headers)

    def sees(self, path: str, who: str = "office", **options: Any) -> Response:
        """A page of the console, as somebody of `CALLERS` who is signed in."""
        return self._browse("GET", path, who, **options)

    def sees_lists(self, path: str, who: str = "office") -> Response:
        """The page once lists of the books are on it, which a script or a link asks for after the page."""
        answer = self.sees(path, who)
        later = re.search(r'data-refresh="([^"]+[?;]lists=1)"', answer.text)
        return self.sees(unescape(later[1]), who) if later else answer

    def presses(
        self, path: str, who: str = "office", *, headers: Any = None, **fields: Any
    ) -> Response:
        """A button of the console: its form's fields; where it leads is not followed."""
        sent = {"Sec-Fetch-Site": "same-origin"} if headers is None else headers
        return self._browse("POST", path, who, headers=sent, data=fields)

    def _browse(self, method: str, path: str, who: str, **options: Any) -> Response:
        caller = CALLERS[who]
        session = Session(
            session_id=f"session-of-{who}",
            company_id=caller.company_id,
            company_name=caller.company_name,
            person_id=caller.person_id,
            name=caller.name,
            roles=caller.roles,
            expires_at=self.clock.now() + timedelta(hours=1),
        )
        self.services.stores.sessions.put(session)
        self.client.cookies.set("__Host-session", session.session_id)
        try:
            return self.client.request(method, path, follow_redirects=False, **options)
        finally:
            self.client.cookies.delete("__Host-session")

    def connect(self, company_id: CompanyId = COMPANY, **changes: Any) -> Connection:
        return connect(self.services, self.books, company_id, **changes)


class _CountedBytes:
    """Different each time, though anybody can guess them."""

    def __init__(self) -> None:
        self._last = 0

    def take(self, count: int) -> bytes:
        self._last += 1
        return self._last.to_bytes(count, "big")


def api_world(stores: Stores | None = None) -> ApiWorld:
    clock = VirtualClock()
    books = FakeBooks(clock=clock)
    oauth = FakeOAuth(oauth_profile(), clock)
    oauth.codes["code-1"] = (RemoteCompanyId("realm-1"),)
    workflows = RecordingWorkflows()
    files, import_queue = MemoryFiles(), MemoryImportQueue()
    secret_bytes = _CountedBytes()
    vault = EnvelopeVault(LocalDataKeys(b"a master key for tests", secret_bytes), secret_bytes)

    def connect_ports() -> ConnectPorts:
        return ConnectPorts(
            stores=services.stores,
            vault=vault,
            clock=clock,
            ids=services.ids,
            secret_bytes=secret_bytes,
            open_provider=lambda _connection, _tokens: books,
            token_source=lambda connection: GrantTokens(keeper, connection, oauth),
        )

    chance = SeededChance()
    settings = settings_of_a_test(
        public_url=PUBLIC_URL,
        oidc_issuer="https://issuer.example",
        oidc_audience="api",
        oidc_client_id="console",
        support_address="help@blueclerk.example",
    )
    services = build_services(
        books=books,
        clock=clock,
        stores=stores,
        workflows=workflows,
        chance=chance,
        settings=settings,
        oauth=lambda _name: oauth,
        verify_bearer=_verified,
        connect_ports=connect_ports,
        uploads=lambda: Uploads(files, import_queue),
        sign_in=lambda: sign_in,
    )
    verifier = BearerVerifier(settings, _NoIssuer(), clock)
    sign_in = SignIn(
        settings, str, verifier, _NoIssuer(), services.stores.sessions, clock, secret_bytes
    )
    keeper = TokenKeeper(
        grants=services.stores.grants,
        vault=vault,
        clock=clock,
        ids=services.ids,
        chance=chance,
        call_deadline=20.0,
    )
    log = io.StringIO()
    app = create_app(services, make_logger(f"api-{next(_WORLDS)}", log))
    client = TestClient(app, base_url=PUBLIC_URL)
    return ApiWorld(client, services, books, oauth, clock, workflows, log, files, import_queue)


class _NoIssuer:
    """Sessions are put by the tests; the sign-in itself has tests of its own."""

    def exchange(self, _request: HttpRequest) -> HttpAnswer | HttpFailure:
        return HttpFailure("there is no issuer here", sent=False)


def _verified(token: str) -> Caller:
    caller = CALLERS.get(token.removeprefix("token-of-"))
    if caller is None:
        raise Unauthenticated(
            Problem("TOKEN_INVALID", "The sign-in is not valid here.", "Sign in again.")
        )
    return caller
