"""The port for randomness that must not be guessed: consent states, PKCE verifiers, nonces, salts."""

from __future__ import annotations

import base64
import secrets
from typing import Protocol


class SecretBytes(Protocol):
    def take(self, count: int) -> bytes:
        """So many unpredictable bytes, never the same twice."""


class SystemSecretBytes:
    """From the operating system's cryptographic source."""

    def take(self, count: int) -> bytes:
        return secrets.token_bytes(count)


def url_safe(raw: bytes) -> str:
    """Base64url without padding: 32 bytes give the 43 characters that PKCE asks for at least."""
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode("ascii")
