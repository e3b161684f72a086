"""What browsers and OAuth clients post, and the checks that the sign-in and consent pages share."""

import base64
import binascii
from collections.abc import Mapping
from urllib.parse import parse_qsl, urlsplit

_LOOPBACK_HOSTS = ("127.0.0.1", "localhost", "::1")


def read_form(body: bytes) -> dict[str, str]:
    """A form-encoded body; of a field that comes twice, the last."""
    return dict(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True))


def basic_credentials(headers: Mapping[str, str]) -> tuple[str, str] | None:
    """Id and secret of an ``Authorization: Basic`` header, None when there is none or it is broken."""
    scheme, _, encoded = headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        client_id, colon, secret = base64.b64decode(encoded, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return None
    return (client_id, secret) if colon else None


def bearer_token(headers: Mapping[str, str]) -> str:
    """The token of an ``Authorization: Bearer`` header, or an empty string."""
    scheme, _, token = headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def is_loopback(uri: str) -> bool:
    """Whether the address leads back to this machine and carries no query or fragment of its own."""
    try:
        parts = urlsplit(uri)
    except ValueError:
        return False
    leads_here = parts.scheme in ("http", "https") and parts.hostname in _LOOPBACK_HOSTS
    return leads_here and uri.isascii() and uri.isprintable() and "?" not in uri and "#" not in uri
