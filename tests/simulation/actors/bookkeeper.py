"""Somebody who works in the books themselves, and knows nothing of us."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from tests.simulation import catalogue
from tests.simulation.company import Company
from tests.simulation.installation import Installation


def keeps_books(world: Installation, company: Company, seconds: float) -> None:
    """Makes, edits, renames and deactivates records; what they touched is not ours to judge later."""
    random, books = world.scheduler.random, company.books
    until = world.elapsed + seconds
    while world.elapsed < until:
        world.scheduler.sleep(random.choice((2.0, 15.0, 60.0)))
        world.scheduler.point("keeps books")
        rows = books.records(company.kind)
        what = random.choice(
            ("make", "category", "price", "rename", "deactivate", "activate", "reclassify")
        )
        if what == "reclassify":  # the whole list: our versions are all old now
            for each in rows:
                books.edit(each.remote_id, kind=company.kind, **company.note(random.randrange(9)))
                company.touched.add(each.remote_id)
            world.scheduler.note("BOOKS reclassified")
            continue
        with suppress(ValueError):  # a name that is taken: they let it be
            if what in ("make", "category") or not rows:
                name = random.choice((*catalogue.NAMES, f"Item {company.record_count + 1}"))
                touched = company.plant(catalogue.allowed(name), "5", linkable=what != "category")
            else:
                row = random.choice(rows)
                touched, change = row.remote_id, dict[str, Any]()
                if what == "price":
                    change = company.value(random.randrange(99))
                elif what == "rename" and row.fields.active:
                    change = {"name": f"Renamed {touched}"}
                elif what in ("deactivate", "activate"):
                    change = {"active": what == "activate"}
                if change:
                    books.edit(touched, kind=company.kind, **change)
            if touched is not None:
                company.touched.add(touched)
            world.scheduler.note(f"BOOKS {what} {touched}")
