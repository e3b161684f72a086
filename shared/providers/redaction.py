"""Keep secrets out of messages. Providers repeat tokens in error bodies (quickbooks.md 2.7)."""

from __future__ import annotations

import re
from typing import Final

REMOVED: Final = "<removed>"

_BEARER: Final = re.compile(r"(?i)\b(bearer|basic)\s+[^\s\"',;]+")
_NAMED: Final = re.compile(
    r"(?i)\b((?:access|refresh|id)_token|client_secret|code|token)([\"']?\s*[=:]\s*[\"']?)[^\s\"'&,;]+"
)
_TOKEN_LIKE: Final = re.compile(r"[A-Za-z0-9_\-.+/=]{40,}")
_REQUEST_ID: Final = re.compile(r"[A-Za-z0-9_\-]{1,80}", re.ASCII)


def redact(text: str, *secrets: str) -> str:
    """The text without the given secrets and without anything that looks like one."""
    for secret in secrets:
        if secret:
            text = text.replace(secret, REMOVED)
    text = _BEARER.sub(rf"\1 {REMOVED}", text)
    text = _NAMED.sub(rf"\1\2{REMOVED}", text)
    return _TOKEN_LIKE.sub(REMOVED, text)


def request_id(text: str) -> str:
    """A provider's id of a call, for messages; "none" when it is missing or not shaped like one."""
    return text if _REQUEST_ID.fullmatch(text) else "none"
