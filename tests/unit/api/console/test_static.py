"""The stylesheet and the modules: right types, kept for ever, nothing else served."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from functions.api.console import static
from functions.api.handler import make_adapter
from tests.support.api_client import ApiWorld
from tests.unit.api.test_handler import event

TYPES = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}


@pytest.mark.parametrize("name", sorted(static.files()))
def test_a_file_has_its_type_and_is_kept_for_ever(world: ApiWorld, name: str) -> None:
    answer = world.client.get(static.address(name))
    assert answer.status_code == 200
    assert answer.headers["content-type"].partition(";")[0] == TYPES[Path(name).suffix]
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.content == static.files()[name]


def test_what_a_page_and_the_modules_refer_to_is_there(world: ApiWorld) -> None:
    page = world.sees("/console/integrations").text
    named = re.findall(r'(?:href|src)="(/console/static/[^"]+)"', page)
    assert len(named) >= 3
    for address in named:
        assert world.client.get(address).status_code == 200
    for name, content in static.files().items():
        for other in re.findall(r'from "\./([^"]+)"', content.decode()):
            assert other in static.files(), f"{name} imports {other}"


def test_an_open_page_of_the_version_before_gets_the_files_of_now(world: ApiWorld) -> None:
    """And keeps them no longer: during a deployment the version asked for may be the one to come."""
    answer = world.client.get("/console/static/0123456789abcdef/console.css")
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    "path",
    [
        "nothing.css",
        "static.py",
        "..%2Fstatic.py",
        "%2e%2e%2Fstatic.py",
        "..%2f..%2fhandler.py",
        "console.css%00",
        "",
    ],
)
def test_nothing_else_is_served(world: ApiWorld, path: str) -> None:
    answer = world.client.get(f"/console/static/{static.our_version()}/{path}")
    assert answer.status_code == 404
    assert "immutable" not in answer.headers.get("cache-control", "")


def test_files_travel_as_text_or_base64_through_the_gateway(world: ApiWorld) -> None:
    adapter = make_adapter(world.client.app)  # type: ignore[arg-type]  # a FastAPI app
    answer = adapter(event("GET", static.address("console.css")), None)  # type: ignore[arg-type]  # Mangum only hands it on
    assert answer["statusCode"] == 200
    assert not answer["isBase64Encoded"]


def test_a_page_asks_for_no_more_than_a_phone_gladly_loads() -> None:
    assert sum(len(content) for content in static.files().values()) < 100_000


def test_nothing_in_them_leads_elsewhere() -> None:
    """No font, script or picture of another site: the policy would refuse it, silently."""
    for name, content in static.files().items():
        text = content.decode().replace("http://www.w3.org/2000/svg", "")
        assert not re.search(r"https?://", text), name
        assert not re.search(r"\beval\(|new Function|innerHTML", text), name
