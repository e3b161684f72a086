"""The few HTML pages: tidy, usable by keyboard and screen reader, without script, never framed."""

from html import escape

from sandbox.delivery import HTML, Answer

_STYLE = """
body{font:1rem/1.5 system-ui,sans-serif;margin:0;background:#f4f5f8;color:#21262a}
main{max-width:30rem;margin:4rem auto;padding:2rem;background:#fff;border:1px solid #d4d7dc;
border-radius:.5rem}
h1{font-size:1.4rem;margin-top:0}
fieldset{border:0;padding:0;margin:0 0 1.5rem}
legend{font-weight:600;padding:0}
label{display:block;padding:.5rem 0}
button{font:inherit;padding:.5rem 1.25rem;border-radius:.25rem;cursor:pointer}
button.first{background:#0b6e0b;border:1px solid #0b6e0b;color:#fff}
button.second{background:#fff;border:1px solid #6b6c72}
p.note{color:#51565c;font-size:.9rem}
"""
_HEADERS = (
    ("cache-control", "no-store"),
    ("x-frame-options", "DENY"),
    (
        "content-security-policy",
        "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
    ),
    ("referrer-policy", "no-referrer"),
)


def page(title: str, body: str, status: int = 200) -> Answer:
    """A page around ``body``, which is HTML already."""
    text = (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        f'<meta name="viewport" content="width=device-width, initial-scale=1"><style>{_STYLE}</style></head>'
        f"<body><main><h1>{escape(title)}</h1>{body}</main></body></html>"
    )
    return Answer(status, text.encode(), HTML, _HEADERS)


def trouble(title: str, explanation: str) -> Answer:
    return page(title, f'<p role="alert">{escape(explanation)}</p>', status=400)


def hidden(fields: dict[str, str]) -> str:
    return "".join(
        f'<input type="hidden" name="{escape(name)}" value="{escape(value)}">'
        for name, value in fields.items()
    )


def redirect(location: str) -> Answer:
    return Answer(302, b"", HTML, (("location", location), ("cache-control", "no-store")))
