"""Plan a full sync: stream records against links, adopt, choose names, store chunks.

Nothing is sent here, so planning may be begun again at any time: chunks carry the plan attempt, and
what an earlier attempt of the same run adopted is counted as adopted again. Memory holds what the
survey holds, not the catalogue.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice

from shared.domain.connections import Connection
from shared.domain.due import DueRow
from shared.domain.ids import RequestKey, SourceId
from shared.domain.links import Link, LinkOrigin
from shared.domain.names import NameDesk, key_hash, name_key, plain_name
from shared.domain.record_plan import (
    Terms,
    as_linked,
    at_rest,
    changed_fields,
    goes_when_asked,
    is_renamed,
    kept_name,
    linked_after_write,
)
from shared.domain.records import Record
from shared.domain.runs import (
    Chunk,
    ChunkEntry,
    ChunkState,
    Failure,
    Problem,
    PushAction,
    Run,
    RunCounts,
    RunState,
)
from shared.providers.base import AccountingProvider, RecordWrite, RemoteRecord
from shared.storage.ports import Stores
from shared.sync.engine.adopted import adopted_link
from shared.sync.engine.failures import failure_of, standing_failures
from shared.sync.engine.few import look_up, some_paired
from shared.sync.engine.preparing import sent_mark, stored_chunks
from shared.sync.engine.progress import Progress
from shared.sync.engine.recovery import link_leftovers
from shared.sync.engine.survey import (
    READ_AHEAD,
    BooksListing,
    Survey,
    list_books,
    paired,
    survey_records,
)
from shared.sync.engine.terms import request_key, scope_of, terms_of
from shared.sync.services import Services

_MOST_ASKED = 1000
SAVE_TOGETHER = 20
"""Chunks (and a hundred adopted links) of one bulk save."""


def plan_records(
    services: Services,
    connection: Connection,
    provider: AccountingProvider,
    run: Run,
    progress: Progress,
) -> Run:
    """Store the plan and move the run to PUSHING.

    Raises `RetryLater`, `NeedsReauth`, `ConnectionStopped` of the provider's listing, and `LostLease`;
    none of them leaves anything that a new attempt would trip over.
    """
    # Numbered by the epoch, which no other worker has: chunks of a planner that was fenced off and does
    # not know it yet never stand among ours.
    attempt = replace(run, plan_attempt=run.epoch, counts=RunCounts(), chunk_count=0)
    progress.replace(attempt)
    link_leftovers(services, connection, provider, progress)
    return _planning(services, connection, provider, progress, run.only).perform()


def plan_more(
    services: Services,
    connection: Connection,
    provider: AccountingProvider,
    progress: Progress,
    only: tuple[SourceId, ...],
) -> tuple[list[Chunk], RunCounts]:
    """Further chunks of a run that is being pushed, over these records; stored as its plan's are.

    Answers those that are to be sent, and what is added to the run's counts. Raises what the look-up in
    the books raises, and `LostLease`.
    """
    return _planning(services, connection, provider, progress, only).perform_more()


def _planning(
    services: Services,
    connection: Connection,
    provider: AccountingProvider,
    progress: Progress,
    only: tuple[SourceId, ...] | None,
) -> _Planning:
    run = progress.run
    terms = terms_of(run.kind, connection, provider.profile)
    survey = survey_records(_pairs(services.stores, connection, progress, only), terms)
    if only is None:
        listing = list_books(provider, survey, terms, progress.beat)
    else:
        pairs = _pairs(services.stores, connection, progress, only)
        scope = scope_of(run.kind, connection)
        listing = look_up(provider, services.stores.links, scope, terms, survey, pairs)
    return _Planning(services, connection, provider, progress, survey, listing, only)


def _pairs(
    stores: Stores, connection: Connection, progress: Progress, only: tuple[SourceId, ...] | None
) -> Iterator[tuple[Record | None, Link | None]]:
    """Records and links side by side, with a heartbeat now and then."""
    scope = scope_of(progress.run.kind, connection)
    pairs = paired(stores, scope) if only is None else some_paired(stores, scope, only)
    while batch := list(islice(pairs, READ_AHEAD)):
        yield from batch
        progress.beat()


def closes_plan(chunk: Chunk) -> bool:
    """See `_close_plan`."""
    return not chunk.request_key


class _Planning:
    """The second pass, over what the survey and the listing told."""

    def __init__(
        self,
        services: Services,
        connection: Connection,
        provider: AccountingProvider,
        progress: Progress,
        survey: Survey,
        listing: BooksListing,
        only: tuple[SourceId, ...] | None,
    ) -> None:
        self._services = services
        self._connection = connection
        self._provider = provider
        self._only = only
        self._run = progress.run
        self._progress = progress
        self._kind = progress.run.kind
        self._scope = scope_of(self._kind, connection)
        self._terms = terms_of(self._kind, connection, provider.profile)
        self._unlinked = survey.unlinked
        self._candidates = listing.candidates
        self._held = listing.held
        self._desk = NameDesk(self._terms.names, listing.taken, survey.claims.repeated())
        self._tally: Counter[str] = Counter()
        self._entries: list[tuple[ChunkEntry, RecordWrite]] = []
        self._chunks: list[Chunk] = []
        self._chunk_count = 0
        self._links: list[Link] = []
        self._failures: list[Failure] = []
        standing = standing_failures(services.stores, self._run.connection, self._kind, only)
        self._healed = {failure.source_id: failure.cause for failure in standing}
        """Those that stand refused, and why, but for those that this plan refuses or sends."""
        self._lacking: list[DueRow] = []
        self._asked_for: frozenset[SourceId] | None = None

    def perform(self) -> Run:
        self._plan_all()
        self._close_plan()
        self._flush(at_least=1)
        run = self._progress.replace(
            replace(
                self._run,
                state=RunState.PUSHING,
                counts=RunCounts(**self._tally),
                chunk_count=self._chunk_count,
            )
        )
        self._heal()  # only now is it sure that this plan is the one that counts
        return run

    def perform_more(self) -> tuple[list[Chunk], RunCounts]:
        first = self._chunk_count = (
            self._run.chunk_count + 1
        )  # behind the chunk that closed the plan
        self._plan_all()
        self._flush(at_least=1)
        self._close_plan()  # stored after all that it closes: see `urgent`
        self._flush(at_least=1)
        added = RunCounts(**self._tally)
        run = self._progress.run
        self._progress.replace(
            replace(run, counts=run.counts.plus(added), chunk_count=self._chunk_count)
        )
        self._heal()
        stored = stored_chunks(self._services.stores, self._progress.run, ChunkState.PLANNED)
        return [chunk for chunk in stored if chunk.number >= first], added

    def _plan_all(self) -> None:
        stores = self._services.stores
        for record, link in _pairs(stores, self._connection, self._progress, self._only):
            if record is None or (link is None and not self._terms.begins(record)):
                continue
            self._plan_one(record, link)
            self._flush(at_least=SAVE_TOGETHER)
        self._close_chunk()

    def _heal(self) -> None:
        healed = sorted(self._healed)
        self._services.stores.failures.clear(self._connection.key, self._kind, healed)

    def _plan_one(self, record: Record, link: Link | None) -> None:
        # What is in step is not sent, so nothing of it is in the way: a record that came from the books,
        # or that a person linked, may hold what could not be sent (two e-mail addresses, say).
        in_step = link is not None and as_linked(record, link, self._terms)
        problem = None if in_step else self._terms.refusal(record)
        if problem is None and link is None and self._hashed(record) not in self._unlinked:
            self._healed.pop(record.source_id, None)
            return  # made since the survey, so the books were not searched for it: the next sync's
        if problem is None and self._terms.lacking(record):
            self._make_wait(record)
            return
        self._tally["total"] += 1
        if problem is not None:
            self._refuse(record, problem)
        elif link is None:
            self._plan_new(record)
        else:
            self._plan_linked(record, link)

    def _hashed(self, record: Record) -> int:
        return key_hash(name_key(self._terms.name_of(record)))

    def _refuse(self, record: Record, problem: Problem) -> None:
        self._tally["refused"] += 1
        self._healed.pop(record.source_id, None)
        self._failures.append(self._failure(record, problem))

    def _failure(self, record: Record, problem: Problem) -> Failure:
        return failure_of(self._run, record, problem, problem.code, self._services.clock.now())

    def _plan_new(self, record: Record) -> None:
        match = self._candidates.match(record, self._hashed(record), self._provider.profile.label)
        if isinstance(match, Problem):
            self._refuse(record, match)
        elif match is None:
            problem = self._terms.not_created(record)
            if problem is not None:
                self._refuse(record, problem)
            else:
                self._write_named(record, None, self._chosen_name(record))
        elif self._terms.made_for(record, match.fields):
            self._find_again(record, match)
        else:
            self._adopt(record, match)

    def _write_named(self, record: Record, link: Link | None, name: str) -> None:
        """Under the name that was chosen for it, where one may be chosen."""
        plain = plain_name(self._terms.name_of(record))
        if self._terms.chooses_names or name == plain:
            self._write(record, link, name)
        else:
            self._refuse(record, self._terms.taken(plain))

    def _make_wait(self, record: Record) -> None:
        """It lacks something: the automatic road has it wait, and a whole catalogue goes without it.

        In a run over some records its due row is there already.
        """
        self._healed.pop(record.source_id, None)
        if self._only is None:
            now = self._services.clock.now()
            row = DueRow(
                self._connection.key,
                self._kind,
                record.source_id,
                record.version,
                since=now,
                not_before=now,
                correlation_id=self._run.correlation_id,
            )
            self._lacking.append(row)

    def _chosen_name(self, record: Record, link: Link | None = None) -> str:
        name = self._terms.name_of(record)
        if link is not None and self._held.get(self._hashed(record)) == link.remote_id:
            return plain_name(name)  # somebody renamed it in the books just so
        # Whoever adopts, or adopted, that record has it.
        if self._candidates.have_name(self._hashed(record)):
            return self._desk.choose_other(name, record.source_id)
        return self._desk.choose(name, record.source_id)

    def _find_again(self, record: Record, remote: RemoteRecord) -> None:
        """We made it, and nobody heard of it: linked as it stands; what differs is sent."""
        found = linked_after_write(
            None,
            record=record,
            sent=remote.fields,
            answered=remote.fields,
            remote_id=remote.remote_id,
            remote_version=remote.remote_version,
            terms=self._terms,
            run_id=self._run.run_id,
        )
        name = plain_name(self._terms.name_of(record))
        if changed_fields(self._terms.desired(record, name), found):
            found = replace(found, source_version=0)
            self._write(record, found, name)
        else:
            self._tally["created"] += 1
        self._links.append(found)

    def _adopt(self, record: Record, remote: RemoteRecord) -> None:
        link = adopted_link(record, remote, self._terms, self._run.run_id)
        self._links.append(link)
        self._count_adopted(link.differing)

    def _count_adopted(self, differing: tuple[str, ...]) -> None:
        self._tally["adopted"] += 1
        if differing:
            self._tally["adopted_differing"] += 1

    def _plan_linked(self, record: Record, link: Link) -> None:
        if as_linked(record, link, self._terms):
            self._note_disagreement(record, link)
            if link.origin is LinkOrigin.ADOPTED and link.run_id == self._run.run_id:
                self._count_adopted(link.differing)  # by an earlier attempt of this very run
            else:
                self._tally["unchanged"] += 1
            return
        if goes_when_asked(record, link, self._terms):
            if record.source_id in self._asked():
                self._write(record, link, link.remote_name)
            else:
                self._tally["unchanged"] += 1
            return
        if not at_rest(record, link):
            name = kept_name(record, link, self._terms) or self._chosen_name(record, link)
            wanted = self._terms.desired(record, name)
            if changed_fields(wanted, link):
                self._write_named(record, link, name)
                return
        # Touched, edited and edited back, or edited in the archive: nothing to send, but remembered
        # as seen.
        self._note_disagreement(record, link)
        self._tally["unchanged"] += 1
        self._links.append(
            replace(
                link,
                source_version=record.version,
                mapping_version=self._terms.mapping_version(record),
                row_version=link.row_version + 1,
            )
        )

    def _asked(self) -> frozenset[SourceId]:
        """Whom a person asked for: looked up when somebody's turn depends on it."""
        if self._asked_for is None:
            rows = self._services.stores.due.urgent(self._connection.key, self._kind, _MOST_ASKED)
            self._asked_for = frozenset(row.source_id for row in rows)
        return self._asked_for

    def _note_disagreement(self, record: Record, link: Link) -> None:
        """What the books said otherwise at the last answer stands until another one."""
        problem = self._terms.disagreement(link)
        if problem is not None and self._healed.pop(record.source_id, "") != problem.code:
            self._failures.append(self._failure(record, problem))

    def _write(self, record: Record, link: Link | None, name: str) -> None:
        write = record_write(record, link, name, self._terms)
        entry = ChunkEntry(
            source_id=record.source_id,
            source_version=record.version,
            action=write.action,
            remote_name=name,
            renamed=is_renamed(name, record, self._terms),
            remote_id=write.remote_id,
            remote_version=write.remote_version,
        )
        self._entries.append((entry, write))
        self._healed.pop(record.source_id, None)
        if len(self._entries) >= self._provider.profile.batch_size:
            self._close_chunk()

    def _close_chunk(self) -> None:
        if not self._entries:
            return
        number = self._chunk_count
        key = request_key(self._connection, self._run.run_id, self._run.plan_attempt, number, 0)
        request = self._provider.write_request(
            self._kind, [write for _, write in self._entries], key, single=False
        )
        self._chunks.append(
            Chunk(
                run_id=self._run.run_id,
                plan_attempt=self._run.plan_attempt,
                number=number,
                entries=tuple(entry.sending(sent_mark(write)) for entry, write in self._entries),
                request_key=key,
                body_hash=request.body_hash,
                epoch=self._run.epoch,
            )
        )
        self._entries.clear()
        self._chunk_count += 1

    def _close_plan(self) -> None:
        """What needs no request is a chunk too, done from the start: the counts of a run are the sum
        of its chunks' counts.
        """
        self._chunks.append(
            Chunk(
                run_id=self._run.run_id,
                plan_attempt=self._run.plan_attempt,
                number=self._chunk_count,
                entries=(),
                request_key=RequestKey(""),
                body_hash="",
                state=ChunkState.DONE,
                counts=RunCounts(**self._tally),
                epoch=self._run.epoch,
            )
        )

    def _flush(self, *, at_least: int) -> None:
        stores = self._services.stores
        if len(self._chunks) >= at_least:
            stores.runs.add_chunks(self._connection.key, self._chunks)
            self._chunks.clear()
        if len(self._links) >= at_least * 5 or (at_least == 1 and self._links):
            # A lost condition means that another worker linked the record: the next sync sees it.
            stores.links.save_links(self._scope, self._links)
            self._links.clear()
        if len(self._failures) >= at_least * 5 or (at_least == 1 and self._failures):
            stores.failures.save(self._failures)
            self._failures.clear()
        if len(self._lacking) >= at_least * 5 or (at_least == 1 and self._lacking):
            stores.due.add(self._lacking)  # the end of the run wakes whoever looks at them
            self._lacking.clear()


def record_write(record: Record, link: Link | None, name: str, terms: Terms) -> RecordWrite:
    """The write that brings the books from what the link remembers to what the record says."""
    fields = terms.desired(record, name)
    if link is None:
        return RecordWrite(record.source_id, PushAction.CREATE, fields)
    return RecordWrite(
        source_id=record.source_id,
        action=PushAction.VOID if terms.voids and not record.active else PushAction.UPDATE,
        fields=fields,
        changed=changed_fields(fields, link),
        remote_id=link.remote_id,
        remote_version=link.remote_version,
        answered=link.answered,
    )
