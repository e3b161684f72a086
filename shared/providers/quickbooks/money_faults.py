"""What QuickBooks' refusals say of invoices and payments, and which of them are sure (2.8).

A payment that was written and taken as refused would be written twice, so of payments only the codes
that are documented as refusals count as such: everything else is unknown and is looked up.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from shared.domain.ids import RecordKind
from shared.domain.runs import Problem
from shared.providers.quickbooks.errors import Errors, codes_of

NUMBER_TAKEN: Final = 6140
MONEY: Final = frozenset({RecordKind.INVOICE, RecordKind.PAYMENT})

_REFUSALS_BY_NUMBER: Final = frozenset(
    {
        140,  # company locked, under maintenance, throttled: not begun
        150,
        3001,
        500,  # unsupported operation or bytes, with HTTP 400
        610,
        620,
        1040,
        *range(2000, 3000),  # validation of the request
        *range(4000, 5000),  # queries
        *range(5000, 7000),  # 5010, 5020, and the business rules
    }
)


def surely_refused(errors: Errors | None) -> bool:
    """Whether every code in it says that nothing was written."""
    codes = codes_of(errors)
    return bool(codes) and codes <= _REFUSALS_BY_NUMBER


def _closed(field: str) -> Problem:
    return Problem(
        "BOOKS_CLOSED",
        "The books are closed for that date.",
        "Decide with your accountant whether to open the period or to leave this as it is.",
        field,
    )


def _busy(noun: str) -> Problem:
    """6000 is for business rules of all sorts, passing ones among them: the sentence fits both."""
    return Problem(
        "REFUSED_BY_A_RULE",
        f"QuickBooks did not save the {noun}: it was busy, or the {noun} is against one of its rules.",
        f"Sync the {noun} again in a few minutes. If it is refused again, look at its customer and "
        "amounts in QuickBooks.",
    )


BUSY: Final[Mapping[RecordKind, Problem]] = {
    RecordKind.INVOICE: _busy("invoice"),
    RecordKind.PAYMENT: _busy("payment"),
}

IF_CURRENT: Final[Mapping[RecordKind, Problem]] = {
    RecordKind.INVOICE: Problem(
        "PERIOD_CLOSED",
        "QuickBooks does not let this invoice be changed, although nobody else changed it: its period "
        "is probably closed.",
        "Decide with your accountant whether to open the period or to leave this as it is.",
        "issuedOn",
    ),
    RecordKind.PAYMENT: Problem(
        "PERIOD_CLOSED",
        "QuickBooks does not let this payment be changed, although nobody else changed it: its period "
        "is probably closed.",
        "Decide with your accountant whether to open the period or to leave this as it is.",
        "paidOn",
    ),
}
"""5010 is also answered for a closed period: the version quoted is then the current one."""

_INVOICE_REFERENCE: Final = Problem(
    "REFERENCE_MISSING",
    "The customer, an item or a tax code of this invoice is missing or inactive in QuickBooks.",
    "Make it active again in QuickBooks, then sync the invoice again.",
)
_PAYMENT_REFERENCE: Final = Problem(
    "REFERENCE_MISSING",
    "The invoice or customer of this payment, or its payment method or deposit account, is missing or "
    "inactive in QuickBooks.",
    "Sync the invoice again, and look at the payment methods and the deposit account in the settings.",
)

REFUSALS: Final[Mapping[RecordKind, Mapping[int, Problem]]] = {
    RecordKind.INVOICE: {
        **dict.fromkeys((610, 620, 2500), _INVOICE_REFERENCE),
        6070: Problem(
            "AMOUNT_MISMATCH",
            "QuickBooks reckons another amount for a line than its quantity times its price.",
            "Look at the quantities and prices of the lines, then sync the invoice again.",
            "lines",
        ),
        6100: Problem(
            "TAX_CODE_UNSUITABLE",
            "QuickBooks does not take the tax code of a line.",
            "Choose another tax code in the settings, then sync the invoice again.",
            "lines",
        ),
        **dict.fromkeys((6200, 6210), _closed("issuedOn")),
        6270: Problem(
            "BEFORE_INVENTORY",
            "An item of this invoice is kept in stock in QuickBooks only since a later date.",
            "Choose a later date, or change the item's start date in QuickBooks.",
            "issuedOn",
        ),
        6430: Problem(
            "ACCOUNT_UNSUITABLE",
            "An account that this invoice would be booked to is of the wrong type in QuickBooks.",
            "Look at the income accounts of its items, then sync the invoice again.",
            "lines",
        ),
        6540: Problem(
            "DEPOSITED",
            "A payment of this invoice is part of a bank deposit in QuickBooks.",
            "Take the payment out of the deposit in QuickBooks, then sync the invoice again.",
        ),
    },
    RecordKind.PAYMENT: {
        **dict.fromkeys((610, 2500), _PAYMENT_REFERENCE),
        620: Problem(
            "INVOICE_NOT_LINKABLE",
            "QuickBooks cannot apply this payment to its invoice.",
            "Look at the invoice in QuickBooks, sync it again, then sync the payment.",
            "invoiceId",
        ),
        6070: Problem(
            "AMOUNT_MISMATCH",
            "QuickBooks reckons another amount for this payment.",
            "Report this to support: it is not a mistake in your data.",
            "amount",
        ),
        **dict.fromkeys((6200, 6210), _closed("paidOn")),
        6430: Problem(
            "ACCOUNT_UNSUITABLE",
            "The account chosen for deposits cannot take payments in QuickBooks.",
            "Choose another deposit account in the settings, then sync the payment again.",
            "depositAccountId",
        ),
        6540: Problem(
            "DEPOSITED",
            "This payment is part of a bank deposit in QuickBooks and cannot be changed.",
            "Take it out of the deposit in QuickBooks, then sync the payment again.",
        ),
    },
}
"""What differs from the sentences for records of name lists, or is about money alone."""
