"""`python -m bench [ROW …]`: take the figures of docs/bench.md, print them, store them.

Without names every row is taken; `python -m bench list` names them. The documented-limit rows take
three minutes each, because that is what they measure.
"""

from __future__ import annotations

import json
import platform
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from bench.lab import lab
from bench.rows import ROWS, Figure
from local.stack import ROOT

STORED = ROOT / "docs" / "bench.md"
RAW = ROOT / ".local" / "bench.json"


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
    RAW.parent.mkdir(exist_ok=True)
    RAW.write_text(json.dumps([figure.raw() for figure in figures], indent=1))
    if not names:
        STORED.write_text(_page(figures))
        print(f"stored in {STORED.relative_to(ROOT)}")
    return 0 if all(figure.reached for figure in figures) else 1


def _page(figures: list[Figure]) -> str:
    now = datetime.now(UTC).date()
    head = (
        "# Figures\n\n"
        f"Taken by `make bench` on {now} (Python {platform.python_version()}, 2 cores, the local AWS and\n"
        "the sandbox on the same machine). Seconds of one run on a shared machine; ratios are of one run.\n\n"
        "| what | goal | measured | |\n| --- | --- | --- | --- |\n"
    )
    return head + "".join(figure.table_row() for figure in figures)


if __name__ == "__main__":
    sys.exit(main())
