"""Ways to break the lists' and imports' code on purpose; see `tests.simulation.mutants`."""

from __future__ import annotations

from tests.simulation.mutant import Mutant

_IMPORTER = "shared/sync/review/importer.py"
_WORK = "shared/sync/review/import_work.py"
_LISTING = "shared/sync/review/listing_work.py"
_PAGES = "shared/sync/review/pages.py"

IMPORTS_MUTANTS = (
    Mutant(
        "imports: the record is stored first, its link after it",
        _IMPORTER,
        "        lost = self._services.stores.linked_records.add("
        "company_id, self._scope, list(new.values()))\n",
        "        stores = self._services.stores\n"
        "        stores.records.save(company_id, [record for record, _ in new.values()])\n"
        "        stores.links.save_links(self._scope, [link for _, link in new.values()])\n"
        "        lost = {}\n",
        imports=True,
    ),
    Mutant(
        "imports: what the books hold is not the base of the link",
        _IMPORTER,
        "        return record, replace(link, differing=())\n",
        "        base = dict.fromkeys(link.base, '')\n"
        "        return record, replace(link, differing=(), base=base, source_version=0)\n",
        imports=True,
    ),
    Mutant(
        "imports: an item does not keep the account that the books have it on",
        _IMPORTER,
        "        if mappings:\n",
        "        if False:\n",
        imports=True,
    ),
    Mutant(
        "imports: one that is named twice is brought in twice",
        _IMPORTER,
        "        if one.remote_id in self._named:\n",
        "        if False:\n",
        imports=True,
    ),
    Mutant(
        "imports: one that ours may be comes in as a new one unasked",
        _IMPORTER,
        "        if exact is not None and not one.as_new:\n",
        "        if False:\n",
        imports=True,
    ),
    Mutant(
        "imports: who comes late tells what it lost to its follower as refused",
        _IMPORTER,
        "        if not lost:\n            return {}\n",
        "        if True:\n            return {}\n",
        imports=True,
    ),
    Mutant(
        "imports: a part that was cut off is done anew, as if by nobody",
        _IMPORTER,
        "        if link is None or link.run_id != self._run.run_id:\n",
        "        if True:\n",
        imports=True,
    ),
    Mutant(
        "imports: a taken-over import has no worker",
        _WORK,
        "    if run.plan_attempt == run.takeovers + 1:  # this takeover has, or had, its worker\n",
        "    if run.plan_attempt:\n",
        imports=True,
    ),
    Mutant(
        "imports: the results of a part count from memory only",
        _WORK,
        "                put_results(self._services, run, number, results)\n",
        "                pass\n",
        imports=True,
    ),
    Mutant(
        "imports: what two workers chose stands under one name",
        "shared/sync/review/requests.py",
        '    return f"wanted-{run.chosen_by}" if run.chosen_by else "wanted"\n',
        '    return "wanted"\n',
        imports=True,
    ),
    Mutant(
        "imports: what a late worker tells takes the place of what its follower did",
        "shared/sync/review/requests.py",
        '    return f"import/{run.run_id}/{what}/{number:05}"\n',
        "    return f\"import/{run.run_id}/{what.rstrip('0123456789')}/{number:05}\"\n",
        imports=True,
    ),
    Mutant(
        "imports: pages of two workers stand under one name",
        _PAGES,
        '    return f"rows-{stored_by}" if stored_by else "rows"\n',
        '    return "rows"\n',
        imports=True,
    ),
    Mutant(
        "imports: a list that is cut off is believed",
        _LISTING,
        "            if any(row.fields.active for row in found):\n",
        "            if False:\n",
        imports=True,
    ),
    Mutant(
        "imports: what a list lacks is unlinked",
        _LISTING,
        "        missing = sorted(linked.keys() - seen)\n",
        "        missing = sorted(linked.keys() - seen)\n"
        "        links = self._services.stores.links\n"
        "        for one in links.get_links(listing.scope, [linked[each] for each in missing]).values():\n"
        "            links.remove_link(listing.scope, one)\n",
        imports=True,
    ),
    Mutant(
        "imports: a row that moved between two pages is listed twice",
        _LISTING,
        "        new = [row for row in rows if row.remote_id not in seen]\n",
        "        new = list(rows)\n",
        imports=True,
    ),
    Mutant(
        "imports: a list that was taken over is stored all the same",
        _LISTING,
        "        if not self._services.stores.listings.save(changed):\n",
        "        stored = self._services.stores.listings.get(changed.scope)\n"
        "        assert stored is not None\n"
        "        changed = replace(changed, version=stored.version + 1)\n"
        "        if not self._services.stores.listings.save(changed):\n",
        imports=True,
    ),
    Mutant(
        "imports: a list is counted while it is being fetched",
        "shared/sync/review/unsynced.py",
        "    if not listing.state.listed:\n",
        "    if False:\n",
        imports=True,
    ),
    Mutant(
        "imports: what is unlinked leaves its claim",
        "shared/storage/memory/links.py",
        "                self.claims.remove(claim_pk, standing.remote_id)\n",
        "                pass\n",
        imports=True,
    ),
    Mutant(
        "imports: a sync refuses what is in step but could not be sent",
        "shared/sync/engine/planning.py",
        "        problem = None if in_step else self._terms.refusal(record)\n",
        "        problem = self._terms.refusal(record)\n",
        imports=True,
    ),
    Mutant(
        "imports: the books' own values of an adopted record count as an edit there",
        "shared/sync/engine/preparing.py",
        "    return content_mark(write.fields, kept)\n",
        "    return content_mark(write.fields)\n",
        imports=True,
    ),
    Mutant(
        "imports: a dead grant has the import ask for a list again and again",
        _WORK,
        "                    require_listed(worked)\n",
        "                    pass\n",
        imports=True,
    ),
)
