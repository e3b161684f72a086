"""The one kind of page the API shows to a person: a heading and some sentences, no script."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping, Sequence
from html import escape
from typing import Final

from starlette.responses import HTMLResponse

_STYLE: Final = (
    "body{font:1.125rem/1.5 system-ui,sans-serif;max-width:34rem;margin:12vh auto;padding:0 1.5rem;"
    "color:#1c2733;background:#fff}h1{font-size:1.6rem;line-height:1.25}"
    "@media(prefers-color-scheme:dark){body{color:#e6edf3;background:#14181d}}"
)
_STYLE_HASH: Final = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
_POLICY: Final = (
    f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)


def message_page(
    status: int, heading: str, sentences: Sequence[str], headers: Mapping[str, str] | None = None
) -> HTMLResponse:
    """Texts are escaped here; empty ones are left out."""
    paragraphs = "".join(f"<p>{escape(sentence)}</p>" for sentence in sentences if sentence)
    return HTMLResponse(
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{escape(heading)} · BlueClerk</title><style>{_STYLE}</style></head>"
        f"<body><main><h1>{escape(heading)}</h1>{paragraphs}</main></body></html>",
        status_code=status,
        headers={**(headers or {}), "Content-Security-Policy": _POLICY},
    )
