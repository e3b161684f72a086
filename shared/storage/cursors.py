"""Paging cursors: opaque to whoever carries them, refused when they are not of the listing asked for.

A cursor says after which sort key the next page begins. It carries a digest of the listing's name
(which contains the company), so that one company's cursor is nothing but `InvalidCursor` to another
and shows nothing of the first. It is no secret: whoever forges a place within their own listing gets
a page of their own listing.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json

from shared.domain.errors import InvalidCursor
from shared.storage.keys import is_key


def encode(listing: str, *position: str) -> str:
    """The cursor of a place in a listing; `position` is the sort key of the last row given out."""
    text = json.dumps([_digest(listing), *position], separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def decode(listing: str, cursor: str, parts: int = 1) -> tuple[str, ...]:
    """The position again. Raises `InvalidCursor` for anything that `encode` did not make for it."""
    try:
        padded = cursor.encode("ascii") + b"=" * (-len(cursor) % 4)
        values = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
    except (UnicodeError, binascii.Error, ValueError, RecursionError):
        raise InvalidCursor from None
    if not isinstance(values, list) or len(values) != parts + 1:
        raise InvalidCursor
    digest, *position = values
    if digest != _digest(listing) or not all(
        isinstance(part, str) and is_key(part) for part in position
    ):
        raise InvalidCursor
    return tuple(position)


def _digest(listing: str) -> str:
    return hashlib.sha256(listing.encode()).hexdigest()[:16]
