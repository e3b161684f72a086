"""The table of codes as docs/providers/quickbooks.md shows it.

`python -m tests.contract.providers.code_table` writes it there anew.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from tests.contract.providers.code_row import CodeRow
from tests.contract.providers.code_rows import ROWS

PAGE: Final = Path(__file__).resolve().parents[3] / "docs" / "providers" / "quickbooks.md"
BEGIN, END = "<!-- table of codes -->\n", "<!-- end of the table of codes -->\n"
_HEAD: Final = (
    "| code | of | outcome | payment's ledger | shown | sentence | action | written | next |\n"
    "| --- | --- | --- | --- | --- | --- | --- | --- | --- |\n"
)


def table() -> str:
    return _HEAD + "".join(map(_line, ROWS))


def in_page() -> str:
    """What the page has between the two marks."""
    return PAGE.read_text().partition(BEGIN)[2].partition(END)[0]


def _line(row: CodeRow) -> str:
    cells = (
        row.code,
        row.about,
        row.outcome,
        row.ledger,
        row.shown,
        row.sentence,
        row.action,
        _written(row),
        row.next,
    )
    return f"| {' | '.join(cells)} |\n"


def _written(row: CodeRow) -> str:
    if row.there == row.there_then:
        return str(row.there)
    return f"{row.there}, then {row.there_then}"


if __name__ == "__main__":
    before, _, rest = PAGE.read_text().partition(BEGIN)
    PAGE.write_text(before + BEGIN + table() + END + rest.partition(END)[2])
