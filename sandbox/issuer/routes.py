"""The issuer's URLs: metadata, sign-in page, token, userinfo and sign-out."""

from collections.abc import Mapping
from html import escape
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.routing import BaseRoute, Route
from starlette.types import Receive, Scope, Send

from sandbox import pages
from sandbox.delivery import Answer, Whole, Wire
from sandbox.endpoint import Endpoint
from sandbox.forms import basic_credentials, bearer_token, is_loopback, read_form
from sandbox.issuer.people import TOKEN_SECONDS
from sandbox.issuer.state import CLIENTS, IssuerState
from sandbox.jsontext import JsonObject, dumps

_PARAMETERS = (
    "client_id",
    "response_type",
    "scope",
    "redirect_uri",
    "state",
    "code_challenge",
    "code_challenge_method",
)


class IssuerEndpoints:
    def __init__(self, state: IssuerState) -> None:
        self._state = state

    def routes(self) -> list[BaseRoute]:
        """Routes to mount at ``/issuer``."""
        return [
            Route("/.well-known/openid-configuration", Endpoint(self.metadata), methods=["GET"]),
            Route("/jwks", Endpoint(self.jwks), methods=["GET"]),
            Route("/authorize", Endpoint(self.authorize), methods=["GET", "POST"]),
            Route("/token", Endpoint(self.token), methods=["POST"]),
            Route("/userinfo", Endpoint(self.userinfo), methods=["GET", "POST"]),
            Route("/logout", Endpoint(self.logout), methods=["GET", "POST"]),
        ]

    async def metadata(self, scope: Scope, receive: Receive, send: Send) -> None:
        issuer = self._state.issuer
        content: JsonObject = {
            "issuer": issuer,
            "authorization_endpoint": f"{issuer}/authorize",
            "token_endpoint": f"{issuer}/token",
            "userinfo_endpoint": f"{issuer}/userinfo",
            "end_session_endpoint": f"{issuer}/logout",
            "jwks_uri": f"{issuer}/jwks",
            "response_types_supported": ["code"],
            "grant_types_supported": ["authorization_code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "scopes_supported": ["openid", "profile", "email"],
            "token_endpoint_auth_methods_supported": [
                "none",
                "client_secret_basic",
                "client_secret_post",
            ],
            "code_challenge_methods_supported": ["S256"],
        }
        await _send(scope, receive, send, _json(200, content))

    async def jwks(self, scope: Scope, receive: Receive, send: Send) -> None:
        await _send(scope, receive, send, _json(200, self._state.keys.published()))

    async def authorize(self, scope: Scope, receive: Receive, send: Send) -> None:
        """GET shows who can sign in; POST, with the person, goes back to the app with a code."""
        request = Request(scope)
        given = dict(request.query_params)
        if request.method == "POST":
            given |= read_form(await Wire(scope, receive, send).read_body())
        answer = _check(given) or (
            self._sign_in(given) if request.method == "POST" else self._people_page(given)
        )
        await _send(scope, receive, send, answer)

    async def token(self, scope: Scope, receive: Receive, send: Send) -> None:
        form = read_form(await Wire(scope, receive, send).read_body())
        client_id = _client(form, Request(scope).headers)
        if client_id is None:
            await _send(scope, receive, send, _json(401, {"error": "invalid_client"}))
            return
        if form.get("grant_type") != "authorization_code":
            await _send(scope, receive, send, _json(400, {"error": "unsupported_grant_type"}))
            return
        code = self._state.spend(
            form.get("code", ""),
            client_id,
            form.get("redirect_uri", ""),
            form.get("code_verifier", ""),
        )
        if code is None:
            await _send(scope, receive, send, _json(400, {"error": "invalid_grant"}))
            return
        content: JsonObject = {
            "token_type": "Bearer",
            "expires_in": TOKEN_SECONDS,
            "access_token": self._state.access_token(code.person),
            "id_token": self._state.id_token(code),
            "scope": "openid profile email",
        }
        await _send(scope, receive, send, _json(200, content))

    async def userinfo(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            claims = self._state.keys.claims(bearer_token(Request(scope).headers))
        except ValueError:
            claims = {}
        if float(claims.get("exp", 0)) <= self._state.clock.seconds():
            answer = Answer(
                401, b"{}", headers=(("WWW-Authenticate", 'Bearer error="invalid_token"'),)
            )
        else:
            shown = ("sub", "name", "email", "company_id", "company_name", "roles")
            answer = _json(200, {name: claims[name] for name in shown})
        await _send(scope, receive, send, answer)

    async def logout(self, scope: Scope, receive: Receive, send: Send) -> None:
        given = dict(Request(scope).query_params) | read_form(
            await Wire(scope, receive, send).read_body()
        )
        target = given.get("post_logout_redirect_uri", "")
        if target and is_loopback(target):
            query = f"?{urlencode({'state': given['state']})}" if given.get("state") else ""
            answer = pages.redirect(f"{target}{query}")
        else:
            answer = pages.page("Signed out", "<p>You are signed out.</p>")
        await _send(scope, receive, send, answer)

    def _sign_in(self, given: Mapping[str, str]) -> Answer:
        person = self._state.people.get(given.get("person", ""))
        if person is None:
            return pages.trouble("Choose a person", "Nobody of that name can sign in here.")
        code = self._state.new_code(
            given["client_id"],
            person,
            given["redirect_uri"],
            given["code_challenge"],
            given.get("nonce", ""),
        )
        return pages.redirect(
            f"{given['redirect_uri']}?{urlencode({'code': code, 'state': given['state']})}"
        )

    def _people_page(self, given: Mapping[str, str]) -> Answer:
        kept = {name: given[name] for name in (*_PARAMETERS, "nonce") if name in given}
        people = "".join(
            f'<p><button class="first" name="person" value="{escape(person.id)}">'
            f"{escape(person.name)}</button> {escape(person.company)}, "
            f"may {escape(' and '.join(person.roles))}</p>"
            for person in self._state.people.values()
        )
        return pages.page(
            "Sign in to BlueClerk",
            f'<p>Who are you?</p><form method="post" action="?">{pages.hidden(kept)}{people}</form>'
            '<p class="note">This is the sandbox: no password is asked.</p>',
        )


def _check(given: Mapping[str, str]) -> Answer | None:
    missing = [name for name in _PARAMETERS if not given.get(name)]
    if missing:
        return pages.trouble(
            "Sorry, something is missing", f"The request has no {', '.join(missing)}."
        )
    if given["client_id"] not in CLIENTS:
        return pages.trouble("Unknown app", "The client_id is not registered here.")
    if not is_loopback(given["redirect_uri"]):
        return pages.trouble("Wrong address", "The redirect_uri must be a loopback address.")
    wrong = None
    if given["response_type"] != "code":
        wrong = "unsupported_response_type"
    elif "openid" not in given["scope"].split():
        wrong = "invalid_scope"
    elif given["code_challenge_method"] != "S256":
        wrong = "invalid_request"
    if wrong is None:
        return None
    return pages.redirect(
        f"{given['redirect_uri']}?{urlencode({'error': wrong, 'state': given['state']})}"
    )


def _client(form: Mapping[str, str], headers: Mapping[str, str]) -> str | None:
    """The client: a public one by its id alone (PKCE proves the rest), or one that also proves its secret."""
    client_id, secret = basic_credentials(headers) or (
        form.get("client_id", ""),
        form.get("client_secret"),
    )
    if client_id not in CLIENTS or (secret is not None and secret != CLIENTS[client_id]):
        return None
    return client_id


def _json(status: int, content: JsonObject) -> Answer:
    return Answer(status, dumps(content).encode(), headers=(("Cache-Control", "no-store"),))


async def _send(scope: Scope, receive: Receive, send: Send, answer: Answer) -> None:
    await Wire(scope, receive, send).deliver(answer, Whole())
