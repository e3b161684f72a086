"""RSA keys for signing, published as a JWK set, and rotated through control."""

import secrets
from collections.abc import Mapping
from typing import Any

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import RSAKey

from sandbox.jsontext import Json, JsonObject, as_object


class KeyRing:
    """The current key and the former ones that still verify. Keys are made on first use: it takes a while."""

    def __init__(self) -> None:
        self._keys: list[RSAKey] = []
        self._stranger: RSAKey | None = None

    @property
    def current(self) -> RSAKey:
        if not self._keys:
            self._keys.append(_new_key())
        return self._keys[-1]

    @property
    def stranger(self) -> RSAKey:
        """A key that is never published, for forged tokens."""
        if self._stranger is None:
            self._stranger = _new_key()
        return self._stranger

    def rotate(self, *, keep_former: bool) -> None:
        former = [self.current] if keep_former else []
        self._keys = [*former, _new_key()]

    def sign(self, claims: Mapping[str, Any], key: RSAKey | None = None) -> str:
        """A compact RS256 token, by the current key unless another is given."""
        signer = key or self.current
        return jwt.encode({"alg": "RS256", "kid": signer.kid or ""}, dict(claims), signer)

    def claims(self, token: str) -> dict[str, Any]:
        """The claims of a token that one of the published keys signed. Raises ValueError."""
        _ = self.current
        for key in self._keys:
            try:
                return dict(jwt.decode(token, key, algorithms=["RS256"]).claims)
            except (JoseError, ValueError):
                continue
        raise ValueError("no published key signed this token")

    def published(self) -> JsonObject:
        _ = self.current
        return {"keys": [_as_json(key, private=False) for key in self._keys]}

    def dump(self) -> list[Json]:
        return [_as_json(key, private=True) for key in self._keys]

    def load(self, keys: list[Json]) -> None:
        self._keys = [
            RSAKey.import_key({name: str(value) for name, value in as_object(key).items()})
            for key in keys
        ]


def _new_key() -> RSAKey:
    return RSAKey.generate_key(2048, {"kid": secrets.token_hex(8), "use": "sig", "alg": "RS256"})


def _as_json(key: RSAKey, *, private: bool) -> JsonObject:
    return {
        name: value
        for name, value in key.as_dict(private=private).items()
        if isinstance(value, str)
    }
