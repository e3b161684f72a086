"""A catalogue goes in in pieces of whole rows, and nothing of it changes on the way."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.api import SuiteApi
from local.seed import catalogue, import_items, pieces
from local.trouble import LaunchFailed

HEADER = b"id,name\n"


class Api:
    """Rejects every row whose name is "bad", by its line in the piece that it was given."""

    def __init__(self) -> None:
        self.posted: list[bytes] = []

    def post_csv(self, _path: str, content: bytes) -> dict[str, Any]:
        self.posted.append(content)
        lines = content.decode().splitlines()
        bad = [number for number, line in enumerate(lines, start=1) if line.endswith(",bad")]
        return {
            "received": len(lines) - 1,
            "created": len(lines) - 1 - len(bad),
            "updated": 0,
            "unchanged": 0,
            "rejected": len(bad),
            "errors": [{"line": line, "message": "bad"} for line in bad],
        }


def records(content: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(content.decode(), newline="")))


cells = st.text(alphabet='ab"\n,é', max_size=12)


@given(
    rows=st.lists(st.lists(cells, min_size=2, max_size=2), max_size=30), largest=st.integers(1, 80)
)
def test_pieces_together_are_the_file_whatever_stands_in_quotes(
    rows: list[list[str]], largest: int
) -> None:
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\n", quoting=csv.QUOTE_ALL).writerows([["id", "name"], *rows])
    content = text.getvalue().encode()
    split = [piece for _, piece in pieces(content, largest)]
    assert [row for piece in split for row in records(piece)[1:]] == rows
    assert all(records(piece)[0] == ["id", "name"] for piece in split)


def test_a_piece_is_no_larger_than_allowed_unless_one_row_is() -> None:
    rows = [b"%d,pipe\n" % number for number in range(1000)]
    split = [piece for _, piece in pieces(HEADER + b"".join(rows), 100)]
    assert max(map(len, split)) <= 100
    assert len([piece for _, piece in pieces(HEADER + b"1," + b"x" * 500 + b"\n2,y\n", 100)]) == 2


def test_an_error_is_told_by_its_line_in_the_whole_file() -> None:
    rows = [f"{number},{'bad' if number == 17 else 'good'}\n" for number in range(2, 40)]
    api = Api()
    imported = import_items(cast("SuiteApi", api), HEADER + "".join(rows).encode(), 30)
    assert len(api.posted) > 3
    assert [error["line"] for error in imported.errors] == [17]
    assert (imported.received, imported.created, imported.rejected) == (38, 37, 1)


def test_a_missing_catalogue_is_one_clear_line(tmp_path: Path) -> None:
    with pytest.raises(LaunchFailed, match=r"CATALOG=.*nowhere\.csv cannot be read: No such file"):
        catalogue(tmp_path / "nowhere.csv")


def test_without_a_catalogue_it_is_the_demo_price_book() -> None:
    assert len(records(catalogue(None))) == 3630
