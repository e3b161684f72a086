"""The OAuth side: discovery, consent, tokens, revocation, and who the person is."""

from collections.abc import Mapping

from starlette.requests import Request
from starlette.types import Receive, Scope, Send

from sandbox.delivery import Answer, Whole, Wire
from sandbox.faults import Strike, Subject
from sandbox.forms import basic_credentials, bearer_token, read_form
from sandbox.journal import Entry
from sandbox.jsontext import InvalidJson, JsonObject, as_object, dumps, loads
from sandbox.pipeline import Work
from sandbox.quickbooks import consent
from sandbox.quickbooks.grants import Client, InvalidGrant, Tokens
from sandbox.quickbooks.state import QuickBooksState
from sandbox.quickbooks.wording import QuickBooksWording

_NO_STORE = (("Cache-Control", "no-store"), ("Pragma", "no-cache"))
_HARD_EXPIRY_HEADER = "x-include-refresh-token-hard-expires-in"
_USER = {
    "sub": "4f9c7d1e-0000-4000-8000-5a1d5b0c0de5",
    "email": "owner@cedar-ridge.example",
    "givenName": "Dana",
    "familyName": "Whitfield",
}


class OAuthEndpoints:
    """ASGI endpoints below ``/quickbooks``, each a method."""

    def __init__(self, state: QuickBooksState, base_url: str) -> None:
        self._state = state
        self._base_url = base_url

    async def discovery(self, scope: Scope, receive: Receive, send: Send) -> None:
        base = self._base_url
        content: JsonObject = {
            "issuer": f"{base}/op/v1",
            "authorization_endpoint": f"{base}/connect/oauth2",
            "token_endpoint": f"{base}/oauth2/v1/tokens/bearer",
            "userinfo_endpoint": f"{base}/v1/openid_connect/userinfo",
            "revocation_endpoint": f"{base}/v2/oauth2/tokens/revoke",
            "jwks_uri": f"{base}/op/v1/jwks",
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "scopes_supported": ["openid", "email", "profile", "address", "phone"],
            "token_endpoint_auth_methods_supported": ["client_secret_basic"],
            "claims_supported": ["aud", "exp", "iat", "iss", "realmid", "sub"],
        }
        await self._send(scope, receive, send, _json(200, content))

    async def jwks(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._send(scope, receive, send, _json(200, self._state.keys.published()))

    async def authorize(self, scope: Scope, receive: Receive, send: Send) -> None:
        """GET asks; POST, with the parameters in the form or in the URL, decides."""
        wire, request = Wire(scope, receive, send), Request(scope)
        given = dict(request.query_params)
        step = consent.ask
        if request.method == "POST":
            given |= read_form(await wire.read_body())
            step = consent.decide
        state = self._state
        with state.journal.recording("authorize", request.method, request.url.path, "") as entry:
            answer = step(given, state.grants, state.companies, state.settings, state.clock)
            await state.pipeline.deliver(wire, entry, answer, Whole())

    async def token(self, scope: Scope, receive: Receive, send: Send) -> None:
        wire, request = Wire(scope, receive, send), Request(scope)
        body = await wire.read_body()
        state = self._state
        with state.journal.recording("token", request.method, request.url.path, "") as entry:
            client = self._client(request.headers)
            if client is None:
                answer = _error(state.settings.invalid_client_status, "invalid_client")
                await state.pipeline.deliver(wire, entry, answer, Whole())
                return
            form = read_form(body)
            wants_hard_expiry = request.headers.get(_HARD_EXPIRY_HEADER, "").lower() == "true"

            def commit(_strike: Strike | None) -> Answer:
                return self._issue(form, client, entry, wants_hard_expiry=wants_hard_expiry)

            text = body.decode("utf-8", "replace")
            subject = Subject("token", "", request.url.path, text, text)
            wording = QuickBooksWording(state, request.headers.get("accept", ""))
            await state.pipeline.run(
                wire, entry, subject, Work(commit, state.settings.latency.token), wording
            )

    async def revoke(self, scope: Scope, receive: Receive, send: Send) -> None:
        wire, request = Wire(scope, receive, send), Request(scope)
        body = await wire.read_body()
        state = self._state
        with state.journal.recording("revoke", request.method, request.url.path, "") as entry:
            if self._client(request.headers) is None:
                answer = _error(state.settings.invalid_client_status, "invalid_client")
            else:
                answer = self._revoke(body)
            await state.pipeline.deliver(wire, entry, answer, Whole())

    async def userinfo(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope)
        known = self._state.grants.bearer(bearer_token(request.headers))
        if known is None or known[1].revoked or known[0].expires <= self._state.clock.seconds():
            answer = _error(401, "invalid_token")
        elif "openid" not in known[1].scopes:
            answer = _error(403, "insufficient_scope")
        else:
            answer = _json(200, {**_USER, "emailVerified": True})
        await self._send(scope, receive, send, answer)

    def _issue(
        self, form: Mapping[str, str], client: Client, entry: Entry, *, wants_hard_expiry: bool
    ) -> Answer:
        state, now = self._state, self._state.clock.seconds()
        try:
            match form.get("grant_type"):
                case "authorization_code":
                    tokens = state.grants.exchange(
                        form.get("code", ""),
                        client.id,
                        form.get("redirect_uri", ""),
                        now,
                        state.settings,
                    )
                case "refresh_token":
                    tokens = state.grants.refresh(
                        form.get("refresh_token", ""), client.id, now, state.settings
                    )
                    state.journal.count_refresh(tokens.grant.realm, rotated=tokens.rotated)
                case _:
                    return _error(400, "invalid_request")
        except InvalidGrant:
            return _error(400, "invalid_grant", state.settings.invalid_grant_description)
        entry.realm = tokens.grant.realm
        return _json(
            200, self._token_content(tokens, client, now, wants_hard_expiry=wants_hard_expiry)
        )

    def _token_content(
        self, tokens: Tokens, client: Client, now: float, *, wants_hard_expiry: bool
    ) -> JsonObject:
        settings, grant = self._state.settings, tokens.grant
        lifetimes = {
            "expires_in": settings.access_token_seconds,
            "x_refresh_token_expires_in": int(grant.issued + settings.refresh_token_seconds - now),
        }
        if wants_hard_expiry:
            lifetimes["x_refresh_token_hard_expires_in"] = int(
                grant.consented + settings.hard_expiry_seconds - now
            )
        content: JsonObject = {
            "token_type": "bearer",
            "access_token": tokens.access_token,
            "refresh_token": grant.refresh_token,
        }
        content |= {
            name: str(life) if settings.lifetimes_as_strings else life
            for name, life in lifetimes.items()
        }
        if "openid" in grant.scopes:
            content["id_token"] = self._state.keys.sign(
                {
                    "iss": f"{self._base_url}/op/v1",
                    "aud": [client.id],
                    "sub": _USER["sub"],
                    "realmid": grant.realm,
                    "auth_time": int(now),
                    "iat": int(now),
                    "exp": int(now) + 3600,
                }
            )
        return content

    def _revoke(self, body: bytes) -> Answer:
        try:
            token = as_object(loads(body)).get("token")
        except InvalidJson:
            token = None
        if not isinstance(token, str) or not self._state.grants.revoke_token(token):
            return _error(400, "invalid_request")
        return Answer(200, b"")

    def _client(self, headers: Mapping[str, str]) -> Client | None:
        client_id, secret = basic_credentials(headers) or ("", "")
        client = self._state.grants.clients.get(client_id)
        return client if client is not None and client.secret == secret else None

    async def _send(self, scope: Scope, receive: Receive, send: Send, answer: Answer) -> None:
        await Wire(scope, receive, send).deliver(answer, Whole())


def _json(status: int, content: JsonObject) -> Answer:
    return Answer(status, dumps(content).encode(), headers=_NO_STORE)


def _error(status: int, error: str, description: str = "") -> Answer:
    content: JsonObject = {"error": error}
    if description:
        content["error_description"] = description
    return _json(status, content)
