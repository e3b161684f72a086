"""Starts a full item sync and shows how far it is until it ends."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from local.api import SuiteApi
from local.connect import CONNECTION
from local.trouble import LaunchFailed

SYNCS = f"{CONNECTION}/syncs"
_ACTIVE = ("planning", "pushing")
_LOOK_EVERY = 0.2
_SILENT_TOO_LONG = 600.0
_PLAIN_LINE_EVERY = 0.2

Show = Callable[[dict[str, Any]], None]


def sync_items(api: SuiteApi, show: Show = lambda _run: None) -> dict[str, Any]:
    """Start or join a run, show each of its states, answer the last (`GET …/syncs/{runId}`).

    Raises `LaunchFailed` where nothing moves for ten minutes.
    """
    run_id = api.post(SYNCS, {"kinds": ["item"]})["runId"]
    seen, moved_at = "", time.monotonic()
    while True:
        run = api.get(f"{SYNCS}/{run_id}")
        show(run)
        if run["state"] not in _ACTIVE:
            return run
        now = time.monotonic()
        if (state := f"{run['state']} {run['counts']} {run['providerCalls']}") != seen:
            seen, moved_at = state, now
        elif now - moved_at > _SILENT_TOO_LONG:
            raise LaunchFailed(f"run {run_id} has not moved for ten minutes ({state})")
        time.sleep(_LOOK_EVERY)


@contextmanager
def progress() -> Iterator[Show]:
    """A bar on a terminal, plain lines elsewhere."""
    if not sys.stdout.isatty():
        yield _PlainLines().show
        return
    with Progress(
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()
    ) as bar:
        task = bar.add_task("planning", total=None)

        def show(run: dict[str, Any]) -> None:
            counts = run["counts"]
            bar.update(
                task,
                description=run["state"].replace("_", " "),
                total=counts["total"] or None,
                completed=counts["settled"],
            )

        yield show


class _PlainLines:
    """One line per change, at most five a second, and the last one whatever happens."""

    def __init__(self) -> None:
        self._said = ""
        self._at = 0.0

    def show(self, run: dict[str, Any]) -> None:
        counts = run["counts"]
        line = f"  {run['state']:<9} {counts['settled']:>6} of {counts['total']}"
        now = time.monotonic()
        ended = run["state"] not in _ACTIVE
        if line != self._said and (ended or now - self._at > _PLAIN_LINE_EVERY):
            print(line, flush=True)
            self._said, self._at = line, now
