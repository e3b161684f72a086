"""Plan a full item sync: stream records against links, adopt, choose names, store chunks.

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
from shared.domain.ids import LinkScope, RecordKind, RequestKey
from shared.domain.item_plan import (
    ItemMapping,
    ItemRules,
    at_rest,
    changed_fields,
    desired_fields,
    differing_fields,
    kept_name,
    linked_after_write,
    refusal_before_push,
)
from shared.domain.links import Link, LinkOrigin, content_mark
from shared.domain.names import NameDesk, key_hash, name_key, plain_name
from shared.domain.records import Item
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
from shared.providers.base import AccountingProvider, ItemWrite, RemoteItem
from shared.storage.ports import Stores
from shared.sync.item_failures import stored_failures
from shared.sync.item_recovery import link_leftovers
from shared.sync.item_survey import (
    READ_AHEAD,
    BooksListing,
    ItemSurvey,
    list_books,
    paired,
    survey_items,
)
from shared.sync.item_terms import item_mapping, item_rules, item_scope, request_key
from shared.sync.progress import Progress
from shared.sync.services import Services

SAVE_TOGETHER = 20
"""Chunks (and a hundred adopted links) of one bulk save."""


def plan_items(
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
    rules, mapping = item_rules(provider.profile), item_mapping(connection)
    pairs = _beaten(services.stores, item_scope(connection), progress)
    survey = survey_items(pairs, mapping, rules)
    listing = list_books(provider, survey, rules, progress.beat)
    return _Planning(services, connection, provider, progress, survey, listing).perform()


def _beaten(
    stores: Stores, scope: LinkScope, progress: Progress
) -> Iterator[tuple[Item | None, Link | None]]:
    """Records and links side by side, with a heartbeat now and then."""
    pairs = paired(stores, scope)
    while batch := list(islice(pairs, READ_AHEAD)):
        yield from batch
        progress.beat()


class _Planning:
    """The second pass, over what the survey and the listing told."""

    def __init__(
        self,
        services: Services,
        connection: Connection,
        provider: AccountingProvider,
        progress: Progress,
        survey: ItemSurvey,
        listing: BooksListing,
    ) -> None:
        self._services = services
        self._connection = connection
        self._provider = provider
        self._run = progress.run
        self._progress = progress
        self._scope = item_scope(connection)
        self._rules = item_rules(provider.profile)
        self._mapping = item_mapping(connection)
        self._unlinked = survey.unlinked
        self._candidates = listing.candidates
        self._held = listing.held
        self._desk = NameDesk(self._rules.names, listing.taken, survey.claims.repeated())
        self._tally: Counter[str] = Counter()
        self._entries: list[tuple[ChunkEntry, ItemWrite]] = []
        self._chunks: list[Chunk] = []
        self._chunk_count = 0
        self._links: list[Link] = []
        self._failures: list[Failure] = []
        standing = stored_failures(services.stores, connection.key)
        self._healed = {failure.source_id for failure in standing}
        """Those that stand refused, but for those that this plan refuses or sends."""

    def perform(self) -> Run:
        for item, link in _beaten(self._services.stores, self._scope, self._progress):
            if item is None or (link is None and not item.active):
                continue
            self._plan_one(item, link)
            self._flush(at_least=SAVE_TOGETHER)
        self._close_chunk()
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
        # Only now is it sure that this plan is the one that counts.
        healed = sorted(self._healed)
        self._services.stores.failures.clear(self._connection.key, RecordKind.ITEM, healed)
        return run

    def _plan_one(self, item: Item, link: Link | None) -> None:
        problem = refusal_before_push(item, self._mapping, self._rules)
        if problem is None and link is None and self._hashed(item) not in self._unlinked:
            self._healed.discard(item.source_id)
            return  # made since the survey, so the books were not searched for it: the next sync's
        self._tally["total"] += 1
        if problem is not None:
            self._refuse(item, problem)
        elif link is None:
            self._plan_new(item)
        else:
            self._plan_linked(item, link)

    def _hashed(self, item: Item) -> int:
        return key_hash(name_key(self._rules.name_of(item)))

    def _refuse(self, item: Item, problem: Problem) -> None:
        self._tally["refused"] += 1
        self._healed.discard(item.source_id)
        self._failures.append(
            Failure(
                connection=self._connection.key,
                kind=RecordKind.ITEM,
                source_id=item.source_id,
                cause=problem.code,
                problem=problem,
                source_version=item.version,
                run_id=self._run.run_id,
                at=self._services.clock.now(),
            )
        )

    def _plan_new(self, item: Item) -> None:
        waiting = self._candidates.get(self._hashed(item))
        if waiting:
            remote = _closest(item, waiting)
            waiting.remove(remote)
            self._adopt(item, remote)
        else:
            self._write(item, None, self._chosen_name(item))

    def _chosen_name(self, item: Item, link: Link | None = None) -> str:
        name = self._rules.name_of(item)
        if link is not None and self._held.get(self._hashed(item)) == link.remote_id:
            return plain_name(name)  # somebody renamed it in the books just so
        if self._hashed(item) in self._candidates:  # whoever adopts, or adopted, that record has it
            return self._desk.choose_other(name, item.source_id)
        return self._desk.choose(name, item.source_id)

    def _adopt(self, item: Item, remote: RemoteItem) -> None:
        wanted = desired_fields(
            item, plain_name(self._rules.name_of(item)), self._mapping, self._rules
        )
        differing = differing_fields(wanted, remote.fields)
        self._links.append(
            linked_after_write(
                None,
                item=item,
                sent=wanted,
                answered=remote.fields,
                remote_id=remote.remote_id,
                remote_version=remote.remote_version,
                mapping=self._mapping,
                rules=self._rules,
                run_id=self._run.run_id,
                origin=LinkOrigin.ADOPTED,
                differing=differing,
            )
        )
        self._count_adopted(differing)

    def _count_adopted(self, differing: tuple[str, ...]) -> None:
        self._tally["adopted"] += 1
        if differing:
            self._tally["adopted_differing"] += 1

    def _plan_linked(self, item: Item, link: Link) -> None:
        if link.source_version == item.version and link.mapping_version == self._mapping.version:
            if link.origin is LinkOrigin.ADOPTED and link.run_id == self._run.run_id:
                self._count_adopted(link.differing)  # by an earlier attempt of this very run
            else:
                self._tally["unchanged"] += 1
            return
        if not at_rest(item, link):
            name = kept_name(item, link, self._rules) or self._chosen_name(item, link)
            wanted = desired_fields(item, name, self._mapping, self._rules)
            if changed_fields(wanted, link):
                self._write(item, link, name)
                return
        # Touched, edited and edited back, or edited in the archive: nothing to send, but remembered
        # as seen.
        self._tally["unchanged"] += 1
        self._links.append(
            replace(
                link,
                source_version=item.version,
                mapping_version=self._mapping.version,
                row_version=link.row_version + 1,
            )
        )

    def _write(self, item: Item, link: Link | None, name: str) -> None:
        write = item_write(item, link, name, self._mapping, self._rules)
        entry = ChunkEntry(
            source_id=item.source_id,
            source_version=item.version,
            action=write.action,
            remote_name=name,
            renamed=name != plain_name(self._rules.name_of(item)),
            remote_id=write.remote_id,
            remote_version=write.remote_version,
        )
        self._entries.append((entry, write))
        self._healed.discard(item.source_id)
        if len(self._entries) >= self._provider.profile.batch_size:
            self._close_chunk()

    def _close_chunk(self) -> None:
        if not self._entries:
            return
        number = self._chunk_count
        key = request_key(self._connection, self._run.run_id, self._run.plan_attempt, number, 0)
        request = self._provider.item_request(
            [write for _, write in self._entries], key, single=False
        )
        self._chunks.append(
            Chunk(
                run_id=self._run.run_id,
                plan_attempt=self._run.plan_attempt,
                number=number,
                entries=tuple(
                    replace(entry, sent=content_mark(write.fields))
                    for entry, write in self._entries
                ),
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


def item_write(
    item: Item, link: Link | None, name: str, mapping: ItemMapping, rules: ItemRules
) -> ItemWrite:
    """The write that brings the books from what the link remembers to what the item says."""
    fields = desired_fields(item, name, mapping, rules)
    if link is None:
        return ItemWrite(item.source_id, PushAction.CREATE, fields)
    return ItemWrite(
        source_id=item.source_id,
        action=PushAction.UPDATE,
        fields=fields,
        changed=changed_fields(fields, link),
        remote_id=link.remote_id,
        remote_version=link.remote_version,
    )


def _closest(item: Item, waiting: list[RemoteItem]) -> RemoteItem:
    """Of several remote items of one name the one with our code, else the first."""
    return next((row for row in waiting if item.code and row.fields.code == item.code), waiting[0])
