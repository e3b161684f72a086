"""How large an uploaded file may be, and what is kept of it."""

from __future__ import annotations

from typing import Final

MAX_BYTES: Final = 200_000_000
MAX_ROWS: Final = 1_000_000
MAX_LINE: Final = 1_000_000
"""Bytes of one physical line; no record is near it."""
MAX_ERRORS: Final = 10_000
"""Kept one by one; the rest is counted."""
UPLOAD_SECONDS: Final = 900
MOST_ATTEMPTS: Final = 4
"""Workers that may die at the same place before the import is given up."""
