"""`python -m bench [ROW …]`: take figures, print them, store them in docs/bench.md.

Without names every row is taken; `python -m bench list` names them. Rows that are not taken keep what
was stored of them, with its date. The documented-limit rows take
three minutes each, because that is what they measure.
"""

from __future__ import annotations

import json
import platform
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench.automatic import AUTOMATIC
from bench.console import CONSOLE
from bench.lab import lab
from bench.money import MONEY
from bench.review import ROWS as REVIEW
from bench.rows import ROWS as PUSHES
from bench.rows import Figure
from local.stack import ROOT

ROWS = (*PUSHES, *AUTOMATIC, *MONEY, *REVIEW, *CONSOLE)
PAGE = ROOT / "docs" / "bench.md"
RAW = ROOT / "bench" / "figures.json"


def main() -> int:
    names = sys.argv[1:]
    if names == ["list"]:
        print("\n".join(f"{row.__name__:24} {(row.__doc__ or '').splitlines()[0]}" for row in ROWS))
        return 0
    unknown = set(names) - {row.__name__ for row in ROWS}
    if unknown:
        print(f"no such row: {', '.join(sorted(unknown))} (see `python -m bench list`)")
        return 2
    wanted = [row for row in ROWS if not names or row.__name__ in names]
    figures: list[Figure] = []
    with tempfile.TemporaryDirectory(prefix="bench-") as data, lab(Path(data)) as bench:
        for row in wanted:
            for figure in row(bench):
                figures.append(figure)
                print(figure.line(), flush=True)
    stored = _stored() | {figure.what: figure.raw() | {"taken": _today()} for figure in figures}
    RAW.write_text(json.dumps(stored, indent=1, ensure_ascii=False) + "\n")
    PAGE.write_text(_page(stored))
    print(f"stored in {PAGE.relative_to(ROOT)}")
    return 0 if all(figure.reached for figure in figures) else 1


def _stored() -> dict[str, dict[str, Any]]:
    if not RAW.exists():
        return {}
    stored: dict[str, dict[str, Any]] = json.loads(RAW.read_text())
    return stored


def _today() -> str:
    return datetime.now(UTC).date().isoformat()


def _page(stored: dict[str, dict[str, Any]]) -> str:
    rows = "".join(
        f"| {figure['what']} | {figure['goal']} | {figure['measured']} "
        f"| {'reached' if figure['reached'] else '**missed**'} | {figure['taken']} |\n"
        for figure in stored.values()
    )
    return (
        "# Figures\n\n"
        "Taken by `make bench` (or `python -m bench ROW …`; `python -m bench list` names the rows),\n"
        "with the local AWS, the sandbox and the measured process on the same cores. Ratios are of one\n"
        "run; seconds are of one run on a shared machine. What each row does is in `bench/rows.py`.\n\n"
        f"Last run: Python {platform.python_version()}, {platform.system()} {platform.machine()}.\n\n"
        "| what | goal | measured | | taken |\n| --- | --- | --- | --- | --- |\n" + rows
    )


if __name__ == "__main__":
    sys.exit(main())
