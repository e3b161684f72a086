"""Is the simulation worth its time? Breaks the engine on purpose, in a copy, and counts the worlds.

    python -m tests.simulation.mutants              every mutant, as the table of README.md
    python -m tests.simulation.mutants lease epoch  those whose names have one of these words
    python -m tests.simulation.mutants --worlds 600 in so many worlds at most (2,000 unless told)

A mutant is a piece of source text and what stands there instead. Where the engine no longer has that
text, the mutant says so: give it the new text, or take it out.
"""

from __future__ import annotations

import argparse
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.simulation.imports.mutants import IMPORTS_MUTANTS
from tests.simulation.mutant import Mutant
from tests.simulation.payments.mutants import PAYMENTS_MUTANTS

# ruff: noqa: T201 - this program talks to a person
ROOT = Path(__file__).parents[2]
WORLDS = 2000


MUTANTS = (
    Mutant(
        "reading back is skipped: unanswered creates count as absent",
        "shared/sync/engine/mending.py",
        "for row in self._provider.records_by_name(self._scope.kind, names) if names else ():",
        "for row in ():",
    ),
    Mutant(
        "the repeat of an unanswered batch gets a new request key",
        "shared/sync/engine/pushing.py",
        "        if prepared.unanswered < self._answer_tries:\n"
        "            self._again.append(prepared)\n",
        "        if prepared.unanswered < self._answer_tries:\n"
        "            self._again.append(self.preparer.again(prepared.chunk, prepared.entries))\n",
    ),
    Mutant(
        "an unanswered batch goes again as singles, not read back",
        "shared/sync/engine/pushing.py",
        "            self._doubt_all(prepared, Doubt.UNANSWERED)\n",
        "            again = self.preparer.again(prepared.chunk, prepared.entries)\n"
        "            stored = replace(again.chunk, state=ChunkState.REJECTED)\n"
        "            self._rejected = True\n"
        "            self.settler.flush([stored])\n",
    ),
    Mutant(
        "what goes singly otherwise than planned is not stored before it goes",
        "shared/sync/engine/singles.py",
        "if entry is prepared.entry:",
        "if True:",
    ),
    Mutant(
        "a pair that is saved late brings no connection back",
        "shared/auth/after_renewal.py",
        "if stored is not None and _fence(stored) != _fence(before):",
        "if stored is None:",
    ),
    Mutant(
        "what overtook under an earlier worker waits its turn",
        "shared/sync/engine/pushing.py",
        "            self._urgent.was_stored(chunk)\n",
        "",
    ),
    Mutant(
        "the chunk is saved before its links",
        "shared/sync/engine/settling.py",
        "        stores = self._services.stores\n        if self._links:\n",
        "        stores = self._services.stores\n"
        "        if chunks and stores.runs.save_chunks(self._connection.key, chunks):\n"
        "            raise LostLease('taken over')\n"
        "        if self._links:\n",
    ),
    Mutant(
        "the epoch is ignored: a run that was taken over is saved all the same",
        "shared/sync/engine/progress.py",
        '            raise LostLease(f"run {run.run_id} was taken over")\n',
        "            stored = self._services.stores.runs.get(run.connection, run.run_id)\n"
        "            run = replace(run, epoch=stored.epoch if stored else run.epoch)\n"
        "            self._services.stores.runs.save(run, expected_epoch=run.epoch)\n",
    ),
    Mutant(
        "a slice of an execution that was taken over goes on",
        "shared/sync/runs.py",
        "not run.state.active or run.takeovers != takeover:",
        "not run.state.active:",
    ),
    Mutant(
        "a run that lives is taken over as well",
        "shared/sync/runs.py",
        "return run.state.active and run.heartbeat_at <= silent_since",
        "return run.state.active",
    ),
    Mutant(
        "a silent run is never taken over",
        "shared/sync/runs.py",
        "return run.state.active and run.heartbeat_at <= silent_since",
        "return False",
    ),
    Mutant(
        "one remote record is adopted by every record of its name",
        "shared/sync/engine/matching.py",
        "        self._given.add(row.remote_id)\n",
        "",
    ),
    Mutant(
        "a remote record found by name is taken whoever has it",
        "shared/sync/engine/mending.py",
        "[r for r in rows if r.linkable and owners.get(r.remote_id, source_id) == source_id]",
        "[r for r in rows if r.linkable]",
    ),
    Mutant(
        "an unheard update of ours counts as somebody's edit in the books",
        "shared/sync/engine/mending.py",
        "        if content_mark(row.fields) != prepared.entry.sent:\n",
        "        if True:\n",
    ),
    Mutant(
        "a throttled batch is refused",
        "shared/sync/engine/pushing.py",
        "            case Throttled():\n                self._again.append(prepared)\n",
        "            case Throttled():\n"
        "                from shared.domain.runs import Problem\n"
        "                counts = RunCounts()\n"
        "                problem = Problem('THROTTLED', 'Too many requests.')\n"
        "                for entry in prepared.entries:\n"
        "                    counts = counts.plus(\n"
        "                        self.settler.refused(entry, problem, 'THROTTLED'))\n"
        "                return finished(prepared.chunk, counts, self._progress.run.epoch)\n",
    ),
    Mutant(
        "an edited record goes under the old request key",
        "shared/sync/engine/pushing.py",
        "        return prepared.request.body_hash == prepared.chunk.body_hash and not any(",
        "        return not any(",
    ),
    Mutant(
        "a stopped run's unheard creates are forgotten",
        "shared/sync/engine/planning.py",
        "    link_leftovers(services, connection, provider, progress)\n",
        "",
    ),
    Mutant(
        "a healed record stays among the failures",
        "shared/sync/engine/settling.py",
        "            self._healed.append(source_id)\n",
        "            pass\n",
    ),
    Mutant(
        "what waits to be read back may wait until the slice is over",
        "shared/sync/engine/pushing.py",
        "            raise _MendNow\n",
        "            pass\n",
    ),
    Mutant(
        "urgent records are planned while others of the run are unheard",
        "shared/sync/engine/pushing.py",
        "        if self._under_way():\n            return\n",
        "",
    ),
    Mutant(
        "a batch begins though the urgent one is not settled",
        "shared/sync/engine/pushing.py",
        "self._urgent.ask() or any(map(self._urgent.has, self._under_way()))",
        "self._urgent.ask()",
    ),
    Mutant(
        "the comparison makes nothing due",
        "shared/sync/automatic/compare.py",
        "        made += make_due(services, connection.key, kind, some)\n",
        "        made += len(some)\n",
    ),
    Mutant(
        "a due row goes although its record changed since it was read",
        "shared/storage/memory/due.py",
        "if stored and _unmoved(stored, row) and stored.tries == row.tries:",
        "if stored and stored.asked == row.asked:",
    ),
    Mutant(
        "a due row goes although it was asked for again since it was read",
        "shared/storage/memory/due.py",
        "(stored.version, stored.asked) == (row.version, row.asked)",
        "stored.version == row.version",
    ),
    Mutant(
        "an item goes without the account that was chosen for it",
        "shared/sync/engine/mapped.py",
        "        if not records or not self._are_there():\n",
        "        if True:\n",
    ),
    Mutant(
        "of mappings that another one kept from being saved nothing is tried again",
        "shared/sync/account_mapping.py",
        "        if not lost:\n",
        "        if True:\n",
    ),
    Mutant(
        "a worker that was fenced off leaves its refusals for good",
        "shared/sync/automatic/compare.py",
        "            if record.source_id in standing and agrees:\n",
        "            if link is None and record.source_id in standing and agrees:\n",
    ),
    Mutant(
        "the token lease is not waited for",
        "shared/auth/renewal.py",
        "        if lease is None:\n            return None\n",
        "        if lease is None:\n"
        "            lease = Lease('nobody', taken_at + 2 * self._keeper.call_deadline, 0)\n",
    ),
    Mutant(
        "a refused refresh is final though the pair has moved",
        "shared/auth/renewal.py",
        "        marked = not moved and self._keeper.grants.mark_needs_reauth(\n"
        "            self._grant_id,\n"
        "            expected_token_version=held.grant.token_version,\n"
        "            fence=held.lease.fence,\n"
        "        )\n",
        "        marked = True\n",
    ),
)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.simulation.mutants")
    parser.add_argument("words", nargs="*")
    parser.add_argument("--worlds", type=int, default=WORLDS)
    options = parser.parse_args()
    words, worlds = options.words, options.worlds
    every = (*MUTANTS, *PAYMENTS_MUTANTS, *IMPORTS_MUTANTS)
    chosen = [m for m in every if not words or any(word in m.name for word in words)]
    survived = 0
    print("| broken on purpose | found by world | as |\n| --- | --- | --- |")
    for mutant in chosen:
        found, told = _hunt(mutant, worlds)
        survived += found is None
        nth = f"none of {worlds}" if found is None else str(found)
        print(f"| {mutant.name} | {nth} | {told} |", flush=True)
    return 1 if survived else 0


def _hunt(mutant: Mutant, worlds: int) -> tuple[int | None, str]:
    """The number of worlds it took, and the first violation."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder)
        for name in ("shared", "infra", "tests/support", "tests/simulation"):
            shutil.copytree(ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
        source = copy / mutant.path
        text = source.read_text()
        if text.count(mutant.old) != 1:
            return None, f"{mutant.path} does not have this text once any more"
        source.write_text(text.replace(mutant.old, mutant.new))
        ended = subprocess.run(
            [
                *(sys.executable, "-m", "tests.simulation", "--seeds", str(worlds), "--stop"),
                *(("--payments",) if mutant.payments else ()),
                *(("--imports",) if mutant.imports else ()),
            ],
            cwd=copy,
            capture_output=True,
            text=True,
            check=False,
        )
    bad = re.search(r"^world (\d+): ([^;\n]*)", ended.stdout, re.MULTILINE)
    if bad is None:
        return None, "" if ended.returncode == 0 else ended.stderr.strip().splitlines()[-1]
    return int(bad[1]) + 1, bad[2][:100]


if __name__ == "__main__":
    raise SystemExit(main())
