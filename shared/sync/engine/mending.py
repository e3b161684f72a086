"""Read back what a write left unclear, settle what is there, and say what is left to send.

A chunk is mended when an answer could not be trusted twice, when an entry's name is taken or its
remote version stale, or when a record was edited after it was planned. Reading decides; nothing is
sent from here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum, auto

from shared.domain.ids import LinkScope, RemoteId, RemoteVersion, SourceId
from shared.domain.links import Link, content_mark
from shared.domain.names import marked_name, name_key
from shared.domain.outcomes import Done, EntryBusy, EntryOutcome, EntryUnknown, NameTaken, Stale
from shared.domain.record_plan import (
    ACTIVE_FIELD,
    changed_in_books,
    differing_fields,
    is_renamed,
    kept_name,
)
from shared.domain.runs import Chunk, ChunkEntry, Problem, PushAction, RunCounts
from shared.providers.base import AccountingProvider, RemoteRecord
from shared.sync.engine.preparing import Preparer
from shared.sync.engine.settling import PreparedEntry, Settler
from shared.sync.services import Services

MOST_GENERATIONS = 6
"""New request keys of one chunk before its last entries are handed to a person."""


class Doubt(Enum):
    """Why an entry is read back."""

    UNANSWERED = auto()
    """Sent, twice, without a trustworthy answer: what is there is ours; what is absent goes singly."""
    EDITED = auto()
    """The record changed since the plan, and an earlier worker may have sent the former content."""
    NAME_TAKEN = auto()
    """Refused because somebody has the name; maybe our own earlier write."""
    STALE = auto()
    """Refused because the remote record moved on or is gone."""
    BUSY = auto()
    """Refused for a passing cause: simply again, nothing to read."""


@dataclass(frozen=True, slots=True)
class Mended:
    """`left` goes again under a new request key; `singly` says that it must not go as a batch."""

    counts: RunCounts
    left: tuple[PreparedEntry, ...]
    singly: bool


class Mender:
    """Reads the provider; raises what its reads raise. Used from one thread."""

    def __init__(
        self,
        services: Services,
        provider: AccountingProvider,
        preparer: Preparer,
        settler: Settler,
        scope: LinkScope,
    ) -> None:
        self._links = services.stores.links
        self._provider = provider
        self._preparer = preparer
        self._settler = settler
        self._scope = scope
        self._label = provider.profile.label
        self._noun = preparer.terms.noun

    def mend(
        self,
        chunk: Chunk,
        entries: Sequence[PreparedEntry],
        doubts: Mapping[SourceId, Doubt],
        if_current: Mapping[SourceId, Problem],
    ) -> Mended:
        """`if_current`: of stale ones, what is wrong should nobody have changed them (see `Stale`)."""
        counts, look = self._linked(
            [p for p in entries if doubts[p.record.source_id] is not Doubt.BUSY]
        )
        by_name = self._by_name([p for p in look if p.entry.action is PushAction.CREATE])
        by_id = self._by_id([p for p in look if p.entry.action is not PushAction.CREATE])
        owners = self._owners(row for rows in by_name.values() for row in rows)
        actions = {p.record.source_id: p.entry.action for p in entries}
        singly = False
        left = [p for p in entries if doubts[p.record.source_id] is Doubt.BUSY]
        for prepared in look:
            doubt = doubts[prepared.record.source_id]
            was_create = prepared.entry.action is not actions[prepared.record.source_id]
            if was_create and doubt is Doubt.NAME_TAKEN:
                doubt = Doubt.STALE  # the very record that it created has the name
            if prepared.entry.action is PushAction.CREATE:
                rows = by_name.get(name_key(prepared.entry.remote_name), [])
                step = self._mend_create(prepared, doubt, rows, owners)
            else:
                row = by_id.get(prepared.entry.remote_id)
                lasting = if_current.get(prepared.record.source_id)
                step = self._mend_update(prepared, doubt, row, lasting)
            if isinstance(step, RunCounts):
                counts = counts.plus(step)
            elif chunk.generation >= MOST_GENERATIONS:
                counts = counts.plus(self.give_up(prepared))
            else:
                left.append(step)
                singly = singly or doubt is Doubt.UNANSWERED
        return Mended(counts, tuple(left), singly)

    def _linked(self, look: Sequence[PreparedEntry]) -> tuple[RunCounts, list[PreparedEntry]]:
        """Creates that an earlier worker carried out and linked are at their end, or updates now."""
        creates = [p.record.source_id for p in look if p.entry.action is PushAction.CREATE]
        links = self._links.get_links(self._scope, creates) if creates else {}
        counts, left = RunCounts(), []
        for prepared in look:
            link = links.get(prepared.record.source_id)
            if prepared.entry.action is PushAction.CREATE and link is not None:
                linked = replace(prepared, link=link, entry=self._as_called(prepared, link))
                update = self._updating(linked, link.remote_id, link.remote_version)
                if update.write.changed:
                    left.append(update)
                else:
                    counts = counts.plus(self._settler.settled_before(update))
            else:
                left.append(prepared)
        return counts, left

    def _as_called(self, prepared: PreparedEntry, link: Link) -> ChunkEntry:
        """Under the name that it was given: an older chunk may have chosen another one for it."""
        terms, record = self._preparer.terms, prepared.record
        name = kept_name(record, link, terms)
        if name is None:
            return prepared.entry
        return replace(prepared.entry, remote_name=name, renamed=is_renamed(name, record, terms))

    def _mend_create(
        self,
        prepared: PreparedEntry,
        doubt: Doubt,
        rows: Sequence[RemoteRecord],
        owners: dict[RemoteId, SourceId],
    ) -> PreparedEntry | RunCounts:
        source_id, wanted = prepared.record.source_id, prepared.write.fields
        ours = [r for r in rows if r.linkable and owners.get(r.remote_id, source_id) == source_id]
        if not ours:
            taken = bool(rows) and self._preparer.terms.names.unique
            return self._other_name(prepared) if taken else self._mend_absent(prepared, doubt)
        # Of several (where names need not be unique) the one that says what we sent.
        row = min(ours, key=lambda each: len(differing_fields(wanted, each.fields)))
        differing = differing_fields(wanted, row.fields)
        terms, record = self._preparer.terms, prepared.record
        strange = terms.doubt(record, row.fields) if differing else None
        if strange is not None:  # somebody else's, of the very name
            return self.not_wanted(prepared) or self._refused(prepared, strange)
        owners[row.remote_id] = source_id
        found = Done(row.remote_id, row.remote_version, row.fields)
        if not differing:
            return self._settler.done(prepared, found)
        made_by_us = prepared.entry.renamed or terms.made_for(record, row.fields)
        if doubt is Doubt.NAME_TAKEN and not made_by_us:  # a mark is made of our id
            return self._settler.adopted(prepared, found, differing)
        older = replace(prepared, link=self._settler.found_older(prepared, found))
        settled = self.not_wanted(older)
        return settled or self._updating(older, row.remote_id, row.remote_version)

    def _updating(
        self, prepared: PreparedEntry, remote_id: RemoteId, remote_version: RemoteVersion
    ) -> PreparedEntry:
        voids = prepared.entry.action is PushAction.VOID
        entry = replace(
            prepared.entry,
            action=PushAction.VOID if voids else PushAction.UPDATE,
            remote_id=remote_id,
            remote_version=remote_version,
        )
        return self._preparer.rebuilt(prepared, entry)

    def _mend_absent(self, prepared: PreparedEntry, doubt: Doubt) -> PreparedEntry | RunCounts:
        settled = self.not_wanted(prepared)
        if settled is not None:
            return settled
        if doubt is Doubt.NAME_TAKEN:  # by something that listings do not show
            return self._other_name(prepared)
        return prepared

    def _other_name(self, prepared: PreparedEntry) -> PreparedEntry | RunCounts:
        record = prepared.record
        terms = self._preparer.terms
        if not terms.chooses_names:
            return self._refused(prepared, terms.taken(prepared.entry.remote_name))
        name = marked_name(terms.name_of(record), record.source_id, terms.names)
        if name == prepared.entry.remote_name:
            return self._refused(prepared, terms.taken(name))
        return self._preparer.rebuilt(prepared, _renamed(prepared.entry, name))

    def _mend_update(
        self,
        prepared: PreparedEntry,
        doubt: Doubt,
        row: RemoteRecord | None,
        if_current: Problem | None,
    ) -> PreparedEntry | RunCounts:
        settled = self.not_wanted(prepared)
        if settled is not None:
            return settled
        quoted = prepared.write.remote_version
        if row is not None:
            prepared = self._rebased(prepared, row)
        wanted, changed = prepared.write.fields, prepared.write.changed
        if not wanted.active and (row is None or not row.fields.active):
            return self._settler.at_rest(prepared, row)
        if row is None or (wanted.active and ACTIVE_FIELD not in changed and not row.fields.active):
            problem = Problem(
                "REMOTE_GONE",
                f"This {self._noun} was deleted or made inactive in {self._label}.",
                f"Make it active again in {self._label}, or archive it in BlueClerk.",
            )
            if self._preparer.terms.voids:
                problem = Problem(
                    problem.code,
                    f"This {self._noun} was deleted or voided in {self._label}.",
                    "Void it in BlueClerk too, and make a new one if it is still meant.",
                )
            return self._refused(prepared, problem)
        if if_current and row.remote_version == quoted:
            return self._refused(prepared, if_current)
        # Line ids and the like as they are now.
        prepared = replace(prepared, link=_with_answer(prepared.link, row))
        return self._mend_standing(prepared, doubt, row)

    def _mend_standing(
        self, prepared: PreparedEntry, doubt: Doubt, row: RemoteRecord
    ) -> PreparedEntry | RunCounts:
        """An update, or a void, of what is there and may be written."""
        if prepared.entry.action is PushAction.VOID:
            return self._updating(prepared, row.remote_id, row.remote_version)
        wanted, changed = prepared.write.fields, prepared.write.changed
        unlike = changed.intersection(differing_fields(wanted, row.fields))
        if not unlike:
            found = Done(row.remote_id, row.remote_version, row.fields)
            return self._settler.done(prepared, found)
        theirs = changed_in_books(prepared.link, unlike, row.fields) if prepared.link else ()
        if theirs:
            problem = Problem(
                "CHANGED_IN_BOOKS",
                f"This {self._noun} was changed both in BlueClerk and in {self._label}.",
                f"Give it the same value on both sides ({', '.join(theirs)}), then sync again.",
                theirs[0],
            )
            return self._refused(prepared, problem)
        again = self._updating(prepared, row.remote_id, row.remote_version)
        return self._other_name(again) if doubt is Doubt.NAME_TAKEN else again

    def _rebased(self, prepared: PreparedEntry, row: RemoteRecord) -> PreparedEntry:
        """Measured by what is there now, where that is an earlier update of ours whose answer nobody heard.

        The record was edited since. By the link as it was, that update would be somebody else's change, or
        go unnoticed where the record says again what it said before.
        """
        link = prepared.link
        if link is None or row.remote_version == link.remote_version:
            return prepared
        if content_mark(row.fields) not in prepared.entry.sent:
            return prepared
        if not differing_fields(prepared.write.fields, row.fields):
            return prepared
        found = Done(row.remote_id, row.remote_version, row.fields)
        older = replace(prepared, link=self._settler.found_older(prepared, found))
        return self._updating(older, row.remote_id, row.remote_version)

    def not_wanted(self, prepared: PreparedEntry) -> RunCounts | None:
        """The end of a record that may not go, or need not any more, since it was edited; else None."""
        terms, record = self._preparer.terms, prepared.record
        problem = self._preparer.refusal(prepared)
        if problem is not None:
            return self._refused(prepared, problem)
        archived_unseen = prepared.link is None and not terms.begins(record)
        is_void = terms.voids and not record.active
        unasked = is_void and prepared.entry.action is not PushAction.VOID
        if archived_unseen or unasked or terms.lacking(record):
            return RunCounts(unchanged=1)
        return None

    def _refused(self, prepared: PreparedEntry, problem: Problem) -> RunCounts:
        return self._settler.refused(prepared, problem, problem.code)

    def give_up(self, prepared: PreparedEntry) -> RunCounts:
        problem = Problem(
            "PROVIDER_KEEPS_REFUSING",
            f"{self._label} refused this {self._noun} again and again without a lasting reason.",
            "Sync again later.",
        )
        return self._settler.refused(prepared, problem, problem.code)

    def never_answered(self, prepared: PreparedEntry) -> RunCounts:
        """Absent as reading showed, though sent again and again."""
        problem = Problem(
            "NO_ANSWER",
            f"{self._label} answers other requests, but gave no answer to this {self._noun}.",
            f"Sync again later; if it stays so, change the {self._noun}'s text or ask {self._label}.",
        )
        return self._settler.refused(prepared, problem, problem.code)

    def _owners(self, rows: Iterable[RemoteRecord]) -> dict[RemoteId, SourceId]:
        """Whose the found remote records are; grows with each that is settled here."""
        remote_ids = [row.remote_id for row in rows]
        return dict(self._links.linked_to(self._scope, remote_ids)) if remote_ids else {}

    def _by_name(self, creates: Sequence[PreparedEntry]) -> Mapping[str, list[RemoteRecord]]:
        names = [prepared.entry.remote_name for prepared in creates]
        found: dict[str, list[RemoteRecord]] = {}
        for row in self._provider.records_by_name(self._scope.kind, names) if names else ():
            key = name_key(self._preparer.terms.remote_name_of(row.fields))
            found.setdefault(key, []).append(row)
        return found

    def _by_id(self, updates: Sequence[PreparedEntry]) -> Mapping[RemoteId, RemoteRecord]:
        ids = [prepared.entry.remote_id for prepared in updates]
        return (
            {row.remote_id: row for row in self._provider.records_by_id(self._scope.kind, ids)}
            if ids
            else {}
        )


def doubt_of(outcome: EntryOutcome) -> Doubt:
    """What an outcome that settles nothing leaves unclear."""
    if isinstance(outcome, EntryBusy):
        return Doubt.BUSY
    if isinstance(outcome, NameTaken):
        return Doubt.NAME_TAKEN
    return Doubt.UNANSWERED if isinstance(outcome, EntryUnknown) else Doubt.STALE


def if_current_of(outcome: EntryOutcome) -> Problem | None:
    """What is wrong with a record that is refused as stale though nobody changed it."""
    return outcome.if_current if isinstance(outcome, Stale) else None


def _with_answer(link: Link | None, row: RemoteRecord) -> Link | None:
    if link is None:
        return None
    return replace(link, answered={**link.answered, **row.fields.remembered()})


def _renamed(entry: ChunkEntry, name: str) -> ChunkEntry:
    return replace(entry, remote_name=name, renamed=True)
