"""Bring a part of what was chosen in: new records with their links, links to records of ours, refusals."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from shared.domain.account_mapping import AccountMapping
from shared.domain.connections import Connection
from shared.domain.ids import RemoteId, SourceId
from shared.domain.imports import (
    ImportOutcome,
    ImportResult,
    Reason,
    Wanted,
    imported_id,
)
from shared.domain.item_plan import with_account
from shared.domain.links import Link, LinkOrigin
from shared.domain.records import Item, Record, class_of
from shared.domain.runs import Problem, Run
from shared.storage.ports import LinkLoss
from shared.sync.engine.adopted import adopted_link
from shared.sync.engine.joined import joined
from shared.sync.engine.terms import scope_of, terms_of
from shared.sync.review.browse import RemoteRow
from shared.sync.review.from_books import account_of, record_from
from shared.sync.review.linked import drop_strays, is_stray
from shared.sync.review.refusals import Refusals
from shared.sync.services import Services

_KEPT_APART: Final = 3
"""How often one remote record may come in as a new one beside records of its earlier imports."""


@dataclass(frozen=True, slots=True)
class _Standing:
    """What is here of a part's records, read together."""

    owners: Mapping[RemoteId, SourceId]
    links: Mapping[SourceId, Link]
    records: Mapping[SourceId, Record]


class Importer:
    """Parts are done in order; `rows` are the books' records, by id, that any of them is about."""

    def __init__(
        self,
        services: Services,
        connection: Connection,
        run: Run,
        rows: Mapping[RemoteId, RemoteRow],
    ) -> None:
        self._services = services
        self._connection = connection
        self._run = run
        self._rows = rows
        self._scope = scope_of(run.kind, connection)
        profile = services.profile(connection.key.provider)
        self._terms = terms_of(run.kind, connection, profile)
        self._refusals = Refusals(profile, run.kind)
        self._named: set[RemoteId] = set()
        self._link_to: set[SourceId] = set()

    def skip(self, part: Sequence[Wanted]) -> None:
        """A part that is done already: what it named is named."""
        self._named.update(one.remote_id for one in part)
        self._link_to.update(one.link_to for one in part if one.link_to)

    def perform(self, part: Sequence[Wanted]) -> list[ImportResult]:
        """One result each, in order. Raises `StorageUnavailable`: the part may then be done in part."""
        standing = self._standing(part)
        results: dict[int, ImportResult] = {}
        new: dict[int, tuple[Record, Link]] = {}
        chosen: dict[int, Link] = {}
        for place, one in enumerate(part):
            decided = self._decided(one, standing)
            match decided:
                case ImportResult():
                    results[place] = decided
                case (record, link):
                    new[place] = (record, link)
                case Link():
                    chosen[place] = decided
        results |= self._created(part, new)
        results |= self._linked(part, chosen)
        return [
            replace(results[place], name=self._name_of(one.remote_id))
            for place, one in enumerate(part)
        ]

    def _standing(self, part: Sequence[Wanted]) -> _Standing:
        stores = self._services.stores
        owners = stores.links.linked_to(self._scope, list({one.remote_id for one in part}))
        meant = set(owners.values())
        for one in part:
            meant |= {self._id_of(one.remote_id, again) for again in range(_KEPT_APART)}
            meant |= {one.link_to} if one.link_to else set()
            row = self._rows.get(one.remote_id)
            meant |= {proposal.source_id for proposal in row.proposals} if row else set()
        ids = sorted(meant)
        records = stores.records.get_many(
            self._scope.connection.company_id, class_of(self._scope.kind), ids
        )
        links = stores.links.get_links(self._scope, ids)
        strays = {
            remote_id: links[owner]
            for remote_id, owner in owners.items()
            if is_stray(remote_id, links.get(owner))
        }
        drop_strays(stores.links, self._scope, strays)
        owners = {each: owner for each, owner in owners.items() if each not in strays}
        return _Standing(owners, links, records)

    def _decided(
        self, one: Wanted, standing: _Standing
    ) -> ImportResult | tuple[Record, Link] | Link:
        row = self._rows.get(one.remote_id)
        owner = standing.owners.get(one.remote_id)
        if one.remote_id in self._named:
            return _refused(one, self._refusals.twice())
        self._named.add(one.remote_id)
        if owner is not None:
            done = self._done_by_us(one, owner, standing)
            if done is not None:
                return done
        if row is None or not row.remote.linkable:
            absent = row is None
            return _refused(
                one,
                self._refusals.not_in_books() if absent else self._refusals.not_importable(),
            )
        if one.link_to is not None:
            return self._link(one, one.link_to, row, standing)
        exact = self._exact(row, standing)
        if exact is not None and not one.as_new:
            return _refused(one, exact)
        return self._new(one, row, standing)

    def _done_by_us(self, one: Wanted, owner: SourceId, standing: _Standing) -> ImportResult | None:
        """What this very run made before it was cut off; a refusal for whatever else is linked.

        None for a claim of ours whose link was not saved: it is made now.
        """
        link = standing.links.get(owner)
        own = {one.link_to, *(self._id_of(one.remote_id, n) for n in range(_KEPT_APART))}
        if link is None and owner in own:
            return None
        if link is None or link.run_id != self._run.run_id:
            return _refused(one, self._refusals.already_imported(), owner)
        self._link_to.add(owner)
        created = link.origin is LinkOrigin.IMPORTED
        outcome = ImportOutcome.CREATED if created else ImportOutcome.LINKED
        return ImportResult(one.remote_id, outcome, owner)

    def _exact(self, row: RemoteRow, standing: _Standing) -> Problem | None:
        """Why it cannot just come in as a new one: one of ours without a link has its address or name."""
        for proposal in row.proposals:
            record = standing.records.get(proposal.source_id)
            exact = proposal.reason is not Reason.SIMILAR
            if exact and record is not None and proposal.source_id not in standing.links:
                return self._refusals.match_proposed(proposal.source_id, proposal.name)
        return None

    def _link(
        self, one: Wanted, source_id: SourceId, row: RemoteRow, standing: _Standing
    ) -> ImportResult | Link:
        record = standing.records.get(source_id)
        if record is None:
            return _refused(one, self._refusals.no_such_record())
        if source_id in standing.links or source_id in self._link_to:
            return _refused(one, self._refusals.linked_elsewhere(), source_id)
        self._link_to.add(source_id)
        known = joined(self._services.stores, self._scope).onto({source_id: record})[source_id]
        return adopted_link(known, row.remote, self._terms, self._run.run_id)

    def _new(
        self, one: Wanted, row: RemoteRow, standing: _Standing
    ) -> ImportResult | tuple[Record, Link]:
        ids = (self._id_of(one.remote_id, again) for again in range(_KEPT_APART))
        free = next((each for each in ids if each not in standing.records), None)
        if free is None:
            return _refused(one, self._refusals.kept_apart())
        fields = row.remote.fields
        now, cause = self._services.clock.now(), self._run.correlation_id
        record = record_from(fields, free, self._connection, now, cause)
        account = account_of(fields)
        known = with_account(record, account) if isinstance(record, Item) and account else record
        link = adopted_link(known, row.remote, self._terms, self._run.run_id, LinkOrigin.IMPORTED)
        return record, replace(link, differing=())

    def _created(
        self, part: Sequence[Wanted], new: Mapping[int, tuple[Record, Link]]
    ) -> dict[int, ImportResult]:
        """The account first: whoever sees the record finds it on the account that the books have it on."""
        mappings = [
            AccountMapping(
                record.source_id, account, row_version=1, correlation_id=self._run.correlation_id
            )
            for place, (record, _) in new.items()
            if (account := account_of(self._rows[part[place].remote_id].remote.fields))
        ]
        if mappings:
            self._services.stores.mappings.save_mappings(self._scope, mappings)
        company_id = self._scope.connection.company_id
        lost = self._services.stores.linked_records.add(company_id, self._scope, list(new.values()))
        by_us = self._made_by_us(lost)
        results = {}
        for place, (record, link) in new.items():
            loss = lost.get(record.source_id)
            if loss is None or by_us.get(record.source_id) == link.remote_id:
                results[place] = ImportResult(
                    part[place].remote_id, ImportOutcome.CREATED, record.source_id
                )
            elif loss is LinkLoss.LINKED:
                results[place] = _refused(part[place], self._refusals.already_imported())
            else:
                results[place] = _refused(part[place], self._refusals.changed_meanwhile())
        return results

    def _linked(
        self, part: Sequence[Wanted], chosen: Mapping[int, Link]
    ) -> dict[int, ImportResult]:
        if not chosen:
            return {}
        stores = self._services.stores
        links = list(chosen.values())
        lost = set(stores.links.save_links(self._scope, links))
        by_us = self._made_by_us(lost)
        lost -= {link.source_id for link in links if by_us.get(link.source_id) == link.remote_id}
        saved = [link.source_id for link in links if link.source_id not in lost]
        # What could not be told apart before, a person has.
        stores.failures.clear(self._scope.connection, self._scope.kind, saved)
        return {
            place: (
                _refused(part[place], self._refusals.linked_elsewhere(), link.source_id)
                if link.source_id in lost
                else ImportResult(part[place].remote_id, ImportOutcome.LINKED, link.source_id)
            )
            for place, link in chosen.items()
        }

    def _made_by_us(self, lost: Collection[SourceId]) -> Mapping[SourceId, RemoteId]:
        """Of those that lost, what this very run linked them to: by the worker that this one took it over
        from, which was held up and did not know it.
        """
        if not lost:
            return {}
        links = self._services.stores.links.get_links(self._scope, list(lost))
        return {
            source_id: link.remote_id
            for source_id, link in links.items()
            if link.run_id == self._run.run_id
        }

    def _name_of(self, remote_id: RemoteId) -> str:
        row = self._rows.get(remote_id)
        return row.remote.fields.name if row else ""

    def _id_of(self, remote_id: RemoteId, again: int) -> SourceId:
        return imported_id(self._scope, remote_id, again)


def _refused(one: Wanted, problem: Problem, source_id: SourceId | None = None) -> ImportResult:
    return ImportResult(one.remote_id, ImportOutcome.REFUSED, source_id, problem)
