"""Reads the form of a page and fills it in as a person would who changes nothing."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser


@dataclass(slots=True)
class Form:
    """`fields`: what pressing the first button sends: hidden and text values, chosen radio buttons."""

    action: str
    method: str
    fields: dict[str, str] = field(default_factory=dict)
    pressed: bool = False


def first_form(page: str) -> Form | None:
    parser = _Parser()
    parser.feed(page)
    return parser.forms[0] if parser.forms else None


class _Parser(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self._inside = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.forms.append(Form(given.get("action", ""), given.get("method", "get").upper()))
            self._inside = True
        elif self._inside and given.get("name"):
            self._control(tag, given)

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._inside = False

    def _control(self, tag: str, given: dict[str, str]) -> None:
        form = self.forms[-1]
        kind = given.get("type", "text" if tag == "input" else "submit")
        if kind in ("radio", "checkbox"):
            if "checked" in given:
                form.fields[given["name"]] = given.get("value", "on")
        elif kind == "submit":
            if not form.pressed:
                form.fields[given["name"]] = given.get("value", "")
                form.pressed = True
        elif tag == "input":
            form.fields[given["name"]] = given.get("value", "")
