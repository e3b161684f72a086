"""Rows of Review & Import: how well names are matched, and what an import of 10,000 takes."""

from __future__ import annotations

import csv
import random
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from bench.lab import Company, Lab
from bench.rows import Figure, Row
from local.stack import ROOT
from shared.domain.ids import RemoteId, SourceId
from shared.sync.review.matching import Known, Matcher

DATA: Final = Path("shared", "data", "customers.csv")
"""Real customers, beside the project; never a part of it."""

_EXACT_OF: Final = 8
_PLANTED_TOGETHER: Final = 1000


def matching(lab: Lab) -> Iterator[Figure]:
    """The books' customers, half of them here too: a part with the same address or name, most respelled."""
    del lab
    remote = _remote_customers()
    if not remote:
        return
    chance = random.Random(7)  # noqa: S311 - the same spellings each time
    ours: list[tuple[SourceId, Known]] = []
    meant: dict[RemoteId, SourceId] = {}
    exact: set[RemoteId] = set()
    for place, (remote_id, known) in enumerate(remote):
        if place % 2:
            continue
        source_id = SourceId(f"S-{place:05}")
        meant[remote_id] = source_id
        if place % (2 * _EXACT_OF) == 0:  # the same name, in another case
            name, exact_one = known.name.title(), True
        elif place % (2 * _EXACT_OF) == 2:  # the same address under quite another name
            name, exact_one = f"Customer {place}", True
        else:
            name, exact_one = _respelled(known.name, chance), False
        if exact_one:
            exact.add(remote_id)
        told = chance.random() < 0.5
        ours.append(
            (
                source_id,
                Known(
                    name,
                    known.email if place % (2 * _EXACT_OF) == 2 else "",
                    known.phone if told else "",
                    known.place if told else "",
                ),
            )
        )
    began = time.perf_counter()
    matcher = Matcher(ours, lambda remote_id: SourceId(f"books-{remote_id}"))
    found = {remote_id: matcher.proposals(remote_id, known) for remote_id, known in remote}
    seconds = time.perf_counter() - began
    right = sum(
        meant[one] in [each.source_id for each in found[one] if each.reason.exact] for one in exact
    )
    yield Figure(
        f"matching {len(remote):,} customers of the books with {len(ours):,} here: "
        "same name or address, proposed",
        "all",
        f"{right} of {len(exact)} ({seconds:.1f} s)",
        right == len(exact),
    )
    similar = {one: each for one, each in found.items() if each and not each[0].reason.exact}
    hits = sum(each[0].source_id == meant.get(one) for one, each in similar.items())
    wanted = sum(
        one not in exact and not any(each.reason.exact for each in found[one]) for one in meant
    )
    precision, recall = hits / len(similar), hits / wanted
    yield Figure(
        "… respelled names: precision and recall of the first proposal",
        "at least 0.95 and 0.95",
        f"{precision:.3f} and {recall:.3f} ({len(similar)} proposed, {wanted} meant)",
        min(precision, recall) >= 0.95,
    )


def imports_10000(lab: Lab) -> Iterator[Figure]:
    """An import of all new customers, 1,000 and 10,000 of them: calls, write units, seconds."""
    lab.sandbox()
    taken = []
    for count in (1000, 10_000):
        company = lab.company()
        _plant(lab, company, count)
        lab.reset_counters()
        measured = lab.worker("import", company.company_id)
        calls = int(lab.counters()["calls"]["query"])
        if measured["created"] != count:
            raise SystemExit(f"an import did not complete: {measured}")
        taken.append((calls, measured["write_units"], measured["seconds"]))
    (_, units, seconds), (calls, more_units, more_seconds) = taken
    yield Figure(
        "import of 10,000 customers: calls of the provider (10 full pages and the end)",
        "at most 11",
        str(calls),
        calls <= 11,
    )
    yield Figure(
        "… seconds with listing and matching; write units per customer",
        "for comparison",
        f"{more_seconds:.1f} s; {more_units / 10_000:.2f}",
    )
    for what, small, large in (
        ("write units", units, more_units),
        ("seconds", seconds, more_seconds),
    ):
        ratio = large / small / 10
        yield Figure(
            f"… 1,000 to 10,000 customers, {what} per customer",
            "linear: at most 1.1 of it",
            f"{ratio:.2f} ({small:g} to {large:g})",
            ratio <= 1.1,
        )


def _plant(lab: Lab, company: Company, count: int) -> None:
    for start in range(0, count, _PLANTED_TOGETHER):
        values = [
            {
                "DisplayName": f"Customer {number:05}",
                "PrimaryEmailAddr": {"Address": f"c{number}@x.example"},
                "BillAddr": {"Line1": f"{number} Hill Road", "City": "Rye"},
            }
            for number in range(start, min(count, start + _PLANTED_TOGETHER))
        ]
        order = {"realm": company.realm, "entity": "Customer", "values": values, "raw": True}
        lab.stack.sandbox.control("entities", order)


def _remote_customers() -> list[tuple[RemoteId, Known]]:
    places = (folder / DATA for folder in ROOT.parents)
    path = next((place for place in places if place.exists()), None)
    if path is None:
        print(f"matching: there is no {DATA} beside the project; the row is left out")
        return []
    with path.open(newline="", encoding="utf-8") as file:
        return [
            (
                RemoteId(str(number)),
                Known(
                    row["name"],
                    row["email"] or f"c{number}@x.example",
                    row["phone"],
                    row["postal_code"],
                ),
            )
            for number, row in enumerate(csv.DictReader(file), start=1)
        ]


def _respelled(name: str, chance: random.Random) -> str:
    """As somebody else would have typed it: a letter lost, doubled, swapped; another form or order."""
    place = chance.randrange(1, max(2, len(name) - 2))
    words = name.replace(",", "").split()
    plain = name.replace(", LLC", "").replace(" LLC", "").replace(", INC.", "").replace(" INC", "")
    shorter = name.replace("SERVICES", "SERVICE").replace("CONSTRUCTION", "CONST.")
    spellings = (
        name[:place] + name[place + 1 :],
        name[:place] + name[place] + name[place:],
        name[:place] + name[place + 1 : place + 2] + name[place] + name[place + 2 :],
        name.replace("&", "and").replace(",", "").title(),
        plain.replace("COMPANY", "CO").title() + ", Inc.",
        " ".join([*words[1:2], *words[:1], *words[2:]]),
        shorter.replace("ASSOCIATES", "ASSOC.") + " Co",
    )
    return chance.choice(spellings)


ROWS: tuple[Row, ...] = (matching, imports_10000)
