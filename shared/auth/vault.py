"""Token pairs at rest: each pair one sealed blob under a data key of its own (envelope encryption).

A blob, version 1:

    1 byte    the version, 0x01
    2 bytes   length of the wrapped data key, big endian
    n bytes   the wrapped data key (what AWS KMS calls the CiphertextBlob)
    12 bytes  AES-GCM nonce
    rest      AES-256-GCM of the pair as JSON, tag included

Everything before the nonce, and the grant id, is associated data; the grant id is also the context
under which the data key was wrapped. So a blob opens for its own grant only, and not at all once a
bit of it changed.

Imports `cryptography`: whoever only names the type does so under `TYPE_CHECKING`.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from shared.auth.secret_bytes import SecretBytes
from shared.domain.errors import SealBroken
from shared.domain.grants import TokenPair
from shared.domain.ids import GrantId

_VERSION = 1
_HEADER_BYTES = 3
_NONCE_BYTES = 12
_TAG_BYTES = 16


class TokenVault(Protocol):
    """Seals and opens token pairs. Nothing it raises or returns shows a token but the opened pair."""

    def sealer(self, grant_id: GrantId) -> Callable[[TokenPair], bytes]:
        """Fetch a data key now, so that sealing afterwards cannot fail; good for one pair.

        Raises `StorageUnavailable` when the key service cannot be reached. Who is about to ask a
        provider for a new pair does this first: a pair that cannot be sealed is a pair lost.
        """

    def seal(self, pair: TokenPair, grant_id: GrantId) -> bytes:
        """`sealer` and its one use in one step."""

    def open(self, blob: bytes, grant_id: GrantId) -> TokenPair:
        """Raises `SealBroken` for a blob that is not this grant's, `StorageUnavailable` as above."""


@dataclass(frozen=True, slots=True)
class DataKey:
    """A 256-bit key in the clear, and the same key wrapped, for keeping beside what it sealed."""

    clear: bytes
    wrapped: bytes

    def __repr__(self) -> str:
        return "DataKey(<sealed>)"


class DataKeys(Protocol):
    """Makes and unwraps data keys under a master key that never leaves its place."""

    def make(self, grant_id: GrantId) -> DataKey:
        """A new key, wrapped with the grant id as context. Raises `StorageUnavailable`."""

    def unwrap(self, wrapped: bytes, grant_id: GrantId) -> bytes:
        """Raises `SealBroken` where the context or the bytes are not right, `StorageUnavailable`.

        May also answer a wrong key for a wrong context: what it seals will not open with that.
        """


class EnvelopeVault:
    """The one `TokenVault`; the data keys make it KMS's (`data_keys.KmsDataKeys`) or local."""

    def __init__(self, data_keys: DataKeys, secret_bytes: SecretBytes) -> None:
        self._data_keys = data_keys
        self._secret_bytes = secret_bytes

    def sealer(self, grant_id: GrantId) -> Callable[[TokenPair], bytes]:
        key = self._data_keys.make(grant_id)
        header = bytes([_VERSION]) + len(key.wrapped).to_bytes(2, "big") + key.wrapped
        nonce = self._secret_bytes.take(_NONCE_BYTES)
        cipher = AESGCM(key.clear)

        def seal(pair: TokenPair) -> bytes:
            text = json.dumps({"access": pair.access_token, "refresh": pair.refresh_token})
            return header + nonce + cipher.encrypt(nonce, text.encode(), _bound(header, grant_id))

        return seal

    def seal(self, pair: TokenPair, grant_id: GrantId) -> bytes:
        return self.sealer(grant_id)(pair)

    def open(self, blob: bytes, grant_id: GrantId) -> TokenPair:
        header, nonce, sealed = _split(blob, grant_id)
        key = self._data_keys.unwrap(header[_HEADER_BYTES:], grant_id)
        try:
            text = AESGCM(key).decrypt(nonce, sealed, _bound(header, grant_id))
        except InvalidTag:
            # Without the cause: an exception chain must not carry what was being opened.
            raise broken(grant_id) from None
        stored = json.loads(text)
        return TokenPair(access_token=stored["access"], refresh_token=stored["refresh"])


def broken(grant_id: GrantId) -> SealBroken:
    return SealBroken(f"grant {grant_id}: the sealed token pair does not open")


def _split(blob: bytes, grant_id: GrantId) -> tuple[bytes, bytes, bytes]:
    wrapped_length = int.from_bytes(blob[1:_HEADER_BYTES], "big")
    header_end = _HEADER_BYTES + wrapped_length
    nonce_end = header_end + _NONCE_BYTES
    if blob[:1] != bytes([_VERSION]) or len(blob) < nonce_end + _TAG_BYTES:
        raise broken(grant_id)
    return blob[:header_end], blob[header_end:nonce_end], blob[nonce_end:]


def _bound(header: bytes, grant_id: GrantId) -> bytes:
    return header + grant_id.encode()
