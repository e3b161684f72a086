"""Work an import off: part by part in the order chosen, a result per record, each once whatever dies.

The import is a run: its lease keeps syncs of the kind away, its heartbeat tells whether somebody works at
it. A part that was cut off is done again: what it had made is known by the run in its link.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from itertools import islice
from typing import Final

from shared import correlation
from shared.auth.reauth import mark_connection_needs_reauth, reauth_problem
from shared.domain.connections import Connection, ConnectionState, Setup, StepState
from shared.domain.errors import ConnectionStopped, LostLease, NeedsReauth
from shared.domain.ids import ConnectionKey, PersonId, RecordKind, RemoteId
from shared.domain.imports import MOST_IMPORTED, ImportOutcome, ImportResult, Wanted
from shared.domain.listings import FRESH, Listing, ListingState, NotListed
from shared.domain.runs import Problem, Run, RunCounts, RunPurpose, RunState
from shared.domain.wake_up import Task
from shared.sync.automatic.dependencies import release
from shared.sync.engine.progress import Progress
from shared.sync.engine.terms import scope_of
from shared.sync.review.browse import RemoteRow, RowStatus, rows_of
from shared.sync.review.importer import Importer
from shared.sync.review.linked import linked_now
from shared.sync.review.listing import asked_listing
from shared.sync.review.listing_work import work_listing
from shared.sync.review.pages import PagesGone
from shared.sync.review.requests import put_results, put_wanted, read_results, read_wanted
from shared.sync.review.unsynced import require_listed
from shared.sync.runs import end_run, is_abandoned, take_over
from shared.sync.services import Services
from shared.sync.setup import decide_steps

_LOOK_EVERY: Final = 1.0
"""Seconds between two looks at a list that somebody else fetches."""

_STEPS: Final = {RecordKind.CUSTOMER: "import_customers", RecordKind.ITEM: "import_items"}
_LOST: Final = Problem(
    "IMPORT_TOO_OLD",
    "The import was interrupted for days, and what was chosen is no longer known.",
    "See the list for what is left, and import it.",
)


def work_import(services: Services, key: ConnectionKey, kind: RecordKind, until: datetime) -> None:
    """Go on with the import that is under way, if nobody else does. Hands itself over where time is up.

    Raises `StorageUnavailable` and what sending raises: the import is then taken over.
    """
    run = services.stores.runs.active(key, kind)
    if run is None or run.purpose is RunPurpose.SYNC:
        return
    try:
        claimed = _claimed(services, run)
        if claimed is not None:
            with correlation.caused_by(claimed.correlation_id):
                _work(services, claimed, until)
    except LostLease:
        return


def _claimed(services: Services, run: Run) -> Run | None:
    """The run with this worker's epoch; None where another worker is at it."""
    if run.plan_attempt == run.takeovers + 1:  # this takeover has, or had, its worker
        taken = take_over(services, run) if is_abandoned(services, run) else None
        if taken is None:
            return None
        run = taken
    claimed = replace(
        run,
        epoch=run.epoch + 1,
        plan_attempt=run.takeovers + 1,
        heartbeat_at=services.clock.now(),
    )
    return claimed if services.stores.runs.save(claimed, expected_epoch=run.epoch) else None


def _work(services: Services, run: Run, until: datetime) -> None:
    profile = services.profile(run.connection.provider)
    progress = Progress(services, run)
    connection = services.stores.connections.get(run.connection)
    try:
        if run.purpose is RunPurpose.UNLINK:  # whoever unlinked died: each link is there or not
            end_run(services, run, RunState.FINISHED)
            return
        connection = _usable(connection, run)
        if not _Import(services, connection, progress, until).perform():
            _hand_over(services, progress)
            return
    except NeedsReauth:
        if connection is not None:
            mark_connection_needs_reauth(services, connection, profile)
        _end(services, progress.run, RunState.NEEDS_REAUTH, reauth_problem(profile))
    except (NotListed, ConnectionStopped) as stopped:
        _end(services, progress.run, RunState.FAILED, stopped.problem)
    else:
        release(services, connection, run.kind)
        _decide_step(services, connection, run)
        _end(services, progress.run, RunState.FINISHED)


def _usable(connection: Connection | None, run: Run) -> Connection:
    if connection is not None and connection.state is ConnectionState.NEEDS_REAUTH:
        raise NeedsReauth(run.connection.provider)
    if (
        connection is None
        or connection.state is not ConnectionState.CONNECTED
        or connection.remote_company.remote_company_id != run.remote_company_id
    ):
        raise ConnectionStopped(
            Problem(
                "CONNECTION_CHANGED",
                "The connection was changed while the import was under way.",
                "See the list for what is left, and import it.",
            )
        )
    return connection


def _hand_over(services: Services, progress: Progress) -> None:
    """The next takeover has no worker yet: whoever is woken is it."""
    run = progress.run
    passed = replace(run, takeovers=run.takeovers + 1, heartbeat_at=services.clock.now())
    progress.replace(passed)
    services.tasks.hand_over(run.connection, run.kind, Task.IMPORT)


def _end(services: Services, run: Run, state: RunState, problem: Problem | None = None) -> None:
    end_run(services, run, state, problem)
    # What changed meanwhile found the lease taken.
    services.wake_ups.wake(run.connection, run.kind)


def _decide_step(services: Services, connection: Connection, run: Run) -> None:
    """An import that finishes decides its step of the setup: done, though it was skipped before."""
    step = _STEPS[run.kind]
    setup: Setup = connection.setup
    if getattr(setup, step) is not StepState.DONE:
        decide_steps(services, run.connection, PersonId(run.started_by), **{step: StepState.DONE})


class _Import:
    def __init__(
        self, services: Services, connection: Connection, progress: Progress, until: datetime
    ) -> None:
        self._services = services
        self._connection = connection
        self._progress = progress
        self._until = until
        self._key = connection.key
        self._scope = scope_of(progress.run.kind, connection)

    def perform(self) -> bool:
        """Whether all of it is done; False: time is up. Raises `NotListed` and what stops the run."""
        listing = self._listing()
        if listing is None:
            return False
        try:
            if not self._progress.run.chunk_count and not self._planned(listing):
                return True
            return self._imported(listing)
        except PagesGone:
            raise ConnectionStopped(_LOST) from None

    def _listing(self) -> Listing | None:
        """A list that is no older than this import (or was fresh as it began); fetched here if need be."""
        services, run = self._services, self._progress.run
        while services.clock.now() < self._until:
            stored = services.stores.listings.get(self._scope)
            if stored is not None and self._will_do(stored):
                return stored
            asked = asked_listing(services, self._connection, run.kind)
            require_listed(asked)
            if asked.claimed < asked.attempt:
                work_listing(services, self._key, run.kind, self._until)
                worked = services.stores.listings.get(self._scope)
                if worked is not None:
                    # Said here: a list that was stopped by a dead grant is begun anew by whoever asks.
                    require_listed(worked)
                    if self._will_do(worked):
                        return worked
            services.clock.sleep(_LOOK_EVERY)
            self._connection = _usable(services.stores.connections.get(self._key), run)
            self._progress.beat()
        return None

    def _will_do(self, stored: Listing) -> bool:
        return (
            stored.state is ListingState.READY
            and stored.can_be_read(self._services.clock.now())
            and stored.listed_at is not None
            and stored.listed_at >= self._progress.run.started_at - FRESH
        )

    def _planned(self, listing: Listing) -> bool:
        """Choose all that are new: whatever one of ours may be is left to a person. False: none is."""
        linked = linked_now(self._services.stores.links, self._scope)
        new = (
            Wanted(row.remote.remote_id)
            for row in rows_of(self._services, listing, linked)
            if row.remote.linkable and row.status is RowStatus.NEW
        )
        wanted = list(islice(new, MOST_IMPORTED))
        chosen = replace(self._progress.run, chosen_by=self._progress.run.epoch)
        parts = put_wanted(self._services, chosen, wanted)
        counts = RunCounts(total=len(wanted))
        self._progress.replace(replace(chosen, chunk_count=parts, counts=counts))
        return bool(wanted)

    def _imported(self, listing: Listing) -> bool:
        parts = [self._wanted(number) for number in range(self._progress.run.chunk_count)]
        importer = Importer(
            self._services,
            self._connection,
            self._progress.run,
            self._rows(listing, {one.remote_id for part in parts for one in part}),
        )
        counts = RunCounts(total=sum(map(len, parts)))
        state = RunState.PUSHING
        self._progress.replace(replace(self._progress.run, state=state))
        for number, part in enumerate(parts):
            run = self._progress.run
            if number < len(run.done_by):
                importer.skip(part)
                results = read_results(self._services, run, number)
                if results is None:
                    raise PagesGone
            elif self._services.clock.now() >= self._until:
                return False
            else:
                results = importer.perform(part)
                put_results(self._services, run, number, results)
                self._progress.run = replace(run, done_by=(*run.done_by, run.epoch))
            counts = counts.plus(_counted(results))
            self._progress.moved(counts, {})
            self._progress.beat()
        self._progress.replace(replace(self._progress.run, counts=counts))
        return True

    def _wanted(self, number: int) -> list[Wanted]:
        found = read_wanted(self._services, self._progress.run, number)
        if found is None:
            raise PagesGone
        return found

    def _rows(self, listing: Listing, remote_ids: set[RemoteId]) -> dict[RemoteId, RemoteRow]:
        """What the books have of them; links that were made since the list are looked up by the importer."""

        def beating() -> Iterator[RemoteRow]:
            for row in rows_of(self._services, listing, {}):
                self._progress.beat()
                yield row

        return {
            row.remote.remote_id: row for row in beating() if row.remote.remote_id in remote_ids
        }


def _counted(results: list[ImportResult]) -> RunCounts:
    outcomes = [one.outcome for one in results]
    return RunCounts(
        created=outcomes.count(ImportOutcome.CREATED),
        adopted=outcomes.count(ImportOutcome.LINKED),
        refused=outcomes.count(ImportOutcome.REFUSED),
    )
