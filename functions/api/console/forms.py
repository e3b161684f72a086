"""What a form sends: texts, bounded and read once. Unknown fields are passed over, as browsers add them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Final
from urllib.parse import parse_qs

from fastapi import Depends
from starlette.requests import Request

from functions.api.bodies import bounded_body, media_type_of, unsupported
from shared.domain.errors import RequestInvalid
from shared.domain.runs import Problem

MAX_FORM: Final = 1_048_576
_MOST_FIELDS: Final = 20_000
_TYPE: Final = "application/x-www-form-urlencoded"
PAGE_FIELD: Final = "page"
"""The page that a form is on: where its button leads back to."""


@dataclass(frozen=True, slots=True)
class Form:
    fields: Mapping[str, Sequence[str]]

    def text(self, name: str) -> str:
        """Trimmed; empty where it is not there."""
        values = self.fields.get(name, ())
        return values[0].strip() if values else ""

    def texts(self, name: str) -> list[str]:
        """Each once, in the order of the page."""
        return list(dict.fromkeys(self.fields.get(name, ())))

    def ticked(self, name: str) -> bool:
        return bool(self.text(name))


async def read_form(request: Request) -> Form:
    """Raises `TooLarge`, `UnsupportedMediaType` or `RequestInvalid`."""
    body = await bounded_body(request, MAX_FORM)
    if body and media_type_of(request) != _TYPE:
        raise unsupported([_TYPE])
    try:
        fields = parse_qs(
            body.decode("ascii"),
            keep_blank_values=True,
            max_num_fields=_MOST_FIELDS,
            errors="strict",
        )
    except ValueError:
        raise RequestInvalid(
            Problem("MALFORMED_FORM", "The form cannot be read.", "Reload the page and try again.")
        ) from None
    form = Form(fields)
    request.state.form_page = form.text(PAGE_FIELD)
    return form


FormOf = Annotated[Form, Depends(read_form)]
