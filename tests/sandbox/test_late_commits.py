"""Writes that take effect long after an answer that said nothing, and repeats sent meanwhile."""

from typing import Any

import pytest

from tests.sandbox.books import Books, content
from tests.sandbox.trade import Shop, link
from tests.support.sandbox_process import ControlClient

HOURS = 4 * 3600
LATE = {"type": "xml504", "commit": "late", "lateSeconds": HOURS}
REQUEST_ID = "0123456789abcdef0123456789abcdef"


@pytest.fixture
def shop(books: Books) -> Shop:
    return Shop(books)


def count(shop: Shop, entity: str = "Payment") -> int:
    total: int = shop.books.query(f"select count(*) from {entity}")["totalCount"]  # noqa: S608
    return total


def send(shop: Shop, body: dict[str, Any], requestid: str = REQUEST_ID) -> int:
    query = {"requestid": requestid} if requestid else {}
    return shop.books.post("payment", body, **query).status_code


def hours_later(shop: Shop) -> None:
    """The access token has expired by then."""
    shop.books.sandbox.control.advance(HOURS)
    shop.books.use(shop.books.sandbox.control.connect(shop.books.realm))


def test_a_payment_shows_up_four_hours_later_on_its_invoice(
    shop: Shop, control: ControlClient
) -> None:
    invoice = shop.invoice()
    control.fault(LATE, kind="write", pathContains="/payment")
    assert send(shop, shop.payment_body("100", link(invoice["Id"], "100"))) == 504
    control.advance(HOURS - 600)
    shop.books.use(control.connect(shop.books.realm))
    assert (count(shop), shop.books.read("Invoice", invoice["Id"])["Balance"]) == (0, 100)
    assert control.counters()["created"].get("Payment") is None

    control.advance(600)
    assert control.counters()["created"]["Payment"] == 1
    assert shop.books.read("Invoice", invoice["Id"])["Balance"] == 0
    (late,) = shop.books.query("select * from Payment")["Payment"]
    assert late["MetaData"]["CreateTime"] > invoice["MetaData"]["CreateTime"]


def test_a_late_batch_is_done_in_order_entry_by_entry(shop: Shop, control: ControlClient) -> None:
    entries = [
        {"bId": "1", "operation": "create", "Invoice": shop.invoice_body(DocNumber="A")},
        {"bId": "2", "operation": "create", "Invoice": shop.invoice_body(DocNumber="A")},
        {"bId": "3", "operation": "create", "Payment": shop.payment_body("5")},
    ]
    control.fault(LATE, kind="batch")
    answer = shop.books.post("batch", {"BatchItemRequest": entries}, requestid=REQUEST_ID)
    assert answer.status_code == 504
    assert (count(shop, "Invoice"), count(shop)) == (0, 0)

    hours_later(shop)
    assert (count(shop, "Invoice"), count(shop)) == (1, 1)
    replayed = shop.books.batch(entries, requestid=REQUEST_ID)
    assert [set(replayed[b_id]) - {"bId"} for b_id in "123"] == [
        {"Invoice"},
        {"Fault"},
        {"Payment"},
    ]
    assert (count(shop, "Invoice"), count(shop)) == (1, 1)


def test_a_late_void_finds_a_newer_version_and_does_nothing(
    shop: Shop, control: ControlClient
) -> None:
    invoice = shop.invoice()
    control.fault(LATE, kind="write", pathContains="operation=void")
    body = {"Id": invoice["Id"], "SyncToken": "0"}
    assert shop.books.post("invoice", body, operation="void").status_code == 504
    shop.change("Invoice", invoice, PrivateNote="Meanwhile")

    hours_later(shop)
    assert shop.books.read("Invoice", invoice["Id"])["TotalAmt"] == 100


def test_a_repeat_before_the_late_commit_is_the_one_payment(
    shop: Shop, control: ControlClient
) -> None:
    control.fault(LATE, kind="write", pathContains="/payment")
    body = shop.payment_body("100")
    assert send(shop, body) == 504
    assert send(shop, body) == 200
    hours_later(shop)

    assert count(shop) == 1
    assert send(shop, body) == 200
    assert control.counters()["created"]["Payment"] == 1


def test_without_a_request_id_the_repeat_is_a_second_payment(
    shop: Shop, control: ControlClient
) -> None:
    control.fault(LATE, kind="write", pathContains="/payment")
    body = shop.payment_body("100")
    assert (send(shop, body, ""), send(shop, body, "")) == (504, 200)
    hours_later(shop)

    assert count(shop) == 2


def test_a_request_id_may_not_be_known_before_the_late_commit(
    shop: Shop, control: ControlClient
) -> None:
    control.settings(pendingRequestId="twice")
    control.fault(LATE, kind="write", pathContains="/payment")
    body = shop.payment_body("100")
    assert (send(shop, body), send(shop, body)) == (504, 200)
    hours_later(shop)

    assert count(shop) == 2


@pytest.mark.parametrize("scope", ["company", "companyAndApp"])
def test_a_request_id_may_be_refused_until_the_late_commit(
    shop: Shop, control: ControlClient, scope: str
) -> None:
    control.settings(pendingRequestId="refuse", requestIdScope=scope)
    control.fault(LATE, kind="write", pathContains="/payment")
    body = shop.payment_body("100")
    assert send(shop, body) == 504
    refused = shop.books.refused("payment", body, requestid=REQUEST_ID)
    assert (refused["code"], refused["Detail"], count(shop)) == ("6000", "", 0)

    hours_later(shop)
    answer = shop.books.post("payment", body, requestid=REQUEST_ID)
    assert content(answer)["Payment"]["TotalAmt"] == 100
    assert count(shop) == 1


def test_a_reset_forgets_what_was_to_come_late(shop: Shop, control: ControlClient) -> None:
    control.fault(LATE, kind="write", pathContains="/payment")
    assert send(shop, shop.payment_body("100")) == 504
    control.reset()
    control.advance(HOURS)

    assert control.counters()["created"] == {}
    assert control.rows(entity="Payment") == []
