"""What a secret may look like where it must not be."""

from __future__ import annotations

import base64
from collections.abc import Iterator

_PIECE = 24
_SHORTEST = 8


def shapes(secret: str) -> set[str]:
    """Pieces of its beginning, middle and end: as they are, in hex, and in base64.

    Base64 of a longer text has a piece in one of three forms, by where in the text it begins.
    """
    middle = len(secret) // 2
    pieces = {secret[:_PIECE], secret[middle : middle + _PIECE], secret[-_PIECE:]}
    return {shape for piece in pieces if len(piece) > _SHORTEST for shape in _shapes_of(piece)}


def _shapes_of(piece: str) -> Iterator[str]:
    yield piece
    yield piece.encode().hex()
    yield piece.encode().hex().upper()
    for skipped in range(3):
        whole = len(piece[skipped:]) // 3 * 3
        encoded = base64.b64encode(piece[skipped : skipped + whole].encode()).decode()
        yield encoded
        yield encoded.translate(str.maketrans("+/", "-_"))
