"""Invoices: the list, and how one stands in the books."""

from __future__ import annotations

import html
from dataclasses import replace
from typing import Any

import pytest

from shared.domain.connections import ConnectionState, Setup, StepState
from shared.domain.ids import PersonId, RecordKind, RemoteId, RemoteVersion, RunId, SourceId
from shared.domain.invoices import Invoice
from shared.domain.links import Link
from shared.domain.runs import Failure, Problem
from shared.sync.connection_settings import change_settings
from shared.sync.engine.terms import scope_of
from tests.support.api_client import ApiWorld, api_world
from tests.support.services import COMPANY

DECIDED = Setup(StepState.DONE, StepState.SKIPPED, StepState.PENDING)
HOSTILE = "<script>alert(1)</script> \u202eגשר\u202c 🛠️" + "x" * 900
INVOICE = {
    "number": "INV-0047",
    "customerId": "hill",
    "status": "SENT",
    "currency": "USD",
    "issuedOn": "2026-03-02",
    "lines": [
        {"itemId": "pipe", "quantity": "2.5", "unitPrice": "140.00", "description": "Copper"}
    ],
}


@pytest.fixture
def world() -> ApiWorld:
    """One invoice of 350.00, sent."""
    made = api_world()
    made.call("PUT", "/v1/customers/hill", {"name": "Hill & Sons"})
    made.call("PUT", "/v1/items/pipe", {"name": "Pipe", "unitPrice": "1"})
    put(made)
    return made


def put(world: ApiWorld, invoice_id: str = "47", **changes: Any) -> None:
    answer = world.call("PUT", f"/v1/invoices/{invoice_id}", {**INVOICE, **changes})
    assert answer.status_code in {200, 201}, answer.text


def pay(world: ApiWorld, amount: str, own_id: str = "1", invoice_id: str = "47") -> None:
    body = {"amount": amount, "paidOn": "2026-03-09", "method": "Check", "reference": "1204"}
    answer = world.call("PUT", f"/v1/invoices/{invoice_id}/payments/{own_id}", body)
    assert answer.status_code == 201, answer.text


def in_books(world: ApiWorld, invoice_id: str = "47", **changes: Any) -> None:
    """The invoice as it is now is in the books."""
    connection = next(iter(world.services.stores.connections.of_company(COMPANY)))
    stored = world.services.stores.records.get(COMPANY, Invoice, SourceId(invoice_id))
    assert stored is not None
    given: dict[str, Any] = {
        "source_id": stored.source_id,
        "remote_id": RemoteId("r-9"),
        "remote_version": RemoteVersion("0"),
        "remote_name": stored.number,
        "name_key": stored.number,
        "source_version": stored.version,
        "mapping_version": "",
        "base": {"customer_id": "c-1", "total": "350", "currency": "USD"},
        "row_version": 1,
    }
    scope = scope_of(RecordKind.INVOICE, connection)
    assert not world.services.stores.links.save_links(scope, [Link(**{**given, **changes})])


def refused(world: ApiWorld, problem: Problem, invoice_id: str = "47") -> None:
    connection = next(iter(world.services.stores.connections.of_company(COMPANY)))
    world.services.stores.failures.save(
        [
            Failure(
                connection.key,
                RecordKind.INVOICE,
                SourceId(invoice_id),
                problem.code,
                problem,
                1,
                RunId("run"),
                world.clock.now(),
            )
        ]
    )


def shown(world: ApiWorld, path: str = "/console/invoices/47", **options: Any) -> str:
    answer = world.sees(path, **options)
    assert answer.status_code == 200, answer.text
    return html.unescape(answer.text)


def test_without_invoices_the_list_says_what_to_do() -> None:
    assert "No invoices yet" in shown(api_world(), "/console/invoices")


def test_the_list_shows_sums_of_payments_and_the_standing_in_words(world: ApiWorld) -> None:
    world.connect(setup=DECIDED)
    pay(world, "100.00")
    listed = shown(world, "/console/invoices")
    assert "Hill & Sons" in listed
    assert "$350.00" in listed
    assert "$100.00" in listed
    assert "Waits for QuickBooks" in listed
    in_books(world)
    assert "Synced; 1 payment waits" in shown(world, "/console/invoices")
    refused(world, Problem("BOOKS_CLOSED", "The books are closed.", "Ask."))
    listed = shown(world, "/console/invoices")
    assert "Not synced to QuickBooks" in listed
    assert "The books are closed." in listed


def test_the_list_says_where_nothing_is_connected(world: ApiWorld) -> None:
    assert "No accounting software is connected" in shown(world, "/console/invoices")


def test_the_list_is_paged(world: ApiWorld) -> None:
    for number in range(100, 130):
        put(world, str(number))
    first = world.sees("/console/invoices").text
    assert first.count('<th scope="row">') == 25
    following = html.unescape(first.split('rel="next"')[0].rsplit('href="', 1)[1].split('"')[0])
    second = world.sees(following).text
    assert second.count('<th scope="row">') == 6
    assert 'rel="next"' not in second
    assert "First page" in second


def test_a_cursor_that_is_not_ours_is_refused(world: ApiWorld) -> None:
    assert world.sees("/console/invoices?cursor=x").status_code == 400


def test_lines_and_sums_are_shown_as_stored(world: ApiWorld) -> None:
    put(
        world,
        lines=[
            {
                "itemId": "pipe",
                "quantity": "2.123456",
                "unitPrice": "10",
                "discountPercent": "5.5",
                "taxPercent": "8.25",
            },
            {"description": "Thank you"},
        ],
    )
    page = shown(world)
    for text in ("Pipe", "2.123456", "$10.00", "5.5%", "8.25%", "Thank you", "Hill & Sons"):
        assert text in page


def test_paid_is_the_sum_of_the_payments(world: ApiWorld) -> None:
    put(world, amountPaid="350.00")
    pay(world, "100.00", "1")
    pay(world, "50.00", "2")
    world.call("DELETE", "/v1/invoices/47/payments/2")
    page = shown(world)
    assert "<dt>Paid</dt><dd>$100.00</dd>" in page
    assert "<dt>Open</dt><dd>$250.00</dd>" in page
    assert "Void, not counted" in page


def test_the_button_says_sync_then_resync(world: ApiWorld) -> None:
    world.connect(setup=DECIDED)
    assert ">Sync to QuickBooks</button>" in shown(world)
    in_books(world)
    page = shown(world)
    assert ">Resync to QuickBooks</button>" in page
    assert "Synced to QuickBooks" in page
    assert "r-9" in page


def test_pressing_it_asks_and_the_page_watches_it_come(world: ApiWorld) -> None:
    connection = world.connect(setup=DECIDED)
    pressed = world.presses("/console/invoices/47/sync", provider="quickbooks")
    assert pressed.status_code == 303
    watched = pressed.headers["location"]
    assert watched.startswith("/console/invoices/47?since=")
    assert world.services.stores.due.urgent(connection.key, RecordKind.INVOICE, 9)
    page = shown(world, watched)
    assert "On its way to QuickBooks" in page
    refresh = page.split('data-refresh="')[1].split('"')[0]
    assert "<noscript><meta http-equiv" in page
    part = shown(world, refresh)
    assert part.lstrip().startswith("<div data-part")
    in_books(world)
    rows = world.services.stores.due.urgent(connection.key, RecordKind.INVOICE, 9)
    world.services.stores.due.remove(rows)
    at_rest = shown(world, refresh)
    assert "data-refresh" not in at_rest
    assert "in step already" in at_rest


def test_a_payment_that_is_kept_back_says_why_until_somebody_asks_for_it(world: ApiWorld) -> None:
    why = "Payments do not go by themselves: that is switched off in the settings."
    connection = world.connect(setup=DECIDED)
    in_books(world)
    pay(world, "100.00")
    assert why not in shown(world)
    others = frozenset(RecordKind) - {RecordKind.PAYMENT}
    change_settings(world.services, connection.key, PersonId("ann"), by_itself=others)
    page = shown(world)
    assert "Waits for QuickBooks" in page
    assert why in page
    pressed = world.presses("/console/invoices/47/sync", provider="quickbooks")
    assert why not in shown(world, pressed.headers["location"])


def test_after_five_minutes_nothing_is_looked_at_again(world: ApiWorld) -> None:
    world.connect(setup=DECIDED)
    watched = world.presses("/console/invoices/47/sync", provider="quickbooks").headers["location"]
    world.clock.sleep(301)
    assert "data-refresh" not in shown(world, watched)


def test_an_unlinked_customer_is_imported_before_invoicing(world: ApiWorld) -> None:
    world.connect(setup=DECIDED)
    page = shown(world)
    assert "import before invoicing" in page
    assert "/console/integrations/quickbooks/review/customers" in page
    in_books(world)
    assert "import before invoicing" not in shown(world)


def test_another_total_there_is_shown_with_both_figures(world: ApiWorld) -> None:
    world.connect(setup=DECIDED)
    in_books(world, answered={"total": "351.25"})
    refused(world, Problem("TOTAL_DIFFERS", "It has another total.", "Compare."))
    page = shown(world)
    assert "badge amber" in page
    assert "Another total in QuickBooks" in page
    assert "$351.25" in page
    assert '<dt>Total in BlueClerk</dt><dd class="amber">$350.00</dd>' in page


@pytest.mark.parametrize(
    ("status", "why"),
    [("DRAFT", "A draft is not synced."), ("VOID", "void before QuickBooks had it")],
)
def test_drafts_and_void_ones_say_why_there_is_no_button(
    world: ApiWorld, status: str, why: str
) -> None:
    world.connect(setup=DECIDED)
    put(world, status=status)
    page = shown(world)
    assert why in page
    assert "to QuickBooks</button>" not in page
    assert "Record a payment" not in page


def test_a_void_one_that_is_in_the_books_is_voided_there_by_the_button(world: ApiWorld) -> None:
    world.connect(setup=DECIDED)
    in_books(world)
    put(world, status="VOID")
    page = shown(world)
    assert "Void here, not in QuickBooks" in page
    assert ">Resync to QuickBooks</button>" in page


def test_where_it_must_be_reconnected_the_button_is_that(world: ApiWorld) -> None:
    world.connect(setup=DECIDED, state=ConnectionState.NEEDS_REAUTH)
    page = shown(world)
    assert "Your QuickBooks connection has expired." in page
    assert ">Reconnect QuickBooks</button>" in page
    assert "Sync to QuickBooks" not in page


def test_before_the_imports_are_decided_the_setup_is_shown(world: ApiWorld) -> None:
    world.connect()
    assert "/console/integrations/quickbooks/setup" in shown(world)


def test_a_refused_press_leads_back_with_the_reason(world: ApiWorld) -> None:
    world.connect()
    page = "/console/invoices/47"
    pressed = world.presses(f"{page}/sync", provider="quickbooks", page=page)
    assert pressed.headers["location"] == page
    world.client.cookies.set("__Host-said", pressed.cookies["__Host-said"])
    assert "is not decided yet" in shown(world)


def test_a_provider_that_is_not_connected_is_not_synced(world: ApiWorld) -> None:
    connection = world.connect(setup=DECIDED)
    world.services.stores.connections.save(
        replace(connection, state=ConnectionState.DISCONNECTED, version=connection.version + 1)
    )
    pressed = world.presses("/console/invoices/47/sync", provider="quickbooks")
    assert pressed.headers["location"] == "/console/integrations"
    assert not world.services.stores.due.urgent(connection.key, RecordKind.INVOICE, 9)


def test_the_history_tells_who_synced_and_what_was_paid(world: ApiWorld) -> None:
    world.connect(setup=DECIDED)
    pay(world, "100.00")
    world.presses("/console/invoices/47/sync", provider="quickbooks")
    history = shown(world).split('id="history"')[1]
    assert "You synced the invoice to QuickBooks." in history
    assert "A payment of $100.00 was recorded." in history
    assert "The invoice was entered." in history


def test_ids_with_slashes_and_odd_characters_have_pages(world: ApiWorld) -> None:
    world.connect(setup=DECIDED)
    odd = "2026/04 #1?&ü"
    quoted = "2026%2F04%20%231%3F%26%C3%BC"
    put(world, quoted)
    listed = world.sees("/console/invoices").text
    assert f'href="/console/invoices/{quoted}"' in listed
    assert odd in shown(world, f"/console/invoices/{quoted}")
    pressed = world.presses(f"/console/invoices/{quoted}/sync", provider="quickbooks")
    assert pressed.headers["location"].startswith(f"/console/invoices/{quoted}?since=")


def test_hostile_names_are_shown_as_text(world: ApiWorld) -> None:
    world.call("PUT", "/v1/customers/hill", {"name": HOSTILE})
    world.call("PUT", "/v1/items/pipe", {"name": HOSTILE, "unitPrice": "1"})
    put(world, number="<b>1</b>", memo=HOSTILE)
    for path in ("/console/invoices", "/console/invoices/47"):
        text = world.sees(path).text
        assert "<script>alert" not in text
        assert "<b>1" not in text
        assert "&lt;script&gt;alert" in text


def test_who_may_only_read_has_no_buttons(world: ApiWorld) -> None:
    world.connect(setup=DECIDED)
    pay(world, "1.00")
    main = world.sees("/console/invoices/47", who="clerk").text.split("<main")[1]
    assert "<button" not in main
    assert "/payments/" not in main


def test_another_companys_invoice_is_not_there(world: ApiWorld) -> None:
    assert world.sees("/console/invoices/47", who="other").status_code == 404
    assert world.sees("/console/invoices/47/sync", who="other").status_code == 404
    assert "INV-0047" not in world.sees("/console/invoices", who="other").text
    pressed = world.presses("/console/invoices/47/sync", "other", provider="quickbooks")
    assert pressed.headers["location"] == "/console/integrations"
