"""A thousand invoices as offices write them, on the real adapter and the sandbox: equal to the cent.

Quantities with decimals, discounts of lines and of the whole (by percent and by amount), negative lines,
lines of text, several rates of tax. Where QuickBooks keeps our tax (the US) none differs. Elsewhere it
reckons the tax itself by the lines' codes; there twenty are planted that it must reckon otherwise, because
a line bears a rate here that its item's code does not have.
"""

from __future__ import annotations

import random
import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import pytest

from shared.domain.account_mapping import AccountMapping
from shared.domain.ids import RecordKind, SourceId
from shared.domain.invoices import InvoiceLine
from shared.domain.money import Money
from shared.domain.records import Item
from shared.domain.runs import Failure
from shared.domain.totals import totals_of
from shared.providers.transport import HttpxTransport
from shared.sync.engine.terms import scope_of
from shared.sync.runs import start_or_join
from tests.contract.providers.quickbooks_office import OFFICE, QuickBooksOffice
from tests.support.sandbox_process import SandboxProcess
from tests.support.workflows import RecordingWorkflows

pytestmark = pytest.mark.no_cover

INVOICES, PLANTED = 1000, 20
NUMBERS = [f"N-{place:04}" for place in range(INVOICES)]
RATES = {"I-20": ("2", Decimal(20)), "I-5": ("3", Decimal(5)), "I-0": ("4", Decimal(0))}
"""Item to the tax code of the books, and its percentage there."""
STANDARD, WRONG = Decimal(20), Decimal("17.5")


def some_line(chance: random.Random, items: list[str]) -> InvoiceLine:
    if chance.random() < 0.1:
        return InvoiceLine(SourceId(""), description="By the garden gate")
    item = chance.choice(items)
    return InvoiceLine(
        SourceId(item),
        quantity=Decimal(chance.randint(1, 4000)) / chance.choice((100, 1000)),
        unit_price=Decimal(chance.randint(-5000, 90_000)) / chance.choice((100, 1000)),
        discount_percent=chance.choice((Decimal(0), Decimal(0), Decimal(5), Decimal("12.5"))),
        tax_percent=RATES[item][1],
    )


def some_invoice(
    chance: random.Random, rate: Decimal = STANDARD, *, discounts_of_several_rates: bool
) -> dict[str, Any]:
    """Its total is above zero. `rate`: what its first line is taxed at.

    How a discount of the whole lessens what is taxed at each of several rates is written nowhere: we
    spread it over the lines to the cent, the sandbox takes exact parts, and the tax may differ by a cent.
    """
    discount = chance.choice(
        ({}, {"discount_amount": Decimal("12.34")}, {"discount_percent": Decimal("7.5")})
    )
    several = discounts_of_several_rates or not discount
    items = sorted(RATES) if several else ["I-20"]
    first = InvoiceLine(
        SourceId("I-20"), quantity=Decimal(9), unit_price=Decimal(900), tax_percent=rate
    )
    lines = (some_line(chance, items) for _ in range(chance.randint(1, 8)))
    return {"lines": (first, *lines), **discount}


def with_items(office: QuickBooksOffice) -> QuickBooksOffice:
    scope = scope_of(RecordKind.ITEM, office.connection)
    for item, (code, _) in RATES.items():
        price = Money(Decimal(1), office.currency)
        office.saves(Item(SourceId(item), f"Work {item}", price, version=1))
        mapping = AccountMapping(SourceId(item), tax_code_id=code, row_version=1)
        assert not office.services.stores.mappings.save_mappings(scope, [mapping])
    office.settle_down(5)
    return office


def synced(
    office: QuickBooksOffice, invoices: Mapping[str, dict[str, Any]]
) -> tuple[dict[str, Decimal], dict[str, Decimal]]:
    """Their totals by number, as we reckon them and as the books do."""
    ours = {
        number: totals_of(office.invoice(number, **one)).total for number, one in invoices.items()
    }
    start_or_join(office.services, office.connection, RecordKind.INVOICE, OFFICE)
    assert isinstance(office.services.workflows, RecordingWorkflows)
    office.services.workflows.execute_all(office.services)
    theirs = {row["DocNumber"]: Decimal(str(row["TotalAmt"])) for row in office.rows("Invoice")}
    assert theirs.keys() == ours.keys()
    return ours, theirs


def failures(office: QuickBooksOffice) -> dict[str, Failure]:
    return {one.source_id: one for one in office.failures(RecordKind.INVOICE)}


def test_where_quickbooks_keeps_our_tax_1000_invoices_are_equal_to_the_cent(
    sandbox: SandboxProcess, transport: HttpxTransport
) -> None:
    office = with_items(QuickBooksOffice(sandbox, transport))
    office.prefer(salesTaxRate=8.25)  # its own, which is not ours
    chance = random.Random(11)
    ours, theirs = synced(
        office,
        {number: some_invoice(chance, discounts_of_several_rates=True) for number in NUMBERS},
    )
    assert theirs == ours
    assert failures(office) == {}


def test_of_1000_invoices_exactly_the_20_planted_differences_are_flagged_with_both_figures(
    sandbox: SandboxProcess, transport: HttpxTransport
) -> None:
    office = with_items(QuickBooksOffice(sandbox, transport, country="AU", currency="AUD"))
    chance = random.Random(47)
    planted = set(chance.sample(NUMBERS, PLANTED))
    rates = {number: WRONG if number in planted else STANDARD for number in NUMBERS}
    ours, theirs = synced(
        office,
        {
            number: some_invoice(chance, rate, discounts_of_several_rates=False)
            for number, rate in rates.items()
        },
    )
    assert {number for number in ours if theirs[number] != ours[number]} == planted
    flagged = failures(office)
    assert flagged.keys() == planted
    for number, failure in flagged.items():
        assert failure.cause == "TOTAL_DIFFERS"
        figures = re.findall(r"-?[0-9.]+(?= AUD)", failure.problem.message)
        assert figures == [f"{theirs[number]:.2f}", f"{ours[number]:.2f}"]
