"""Pure: what a person chose for one record: the account it is booked to, and its tax code."""

from __future__ import annotations

from dataclasses import dataclass

from shared.domain.ids import CorrelationId, SourceId


@dataclass(frozen=True, slots=True)
class AccountMapping:
    """Remote ids of one remote company; empty: none of its own, so the connection's default counts.

    The tax code is for the lines of invoices; it is not sent with the item. `row_version` is for
    compare-and-set; 0 means not stored yet.
    """

    source_id: SourceId
    income_account_id: str = ""
    tax_code_id: str = ""
    row_version: int = 0
    correlation_id: CorrelationId = CorrelationId("")
