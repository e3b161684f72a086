"""Statements of QuickBooks' query language (quickbooks.md 5.1), and the only escaping of values.

They are sent as the body of a POST (2.1), so that no name stands in a URL and nothing is encoded twice.
"""

# ruff: noqa: S608 - no SQL; every value passes `quoted`

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Final

PAGE: Final = 1000
"""5.1: the most rows a page has, and the most that may be asked for."""

_FIRST_PRINTABLE: Final = " "
_LAST_PRINTABLE: Final = "~"


def queryable(value: str) -> bool:
    """Whether a value may stand in a statement: non-ASCII ones are refused with 4000 (5.1)."""
    return all(_FIRST_PRINTABLE <= character <= _LAST_PRINTABLE for character in value)


def quoted(value: str) -> str:
    r"""A value in single quotes: `\` and `'` get a backslash before them (5.1).

    Raises ValueError for a value that is not `queryable`.
    """
    if not queryable(value):
        raise ValueError("the query language takes printable ASCII only")
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"


def one_of(values: Iterable[str]) -> str:
    return "(" + ",".join(quoted(value) for value in values) + ")"


def page_of(entity: str, start: int, *, has_inactive: bool = True) -> str:
    """All of an entity, the inactive ones too: so no row leaves the listing between two pages."""
    condition = "where Active in (true,false) " if has_inactive else ""
    return f"select * from {entity} {condition}orderby Id startposition {start} maxresults {PAGE}"


def among(entity: str, attribute: str, values: Sequence[str], *, has_inactive: bool = True) -> str:
    """Those whose attribute has one of the values, which are compared without case (5.1).

    Inactive rows are left out unless asked for; transactions cannot be asked, they have no `Active`.
    """
    condition = " and Active in (true,false)" if has_inactive else ""
    return (
        f"select * from {entity} where {attribute} in {one_of(values)}{condition} maxresults {PAGE}"
    )


def active_with(entity: str, attribute: str, value: str) -> str:
    """Active ones whose attribute has the value, which is compared without case (5.1)."""
    return f"select * from {entity} where {attribute} = {quoted(value)} maxresults {PAGE}"


def tax_codes() -> str:
    """All of them (a company has some dozens). Plain: which attributes of a TaxCode may be filtered by
    is written nowhere that we could check.
    """
    return f"select * from TaxCode maxresults {PAGE}"


def payment_methods() -> str:
    """Active ones alone, as of every name list (5.1); a company has some dozens."""
    return f"select * from PaymentMethod maxresults {PAGE}"


def page_of_payments(customer_id: str, paid_on: date, start: int) -> str:
    """6.5: the note cannot be asked for, customer and date can. A void payment keeps both."""
    return (
        f"select * from Payment where CustomerRef = {quoted(customer_id)} "
        f"and TxnDate = '{paid_on.isoformat()}' orderby Id startposition {start} maxresults {PAGE}"
    )


def page_of_deposit_accounts(start: int) -> str:
    """6.5; of the second type only undeposited funds are meant, which a sub-type tells."""
    return (
        "select * from Account where AccountType in ('Bank','Other Current Asset') "
        f"and Active = true orderby Id startposition {start} maxresults {PAGE}"
    )


def page_of_income_accounts(start: int) -> str:
    """6.3; `Other Income` is another type."""
    return (
        "select * from Account where AccountType = 'Income' and Active = true orderby Id "
        f"startposition {start} maxresults {PAGE}"
    )
