"""Plan a full item sync: stream records against links, adopt, choose names, store chunks.

Nothing is sent here, so planning may be begun again at any time: chunks carry the plan attempt, and
what an earlier attempt of the same run adopted is counted as adopted again. Memory holds eight bytes
a name, not the catalogue.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from decimal import Decimal
from itertools import islice

from shared.domain.connections import Connection
from shared.domain.ids import LinkScope, RecordKind, RequestKey, RunId
from shared.domain.item_plan import (
    ItemMapping,
    ItemRules,
    changed_fields,
    desired_fields,
    differing_fields,
    kept_name,
    linked_after_write,
    refusal_before_push,
)
from shared.domain.links import Link, LinkOrigin
from shared.domain.names import KeyHashes, NameDesk, key_hash, name_key, plain_name
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
from shared.providers.base import AccountingProvider, ItemWrite, ProviderProfile, RemoteItem
from shared.storage.ports import Stores
from shared.sync.progress import Progress
from shared.sync.services import Services

READ_AHEAD = 500
"""Rows of one page of records or links."""
SAVE_TOGETHER = 20
"""Chunks (and a hundred adopted links) of one bulk save."""


@dataclass(slots=True)
class _Survey:
    """What a first pass over records and links learns, in eight bytes a name."""

    linked_names: KeyHashes = field(default_factory=KeyHashes)
    linked_ids: KeyHashes = field(default_factory=KeyHashes)
    unlinked: KeyHashes = field(default_factory=KeyHashes)
    claims: KeyHashes = field(default_factory=KeyHashes)


def item_rules(profile: ProviderProfile) -> ItemRules:
    return ItemRules(
        names=profile.item_names,
        max_name=profile.max_item_name,
        max_description=profile.max_description,
        max_code=profile.max_code,
        max_unit_price=Decimal(profile.max_unit_price),
        unit_price_decimals=profile.unit_price_decimals,
        provider_label=profile.label,
        key=profile.item_key,
    )


def item_mapping(connection: Connection) -> ItemMapping:
    return ItemMapping(
        income_account_id=connection.settings.default_income_account_id,
        home_currency=connection.remote_company.home_currency,
        company_name=connection.remote_company.name,
    )


def item_scope(connection: Connection) -> LinkScope:
    return LinkScope(connection.key, connection.remote_company.remote_company_id, RecordKind.ITEM)


def request_key(
    connection: Connection, run_id: RunId, plan_attempt: int, number: int, generation: int
) -> RequestKey:
    """32 hexadecimal characters; the remote company is in it, because some providers scope by app."""
    remote_company_id = connection.remote_company.remote_company_id
    text = f"{remote_company_id}/{run_id}/{plan_attempt}/{number}/{generation}"
    return RequestKey(hashlib.blake2b(text.encode(), digest_size=16).hexdigest())


def paired(stores: Stores, scope: LinkScope) -> Iterator[tuple[Item | None, Link | None]]:
    """Records and links of a scope side by side, in order of source id."""
    items = _items(stores, scope)
    links = _links(stores, scope)
    item, link = next(items, None), next(links, None)
    while item is not None or link is not None:
        if link is None or (item is not None and item.source_id < link.source_id):
            yield item, None
            item = next(items, None)
        elif item is None or link.source_id < item.source_id:
            yield None, link
            link = next(links, None)
        else:
            yield item, link
            item, link = next(items, None), next(links, None)


def _items(stores: Stores, scope: LinkScope) -> Iterator[Item]:
    cursor: str | None = None
    while True:
        page = stores.records.page_items(scope.connection.company_id, READ_AHEAD, cursor)
        yield from page.rows
        cursor = page.cursor
        if cursor is None:
            return


def _links(stores: Stores, scope: LinkScope) -> Iterator[Link]:
    cursor: str | None = None
    while True:
        page = stores.links.page_links(scope, READ_AHEAD, cursor)
        yield from page.rows
        cursor = page.cursor
        if cursor is None:
            return


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
    attempt = replace(run, plan_attempt=run.plan_attempt + 1, counts=RunCounts(), chunk_count=0)
    progress.replace(attempt)
    return _Planning(services, connection, provider, attempt, progress).perform()


class _Planning:
    def __init__(
        self,
        services: Services,
        connection: Connection,
        provider: AccountingProvider,
        run: Run,
        progress: Progress,
    ) -> None:
        self._services = services
        self._connection = connection
        self._provider = provider
        self._run = run
        self._progress = progress
        self._scope = item_scope(connection)
        self._rules = item_rules(provider.profile)
        self._mapping = item_mapping(connection)
        self._tally: Counter[str] = Counter()
        self._entries: list[tuple[ChunkEntry, ItemWrite]] = []
        self._chunks: list[Chunk] = []
        self._chunk_count = 0
        self._links: list[Link] = []
        self._failures: list[Failure] = []

    def perform(self) -> Run:
        survey = self._survey()
        candidates: dict[int, list[RemoteItem]] = {}
        taken = survey.linked_names
        if len(survey.claims):
            candidates, taken = self._list_books(survey)
        desk = NameDesk(self._rules.names, taken, survey.claims.repeated())
        for item, link in self._paired():
            if item is None or (link is None and not item.active):
                continue
            self._tally["total"] += 1
            self._plan_one(item, link, desk, candidates)
            self._flush(at_least=SAVE_TOGETHER)
        self._close_chunk()
        self._close_plan()
        self._flush(at_least=1)
        return self._progress.replace(
            replace(
                self._run,
                state=RunState.PUSHING,
                counts=RunCounts(**self._tally),
                chunk_count=self._chunk_count,
            )
        )

    def _paired(self) -> Iterator[tuple[Item | None, Link | None]]:
        rows = paired(self._services.stores, self._scope)
        while batch := list(islice(rows, READ_AHEAD)):
            yield from batch
            self._progress.beat()

    def _survey(self) -> _Survey:
        survey = _Survey()
        for item, link in self._paired():
            if link is not None:
                survey.linked_names.add(key_hash(name_key(link.remote_name)))
                survey.linked_ids.add(key_hash(link.remote_id))
            if item is None or refusal_before_push(item, self._mapping, self._rules):
                continue
            if link is None and item.active:
                hashed = key_hash(name_key(self._rules.name_of(item)))
                survey.unlinked.add(hashed)
                survey.claims.add(hashed)
            elif link is not None and kept_name(item, link, self._rules) is None:
                survey.claims.add(key_hash(name_key(self._rules.name_of(item))))
        return survey

    def _list_books(self, survey: _Survey) -> tuple[dict[int, list[RemoteItem]], KeyHashes]:
        """Which remote items wait to be adopted, by name; and the names that are taken."""
        candidates: dict[int, list[RemoteItem]] = {}
        taken = KeyHashes(survey.linked_names)
        cursor: str | None = None
        while True:
            page = self._provider.page_items(cursor)
            for row in page.rows:
                hashed = key_hash(name_key(self._rules.remote_name_of(row.fields)))
                linked = key_hash(row.remote_id) in survey.linked_ids
                if not linked and row.linkable and hashed in survey.unlinked:
                    candidates.setdefault(hashed, []).append(row)
                else:
                    taken.add(hashed)
            self._progress.beat()
            cursor = page.cursor
            if cursor is None:
                return candidates, taken

    def _plan_one(
        self,
        item: Item,
        link: Link | None,
        desk: NameDesk,
        candidates: dict[int, list[RemoteItem]],
    ) -> None:
        problem = refusal_before_push(item, self._mapping, self._rules)
        if problem is not None:
            self._refuse(item, problem)
        elif link is None:
            self._plan_new(item, desk, candidates)
        else:
            self._plan_linked(item, link, desk)

    def _refuse(self, item: Item, problem: Problem) -> None:
        self._tally["refused"] += 1
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

    def _plan_new(
        self, item: Item, desk: NameDesk, candidates: dict[int, list[RemoteItem]]
    ) -> None:
        waiting = candidates.get(key_hash(name_key(self._rules.name_of(item))))
        if waiting:
            remote = _closest(item, waiting)
            waiting.remove(remote)
            self._adopt(item, remote)
        elif waiting is not None:
            # Adopted by a smaller source id: the name is taken now.
            self._write(item, None, desk.choose_other(self._rules.name_of(item), item.source_id))
        else:
            self._write(item, None, desk.choose(self._rules.name_of(item), item.source_id))

    def _adopt(self, item: Item, remote: RemoteItem) -> None:
        wanted = desired_fields(
            item, plain_name(self._rules.name_of(item)), self._mapping, self._rules
        )
        differing = differing_fields(wanted, remote.fields)
        link = linked_after_write(
            None,
            item=item,
            sent=wanted,
            answered=remote.fields,
            remote_id=remote.remote_id,
            remote_version=remote.remote_version,
            mapping=self._mapping,
            rules=self._rules,
        )
        self._links.append(
            replace(
                link,
                origin=LinkOrigin.ADOPTED,
                differing=differing,
                run_id=self._run.run_id,
            )
        )
        self._count_adopted(differing)

    def _count_adopted(self, differing: tuple[str, ...]) -> None:
        self._tally["adopted"] += 1
        if differing:
            self._tally["adopted_differing"] += 1

    def _plan_linked(self, item: Item, link: Link, desk: NameDesk) -> None:
        if link.source_version == item.version and link.mapping_version == self._mapping.version:
            if link.origin is LinkOrigin.ADOPTED and link.run_id == self._run.run_id:
                self._count_adopted(link.differing)  # by an earlier attempt of this very run
            else:
                self._tally["unchanged"] += 1
            return
        name = kept_name(item, link, self._rules)
        if name is None:
            name = desk.choose(self._rules.name_of(item), item.source_id)
        wanted = desired_fields(item, name, self._mapping, self._rules)
        if changed_fields(wanted, link):
            self._write(item, link, name)
            return
        # Touched, or edited and edited back: nothing to send, but remembered as seen.
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
                entries=tuple(entry for entry, _ in self._entries),
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
