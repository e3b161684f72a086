"""PUT, GET, list and DELETE of invoices."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pytest

from shared.domain.ids import SourceId
from shared.domain.invoices import InvoiceLine
from tests.contract.stores import builders
from tests.support.api_client import ApiWorld, api_world
from tests.support.services import COMPANY

LINE = {"itemId": "pipe", "quantity": "2.5", "unitPrice": "19.99", "taxPercent": "10"}
KITCHEN = {
    "number": "INV-0047",
    "customerId": "hill",
    "status": "SENT",
    "currency": "USD",
    "issuedOn": "2026-03-02",
    "dueOn": "2026-04-01",
    "lines": [
        {**LINE, "description": "Copper pipe"},
        {"itemId": "work", "unitPrice": "100", "discountPercent": "50"},
        {"description": "Thank you"},
    ],
    "discountPercent": "10",
    "memo": "Kitchen",
}


@pytest.fixture
def world() -> ApiWorld:
    """A customer, an archived one, and two items."""
    made = api_world()
    for one in ("hill", "gone"):
        made.call("PUT", f"/v1/customers/{one}", {"name": one})
    made.call("DELETE", "/v1/customers/gone")
    for one in ("pipe", "work"):
        made.call("PUT", f"/v1/items/{one}", {"name": one, "unitPrice": "1"})
    return made


def put(world: ApiWorld, body: dict[str, Any], invoice_id: str = "47") -> Any:
    return world.call("PUT", f"/v1/invoices/{quote(invoice_id, safe='')}", body)


def pay(world: ApiWorld, own_id: str = "p", amount: str = "1.00", invoice_id: str = "47") -> Any:
    body = {"amount": amount, "paidOn": "2026-03-09"}
    return world.call("PUT", f"/v1/invoices/{quote(invoice_id, safe='')}/payments/{own_id}", body)


def told(answer: Any) -> tuple[int, str, str]:
    return answer.status_code, answer.json()["code"], answer.json()["field"]


def test_a_new_invoice_is_created_and_answered_with_what_it_comes_to(world: ApiWorld) -> None:
    """49.98 and 50.00; 10 % off is 10.00, 5.00 of it the pipe's: 10 % tax on 44.98."""
    answer = put(world, KITCHEN)
    assert answer.status_code == 201
    assert answer.headers["location"] == "/v1/invoices/47"
    assert answer.json() == {
        "id": "47",
        "number": "INV-0047",
        "customerId": "hill",
        "status": "SENT",
        "currency": "USD",
        "issuedOn": "2026-03-02",
        "dueOn": "2026-04-01",
        "lines": [
            {
                "itemId": "pipe",
                "description": "Copper pipe",
                "quantity": "2.5",
                "unitPrice": "19.99",
                "discountPercent": "0",
                "taxPercent": "10",
                "amount": "49.98",
            },
            {
                "itemId": "work",
                "description": "",
                "quantity": "1",
                "unitPrice": "100",
                "discountPercent": "50",
                "taxPercent": "0",
                "amount": "50.00",
            },
            {
                "itemId": None,
                "description": "Thank you",
                "quantity": None,
                "unitPrice": None,
                "discountPercent": None,
                "taxPercent": None,
                "amount": None,
            },
        ],
        "discountPercent": "10",
        "discountAmount": "0.00",
        "pricesIncludeTax": False,
        "memo": "Kitchen",
        "subtotal": "99.98",
        "discount": "10.00",
        "tax": "4.50",
        "total": "94.48",
        "amountPaid": "0.00",
        "balance": "94.48",
        "payments": [],
        "version": 1,
        "updatedAt": "2026-03-02T09:00:00Z",
    }
    assert world.call("GET", "/v1/invoices/47").json() == answer.json()
    assert world.call("GET", "/v1/invoices").json()["invoices"] == [answer.json()]


def test_equal_content_keeps_the_version_and_changed_content_is_the_next(world: ApiWorld) -> None:
    put(world, KITCHEN)
    again = put(world, {**KITCHEN, "discountPercent": 10.0, "amountPaid": "94.48"})
    assert (again.status_code, again.json()["version"]) == (200, 1)
    assert put(world, {**KITCHEN, "memo": ""}).json()["version"] == 2


@pytest.mark.parametrize("claimed", ["0", 350, None, "nonsense", {"much": True}])
def test_a_claimed_amount_paid_changes_nothing(world: ApiWorld, claimed: object) -> None:
    """INV-0047: `amountPaid` says whatever it says, a payment of 50.00 exists."""
    put(world, KITCHEN)
    pay(world, amount="50.00")
    answer = put(world, {**KITCHEN, "amountPaid": claimed})
    assert answer.status_code == 200
    told_of = answer.json()
    assert (told_of["amountPaid"], told_of["balance"]) == ("50.00", "44.48")
    assert told_of["version"] == 1


@pytest.mark.parametrize(
    ("currency", "total"), [("USD", "49.98"), ("JPY", "50"), ("KWD", "49.975")]
)
def test_amounts_have_the_decimals_of_their_currency(
    world: ApiWorld, currency: str, total: str
) -> None:
    line = {"itemId": "pipe", "quantity": "2.5", "unitPrice": "19.99"}
    body = {**KITCHEN, "currency": currency, "lines": [line], "discountPercent": "0"}
    assert put(world, body).json()["total"] == total


def line(**changes: Any) -> dict[str, Any]:
    return {"lines": [KITCHEN["lines"][0], {**LINE, **changes}]}


BAD: list[tuple[dict[str, Any], str, str]] = [
    ({"number": " "}, "number", "EMPTY"),
    ({"number": "x" * 101}, "number", "TOO_LONG"),
    ({"number": 47}, "number", "WRONG_TYPE"),
    ({"customerId": ""}, "customerId", "EMPTY"),
    ({"customerId": None}, "customerId", "WRONG_TYPE"),
    ({"customerId": "nobody"}, "customerId", "CUSTOMER_UNKNOWN"),
    ({"customerId": "gone"}, "customerId", "CUSTOMER_ARCHIVED"),
    ({"status": "POSTED"}, "status", "UNKNOWN_VALUE"),
    ({"status": "sent"}, "status", "UNKNOWN_VALUE"),
    ({"currency": ""}, "currency", "EMPTY"),
    ({"currency": "XXX"}, "currency", "UNKNOWN_CURRENCY"),
    ({"issuedOn": "2026-02-30"}, "issuedOn", "IMPOSSIBLE_DATE"),
    ({"issuedOn": "0206-03-02"}, "issuedOn", "IMPOSSIBLE_DATE"),
    ({"issuedOn": "02/03/2026"}, "issuedOn", "NOT_A_DATE"),
    ({"issuedOn": "20260302"}, "issuedOn", "NOT_A_DATE"),
    ({"issuedOn": "2026-03-02T09:00:00Z"}, "issuedOn", "NOT_A_DATE"),
    ({"dueOn": "2026-13-01"}, "dueOn", "IMPOSSIBLE_DATE"),
    ({"dueOn": "2026-03-01"}, "dueOn", "DUE_BEFORE_ISSUED"),
    ({"lines": []}, "lines", "NO_LINES"),
    ({"lines": [{"description": "Only text"}]}, "lines", "NO_LINES"),
    ({"lines": [LINE] * 751}, "lines", "TOO_MANY_LINES"),
    ({"lines": [{**LINE, "description": "é" * 4000}] * 22}, "lines", "TOO_LONG"),
    ({"lines": "none"}, "lines", "WRONG_TYPE"),
    (line(itemId="nothing"), "lines[1].itemId", "ITEM_UNKNOWN"),
    (line(itemId=None), "lines[1].itemId", "MISSING"),
    (line(itemId=""), "lines[1].itemId", "MISSING"),
    (line(description="x" * 4001), "lines[1].description", "TOO_LONG"),
    (line(description="\x07"), "lines[1].description", "FORBIDDEN_CHARACTER"),
    (line(quantity="1" * 10), "lines[1].quantity", "TOO_MANY_DIGITS"),
    (line(quantity="0.0000001"), "lines[1].quantity", "TOO_MANY_DECIMALS"),
    (line(quantity="two"), "lines[1].quantity", "NOT_A_NUMBER"),
    (line(quantity=True), "lines[1].quantity", "WRONG_TYPE"),
    (line(quantity="999999999", unitPrice="9999"), "lines[1].quantity", "OUT_OF_RANGE"),
    (line(unitPrice=None), "lines[1].unitPrice", "MISSING"),
    (line(unitPrice="1" * 13), "lines[1].unitPrice", "TOO_MANY_DIGITS"),
    (line(unitPrice="0.1234567"), "lines[1].unitPrice", "TOO_MANY_DECIMALS"),
    (line(unitPrice=1e300), "lines[1].unitPrice", "TOO_MANY_DIGITS"),
    (line(discountPercent="100.1"), "lines[1].discountPercent", "OUT_OF_RANGE"),
    (line(discountPercent="-1"), "lines[1].discountPercent", "NEGATIVE"),
    (line(taxPercent="101"), "lines[1].taxPercent", "OUT_OF_RANGE"),
    (line(taxPercent="8.12345"), "lines[1].taxPercent", "TOO_MANY_DECIMALS"),
    (line(colour="red"), "lines[1].colour", "UNKNOWN_FIELD"),
    (line(unitPrice="-1000"), "lines", "NEGATIVE_TOTAL"),
    ({"lines": [{**LINE, "quantity": "1", "unitPrice": "9" * 12}] * 2}, "lines", "OUT_OF_RANGE"),
    ({"discountPercent": "101"}, "discountPercent", "OUT_OF_RANGE"),
    ({"discountAmount": "5.00"}, "discountAmount", "TWO_DISCOUNTS"),
    ({"discountPercent": "0", "discountAmount": "1.001"}, "discountAmount", "TOO_MANY_DECIMALS"),
    ({"discountPercent": "0", "discountAmount": "-1"}, "discountAmount", "NEGATIVE"),
    ({"discountPercent": "0", "discountAmount": "200"}, "discountAmount", "NEGATIVE_TOTAL"),
    ({"pricesIncludeTax": "no"}, "pricesIncludeTax", "WRONG_TYPE"),
    ({"memo": "x" * 4001}, "memo", "TOO_LONG"),
    ({"id": "48"}, "id", "ID_DIFFERS"),
    ({"total": "94.48"}, "total", "UNKNOWN_FIELD"),
]


@pytest.mark.parametrize(("change", "field", "code"), BAD)
def test_a_bad_field_is_named_and_nothing_is_stored(
    world: ApiWorld, change: dict[str, Any], field: str, code: str
) -> None:
    answer = put(world, {**KITCHEN, **change})
    assert told(answer) == (400, code, field)
    assert world.call("GET", "/v1/invoices/47").status_code == 404


@pytest.mark.parametrize(
    "field", ["number", "customerId", "status", "currency", "issuedOn", "lines"]
)
def test_what_is_needed_is_named(world: ApiWorld, field: str) -> None:
    body = {name: value for name, value in KITCHEN.items() if name != field}
    assert told(put(world, body)) == (400, "MISSING", field)


def test_every_line_whose_item_is_unknown_is_named(world: ApiWorld) -> None:
    lines = [LINE, {**LINE, "itemId": "a"}, {**LINE, "itemId": "b"}]
    answer = put(world, {**KITCHEN, "lines": lines}).json()
    assert [one["field"] for one in answer["errors"]] == ["lines[1].itemId", "lines[2].itemId"]


def test_750_long_lines_are_stored_or_refused_by_a_field_never_by_the_store(
    world: ApiWorld,
) -> None:
    for length, status in ((200, 201), (400, 400)):
        lines = [{**LINE, "description": "x" * length}] * 750
        answer = put(world, {**KITCHEN, "lines": lines}, f"of {length}")
        assert answer.status_code == status, answer.json()


class TestArchived:
    def test_a_draft_may_be_for_an_archived_customer_and_is_not_sent(self, world: ApiWorld) -> None:
        draft = {**KITCHEN, "status": "DRAFT", "customerId": "gone"}
        assert put(world, draft).status_code == 201
        sent = put(world, {**draft, "status": "SENT"})
        assert told(sent) == (400, "CUSTOMER_ARCHIVED", "customerId")
        assert world.call("GET", "/v1/invoices/47").json()["status"] == "DRAFT"

    def test_a_customer_archived_since_is_no_hindrance_to_what_was_sent(
        self, world: ApiWorld
    ) -> None:
        put(world, KITCHEN)
        world.call("DELETE", "/v1/customers/hill")
        world.call("DELETE", "/v1/items/pipe")
        assert put(world, {**KITCHEN, "status": "PAID"}).json()["version"] == 2


class TestStatus:
    @pytest.mark.parametrize(
        ("before", "after"),
        [
            ("DRAFT", "SENT"),
            ("DRAFT", "VOID"),
            ("SENT", "DRAFT"),
            ("SENT", "PAID"),
            ("SENT", "VOID"),
            ("PAID", "SENT"),
            ("PAID", "VOID"),
        ],
    )
    def test_moves_without_payments(self, world: ApiWorld, before: str, after: str) -> None:
        put(world, {**KITCHEN, "status": before})
        answer = put(world, {**KITCHEN, "status": after})
        assert (answer.status_code, answer.json()["status"]) == (200, after)

    @pytest.mark.parametrize(
        "change", [{"status": "SENT"}, {"status": "DRAFT"}, {"memo": "Changed"}]
    )
    def test_a_void_invoice_stays_as_it_is(self, world: ApiWorld, change: dict[str, Any]) -> None:
        void = {**KITCHEN, "status": "VOID"}
        put(world, void)
        assert told(put(world, {**void, **change})) == (409, "INVOICE_VOID", "status")
        assert put(world, void).json()["version"] == 1

    @pytest.mark.parametrize(
        ("change", "field"),
        [
            ({"status": "DRAFT"}, "status"),
            ({"status": "VOID"}, "status"),
            ({"currency": "EUR"}, "currency"),
            ({"customerId": "other"}, "customerId"),
        ],
    )
    def test_what_payments_forbid_waits_until_they_are_void(
        self, world: ApiWorld, change: dict[str, Any], field: str
    ) -> None:
        world.call("PUT", "/v1/customers/other", {"name": "Other"})
        put(world, KITCHEN)
        pay(world)
        before = world.call("GET", "/v1/invoices/47").json()
        answer = put(world, {**KITCHEN, **change})
        assert told(answer) == (409, "INVOICE_HAS_PAYMENTS", field)
        assert answer.json()["action"] == "Void the payments first."
        assert world.call("GET", "/v1/invoices/47").json() == before
        world.call("DELETE", "/v1/invoices/47/payments/p")
        assert put(world, {**KITCHEN, **change}).status_code == 200

    def test_other_changes_go_with_payments(self, world: ApiWorld) -> None:
        put(world, KITCHEN)
        pay(world)
        changed = put(world, {**KITCHEN, "status": "PAID", "memo": "Paid"}).json()
        assert (changed["version"], changed["amountPaid"]) == (2, "1.00")
        assert len(changed["payments"]) == 1

    def test_deleting_voids_once_and_not_over_payments(self, world: ApiWorld) -> None:
        put(world, KITCHEN)
        pay(world)
        refused = world.call("DELETE", "/v1/invoices/47")
        assert told(refused) == (409, "INVOICE_HAS_PAYMENTS", "status")
        world.call("DELETE", "/v1/invoices/47/payments/p")
        for _ in range(2):
            void = world.call("DELETE", "/v1/invoices/47").json()
            assert (void["status"], void["version"], void["total"]) == ("VOID", 2, "94.48")
        missing = world.call("DELETE", "/v1/invoices/48")
        assert told(missing) == (404, "INVOICE_NOT_FOUND", "id")


class TestIds:
    @pytest.mark.parametrize(
        "invoice_id",
        [
            "INV-1",
            "a b",
            "1/2",
            "a#b",
            "100%",
            "x:mark-paid",
            "payments",
            "payments-1/2",
            "sync",
            "ä/sync/1",
        ],
    )
    def test_any_printable_id_has_its_invoice_and_payments(
        self, world: ApiWorld, invoice_id: str
    ) -> None:
        assert put(world, KITCHEN, invoice_id).status_code == 201
        address = f"/v1/invoices/{quote(invoice_id, safe='')}"
        paid = pay(world, quote("1#é %", safe=""), "1.00", invoice_id)
        assert (paid.status_code, paid.json()["id"]) == (201, "1#é %")
        assert world.call("GET", paid.headers["location"]).json() == paid.json()
        assert paid.json()["invoiceId"] == invoice_id
        assert world.call("GET", f"{address}/payments").json()["payments"] == [paid.json()]
        marked = world.call("POST", f"{address}:mark-paid", {"paidOn": "2026-03-09"}).json()
        assert marked["invoice"]["id"] == invoice_id
        found = world.call("GET", address).json()
        assert (found["id"], found["balance"], len(found["payments"])) == (invoice_id, "0.00", 2)

    @pytest.mark.parametrize("invoice_id", ["a/payments", "a/payments/b/c", "a//b", " a", "é" * 65])
    def test_an_id_that_is_another_address_is_refused(
        self, world: ApiWorld, invoice_id: str
    ) -> None:
        answer = put(world, KITCHEN, invoice_id)
        if invoice_id.endswith("/payments"):  # the address of a list, which takes no PUT
            assert answer.status_code in {400, 405}
        else:
            assert told(answer) == (400, "INVALID_ID", "id")
        assert world.call("GET", "/v1/invoices").json()["invoices"] == []

    def test_what_is_put_to_the_address_of_a_payment_is_no_invoice(self, world: ApiWorld) -> None:
        assert put(world, KITCHEN, "a/payments/b").status_code == 400
        assert world.call("GET", "/v1/invoices").json()["invoices"] == []


class TestListing:
    def test_invoices_come_by_pages_in_order_with_what_is_paid(self, world: ApiWorld) -> None:
        for number in range(7):
            put(world, KITCHEN, f"{number}")
            pay(world, amount=f"{number + 1}.00", invoice_id=f"{number}")
        seen, query = [], "?limit=3"
        while query:
            page = world.call("GET", f"/v1/invoices{query}").json()
            seen += [(one["id"], one["amountPaid"]) for one in page["invoices"]]
            query = f"?limit=3&cursor={quote(page['nextCursor'])}" if page["nextCursor"] else ""
        assert seen == [(f"{number}", f"{number + 1}.00") for number in range(7)]

    @pytest.mark.parametrize(("query", "field"), [("limit=101", "limit"), ("cursor=x", "cursor")])
    def test_a_bad_parameter_is_named(self, world: ApiWorld, query: str, field: str) -> None:
        answer = world.call("GET", f"/v1/invoices?{query}")
        assert (answer.status_code, answer.json()["field"]) == (400, field)

    @pytest.mark.no_cover
    def test_a_page_of_the_longest_invoices_stays_below_the_size_of_an_answer(
        self, world: ApiWorld
    ) -> None:
        lines = (InvoiceLine(SourceId("pipe"), "x" * 200),) * 750
        rows = [builders.invoice(f"{number:02}", lines=lines) for number in range(25)]
        world.services.stores.records.save(COMPANY, rows)
        answer = world.call("GET", "/v1/invoices")
        assert len(answer.content) <= 4_500_000
        assert 0 < len(answer.json()["invoices"]) < 25
        assert answer.json()["nextCursor"]
