"""Payments by hand: recorded, marked paid, voided; what was typed is kept where it is refused."""

from __future__ import annotations

import html
from typing import Any

import pytest

from shared.domain.ids import SourceId
from shared.domain.invoices import Payment
from tests.support.api_client import ApiWorld, api_world
from tests.support.services import COMPANY

PAGE = "/console/invoices/47"
CHECK = {"amount": "100.00", "paidOn": "2026-03-09", "method": "Check", "reference": "1204"}


@pytest.fixture
def world() -> ApiWorld:
    """One invoice of 350.00, sent."""
    made = api_world()
    made.call("PUT", "/v1/customers/hill", {"name": "Hill"})
    made.call("PUT", "/v1/items/pipe", {"name": "Pipe", "unitPrice": "1"})
    invoice(made)
    return made


def invoice(world: ApiWorld, invoice_id: str = "47", **changes: Any) -> None:
    body = {
        "number": "INV-0047",
        "customerId": "hill",
        "status": "SENT",
        "currency": "USD",
        "issuedOn": "2026-03-02",
        "lines": [{"itemId": "pipe", "unitPrice": "350.00"}],
    }
    assert world.call("PUT", f"/v1/invoices/{invoice_id}", {**body, **changes}).status_code < 300


def stored(world: ApiWorld, invoice_id: str = "47") -> list[Payment]:
    found = world.services.stores.records.payments_of(COMPANY, SourceId(invoice_id))
    return list(found)


def records(world: ApiWorld, payment_id: str = "p-1", who: str = "office", **changes: str) -> Any:
    fields = {**CHECK, "paymentId": payment_id, "page": PAGE, **changes}
    return world.presses(f"{PAGE}/payments", who, **fields)


def text(answer: Any) -> str:
    return html.unescape(answer.text)


def test_the_form_has_todays_date_and_an_id_of_its_own(world: ApiWorld) -> None:
    first, second = world.sees(PAGE).text, world.sees(PAGE).text
    assert f'type="date" value="{world.clock.now().date().isoformat()}"' in first
    one, other = (
        page.split('name="paymentId" value="')[1].split('"')[0] for page in (first, second)
    )
    assert one != other


def test_a_payment_is_recorded_once_however_often_the_form_is_sent(world: ApiWorld) -> None:
    for _ in range(2):
        answer = records(world)
        assert answer.status_code == 303
        assert answer.headers["location"] == PAGE
    [payment] = stored(world)
    assert str(payment.amount.amount) == "100.00"
    assert (payment.method, payment.reference) == ("Check", "1204")
    assert payment.paid_on.isoformat() == "2026-03-09"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"amount": ""}, "The amount is missing."),
        ({"amount": "1,000"}, "is not a plain number"),
        ({"amount": "0"}, "The amount is zero."),
        ({"amount": "1.001"}, "more decimals than USD has"),
        ({"amount": "-5"}, "below zero"),
        ({"paidOn": ""}, "The date of payment is missing."),
        ({"paidOn": "2026-02-30"}, "a day that does not exist"),
        ({"method": "x" * 101}, "at most 100 are possible"),
        ({"reference": "x" * 101}, "at most 100 are possible"),
    ],
)
def test_a_refused_field_has_its_message_and_the_values_stay(
    world: ApiWorld, changes: dict[str, str], message: str
) -> None:
    answer = records(world, **changes)
    assert answer.status_code == 422
    page = text(answer)
    [field] = changes
    beside = page.split(f'id="{field}-told"')[1].split("</span>")[0]
    assert message in beside
    assert 'aria-invalid="true"' in page.split(f'id="{field}"')[1].split(">")[0]
    for name, value in {**CHECK, **changes}.items():
        assert f'value="{value}"' in page.split(f'id="{name}"')[1].split(">")[0]
    assert stored(world) == []


def test_several_wrong_fields_are_all_told(world: ApiWorld) -> None:
    page = text(records(world, amount="x", paidOn="x"))
    assert page.count('class="wrong"') == 2


def test_above_the_balance_a_credit_is_offered_and_taken(world: ApiWorld) -> None:
    page = text(records(world, amount="400.00"))
    assert "above the open balance" in page
    assert 'name="overpayment"' in page
    assert stored(world) == []
    assert records(world, amount="400.00", overpayment="yes").status_code == 303
    assert stored(world)[0].overpaid
    assert "<dt>Paid above the total</dt><dd>$50.00</dd>" in world.sees(PAGE).text


def test_going_back_and_changing_the_amount_is_another_payment(world: ApiWorld) -> None:
    records(world)
    again = text(records(world, amount="50.00"))
    assert "was sent before" in again
    assert len(stored(world)) == 1
    fresh = again.split('name="paymentId" value="')[1].split('"')[0]
    assert records(world, fresh, amount="50.00").status_code == 303
    assert len(stored(world)) == 2


def test_a_void_invoice_takes_no_payment_and_says_so(world: ApiWorld) -> None:
    invoice(world, status="VOID")
    answer = records(world)
    assert answer.status_code == 422
    assert "The invoice is void. Make a new invoice." in text(answer)


def test_what_was_typed_is_shown_as_text(world: ApiWorld) -> None:
    evil = '"><script>alert(1)</script>'
    answer = records(world, amount=evil, method=evil, reference=evil)
    assert "<script>alert" not in answer.text
    assert "&#34;&gt;&lt;script&gt;" in answer.text


def test_mark_paid_is_asked_plainly_and_pays_what_is_open(world: ApiWorld) -> None:
    records(world)
    asked = world.sees(f"{PAGE}/payments/rest").text
    assert "records a payment of <strong>$250.00</strong>, the open balance" in asked
    own_id = asked.split('name="paymentId" value="')[1].split('"')[0]
    for _ in range(2):
        answer = world.presses(f"{PAGE}/payments/rest", paymentId=own_id, paidOn="2026-03-10")
        assert answer.headers["location"] == PAGE
    assert [str(one.amount.amount) for one in stored(world)] == ["250.00", "100.00"]
    assert "Nothing is open" in world.sees(f"{PAGE}/payments/rest").text
    assert "Mark as paid" not in world.sees(PAGE).text


def test_mark_paid_keeps_what_was_typed(world: ApiWorld) -> None:
    answer = world.presses(f"{PAGE}/payments/rest", paymentId="p", paidOn="x", method="Cash")
    assert answer.status_code == 422
    assert "is not a date such as" in answer.text
    assert 'value="Cash"' in answer.text


def test_a_payment_is_voided_after_a_question(world: ApiWorld) -> None:
    records(world)
    asked = f"{PAGE}/payments/void?payment=p-1"
    assert asked in text(world.sees(PAGE))
    assert "Void the payment of $100.00?" in world.sees(asked).text
    answer = world.presses(f"{PAGE}/payments/void", payment="p-1", page=PAGE)
    assert answer.headers["location"] == PAGE
    assert not stored(world)[0].active
    page = world.sees(PAGE).text
    assert "Void, not counted" in page
    assert "/payments/void" not in page
    assert "This payment is void already." in world.sees(asked).text


def test_ids_of_others_may_be_odd(world: ApiWorld) -> None:
    invoice(world, "a%2Fb")
    body = {"amount": "1.00", "paidOn": "2026-03-09"}
    assert world.call("PUT", "/v1/invoices/a%2Fb/payments/x%26y%3D1", body).status_code == 201
    asked = html.unescape(world.sees("/console/invoices/a%2Fb").text)
    link = "/console/invoices/a%2Fb/payments/void?payment=x%26y%3D1"
    assert link in asked
    assert world.sees(link).status_code == 200
    page = "/console/invoices/a%2Fb"
    fields = {**CHECK, "paymentId": "p-2", "page": page}
    assert world.presses(f"{page}/payments", **fields).headers["location"] == page


def test_who_may_only_read_records_nothing(world: ApiWorld) -> None:
    records(world)
    for path in ("payments", "payments/rest", "payments/void"):
        fields = {**CHECK, "paymentId": "p-2", "payment": "p-1"}
        assert world.presses(f"{PAGE}/{path}", "clerk", **fields).status_code == 403
    assert len(stored(world)) == 1
    for path in ("payments/rest", "payments/void?payment=p-1"):
        main = world.sees(f"{PAGE}/{path}", who="clerk").text.split("<main")[1]
        assert "<button" not in main


def test_another_company_reaches_none_of_it(world: ApiWorld) -> None:
    records(world)
    records(world, "p-2", "other")
    for path in ("payments/rest", "payments/void?payment=p-1"):
        assert world.sees(f"{PAGE}/{path}", who="other").status_code == 404
    world.presses(f"{PAGE}/payments/void", "other", payment="p-1", page=PAGE)
    world.presses(f"{PAGE}/payments/rest", "other", paymentId="x", paidOn="2026-03-10")
    assert [one.active for one in stored(world)] == [True]
