"""The run's row while a worker holds it: heartbeat, counts, and the fence in every save."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from shared.domain.errors import LostLease
from shared.domain.runs import Run, RunCounts
from shared.sync.services import CallCount, Services

FIRST_INTERVAL = 0.25
"""Seconds between two saves of moving counts at first: a person should see a short run move."""
INTERVAL_SHARE = 0.02
"""Later this share of the run's age, so that a long run costs no more writes than a short one."""


class Progress:
    """Saves the run it was given; any lost condition raises `LostLease`: stop and write nothing more."""

    def __init__(self, services: Services, run: Run, calls: CallCount | None = None) -> None:
        self._services = services
        self._calls = calls
        self._calls_before = run.provider_calls - (calls.total if calls else 0)
        self._began = self._saved_at = services.clock.now()
        self.run = run

    def replace(self, run: Run) -> Run:
        """Save this form of the run now."""
        now = self._services.clock.now()
        calls = self._calls_before + self._calls.total if self._calls else run.provider_calls
        # Known before it is saved: where its answer is lost, what is saved next must not undo it.
        self.run = run = replace(run, heartbeat_at=now, provider_calls=calls)
        if not self._services.stores.runs.save(run, expected_epoch=run.epoch):
            raise LostLease(f"run {run.run_id} was taken over")
        self._saved_at = now
        return run

    def moved(self, counts: RunCounts, causes: Mapping[str, tuple[int, str]]) -> None:
        """New counts: saved if the last save is a while ago, else with the next one.

        Counts that a crash left behind those already shown are not shown until they caught up.
        """
        if counts.settled < self.run.counts.settled:
            return
        self.run = replace(self.run, counts=counts, causes=causes)
        now = self._services.clock.now()
        age = (now - self._began).total_seconds()
        if (now - self._saved_at).total_seconds() >= max(FIRST_INTERVAL, age * INTERVAL_SHARE):
            self.replace(self.run)

    def beat(self) -> None:
        """Show that the worker lives, if that is due."""
        now = self._services.clock.now()
        if (now - self._saved_at).total_seconds() >= self._services.settings.heartbeat_seconds:
            self.replace(self.run)
