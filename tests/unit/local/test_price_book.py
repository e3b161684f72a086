"""The demo price book: its size, its bytes, and what README.md says is in it."""

import csv
import hashlib
import io
import os
import re
import subprocess
import sys
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Callable
from decimal import Decimal
from functools import cache
from pathlib import Path

import pytest

import local.price_book
from local.price_book import PriceBookRow, csv_bytes, rows, write_csv

FOLDER = Path(local.price_book.__file__).parent
ROOT = FOLDER.parent.parent
SHA256 = "d1b25cbdd8e8e92121c18384f69306e5c6c768c574a6016fc7c47a7b55500654"
LIMIT = 100  # characters of an item's name in QuickBooks
EMOJI = re.compile("[\U0001f300-\U0001faff\u26a1\u2744]")
BOOK = rows()


def named(condition: Callable[[str], object]) -> int:
    return sum(1 for row in BOOK if condition(row.name))


def twins(key: Callable[[str], str]) -> int:
    """Rows to whose name there is another one, written differently, with the same key."""
    groups = defaultdict(set)
    for row in BOOK:
        groups[key(row.name)].add(row.name)
    return named(lambda name: len(groups[key(name)]) > 1)


def repeated(values: list[str]) -> int:
    return sum(count for count in Counter(values).values() if count > 1)


def composed(name: str) -> str:
    return unicodedata.normalize("NFC", name)


def scripts(*words: str) -> Callable[[str], bool]:
    return lambda name: any(unicodedata.name(letter, "").startswith(words) for letter in name)


# What the table of README.md calls it, how it is counted, and how many there have to be
KINDS: dict[str, tuple[Callable[[], int], range]] = {
    "name over 100 characters": (lambda: named(lambda n: len(n) > LIMIT), range(380, 430)),
    "first 100 characters those of another name": (
        lambda: twins(lambda name: name[:LIMIT]),
        range(200, 400),
    ),
    "name of just 100 characters": (lambda: named(lambda n: len(n) == LIMIT), range(1, 9)),
    "name of just 101 characters": (lambda: named(lambda n: len(n) == LIMIT + 1), range(1, 9)),
    "colon": (lambda: named(lambda n: ":" in n), range(280, 330)),
    "double quote": (lambda: named(lambda n: '"' in n), range(300, 900)),
    "tab": (lambda: named(lambda n: "\t" in n), range(20, 31)),
    "blank at an end, or doubled": (
        lambda: named(lambda n: n != n.strip() or "  " in n),
        range(20, 60),
    ),
    "not ASCII": (lambda: named(lambda n: not n.isascii()), range(230, 281)),
    "equal but for Unicode form": (lambda: twins(composed), range(20, 60)),
    "equal but for case": (lambda: twins(str.casefold), range(100, 141)),
    "exact name of another row": (lambda: repeated([r.name for r in BOOK]), range(280, 321)),
    "code of another row": (lambda: repeated([r.code for r in BOOK]), range(270, 311)),
    "emoji": (lambda: named(EMOJI.search), range(5, 13)),
    "right to left": (lambda: named(scripts("HEBREW", "ARABIC")), range(3, 9)),
    "Chinese": (lambda: named(scripts("CJK")), range(3, 9)),
    "ampersand": (lambda: named(lambda n: "&" in n), range(50, 200)),
    "apostrophe": (lambda: named(lambda n: "'" in n), range(300, 700)),
    "backslash": (lambda: named(lambda n: "\\" in n), range(3, 9)),
    "per cent sign": (lambda: named(lambda n: "%" in n), range(20, 80)),
    "plus sign": (lambda: named(lambda n: "+" in n), range(20, 80)),
    "markup": (lambda: named(lambda n: "<b>" in n or "&amp;" in n), range(3, 9)),
    "price of 0.00": (lambda: sum(not r.unit_price for r in BOOK), range(8, 20)),
    "price over 50,000.00": (lambda: sum(r.unit_price > 50_000 for r in BOOK), range(2, 4)),
    "without a unit": (lambda: sum(not r.unit for r in BOOK), range(1, 20)),
    "with a description": (lambda: sum(bool(r.description) for r in BOOK), range(1380, 1530)),
    "description over 400 characters": (
        lambda: sum(len(r.description) > 400 for r in BOOK),
        range(5, 60),
    ),
}


@cache
def told() -> dict[str, int]:
    text = (FOLDER / "README.md").read_text(encoding="utf-8")
    lines = re.findall(r"^\| ([^|]+?) \| ([\d,]+) \|", text, re.MULTILINE)
    return {kind: int(count.replace(",", "")) for kind, count in lines}


def test_has_3629_rows_with_ids_of_their_own() -> None:
    assert len(BOOK) == 3_629
    assert [row.id for row in BOOK] == [f"CRP-{number:05d}" for number in range(1, 3_630)]


@pytest.mark.parametrize("kind", KINDS)
def test_holds_as_many_of_each_oddity_as_the_readme_says(kind: str) -> None:
    count, expected = KINDS[kind]

    assert count() == told()[kind]
    assert count() in expected


def test_readme_counts_nothing_else() -> None:
    assert told().keys() == KINDS.keys()


def test_every_row_can_be_sold() -> None:
    for row in BOOK:
        assert row.code.strip() == row.code != ""
        assert row.name.strip()
        assert row.currency == "USD"
        assert row.unit_price >= 0
        assert row.unit_price.as_tuple().exponent == -2
        assert len(row.description) <= 900
        assert not re.search(r"[\r\n\0{}]", f"{row.code}{row.name}{row.description}{row.unit}")


def test_bytes_are_pinned() -> None:
    assert hashlib.sha256(csv_bytes()).hexdigest() == SHA256


def test_bytes_do_not_depend_on_hash_seed_or_locale(tmp_path: Path) -> None:
    plain = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    built = [
        built_elsewhere([], PYTHONHASHSEED="1", **plain).stdout,
        built_elsewhere([], PYTHONHASHSEED="2", LC_ALL="C.UTF-8", PYTHONUTF8="1").stdout,
    ]
    built_elsewhere([str(tmp_path / "book.csv")], PYTHONHASHSEED="3", **plain)

    assert built == [csv_bytes(), csv_bytes()]
    assert (tmp_path / "book.csv").read_bytes() == csv_bytes()


def test_wrong_arguments_are_refused_without_writing(tmp_path: Path) -> None:
    for arguments in (["--help"], [str(tmp_path / "a"), str(tmp_path / "b")]):
        with pytest.raises(subprocess.CalledProcessError) as refused:
            built_elsewhere(arguments)
        assert refused.value.returncode == 2
        assert b"usage" in refused.value.stderr
    assert list(tmp_path.iterdir()) == []


def test_csv_reads_back_as_the_rows(tmp_path: Path) -> None:
    write_csv(tmp_path / "book.csv")
    text = (tmp_path / "book.csv").read_bytes().decode("utf-8")

    header, *lines = csv.reader(io.StringIO(text, newline=""))

    assert header == ["id", "code", "name", "description", "unit", "unit_price", "currency"]
    assert [
        PriceBookRow(number, code, name, description, unit, Decimal(price), currency)
        for number, code, name, description, unit, price, currency in lines
    ] == BOOK
    assert [line[5] for line in lines] == [f"{row.unit_price:.2f}" for row in BOOK]
    assert text.count("\n") == len(BOOK) + 1
    assert "\r" not in text
    assert not text.startswith("\ufeff")


def test_rows_are_the_callers_own() -> None:
    mine = rows()
    mine.clear()

    assert len(rows()) == 3_629


def built_elsewhere(arguments: list[str], **settings: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-m", "local.price_book", *arguments],
        cwd=ROOT,
        env={**os.environ, **settings},
        capture_output=True,
        check=True,
    )
