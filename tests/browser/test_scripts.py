"""The modules by themselves, over made-up pages: focus stays where it was, what is chosen last counts."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from functions.api.console import static

SITE = "https://console.example"
Answer = Callable[[Route], str]


@pytest.fixture
def show(browser: Browser) -> Iterator[Callable[..., Page]]:
    """Opens a page of this markup; `answers` are by path."""
    with closing(browser.new_page()) as page:

        def shown(markup: str, **answers: Answer) -> Page:
            def answer(route: Route) -> None:
                path = urlsplit(route.request.url).path.strip("/")
                if path in static.files():
                    route.fulfill(body=static.files()[path], content_type="text/javascript")
                elif path in answers:
                    body = answers[path](route)
                    kind = "application/json" if body.startswith("{") else "text/html"
                    route.fulfill(body=body, content_type=kind)
                else:
                    script = '<script type="module" src="/console.js"></script>'
                    route.fulfill(body=f"<main>{markup}</main>{script}", content_type="text/html")

            page.route(f"{SITE}/**", answer)
            page.goto(SITE)
            return page

        yield shown


def moving(done: int) -> str:
    return (
        '<div data-part data-refresh="/live" data-every="0.05"><p role="status">Under way.</p>'
        f'<a href="/runs/1">Items</a><a href="/runs/2">Invoices</a><span id="done">{done}</span></div>'
    )


def test_what_is_focused_stays_so_while_its_part_moves(show: Callable[..., Page]) -> None:
    looked = iter(range(1, 10_000))
    page = show(moving(0), live=lambda _route: moving(next(looked)))
    page.get_by_role("link", name="Invoices").focus()
    expect(page.locator("#done")).not_to_have_text("0")
    before = int(page.locator("#done").inner_text())
    expect(page.locator("#done")).not_to_have_text(str(before))
    expect(page.get_by_role("link", name="Invoices")).to_be_focused()


def test_what_says_nothing_new_is_left_alone(show: Callable[..., Page]) -> None:
    """A screen reader would read it again, and a selection would be gone."""
    looks: list[int] = []

    def same(_route: Route) -> str:
        looks.append(1)
        return moving(0)

    page = show(moving(0), live=same)
    page.evaluate("window.first = document.querySelector('[role=status]')")
    while len(looks) < 3:
        page.wait_for_timeout(20)
    assert page.evaluate("window.first.isConnected")


def test_what_is_chosen_last_is_what_is_saved_last(show: Callable[..., Page]) -> None:
    saved: list[str] = []
    held: list[Route] = []

    def save(route: Route) -> str:
        saved.append(parse_qs(route.request.post_data or "")["account"][0])
        return '{"message": "Saved"}'

    page = show(
        '<form action="/save" data-autosave><select name="account" aria-label="Account">'
        "<option>1</option><option>2</option><option>3</option></select><output></output></form>",
        save=save,
    )

    def slow(route: Route) -> None:
        held.append(route)  # answered when the test says so

    page.route(f"{SITE}/save", slow, times=1)
    page.get_by_label("Account").select_option("2")
    while not held:
        page.wait_for_timeout(20)
    page.get_by_label("Account").select_option("3")
    page.wait_for_timeout(200)
    assert saved == []  # the second waits for the first, which may be stored later than it was sent
    held[0].fulfill(body='{"message": "Saved"}', content_type="application/json")
    expect(page.locator("output")).to_have_text("Saved")
    while not saved:
        page.wait_for_timeout(20)
    assert saved == ["3"]


def test_choices_that_come_later_are_of_the_form_and_work_like_those_that_were_there(
    show: Callable[..., Page],
) -> None:
    chooser = (
        '<form id="bulk" data-choose="selected"><label hidden><input type="checkbox" data-all> All</label>'
        "<output data-chosen></output></form>"
        '<input type="checkbox" form="bulk" name="selected" value="1" aria-label="First">'
    )
    autosaved = (
        '<form action="/save" data-autosave><select name="account" aria-label="Account of it">'
        '<option>1</option><option>2</option></select><output id="told"></output></form>'
    )
    page = show(
        f'<form id="whole"><input name="typed" aria-label="Typed">{waits("/select")}</form>'
        f"{waits('/rows')}",
        select=lambda _route: (
            '<div data-part><select name="chosen"><option>7</option></select></div>'
        ),
        rows=lambda _route: f"<div data-part>{chooser}{autosaved}</div>",
        save=lambda _route: '{"message": "Saved"}',
    )
    page.get_by_label("Typed").fill("kept")
    page.get_by_label("First").check()
    expect(page.locator("[data-chosen]")).to_have_text("1 chosen")
    page.get_by_label("Account of it").select_option("2")
    expect(page.locator("#told")).to_have_text("Saved")
    sent = page.evaluate("Object.fromEntries(new FormData(document.getElementById('whole')))")
    assert sent == {"typed": "kept", "chosen": "7"}


def waits(address: str) -> str:
    return f'<div data-part data-refresh="{address}" data-every="0.1"><p role="status">Asking…</p></div>'
