"""What a button left to say: once, and as text whoever wrote it."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from typing import Any

import pytest
from starlette.requests import Request
from starlette.responses import Response

from functions.api.console.said import Said, say
from functions.api.console.session import console_router, done
from shared.domain.errors import RequestInvalid
from shared.domain.runs import Problem
from tests.support.api_client import ApiWorld

PAGE = "/console/integrations"
SAID = "__Host-said"


@pytest.fixture
def world(world: ApiWorld) -> ApiWorld:
    """With a button for each outcome."""
    router = console_router()

    @router.post("/well")
    def well(request: Request) -> Response:
        return done(request, PAGE, "It is synced.")

    @router.post("/not-well")
    def not_well(request: Request) -> Response:
        raise RequestInvalid(Problem("X", "It is <b>too long</b>.", "Shorten it."))

    app: Any = world.client.app
    app.include_router(router)
    return world


def test_what_went_well_is_said_on_the_next_page_and_not_again(world: ApiWorld) -> None:
    pressed = world.presses("/console/well")
    assert (pressed.status_code, pressed.headers["location"]) == (303, PAGE)
    shown = world.sees(PAGE).text
    assert 'role="status"' in shown
    assert "It is synced." in shown
    assert "It is synced." not in world.sees(PAGE).text


def test_a_refusal_is_an_alert_with_what_to_do_and_escaped(world: ApiWorld) -> None:
    assert world.presses("/console/not-well").status_code == 303
    shown = world.sees(PAGE).text
    assert 'role="alert"' in shown
    assert "It is &lt;b&gt;too long&lt;/b&gt;. Shorten it." in shown


def test_a_script_that_asked_for_json_is_answered_in_json(world: ApiWorld) -> None:
    headers = {"Sec-Fetch-Site": "same-origin", "Accept": "application/json"}
    answer = world.presses("/console/not-well", headers=headers)
    assert (answer.status_code, answer.json()["detail"]) == (400, "It is <b>too long</b>.")


@pytest.mark.parametrize("letter", ["a", "ü", "漢", "😀", '"', "\x01", "\ud800"])
def test_the_cookie_stays_one_that_browsers_take(world: ApiWorld, letter: str) -> None:
    """They drop what is over 4,096 bytes, and then nothing would be said at all."""
    response = Response()
    say(response, Said(letter * 4000, letter * 4000, trouble=True), secure=True)
    kept = response.headers["set-cookie"].split(";")[0]
    assert 500 < len(kept) <= 4096
    world.client.cookies.set(SAID, kept.partition("=")[2].strip('"'))
    assert 'role="alert"' in world.sees(PAGE).text


def _encoded(content: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(content).encode()).decode()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "not base64!",
        "e30",
        base64.urlsafe_b64encode(b"\xff\xfe").decode(),
        _encoded({}),
        _encoded(None),
        _encoded(7),
        _encoded(["only one"]),
        _encoded([1, 2, 3]),
        _encoded([["a"], "b", False]),
        _encoded("abc"),
        _encoded(["a", "b", "c", "d"]),
    ],
)
def test_a_cookie_that_is_not_ours_says_nothing_and_breaks_nothing(
    world: ApiWorld, text: str
) -> None:
    world.client.cookies.set(SAID, text)
    shown = world.sees(PAGE)
    assert shown.status_code == 200
    assert 'class="said' not in shown.text


def test_a_forged_cookie_is_text(world: ApiWorld) -> None:
    world.client.cookies.set(SAID, _encoded(["<script>alert(1)</script>", "", False]))
    shown = world.sees(PAGE).text
    assert "<script>alert" not in shown
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in shown


def test_nothing_is_said_twice_to_whoever_has_no_tls(world: ApiWorld) -> None:
    """Where cookies have no prefix, the one with it is not read."""
    app: Any = world.client.app
    settings = replace(world.services.settings, public_url="http://127.0.0.1:8080")
    app.state.services = replace(world.services, settings=settings)
    world.client.cookies.set(SAID, _encoded(["hello", "", False]))
    assert "hello" not in world.client.get("/console/signed-out").text
