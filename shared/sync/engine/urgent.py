"""Urgent records overtake the run that is being pushed: their chunks are planned now and go next.

They become chunks of that very run, stored before they are sent, so that whoever takes it over finds
them like any other. Their due rows stay until the run has ended and is looked at.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Final

from shared.domain.connections import Connection
from shared.domain.ids import SourceId
from shared.domain.runs import PushAction, RunCounts
from shared.providers.base import AccountingProvider
from shared.sync.engine.planning import plan_more
from shared.sync.engine.preparing import Preparer
from shared.sync.engine.progress import Progress
from shared.sync.engine.settling import PreparedChunk
from shared.sync.services import Services

LOOK_EVERY: Final = timedelta(seconds=2)
_NOTHING: Final[tuple[Sequence[PreparedChunk], RunCounts]] = ((), RunCounts())


class UrgentRows:
    """Looked for between two chunks of a whole catalogue; automatic runs are short and look for none."""

    def __init__(
        self,
        services: Services,
        connection: Connection,
        provider: AccountingProvider,
        progress: Progress,
        preparer: Preparer,
    ) -> None:
        self._services = services
        self._connection = connection
        self._provider = provider
        self._progress = progress
        self._preparer = preparer
        self._look_at: datetime | None = None
        if progress.run.only is None:
            self._look_at = services.clock.now() + LOOK_EVERY
        self._versions: dict[SourceId, int] = {}
        self._numbers: set[int] = set()

    def chunks(
        self, under_way: Callable[[], set[SourceId]]
    ) -> tuple[Sequence[PreparedChunk], RunCounts]:
        """Chunks to be sent before anything else, and what they add to the run's counts.

        What is under way already is left to itself. Raises what the look-up in the books raises, and
        `LostLease`.
        """
        now = self._services.clock.now()
        if self._look_at is None or now < self._look_at:
            return _NOTHING
        self._look_at = now + LOOK_EVERY
        run = self._progress.run
        size = self._provider.profile.batch_size
        rows = self._services.stores.due.urgent(run.connection, run.kind, size)
        fresh = {
            r.source_id: r.version for r in rows if self._versions.get(r.source_id) != r.version
        }
        wanted = tuple(sorted(fresh.keys() - under_way())) if fresh else ()
        if not wanted:
            return _NOTHING
        self._versions |= {source_id: fresh[source_id] for source_id in wanted}
        planned, counts = plan_more(
            self._services, self._connection, self._provider, self._progress, wanted
        )
        self._numbers |= {chunk.number for chunk in planned}
        return (self._preparer.prepare(planned) if planned else ()), counts

    def seen(self, drawn: PreparedChunk) -> PreparedChunk | None:
        """A chunk of the plan as it may go now; None for one that has gone as an urgent one.

        A record of it that has overtaken it is linked by now: that is looked at again.
        """
        if drawn.chunk.number in self._numbers:
            return None
        overtaken = any(
            entry.entry.action is PushAction.CREATE and entry.record.source_id in self._versions
            for entry in drawn.entries
        )
        if not overtaken:
            return drawn
        [again] = self._preparer.prepare([drawn.chunk], with_links=True)
        return again
