"""What must hold at every write: looked at when it happens, reported at once with the trace's instant."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

from shared.config import Settings
from shared.domain.connections import Connection, ConnectionState
from shared.domain.ids import CompanyId, ConnectionKey, LinkScope, RecordKind, RunId, SourceId
from shared.domain.links import Link
from shared.domain.names import name_key
from shared.domain.record_plan import ACTIVE_FIELD
from shared.domain.records import class_of
from shared.domain.runs import Chunk, Failure, Run, RunState
from shared.storage.ports import Stores
from tests.simulation.scheduler import Scheduler

LASTING_CAUSES = ("CODE_REFUSED", "CURRENCY_DIFFERS", "NAME_NOT_ALLOWED", "NAME_TAKEN")
"""Of the content itself: a record of that content is either in step or refused, never both."""
NEVER_CAUSES = frozenset({"THROTTLED", "UNAUTHORIZED", "PROVIDER_UNAVAILABLE"})


class Watch:
    """`violations` is what went wrong, in order."""

    def __init__(self, scheduler: Scheduler, stores: Stores, settings: Settings) -> None:
        self._scheduler = scheduler
        self._stores = stores
        self._abandoned = timedelta(seconds=settings.abandoned_seconds)
        self.violations: list[str] = []
        self._planned: dict[tuple[RunId, int], dict[SourceId, int]] = {}
        self.grant_lives: Callable[[Connection], bool] = lambda _: False
        self._looks: dict[str, Callable[..., None]] = {
            "runs.save": self._run,
            "runs.add_chunks": self._plan,
            "links.save_links": self._links,
            "failures.save": self._failures,
            "connections.save": self._connection,
        }

    def listen(self, what: str, look: Callable[..., None]) -> None:
        """Have somebody else look at a sort of write as well, in place of what looks by itself."""
        self._looks[what] = look

    def listen_too(self, what: str, look: Callable[..., None]) -> None:
        """Have somebody else look at it beside what looks by itself."""
        before = self._looks.get(what)
        if before is None:
            self.listen(what, look)
            return

        def both(*args: Any, **named: Any) -> None:
            before(*args, **named)
            look(*args, **named)

        self.listen(what, both)

    def report(self, what: str) -> None:
        self.violations.append(what)
        self._scheduler.note(f"VIOLATION {what}")

    def crashed(self, who: str, error: Exception) -> None:
        self.report(f"{who} crashed: {type(error).__name__}: {error}")

    def before(self, what: str, args: tuple[Any, ...], named: dict[str, Any]) -> None:
        """Called just before a write takes effect."""
        look = self._looks.get(what)
        if look is not None:
            look(*args, **named)

    def _run(self, run: Run, *, expected_epoch: int) -> None:
        stored = self._stores.runs.get(run.connection, run.run_id)
        if stored is None or stored.epoch != expected_epoch or not stored.state.active:
            return  # it will be refused
        # A worker that claims a run may take back what the one before it showed since the row was
        # read; it counts again from what is stored before it shows anything itself.
        claims = run.epoch > stored.epoch
        fell = run.counts.settled < stored.counts.settled and not claims
        if stored.state is RunState.PUSHING and fell:
            self.report(
                f"run {run.run_id[:6]}: progress fell from {stored.counts.settled} "
                f"to {run.counts.settled}"
            )
        if run.counts.settled > run.counts.total and run.state is not RunState.PLANNING:
            self.report(f"run {run.run_id[:6]}: settled {run.counts.settled} of {run.counts.total}")

        handed_over = run.epoch == stored.epoch  # by its worker itself, whose time is up
        if (
            run.takeovers > stored.takeovers
            and not handed_over
            and (self._scheduler.now - stored.heartbeat_at < self._abandoned)
        ):
            self.report(f"run {run.run_id[:6]} was taken over although its worker lives")
        if run.state is RunState.FINISHED:
            self._all_have_an_end(run)

    def _plan(self, _connection: ConnectionKey, chunks: Sequence[Chunk]) -> None:
        for chunk in chunks:
            planned = self._planned.setdefault((chunk.run_id, chunk.plan_attempt), {})
            planned.update((entry.source_id, entry.source_version) for entry in chunk.entries)

    def _all_have_an_end(self, run: Run) -> None:
        """Whatever the run planned to send is linked or refused, unless it was edited since."""
        planned = self._planned.get((run.run_id, run.plan_attempt), {})
        scope = LinkScope(run.connection, run.remote_company_id, run.kind)
        links = self._stores.links.get_links(scope, list(planned))
        items = self._stores.records.get_many(
            run.connection.company_id, class_of(run.kind), list(planned)
        )
        refused = {
            failure.source_id: failure.cause
            for failure in self._stores.failures.page(run.connection, run.kind, 10_000, None).rows
        }
        for source_id, version in planned.items():
            if items[source_id].version != version:
                continue
            link = links.get(source_id)
            if link is None and source_id not in refused:
                self.report(f"run {run.run_id[:6]} finished, {source_id} has no end")
            cause = refused.get(source_id, "")
            in_step = link is not None and link.source_version == version
            if in_step and cause in LASTING_CAUSES:
                self.report(f"run {run.run_id[:6]} finished, {source_id} is in step and refused")

    def _links(self, scope: LinkScope, links: Sequence[Link]) -> None:
        stored = self._stores.links.get_links(scope, [link.source_id for link in links])
        for link in links:
            company_id = scope.connection.company_id
            if not self._is_of(company_id, scope.kind, link.source_id):
                self.report(f"{link.source_id} is linked in company {company_id}")
            former = stored.get(link.source_id)
            if former is None or link.row_version != former.row_version + 1:
                continue
            if former.base.get(ACTIVE_FIELD) == "false":
                continue  # at rest in the books: its name may have been given to another since
            if former.name_key == link.name_key and name_key(former.remote_name) != name_key(
                link.remote_name
            ):
                self.report(
                    f"{link.source_id}: {former.remote_name!r} was renamed {link.remote_name!r}"
                )

    def _is_of(self, company_id: CompanyId, kind: RecordKind, source_id: SourceId) -> bool:
        """By its name; an imported one by being there."""
        return source_id.startswith(f"{company_id}/") or (
            self._stores.records.get(company_id, class_of(kind), source_id) is not None
        )

    def _failures(self, failures: Sequence[Failure]) -> None:
        for failure in failures:
            if failure.cause in NEVER_CAUSES:
                self.report(f"{failure.source_id} was marked failed by {failure.cause}")

    def _connection(self, connection: Connection) -> None:
        stored = self._stores.connections.get(connection.key)
        if stored is None or stored.version != connection.version - 1:
            return
        turned = connection.state is ConnectionState.NEEDS_REAUTH is not stored.state
        if turned and self.grant_lives(connection):
            self.report(f"{connection.key.company_id} must reconnect, but its grant lives")
