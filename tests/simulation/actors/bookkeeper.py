"""Somebody who works in the books themselves, and knows nothing of us."""

from __future__ import annotations

from contextlib import suppress
from decimal import Decimal

from tests.simulation import catalogue
from tests.simulation.company import Company
from tests.simulation.installation import Installation


def keeps_books(world: Installation, company: Company, seconds: float) -> None:
    """Makes, edits, renames and deactivates items; what they touched is not ours to judge later."""
    random, books = world.scheduler.random, company.books
    until = world.elapsed + seconds
    while world.elapsed < until:
        world.scheduler.sleep(random.choice((2.0, 15.0, 60.0)))
        world.scheduler.point("keeps books")
        rows = books.items
        what = random.choice(
            ("make", "category", "price", "rename", "deactivate", "activate", "reclassify")
        )
        if what == "reclassify":  # the whole list: our versions are all old now
            for each in rows:
                books.edit(each.remote_id, description=f"Class {random.randrange(9)}")
                company.touched.add(each.remote_id)
            world.scheduler.note("BOOKS reclassified")
            continue
        with suppress(ValueError):  # a name that is taken: they let it be
            if what in ("make", "category") or not rows:
                name = random.choice((*catalogue.NAMES, f"Item {company.item_count + 1}"))
                row = books.plant(
                    catalogue.allowed(name), unit_price="5", linkable=what != "category"
                )
            else:
                row = random.choice(rows)
                if what == "price":
                    row = books.edit(row.remote_id, unit_price=Decimal(random.randrange(99)))
                elif what == "rename" and row.fields.active:
                    row = books.edit(row.remote_id, name=f"Renamed {row.remote_id}")
                elif what in ("deactivate", "activate"):
                    row = books.edit(row.remote_id, active=what == "activate")
            company.touched.add(row.remote_id)
            world.scheduler.note(f"BOOKS {what} {row.remote_id} {row.fields.name!r}")
