"""Payments of an invoice: record, read, list, void, mark paid."""

from __future__ import annotations

from typing import Any

import pytest

from shared.domain.ids import SourceId
from shared.domain.invoices import MAX_PAYMENTS
from tests.contract.stores.builders import payment
from tests.support.api_client import ApiWorld, api_world
from tests.support.dumps import rows_of
from tests.support.services import COMPANY

INVOICE = {
    "number": "INV-0047",
    "customerId": "hill",
    "status": "SENT",
    "currency": "USD",
    "issuedOn": "2026-03-02",
    "lines": [{"itemId": "pipe", "unitPrice": "350.00"}],
}
CHECK = {
    "amount": "150.00",
    "currency": "USD",
    "paidOn": "2026-03-09",
    "method": "Check",
    "reference": "1204",
    "note": "By post",
}
PAID_ON = {"paidOn": "2026-03-09"}


@pytest.fixture
def world() -> ApiWorld:
    """One invoice of 350.00, sent."""
    made = api_world()
    made.call("PUT", "/v1/customers/hill", {"name": "Hill"})
    made.call("PUT", "/v1/items/pipe", {"name": "Pipe", "unitPrice": "1"})
    invoice(made)
    return made


def invoice(world: ApiWorld, **changes: Any) -> Any:
    return world.call("PUT", "/v1/invoices/47", {**INVOICE, **changes}).json()


def put(world: ApiWorld, own_id: str = "1", **changes: Any) -> Any:
    body = {name: value for name, value in {**CHECK, **changes}.items() if value is not None}
    return world.call("PUT", f"/v1/invoices/47/payments/{own_id}", body)


def void(world: ApiWorld, own_id: str = "1") -> Any:
    return world.call("DELETE", f"/v1/invoices/47/payments/{own_id}")


def mark_paid(world: ApiWorld, **body: Any) -> Any:
    return world.call("POST", "/v1/invoices/47:mark-paid", {**PAID_ON, **body})


def standing(world: ApiWorld) -> tuple[str, str]:
    found = world.call("GET", "/v1/invoices/47").json()
    return found["amountPaid"], found["balance"]


def told(answer: Any) -> tuple[int, str, str]:
    return answer.status_code, answer.json()["code"], answer.json()["field"]


def test_a_payment_is_recorded_and_answered_as_it_is_stored(world: ApiWorld) -> None:
    answer = put(world)
    assert answer.status_code == 201
    assert answer.headers["location"] == "/v1/invoices/47/payments/1"
    assert answer.json() == {
        "id": "1",
        "invoiceId": "47",
        **CHECK,
        "overpayment": False,
        "voided": False,
        "version": 1,
        "updatedAt": "2026-03-02T09:00:00Z",
        "quickbooksPaymentId": None,
    }
    assert world.call("GET", "/v1/invoices/47/payments/1").json() == answer.json()
    listed = world.call("GET", "/v1/invoices/47/payments").json()
    assert listed == {"payments": [answer.json()]}
    assert standing(world) == ("150.00", "200.00")


@pytest.mark.parametrize("own_id", ["sync", "payments", "x:mark-paid"])
def test_an_id_that_is_a_word_of_other_addresses_is_read_as_it_was_put(
    world: ApiWorld, own_id: str
) -> None:
    """`sync` was put, and then taken for the sync of an invoice."""
    answer = put(world, own_id)
    assert answer.status_code == 201
    assert world.call("GET", answer.headers["location"]).json() == answer.json()


def test_recording_leaves_the_invoices_version(world: ApiWorld) -> None:
    put(world)
    assert world.call("GET", "/v1/invoices/47").json()["version"] == 1


def test_the_very_same_again_is_the_stored_one_and_writes_nothing(world: ApiWorld) -> None:
    first = put(world, amount="150", currency=None)
    before = rows_of(world.services.stores)
    world.clock.sleep(60)
    again = put(world, amount=150.00)
    assert (again.status_code, again.json()) == (200, first.json())
    assert rows_of(world.services.stores) == before


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"amount": "150.01"}, "amount"),
        ({"currency": "EUR"}, "currency"),
        ({"paidOn": "2026-03-10"}, "paidOn"),
        ({"method": "Cash"}, "method"),
        ({"reference": None}, "reference"),
        ({"note": ""}, "note"),
        ({"overpayment": True}, "overpayment"),
    ],
)
def test_the_same_id_with_anything_else_is_refused(
    world: ApiWorld, change: dict[str, Any], field: str
) -> None:
    put(world)
    before = rows_of(world.services.stores)
    assert told(put(world, **change)) == (409, "PAYMENT_RECORDED_OTHERWISE", field)
    assert rows_of(world.services.stores) == before


@pytest.mark.parametrize(
    ("change", "status", "code", "field"),
    [
        ({"amount": "0"}, 400, "ZERO", "amount"),
        ({"amount": "-1"}, 400, "NEGATIVE", "amount"),
        ({"amount": "1.001"}, 400, "TOO_MANY_DECIMALS", "amount"),
        ({"amount": "1.0001"}, 400, "TOO_MANY_DECIMALS", "amount"),
        ({"amount": "1" * 13, "overpayment": True}, 400, "TOO_MANY_DIGITS", "amount"),
        ({"amount": "much"}, 400, "NOT_A_NUMBER", "amount"),
        ({"amount": None}, 400, "MISSING", "amount"),
        ({"amount": "350.01"}, 409, "PAYMENT_ABOVE_BALANCE", "amount"),
        ({"currency": "EUR"}, 409, "OTHER_CURRENCY", "currency"),
        ({"currency": "XXX"}, 400, "UNKNOWN_CURRENCY", "currency"),
        ({"paidOn": "2026-02-29"}, 400, "IMPOSSIBLE_DATE", "paidOn"),
        ({"paidOn": "9 March"}, 400, "NOT_A_DATE", "paidOn"),
        ({"paidOn": None}, 400, "MISSING", "paidOn"),
        ({"method": "x" * 101}, 400, "TOO_LONG", "method"),
        ({"reference": "x" * 101}, 400, "TOO_LONG", "reference"),
        ({"note": "x" * 4001}, 400, "TOO_LONG", "note"),
        ({"overpayment": "yes"}, 400, "WRONG_TYPE", "overpayment"),
        ({"voided": True}, 400, "UNKNOWN_FIELD", "voided"),
    ],
)
def test_a_bad_field_is_named_and_nothing_is_recorded(
    world: ApiWorld, change: dict[str, Any], status: int, code: str, field: str
) -> None:
    before = rows_of(world.services.stores)
    assert told(put(world, **change)) == (status, code, field)
    assert rows_of(world.services.stores) == before


@pytest.mark.parametrize("status", ["DRAFT", "VOID"])
def test_a_draft_or_void_invoice_takes_no_payment(world: ApiWorld, status: str) -> None:
    invoice(world, status=status)
    for answer in (put(world), put(world, overpayment=True), mark_paid(world)):
        assert told(answer) == (409, f"INVOICE_{status}", "status")
    assert standing(world) == ("0.00", "350.00")


def test_above_the_balance_the_balance_is_named_and_leave_lets_it_pass(world: ApiWorld) -> None:
    put(world, "1", amount="300.00")
    refused = put(world, "2", amount="50.01")
    assert told(refused) == (409, "PAYMENT_ABOVE_BALANCE", "amount")
    assert "open balance of 50.00 USD" in refused.json()["detail"]
    answer = put(world, "2", amount="80.00", overpayment=True)
    assert (answer.status_code, answer.json()["overpayment"]) == (201, True)
    assert standing(world) == ("380.00", "-30.00")
    assert told(put(world, "3", amount="0.01")) == (409, "PAYMENT_ABOVE_BALANCE", "amount")


def test_the_balance_follows_the_invoice(world: ApiWorld) -> None:
    put(world, amount="350.00")
    invoice(world, lines=[{"itemId": "pipe", "unitPrice": "400.00"}])
    assert standing(world) == ("350.00", "50.00")
    assert put(world, "2", amount="50.00").status_code == 201


def test_a_voided_payment_stays_listed_is_not_counted_and_does_not_come_back(
    world: ApiWorld,
) -> None:
    put(world)
    for _ in range(2):
        answer = void(world)
        assert (answer.status_code, answer.json()["voided"]) == (200, True)
        assert (answer.json()["version"], answer.json()["amount"]) == (2, "150.00")
    assert standing(world) == ("0.00", "350.00")
    [listed] = world.call("GET", "/v1/invoices/47/payments").json()["payments"]
    assert listed == answer.json()
    assert told(put(world)) == (409, "PAYMENT_VOIDED", "paymentId")
    assert told(put(world, amount="1.00")) == (409, "PAYMENT_VOIDED", "paymentId")
    assert put(world, "2").status_code == 201


@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_a_payment_that_is_not_there(world: ApiWorld, method: str) -> None:
    answer = world.call(method, "/v1/invoices/47/payments/9")
    assert told(answer) == (404, "PAYMENT_NOT_FOUND", "paymentId")


def test_payments_of_an_invoice_that_is_not_there(world: ApiWorld) -> None:
    answers = [
        world.call("PUT", "/v1/invoices/48/payments/1", CHECK),
        world.call("GET", "/v1/invoices/48/payments"),
        world.call("POST", "/v1/invoices/48:mark-paid", PAID_ON),
    ]
    assert [told(answer) for answer in answers] == [(404, "INVOICE_NOT_FOUND", "id")] * 3


@pytest.mark.parametrize("own_id", [" ", "%20a", "a%09b"])
def test_a_payment_id_that_would_not_stay_itself_is_refused(world: ApiWorld, own_id: str) -> None:
    assert told(put(world, own_id)) == (400, "INVALID_ID", "paymentId")


def test_a_payment_id_has_no_slash(world: ApiWorld) -> None:
    assert put(world, "a%2Fb").status_code == 400
    answer = mark_paid(world, paymentId="a/b")
    assert told(answer) == (400, "INVALID_ID", "paymentId")
    assert standing(world) == ("0.00", "350.00")


def test_two_invoices_may_each_have_a_payment_of_one_id(world: ApiWorld) -> None:
    world.call("PUT", "/v1/invoices/4", INVOICE)
    world.call("PUT", "/v1/invoices/4/payments/7", CHECK)
    put(world, "7", amount="10.00")
    assert standing(world) == ("10.00", "340.00")


class TestMarkPaid:
    def test_what_is_open_is_recorded_once(self, world: ApiWorld) -> None:
        put(world)
        first = mark_paid(world, method="Card", reference="T-1")
        answer = first.json()
        assert (first.status_code, answer["recorded"]) == (200, True)
        assert (answer["payment"]["amount"], answer["payment"]["method"]) == ("200.00", "Card")
        assert (answer["invoice"]["amountPaid"], answer["invoice"]["balance"]) == ("350.00", "0.00")
        assert [one["id"] for one in answer["invoice"]["payments"]] == ["1", "paid-2"]
        before = rows_of(world.services.stores)
        again = mark_paid(world, method="Card", reference="T-1").json()
        assert (again["recorded"], again["payment"]) == (False, None)
        assert again["message"] == "Nothing was open: no payment was recorded."
        assert again["invoice"] == answer["invoice"]
        assert rows_of(world.services.stores) == before

    def test_under_an_id_given_a_second_click_shows_the_first_ones_payment(
        self, world: ApiWorld
    ) -> None:
        first = mark_paid(world, paymentId="click").json()
        assert first["payment"]["id"] == "click"
        again = mark_paid(world, paymentId="click").json()
        assert (again["recorded"], again["payment"]) == (False, first["payment"])

    def test_an_id_that_has_another_payment_is_refused(self, world: ApiWorld) -> None:
        put(world)
        answer = mark_paid(world, paymentId="1")
        assert told(answer) == (409, "PAYMENT_RECORDED_OTHERWISE", "amount")
        void(world)
        assert told(mark_paid(world, paymentId="1")) == (409, "PAYMENT_VOIDED", "paymentId")
        assert standing(world) == ("0.00", "350.00")

    def test_an_invoice_that_is_paid_too_much_is_left_alone(self, world: ApiWorld) -> None:
        put(world, amount="400.00", overpayment=True)
        assert mark_paid(world).json()["recorded"] is False
        assert standing(world) == ("400.00", "-50.00")

    def test_after_a_void_it_can_be_paid_again(self, world: ApiWorld) -> None:
        mark_paid(world)
        void(world, "paid-1")
        again = mark_paid(world).json()
        assert (again["recorded"], again["payment"]["id"]) == (True, "paid-3")
        assert standing(world) == ("350.00", "0.00")

    def test_a_date_is_needed(self, world: ApiWorld) -> None:
        answer = world.call("POST", "/v1/invoices/47:mark-paid", {})
        assert told(answer) == (400, "MISSING", "paidOn")
        bad = world.call("POST", "/v1/invoices/47:mark-paid", {"paidOn": "2026-02-30"})
        assert told(bad) == (400, "IMPOSSIBLE_DATE", "paidOn")


def test_an_invoice_has_room_for_so_many_payments_and_says_so(world: ApiWorld) -> None:
    """With notes at their longest the answer still fits."""
    rows = [payment(f"{number:03}", "47", note="中" * 4000) for number in range(MAX_PAYMENTS)]
    cents = [one for one in rows if one.invoice_id == SourceId("47")]
    world.services.stores.records.save(COMPANY, cents)
    answer = put(world, "one-more", amount="0.01", overpayment=True)
    assert told(answer) == (409, "TOO_MANY_PAYMENTS", "paymentId")
    assert told(put(world, "000", amount="0.01"))[1] == "PAYMENT_RECORDED_OTHERWISE"
    assert void(world, "000").status_code == 200
    assert len(world.call("GET", "/v1/invoices/47").content) < 4_500_000


@pytest.mark.parametrize(("currency", "amount"), [("JPY", "1.5"), ("KWD", "1.0005")])
def test_an_amount_has_at_most_the_currencys_decimals(
    world: ApiWorld, currency: str, amount: str
) -> None:
    invoice(world, currency=currency)
    answer = put(world, amount=amount, currency=None)
    assert told(answer) == (400, "TOO_MANY_DECIMALS", "amount")


def test_changing_money_needs_the_role_to_write(world: ApiWorld) -> None:
    put(world)
    for method, path in (
        ("PUT", "/v1/invoices/47"),
        ("DELETE", "/v1/invoices/47"),
        ("PUT", "/v1/invoices/47/payments/2"),
        ("DELETE", "/v1/invoices/47/payments/1"),
        ("POST", "/v1/invoices/47:mark-paid"),
    ):
        answer = world.call(method, path, {}, who="clerk")
        assert (answer.status_code, answer.json()["code"]) == (403, "FORBIDDEN")
    assert world.call("GET", "/v1/invoices/47/payments/1", who="clerk").status_code == 200
