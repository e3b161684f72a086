"""A company that has something to sell and somebody to sell it to."""

from decimal import Decimal
from typing import Any

from tests.sandbox.books import Books, service

CHECKING = "35"
UNDEPOSITED = "4"
CHECK = "2"


def line(item: str, amount: str = "100.00", tax: str = "", **detail: Any) -> dict[str, Any]:
    """A sales line; ``detail`` are Qty, UnitPrice and the like."""
    inner: dict[str, Any] = {"ItemRef": {"value": item}, **detail}
    if tax:
        inner["TaxCodeRef"] = {"value": tax}
    return {
        "DetailType": "SalesItemLineDetail",
        "Amount": float(amount),
        "SalesItemLineDetail": inner,
    }


def priced(item: str, quantity: str, price: str, amount: str, **more: Any) -> dict[str, Any]:
    return line(item, amount, Qty=float(quantity), UnitPrice=float(price), **more)


def discount(amount: str = "", percent: str = "", **detail: Any) -> dict[str, Any]:
    made: dict[str, Any] = {"DetailType": "DiscountLineDetail"}
    if amount:
        made["Amount"] = float(amount)
    if percent:
        detail |= {"PercentBased": True, "DiscountPercent": float(percent)}
    return made | {"DiscountLineDetail": detail}


def link(invoice_id: str, amount: str, kind: str = "Invoice") -> dict[str, Any]:
    return {"Amount": float(amount), "LinkedTxn": [{"TxnId": invoice_id, "TxnType": kind}]}


def sums(invoice: dict[str, Any]) -> tuple[Decimal, Decimal]:
    return invoice["TotalAmt"], invoice["Balance"]


class Shop:
    """One customer and one item in a company's books, and shorthand for what is done with them."""

    def __init__(self, books: Books) -> None:
        self.books = books
        self.customer = str(books.made("Customer", {"DisplayName": "Hill's Bakery"})["Id"])
        more = {} if books.realm.startswith("9") else {"ExpenseAccountRef": {"value": "58"}}
        self.item = str(books.made("Item", service("Labor", **more))["Id"])

    def invoice_body(self, *lines: dict[str, Any], **values: Any) -> dict[str, Any]:
        return {
            "CustomerRef": {"value": self.customer},
            "Line": list(lines) or [line(self.item)],
            **values,
        }

    def invoice(self, *lines: dict[str, Any], **values: Any) -> dict[str, Any]:
        return self.books.made("Invoice", self.invoice_body(*lines, **values))

    def refused(self, *lines: dict[str, Any], **values: Any) -> str:
        """The code with which an invoice is refused."""
        return str(self.books.refused("invoice", self.invoice_body(*lines, **values))["code"])

    def payment_body(self, total: str, *lines: dict[str, Any], **values: Any) -> dict[str, Any]:
        return {
            "CustomerRef": {"value": self.customer},
            "TotalAmt": float(total),
            "Line": list(lines),
            **values,
        }

    def payment(self, total: str, *lines: dict[str, Any], **values: Any) -> dict[str, Any]:
        return self.books.made("Payment", self.payment_body(total, *lines, **values))

    def payment_refused(self, total: str, *lines: dict[str, Any], **values: Any) -> str:
        body = self.payment_body(total, *lines, **values)
        return str(self.books.refused("payment", body)["code"])

    def change(
        self, entity: str, row: dict[str, Any], operation: str = "", **values: Any
    ) -> dict[str, Any]:
        """A sparse update of the version given, or a void or delete."""
        body = {"Id": row["Id"], "SyncToken": row["SyncToken"], **values}
        if operation:
            return self.books.made(entity, body, operation=operation)
        return self.books.made(entity, {**body, "sparse": True})

    def change_refused(
        self, entity: str, row: dict[str, Any], operation: str = "", **values: Any
    ) -> str:
        body = {"Id": row["Id"], "SyncToken": row["SyncToken"], **values}
        query = {"operation": operation} if operation else {}
        if not operation:
            body["sparse"] = True
        return str(self.books.refused(entity.lower(), body, **query)["code"])
