"""However invoices and payments are written, changed, voided and deleted, the two sides agree."""

import random
from decimal import Decimal
from typing import Any

import pytest

from tests.sandbox.books import Books, content
from tests.sandbox.trade import Shop, link, priced
from tests.support.sandbox_process import CEDAR_RIDGE, ControlClient

STEPS = 180


class Clerk:
    """Writes at random, refused or not, from what is in the books at the moment."""

    def __init__(self, shop: Shop, seed: int) -> None:
        self.shop = shop
        self.chance = random.Random(seed)
        self.accepted: set[str] = set()

    def step(self) -> None:
        entity = self.chance.choice(["Invoice", "Payment"])
        rows = self.shop.books.query(f"select * from {entity} orderby Id").get(entity, [])  # noqa: S608
        what = self.chance.choices(["create", "update", "void", "delete"], [6, 4, 1, 2])[0]
        body = self._invoice() if entity == "Invoice" else self._payment()
        if what != "create":
            if not rows:
                return
            row = self.chance.choice(rows)
            body |= {"Id": row["Id"], "SyncToken": row["SyncToken"]}
            if what != "update":
                body = {"Id": row["Id"], "SyncToken": row["SyncToken"]}
        query = {"operation": what} if what in ("void", "delete") else {}
        answer = self.shop.books.post(entity.lower(), body, **query)
        assert answer.status_code in (200, 400), answer.text
        if answer.status_code == 200:
            self.accepted.add(f"{what} {entity}")

    def _invoice(self) -> dict[str, Any]:
        quantity, price = self.chance.randint(1, 400), self.chance.randint(1, 9999)
        exact = Decimal(quantity * price) / 10_000
        amount = exact.quantize(Decimal("0.01"), "ROUND_HALF_UP")
        made = priced(self.shop.item, str(quantity / 100), str(price / 100), str(amount))
        return self.shop.invoice_body(made)

    def _payment(self) -> dict[str, Any]:
        rows = self.shop.books.query("select * from Invoice").get("Invoice", [])
        chosen = self.chance.sample(rows, min(len(rows), self.chance.randint(0, 3)))
        amounts = [self._part(row["Balance"] or Decimal(5)) for row in chosen]
        lines = [link(row["Id"], str(amount)) for row, amount in zip(chosen, amounts, strict=True)]
        total = sum(amounts, Decimal(self.chance.choice(["0", "7.77"])))
        return self.shop.payment_body(str(total), *lines)

    def _part(self, balance: Decimal) -> Decimal:
        share = balance * self.chance.choice([1, 1, 1, 1, 2]) / self.chance.choice([1, 2, 3])
        return max(share.quantize(Decimal("0.01")), Decimal("0.01"))


@pytest.mark.parametrize("over", ["error6000", "unapplied"])
@pytest.mark.parametrize("seed", [1, 2])
def test_balances_and_payments_agree_after_any_writes(
    books: Books, control: ControlClient, over: str, seed: int
) -> None:
    control.settings(overApplication=over)
    clerk = Clerk(Shop(books), seed)
    for _ in range(STEPS):
        clerk.step()

    invoices = {row["Id"]: row for row in _rows(books, "Invoice")}
    payments = {row["Id"]: row for row in _rows(books, "Payment")}
    applied: dict[tuple[str, str], Decimal] = {}
    for payment in payments.values():
        lines = {one["LinkedTxn"][0]["TxnId"]: one["Amount"] for one in payment.get("Line", [])}
        assert payment["UnappliedAmt"] == payment["TotalAmt"] - sum(lines.values())
        assert payment["UnappliedAmt"] >= 0
        applied |= {(one, payment["Id"]): amount for one, amount in lines.items()}
    for invoice in invoices.values():
        on_it = {paid: amount for (one, paid), amount in applied.items() if one == invoice["Id"]}
        assert invoice["Balance"] == invoice["TotalAmt"] - sum(on_it.values())
        assert invoice["Balance"] >= 0
        assert {one["TxnId"] for one in invoice["LinkedTxn"]} == set(on_it)
    assert {one for one, _ in applied} <= set(invoices)
    assert len(applied) > 5
    assert len(clerk.accepted) == 8
    money = control.get("/money", realm=CEDAR_RIDGE, light=1)
    assert Decimal(str(money["applied"])) == sum(applied.values())


def _rows(books: Books, entity: str) -> list[dict[str, Any]]:
    answer = books.get("query", query=f"select * from {entity} maxresults 1000")  # noqa: S608
    rows: list[dict[str, Any]] = content(answer)["QueryResponse"][entity]
    return rows
