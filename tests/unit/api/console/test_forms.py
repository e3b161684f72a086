"""What a form may send: of the right kind, of bounded size, readable."""

from __future__ import annotations

from typing import Any

import pytest
from httpx2 import Response
from starlette.responses import JSONResponse
from starlette.responses import Response as Answer

from functions.api.console.forms import MAX_FORM, FormOf
from functions.api.console.session import HOME, console_router
from shared.domain.errors import RequestInvalid
from shared.domain.runs import Problem
from tests.support.api_client import ApiWorld

FORM = "application/x-www-form-urlencoded"


@pytest.fixture
def world(world: ApiWorld) -> ApiWorld:
    """With a button that answers what it was sent, and one that refuses it."""
    router = console_router()

    @router.post("/read")
    def read(form: FormOf) -> Answer:
        return JSONResponse(
            {"text": form.text("a"), "texts": form.texts("a"), "ticked": form.ticked("tick")}
        )

    @router.post("/refuse")
    def refuse(form: FormOf) -> Answer:
        raise RequestInvalid(Problem("X", "No.", ""))

    app: Any = world.client.app
    app.include_router(router)
    return world


def sends(
    world: ApiWorld, content: bytes, path: str = "/console/read", kind: str = FORM
) -> Response:
    headers = {"Sec-Fetch-Site": "same-origin", "Content-Type": kind}
    return world._browse("POST", path, "office", headers=headers, content=content)


def told(world: ApiWorld, answer: Response) -> str:
    """A refused button leads back to its page, which says why."""
    assert answer.status_code == 303, answer.text
    return str(world.sees(answer.headers["location"]).text)


def test_fields_are_read_as_browsers_send_them(world: ApiWorld) -> None:
    answer = sends(world, b"a=+J%C3%BCrgen+&a=b&a=b&tick=on&unknown=1&a=").json()
    assert answer == {"text": "Jürgen", "texts": [" Jürgen ", "b", ""], "ticked": True}


def test_an_empty_form_has_no_fields(world: ApiWorld) -> None:
    assert sends(world, b"", kind="").json() == {"text": "", "texts": [], "ticked": False}


@pytest.mark.parametrize("content", [b"a=%FF", b"a=\xff", b"&".join(b"a=1" for _ in range(20_001))])
def test_what_cannot_be_read_is_said(world: ApiWorld, content: bytes) -> None:
    assert "The form cannot be read." in told(world, sends(world, content))


def test_a_form_that_is_too_large_is_refused(world: ApiWorld) -> None:
    just_fits = b"a=" + b"x" * (MAX_FORM - 2)
    assert sends(world, just_fits).status_code == 200
    assert "larger than 1 MB" in told(world, sends(world, just_fits + b"x"))


@pytest.mark.parametrize("kind", ["application/json", "multipart/form-data; boundary=x", "", "x"])
def test_another_kind_of_body_is_refused(world: ApiWorld, kind: str) -> None:
    assert 'role="alert"' in told(world, sends(world, b'{"a": 1}', kind=kind))


@pytest.mark.parametrize(
    ("page", "leads_to"),
    [
        ("/console/problems?cursor=x", "/console/problems?cursor=x"),
        ("//evil.example", HOME),
        ("https://evil.example", HOME),
        ("", HOME),
    ],
)
def test_a_refusal_leads_back_to_the_forms_own_page_and_never_away(
    world: ApiWorld, page: str, leads_to: str
) -> None:
    answer = world.presses("/console/refuse", page=page)
    assert (answer.status_code, answer.headers["location"]) == (303, leads_to)
