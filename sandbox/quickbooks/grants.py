"""Codes, token chains and access tokens: who was allowed what, and until when."""

import secrets
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from sandbox.jsontext import Json, JsonObject, as_list, as_object
from sandbox.quickbooks.settings import QuickBooksSettings

ACCOUNTING_SCOPE = "com.intuit.quickbooks.accounting"
KNOWN_SCOPES = frozenset(
    {
        ACCOUNTING_SCOPE,
        "com.intuit.quickbooks.payment",
        "openid",
        "profile",
        "email",
        "phone",
        "address",
    }
)


class InvalidGrant(Exception):
    """The code or refresh token is spent, superseded, over, revoked or somebody else's."""


@dataclass(frozen=True)
class Client:
    id: str
    secret: str
    redirect_uris: tuple[str, ...] = ()


DEMO_CLIENT = Client("sandbox-client", "sandbox-secret")


@dataclass
class Code:
    client_id: str
    realm: str
    scopes: tuple[str, ...]
    redirect_uri: str
    expires: float
    grant_id: str | None = None


@dataclass
class Grant:
    """One consent for one company, and the refresh token that is its head now."""

    id: str
    client_id: str
    realm: str
    scopes: tuple[str, ...]
    consented: float
    refresh_token: str
    issued: float
    former_token: str = ""
    former_dies: float = 0.0
    revoked: bool = False
    access_tokens: list[str] = field(default_factory=list)


@dataclass
class AccessToken:
    grant_id: str
    expires: float


@dataclass(frozen=True)
class Tokens:
    """What the token endpoint answers with."""

    grant: Grant
    access_token: str
    rotated: bool


class Grants:
    """All of them. Times are seconds on the sandbox's clock."""

    def __init__(self) -> None:
        self.clients = {DEMO_CLIENT.id: DEMO_CLIENT}
        self._codes: dict[str, Code] = {}
        self._grants: dict[str, Grant] = {}
        self._by_refresh_token: dict[str, str] = {}
        self._access_tokens: dict[str, AccessToken] = {}

    def new_code(
        self, client_id: str, realm: str, scopes: tuple[str, ...], redirect_uri: str, expires: float
    ) -> str:
        code = f"XAB11{secrets.token_urlsafe(32)}"
        self._codes[code] = Code(client_id, realm, scopes, redirect_uri, expires)
        return code

    def exchange(
        self, text: str, client_id: str, redirect_uri: str, now: float, settings: QuickBooksSettings
    ) -> Tokens:
        """Spend a code. A second exchange is refused and ends what the first one gave."""
        code = self._codes.get(text)
        if code is None or code.client_id != client_id:
            raise InvalidGrant
        if code.grant_id is not None:
            self.revoke(code.grant_id)
            raise InvalidGrant
        if code.redirect_uri != redirect_uri or now > code.expires:
            raise InvalidGrant
        grant = Grant(
            id=secrets.token_hex(8),
            client_id=client_id,
            realm=code.realm,
            scopes=code.scopes,
            consented=now,
            refresh_token=_new_refresh_token(now),
            issued=now,
        )
        code.grant_id = grant.id
        self._grants[grant.id] = grant
        self._by_refresh_token[grant.refresh_token] = grant.id
        return Tokens(grant, self._new_access_token(grant, now, settings), rotated=True)

    def refresh(
        self, text: str, client_id: str, now: float, settings: QuickBooksSettings
    ) -> Tokens:
        """A new access token, and the same refresh token or, when that is old enough, a new one."""
        grant = self._grants.get(self._by_refresh_token.get(text, ""))
        if grant is None or grant.client_id != client_id or grant.revoked:
            raise InvalidGrant
        if text != grant.refresh_token:
            return self._refresh_with_former(grant, text, now, settings)
        if now > min(
            grant.issued + settings.refresh_token_seconds,
            grant.consented + settings.hard_expiry_seconds,
        ):
            raise InvalidGrant
        rotated = now - grant.issued >= settings.rotation_seconds
        if rotated:
            grant.former_token, grant.former_dies = text, now + settings.former_token_grace_seconds
            grant.refresh_token, grant.issued = _new_refresh_token(now), now
            self._by_refresh_token[grant.refresh_token] = grant.id
        return Tokens(grant, self._new_access_token(grant, now, settings), rotated=rotated)

    def _refresh_with_former(
        self, grant: Grant, text: str, now: float, settings: QuickBooksSettings
    ) -> Tokens:
        if text == grant.former_token and now < grant.former_dies:
            return Tokens(grant, self._new_access_token(grant, now, settings), rotated=False)
        if settings.reuse_revokes_chain:
            self.revoke(grant.id)
        raise InvalidGrant

    def bearer(self, text: str) -> tuple[AccessToken, Grant] | None:
        """The token and its grant, expired and revoked ones too; None for a token never issued."""
        token = self._access_tokens.get(text)
        return (token, self._grants[token.grant_id]) if token is not None else None

    def revoke_token(self, text: str) -> bool:
        """End the grant that the refresh or access token belongs to; False when there is none."""
        known = self._access_tokens.get(text)
        grant_id = known.grant_id if known is not None else self._by_refresh_token.get(text)
        if grant_id is None:
            return False
        self.revoke(grant_id)
        return True

    def revoke(self, grant_id: str) -> None:
        self._grants[grant_id].revoked = True

    def select(self, realm: str = "", grant_id: str = "") -> list[Grant]:
        return [
            grant
            for grant in self._grants.values()
            if (not realm or grant.realm == realm) and (not grant_id or grant.id == grant_id)
        ]

    def issued(self, realm: str) -> list[str]:
        """Every code, refresh and access token that was ever given out, for a realm or for all."""
        grants = {grant.id for grant in self.select(realm)}
        tokens = {text: token.grant_id for text, token in self._access_tokens.items()}
        return [
            *(text for text, code in self._codes.items() if realm in ("", code.realm)),
            *(
                text
                for text, grant_id in (self._by_refresh_token | tokens).items()
                if grant_id in grants
            ),
        ]

    def expire_access(self, grant: Grant, now: float) -> None:
        for text in grant.access_tokens:
            self._access_tokens[text].expires = min(self._access_tokens[text].expires, now - 1)

    def _new_access_token(self, grant: Grant, now: float, settings: QuickBooksSettings) -> str:
        filling = secrets.token_urlsafe(settings.access_token_length)
        text = f"eyJlbmMiOiJBMTI4Q0JDLUhTMjU2IiwiYWxnIjoiZGlyIn0..{filling}"[
            : max(80, settings.access_token_length)
        ]
        self._access_tokens[text] = AccessToken(grant.id, now + settings.access_token_seconds)
        grant.access_tokens.append(text)
        return text

    def dump(self) -> JsonObject:
        return {
            "clients": [
                [one.id, one.secret, list(one.redirect_uris)] for one in self.clients.values()
            ],
            "codes": {text: _plain(vars(code)) for text, code in self._codes.items()},
            "grants": [_plain(vars(grant)) for grant in self._grants.values()],
            "refreshTokens": dict(self._by_refresh_token),
            "accessTokens": {
                text: _plain(vars(token)) for text, token in self._access_tokens.items()
            },
        }

    def load(self, saved: JsonObject) -> None:
        for one in as_list(saved["clients"]):
            client_id, secret, uris = as_list(one)
            self.clients[str(client_id)] = Client(
                str(client_id), str(secret), tuple(map(str, as_list(uris)))
            )
        for text, code in as_object(saved["codes"]).items():
            self._codes[text] = Code(**_restored(code))
        for one in as_list(saved["grants"]):
            grant = Grant(**_restored(one))
            self._grants[grant.id] = grant
        self._by_refresh_token = {
            text: str(one) for text, one in as_object(saved["refreshTokens"]).items()
        }
        for text, token in as_object(saved["accessTokens"]).items():
            self._access_tokens[text] = AccessToken(**_restored(token))


def _new_refresh_token(now: float) -> str:
    return f"AB11{int(now)}{secrets.token_urlsafe(24)}"[:50]


def _plain(values: dict[str, object]) -> JsonObject:
    plain: JsonObject = {}
    for key, value in values.items():
        if isinstance(value, float):
            plain[key] = Decimal(f"{value:.6f}")
        elif isinstance(value, list | tuple):
            plain[key] = [str(item) for item in value]
        elif value is None or isinstance(value, bool | str):
            plain[key] = value
    return plain


def _restored(saved: Json) -> dict[str, Any]:
    values: dict[str, Any] = dict(as_object(saved))
    for key, value in values.items():
        if isinstance(value, Decimal):
            values[key] = float(value)
        elif key == "scopes" and isinstance(value, list):
            values[key] = tuple(value)
    return values
