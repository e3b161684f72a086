"""The sign-in issuer's public keys, found by OpenID Connect discovery and kept for a while."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any, TypeGuard

from joserfc.errors import JoseError
from joserfc.jwk import ECKey, Key, KeySet, RSAKey

from shared.domain.effects import Clock
from shared.domain.errors import RetryLater
from shared.providers.http import HttpAnswer, HttpRequest, Transport

_MAX_AGE = timedelta(hours=1)
_LEAST_BETWEEN = timedelta(minutes=1)
"""An unknown key id costs a look at the issuer at most this often: anybody can send one."""

_RETRY_AFTER = timedelta(seconds=5)
_DEADLINE = 5.0
_OK = 200
_LEAST_RSA_BITS = 2048


class IssuerKeys:
    """One per container. Keys that cannot be fetched anew go on being used: they are public."""

    def __init__(self, issuer: str, transport: Transport, clock: Clock) -> None:
        self._issuer = issuer
        self._transport = transport
        self._clock = clock
        self._keys: dict[str, RSAKey | ECKey] = {}
        self._endpoints: dict[str, str] = {}
        self._fetched_at: datetime | None = None
        self._tried_at: datetime | None = None

    def find(self, key_id: str) -> RSAKey | ECKey | None:
        """The signing key of that id, None if the issuer has none.

        Raises `RetryLater` while the issuer does not answer and no keys are held.
        """
        if self._known() and self._due(key_id, self._clock.now()):
            self._fetch(self._clock.now())
        return self._keys.get(key_id)

    def endpoint(self, name: str) -> str:
        """The address of that name in the discovery document; empty where it has none. Raises as `find`."""
        self._known()
        return self._endpoints.get(name, "")

    def _known(self) -> bool:
        """Whether the issuer was known before; else it is asked now."""
        if self._fetched_at is not None:
            return True
        now = self._clock.now()
        if self._tried_at is None or now >= self._tried_at + _RETRY_AFTER:
            self._fetch(now)
        if self._fetched_at is None:
            raise RetryLater("the sign-in issuer does not answer", after=_RETRY_AFTER.seconds)
        return False

    def _due(self, key_id: str, now: datetime) -> bool:
        if self._fetched_at is None or self._tried_at is None:
            return True
        if now < self._tried_at + _LEAST_BETWEEN:
            return False
        return key_id not in self._keys or now >= self._fetched_at + _MAX_AGE

    def _fetch(self, now: datetime) -> None:
        self._tried_at = now
        metadata = self._document(f"{self._issuer.rstrip('/')}/.well-known/openid-configuration")
        # OpenID Connect Discovery 1.0, 4.3: a document that names another issuer must not be used.
        if metadata is None or metadata.get("issuer") != self._issuer:
            return
        key_set = self._document(str(metadata.get("jwks_uri", "")))
        if key_set is None or not isinstance(key_set.get("keys"), list):
            return
        keys = _signing_keys(key_set["keys"])
        if keys:
            self._keys = keys
            self._endpoints = {
                name: url
                for name, url in metadata.items()
                if isinstance(url, str) and url.startswith(("https://", "http://"))
            }
            self._fetched_at = now

    def _document(self, url: str) -> dict[str, Any] | None:
        if not url.startswith(("https://", "http://")):
            return None
        answer = self._transport.exchange(
            HttpRequest("GET", url, {"accept": "application/json"}, b"", _DEADLINE)
        )
        if not isinstance(answer, HttpAnswer) or answer.status != _OK:
            return None
        try:
            document = json.loads(answer.body)
        except ValueError:
            return None
        return document if isinstance(document, dict) else None


def _signing_keys(listed: list[Any]) -> dict[str, RSAKey | ECKey]:
    """Keys we could use, by key id; others are passed over (RFC 7517, 5)."""
    keys: dict[str, RSAKey | ECKey] = {}
    for described in listed:
        if not isinstance(described, dict) or described.get("use", "sig") != "sig":
            continue
        key_id = described.get("kid", "")
        if not isinstance(key_id, str):
            continue
        try:
            imported = KeySet.import_key_set({"keys": [described]}).keys[0]
        except (JoseError, ValueError, TypeError, KeyError):
            continue
        if _strong(imported):
            keys[key_id] = imported
    return keys


def _strong(key: Key) -> TypeGuard[RSAKey | ECKey]:
    if isinstance(key, RSAKey):
        return key.raw_value.key_size >= _LEAST_RSA_BITS
    return isinstance(key, ECKey) and key.curve_name == "P-256"
