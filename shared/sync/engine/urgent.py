"""Urgent records overtake the run that is being pushed: their chunks are planned now and go next.

They become chunks of that very run, stored before they are sent, so that whoever takes it over finds
them like any other. Their due rows stay until the run has ended and is looked at.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from shared.domain.connections import Connection
from shared.domain.ids import SourceId
from shared.domain.runs import Chunk, ChunkState, PushAction, RunCounts
from shared.providers.base import AccountingProvider
from shared.sync.engine.planning import closes_plan, plan_more
from shared.sync.engine.preparing import Preparer
from shared.sync.engine.progress import Progress
from shared.sync.engine.settling import PreparedChunk
from shared.sync.services import Services

LOOK_EVERY: Final = timedelta(seconds=2)
_UNSURE: Final = 64
"""Chunks at the beginning of what an earlier worker left, any of which it may have sent unheard."""
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
        # The planner's worker is followed by the first one that sends.
        first = progress.run.epoch <= progress.run.plan_attempt + 1
        self._unsure = 0 if first else _UNSURE
        self._versions: dict[SourceId, int] = {}
        self._waiting: dict[SourceId, int] = {}
        self._numbers: set[int] = set()
        self._plan_is_closed = False
        self._together: list[Chunk] = []
        """What is not closed: a worker died as it stored it."""
        self._begun: list[Chunk] = []
        """Overtook under an earlier worker, and did not come to their end."""

    def was_stored(self, chunk: Chunk) -> None:
        """By an earlier worker; told of each, in order. What overtook stands behind the plan, and what was
        planned together is closed as the plan is: without that nothing of it was sent, nor will be. Its
        records are asked for again, and planned in the same place.
        """
        if self._plan_is_closed:
            self._together.append(chunk)
        if closes_plan(chunk):
            self._plan_is_closed = True
            self._take_over(self._together)
            self._together = []
            run = self._progress.run  # which its worker may have left as it was before
            self._progress.run = replace(run, chunk_count=max(run.chunk_count, chunk.number))

    def _take_over(self, together: Sequence[Chunk]) -> None:
        for chunk in together:
            self._numbers.add(chunk.number)
            self._versions |= {entry.source_id: entry.source_version for entry in chunk.entries}
            if chunk.state is ChunkState.PLANNED:
                self._begun.append(chunk)

    def ask(self) -> bool:
        """Whether some wait: then nothing else is to be begun until what is under way has ended.

        They wait for what an earlier worker of the run may have sent, too.
        """
        now = self._services.clock.now()
        if self._look_at is not None and now >= self._look_at and self._unsure <= 0:
            self._look_at = now + LOOK_EVERY
            run = self._progress.run
            size = self._provider.profile.batch_size
            rows = self._services.stores.due.urgent(run.connection, run.kind, size)
            self._waiting = {
                r.source_id: r.version for r in rows if self._versions.get(r.source_id) != r.version
            }
        return bool(self._waiting)

    def chunks(self) -> tuple[Sequence[PreparedChunk], RunCounts]:
        """Chunks to be sent before anything else, and what they add to the run's counts.

        Only while nothing is under way or unheard: the look-up in the books would find what that has
        created for others and nobody has linked yet. Raises what the look-up raises, and `LostLease`.
        """
        if self._begun:
            begun, self._begun = self._begun, []
            return self._preparer.prepare(begun, with_links=True), RunCounts()
        if not self._waiting:
            return _NOTHING
        self._versions |= self._waiting
        wanted, self._waiting = tuple(sorted(self._waiting)), {}
        planned, counts = plan_more(
            self._services, self._connection, self._provider, self._progress, wanted
        )
        self._numbers |= {chunk.number for chunk in planned}
        self._preparer.forget_what_is_joined()
        return (self._preparer.prepare(planned) if planned else ()), counts

    def has(self, chunk: PreparedChunk) -> bool:
        """Whether it overtook."""
        return chunk.chunk.number in self._numbers

    def seen(self, drawn: PreparedChunk) -> PreparedChunk | None:
        """A chunk of the plan as it may go now; None for one that has gone as an urgent one.

        A record of it that has overtaken it is linked by now, which is looked at again; or it has no
        link because it was refused or goes singly: then that is its end in this run.
        """
        self._unsure -= 1
        unclosed = drawn.chunk.number in [chunk.number for chunk in self._together]
        if unclosed or self.has(drawn):
            return None
        overtaken = any(
            entry.entry.action is PushAction.CREATE and entry.record.source_id in self._versions
            for entry in drawn.entries
        )
        if not overtaken:
            return drawn
        [again] = self._preparer.prepare([drawn.chunk], with_links=True)
        left = [
            one for one in again.entries if one.link or one.record.source_id not in self._versions
        ]
        return self._preparer.with_request(again.chunk, left)
