"""The demo price book: a plumbing, heating, electrical and landscaping contractor's catalogue.

3,629 rows, the same bytes at every build. README.md says what in it makes syncing hard, and how
many rows of each kind there are.
"""

import csv
import io
from dataclasses import dataclass, fields
from decimal import Decimal
from functools import cache
from pathlib import Path

from local.price_book.electrical import ELECTRICAL
from local.price_book.heating import HEATING
from local.price_book.landscaping import LANDSCAPING
from local.price_book.office import OFFICE
from local.price_book.plumbing import PLUMBING

__all__ = ["PriceBookRow", "csv_bytes", "rows", "write_csv"]


@dataclass(frozen=True, slots=True)
class PriceBookRow:
    id: str
    code: str
    name: str
    description: str
    unit: str
    unit_price: Decimal
    currency: str


def rows() -> list[PriceBookRow]:
    """Every row: trade by trade as written, then what was entered a second time."""
    return list(_rows())


def csv_bytes() -> bytes:
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    columns = [field.name for field in fields(PriceBookRow)]
    writer.writerow(columns)
    writer.writerows([getattr(row, column) for column in columns] for row in _rows())
    return text.getvalue().encode("utf-8")


def write_csv(path: Path | str) -> None:
    Path(path).write_bytes(csv_bytes())


@cache
def _rows() -> tuple[PriceBookRow, ...]:
    drafts = []
    later = []
    for family in (*PLUMBING, *HEATING, *ELECTRICAL, *LANDSCAPING, *OFFICE):
        own = family.rows()
        drafts += own
        later += family.entered_again(own)
    return tuple(
        PriceBookRow(
            id=f"CRP-{number:05d}",
            code=draft.code,
            name=draft.name,
            description=draft.description,
            unit=draft.unit,
            unit_price=draft.price,
            currency="USD",
        )
        for number, draft in enumerate(drafts + later, start=1)
    )
