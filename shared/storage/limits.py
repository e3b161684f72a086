"""How large a row may be. The limit of DynamoDB is 400 KB; ours leaves room, and is asserted here."""

from __future__ import annotations

from shared.domain.errors import TooLarge
from shared.domain.runs import Problem

MAX_ROW_BYTES = 300 * 1024


def require_fitting(size: int, what: str) -> None:
    """Raises `TooLarge` for more than 300 KB; `what` names the kind of row for the person who sees it."""
    if size > MAX_ROW_BYTES:
        raise TooLarge(
            Problem(
                "TOO_LARGE",
                f"{what} is {size} bytes, and at most {MAX_ROW_BYTES} can be stored.",
                "Make it smaller.",
            )
        )
