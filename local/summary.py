"""What a launch came to, in plain words."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from local.onboard import PEOPLE, Onboarded

_SHOWN = 5


def lines(done: Onboarded) -> Iterator[str]:
    """Lines to print; the problems come last, each with what to do."""
    imported, run, counts = done.imported, done.run, done.run["counts"]
    company = done.connection["remoteCompany"]["name"]
    yield ""
    parts = _parts(imported.created, imported.updated, imported.unchanged)
    yield f"Catalogue   {imported.received} rows: {parts}"
    yield f"QuickBooks  {company}, income account {done.account}"
    yield (
        f"Items       {counts['settled']} of {counts['total']} {_ended(run['state'])}"
        f"{_seconds(run)}: {_parts(counts['created'], counts['updated'], counts['unchanged'])},"
        f" {counts['adopted']} adopted, {counts['renamed']} renamed, {counts['refused']} refused"
    )
    yield f"Calls       {run['providerCalls']} to QuickBooks"
    if imported.rejected:
        yield f"{imported.rejected} rows were rejected:"
        for error in imported.errors[:_SHOWN]:
            yield f"  line {error['line']}: {error['message']}"
    for cause in run.get("causes", []):
        yield f"{cause['count']} items: {cause['message']} {cause.get('action') or ''}".rstrip()
    if run.get("problem"):
        yield f"{run['problem']['message']} {run['problem'].get('action') or ''}".rstrip()


def invitation(console_url: str, api_url: str, stack_file: Path) -> Iterator[str]:
    """Where the suite can be looked at, and as whom."""
    yield ""
    yield f"Console     {console_url}"
    yield f"            sign in as {PEOPLE}; no password is asked"
    yield f"API         serving at {api_url} (addresses and a token: {stack_file}); Ctrl-C stops"


def _parts(created: int, updated: int, unchanged: int) -> str:
    return f"{created} created, {updated} updated, {unchanged} unchanged"


def _ended(state: str) -> str:
    return "settled" if state == "finished" else f"settled ({state.replace('_', ' ')})"


def _seconds(run: dict[str, str]) -> str:
    if not run.get("finishedAt"):
        return ""
    took = datetime.fromisoformat(run["finishedAt"]) - datetime.fromisoformat(run["startedAt"])
    return f" in {took.total_seconds():.1f} s"
