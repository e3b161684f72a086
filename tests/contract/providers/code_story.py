"""One row of the table of codes, carried out: what it plants happens, and what comes of it is told."""

from __future__ import annotations

from dataclasses import dataclass

from shared.domain.ledger import Operation
from shared.domain.runs import Problem
from tests.contract.providers.code_row import INVOICE, MINUTE, VOID, CodeRow
from tests.contract.providers.quickbooks_office import NUMBER, QuickBooksOffice


@dataclass(frozen=True, slots=True)
class Told:
    """See `CodeRow`; and the invoice's number here and there at the end."""

    outcome: str
    ledger: str
    shown: str
    sentence: str
    action: str
    there: int
    ends: str
    there_then: int
    number_here: str
    numbers_there: tuple[str, ...]


def carried_out(office: QuickBooksOffice, row: CodeRow) -> Told:
    operation = Operation.VOID if row.about == VOID else Operation.POST
    changed = row.about == VOID or row.change
    if row.about != INVOICE or row.change:
        office.invoice()
    payment = office.pays(row.amount, method="Check") if row.about == VOID else None
    office.settle_down(MINUTE)
    office.outcomes.clear()
    row.plant(office)
    if payment is not None:
        office.voids(payment)
    else:
        if row.about == INVOICE:
            office.invoice(**({"memo": "Back gate"} if row.change else row.values))
        payment = office.pays(row.amount, method="Check")
    office.settle_down(row.within)
    outcome = office.outcomes[0] if office.outcomes else ""
    ledger = _said(office.road(payment, operation))
    shown, problem = _shown(office, row)
    there = _there(office, row)
    row.then(office)
    here = office.invoice_here()
    assert here is not None
    assert not changed or len(office.rows("Invoice")) == 1
    return Told(
        outcome,
        ledger,
        shown,
        problem.message if problem else "",
        problem.action if problem else "",
        there,
        (office.state(payment, operation) or "none"),
        _there(office, row),
        here.number,
        tuple(one["DocNumber"] for one in office.rows("Invoice")),
    )


def _shown(office: QuickBooksOffice, row: CodeRow) -> tuple[str, Problem | None]:
    books = office.shown()
    of = books if row.about == INVOICE else books.payments[0]
    if of.reason is not None or of.state in ("in_step", "voided"):
        return of.state, of.reason
    health = office.health()
    return of.state, Problem("", health.reason, health.action)


def _there(office: QuickBooksOffice, row: CodeRow) -> int:
    """What of its kind stands in the books, void ones left out."""
    if row.about == INVOICE:
        return sum(row["DocNumber"] == NUMBER for row in office.rows("Invoice"))
    return sum(amount != "0.00" for amount in office.paid_in_books())


def _said(road: list[str]) -> str:
    """Short, where it goes round three times or more: (a → b) 3 times → c."""
    rounds, begin = 0, road[:2]
    while len(begin) == 2 and road[2 * rounds : 2 * rounds + 2] == begin:
        rounds += 1
    if rounds < 3:
        return " → ".join(road) or "none"
    return " → ".join([f"({' → '.join(begin)}) {rounds} times", *road[2 * rounds :]])
