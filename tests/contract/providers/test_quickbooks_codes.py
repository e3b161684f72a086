"""The table of codes (`code_rows.py`): each row on the real adapter and the sandbox, over real sockets."""

from __future__ import annotations

from dataclasses import asdict

import pytest

from shared.providers.transport import HttpxTransport
from tests.contract.providers.code_row import INVOICE, CodeRow
from tests.contract.providers.code_rows import ROWS
from tests.contract.providers.code_story import carried_out
from tests.contract.providers.code_table import in_page, table
from tests.contract.providers.quickbooks_office import NUMBER, QuickBooksOffice
from tests.support.sandbox_process import SandboxProcess


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.code}, {row.about}")
def test_the_row(row: CodeRow, sandbox: SandboxProcess, transport: HttpxTransport) -> None:
    office = QuickBooksOffice(sandbox, transport, deadline=row.deadline)
    told = asdict(carried_out(office, row))
    here, there = told.pop("number_here"), told.pop("numbers_there")
    assert told == {name: getattr(row, name) for name in told}
    # Whatever became of it, nobody gave the invoice another number, nor made it twice.
    assert (here, there) == (NUMBER, (NUMBER,))
    if row.about == INVOICE:
        assert office.paid_in_books() == ["350.00"]


def test_the_page_shows_the_table_as_it_is() -> None:
    assert in_page() == table()


def test_no_row_stands_twice() -> None:
    assert len({(row.code, row.about) for row in ROWS}) == len(ROWS)
