"""How a few lines of a trade's table become the rows of a price book.

A family is one product in all its sizes, brands and colours. Its axes are tables of
`label | code part | price in per cent`; its rows are every combination, in the order written.
An axis that the name leaves out gives rows of one name; one that the code leaves out, repeated
codes: that is how such rows come about in a contractor's book.
"""

import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import product
from typing import Final, Literal

Change = Literal[
    "same",  # an old price list imported again: same name and code, another price
    "recode",  # same name under a new code
    "upper",
    "lower",
    "nfd",  # the same text, its accents as combining characters
    "tab",  # pasted from a spreadsheet
    "double",  # one blank too many inside
    "lead",
    "trail",
]


@dataclass(frozen=True, slots=True)
class Option:
    label: str
    code: str
    percent: int


Axis = tuple[Option, ...]

_HEAD_BARS: Final = 3


def axis(table: str) -> Axis:
    """Read `label | code part | per cent` from lines, or from pieces between semicolons.

    The code part defaults to the label, the price to 100 per cent.
    """
    options = []
    for line in table.replace(";", "\n").split("\n"):
        if line.strip():
            label, code, percent = ([cell.strip() for cell in line.split("|")] + ["", ""])[:3]
            options.append(Option(label, code or label, int(percent or 100)))
    return tuple(options)


@dataclass(frozen=True, slots=True)
class Draft:
    """A row that has no id yet."""

    code: str
    name: str
    description: str
    unit: str
    cents: int

    @property
    def price(self) -> Decimal:
        return Decimal(self.cents).scaleb(-2)


@dataclass(frozen=True, slots=True)
class Family:
    code: str
    name: str
    unit: str
    price: str
    axes: Mapping[str, Axis]
    note: str
    slips: Mapping[Change, int]  # so many of its rows were typed carelessly
    again: Mapping[Change, int]  # so many of its rows were entered a second time

    def rows(self) -> list[Draft]:
        drafts = [self._draft(options) for options in product(*self.axes.values())]
        for position, change in _picked(self.slips, len(drafts)):
            drafts[position] = _changed(drafts[position], change)
        return drafts

    def entered_again(self, drafts: list[Draft]) -> list[Draft]:
        return [
            _changed(drafts[position], change)
            for position, change in _picked(self.again, len(drafts))
        ]

    def _draft(self, options: tuple[Option, ...]) -> Draft:
        labels = {key: option.label for key, option in zip(self.axes, options, strict=True)}
        parts = {key: option.code for key, option in zip(self.axes, options, strict=True)}
        cents = int(Decimal(self.price).scaleb(2))
        for option in options:
            cents = (cents * option.percent + 50) // 100
        return Draft(
            code=self.code.format_map(parts),
            name=self.name.format_map(labels),
            description=self.note.format_map(labels),
            unit=self.unit.format_map(labels),
            cents=cents,
        )


def family(
    head: str,
    note: str = "",
    /,
    *,
    slips: Mapping[Change, int] | None = None,
    again: Mapping[Change, int] | None = None,
    **axes: Axis,
) -> Family:
    """Read `code | unit | price | name`; {axis} stands for its code part or label."""
    code, unit, price, name = head.split(" | ")
    return Family(code, name, unit, price, axes, note, slips or {}, again or {})


def singles(lines: str) -> tuple[Family, ...]:
    """Rows without an axis: `code | unit | price | name`, with ` | description` at will."""
    families = []
    for line in lines.strip().split("\n"):
        head, note = line, ""
        if line.count(" | ") == _HEAD_BARS + 1:
            head, _, note = line.rpartition(" | ")
        families.append(family(head, note))
    return tuple(families)


def _picked(changes: Mapping[Change, int], size: int) -> Iterator[tuple[int, Change]]:
    """Positions spread evenly over the rows; each change starts one row after the one before."""
    for start, (change, count) in enumerate(changes.items()):
        for turn in range(count):
            yield (start + turn * size // count) % size, change


_RAISED: Final = 104  # per cent: what a year does to a price list


def _changed(draft: Draft, change: Change) -> Draft:
    name, code, cents = draft.name, draft.code, draft.cents
    match change:
        case "same":
            cents = (cents * _RAISED + 50) // 100
        case "recode":
            code = f"{code}-N"
        case "upper":
            name, code = name.upper(), f"{code}-U"
        case "lower":
            name, code = name.lower(), f"{code}-L"
        case "nfd":
            name, code = unicodedata.normalize("NFD", name), f"{code}-B"
        case "tab":
            name = name.replace(", ", "\t", 1) if ", " in name else name.replace(" ", "\t", 1)
        case "double":
            head, _, tail = name.rpartition(" ")
            name = f"{head}  {tail}"
        case "lead":
            name = f" {name}"
        case "trail":
            name = f"{name} "
    return replace(draft, name=name, code=code, cents=cents)
