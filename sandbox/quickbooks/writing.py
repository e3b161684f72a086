"""Writes, at most once for each request id."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from sandbox.journal import Entry, Journal
from sandbox.jsontext import JsonObject, Raw, dumps
from sandbox.quickbooks import refusals
from sandbox.quickbooks.companies import Company
from sandbox.quickbooks.entities import kind as entities
from sandbox.quickbooks.entities.kind import Context, EntityKind, Written
from sandbox.quickbooks.envelopes import fault
from sandbox.quickbooks.memory import Remembered
from sandbox.quickbooks.refusals import Refusal
from sandbox.quickbooks.settings import QuickBooksSettings

if TYPE_CHECKING:
    from sandbox.quickbooks.batch import BatchEntry


class Writer:
    """Writes of one call: each is journalled, and remembered under its key."""

    def __init__(
        self,
        company: Company,
        settings: QuickBooksSettings,
        now: datetime,
        journal: Journal,
        entry: Entry,
        client_id: str,
        *,
        late: bool = False,
    ) -> None:
        self._company = company
        self._settings = settings
        self._now = now
        self._journal = journal
        self._entry = entry
        self._client_id = client_id
        self._late = late

    def once(self, key: str | None, write: Callable[[], tuple[str, Raw]]) -> tuple[str, Raw]:
        """The first answer that the key had, else what ``write`` gives now. Raises ``Refusal``."""
        if key is None:
            return write()
        key = self._scoped(key)
        seconds, pending = self._now.timestamp(), self._settings.pending_request_id
        if self._late and pending == "twice":
            return write()
        if not self._late and pending == "refuse" and self._company.memory.is_pending(key):
            raise refusals.business_rule("")
        first = self._company.memory.recall(key, seconds, self._settings)
        if first is not None:
            return self._replay(first)
        try:
            name, text = write()
        except Refusal as refusal:
            self._company.memory.keep(
                key, Remembered(seconds, "Fault", Raw(dumps(fault([refusal]))))
            )
            raise
        self._company.memory.keep(key, Remembered(seconds, name, text))
        return name, text

    def postpone(self, keys: Sequence[str]) -> None:
        """These will be written later, although the answer comes now."""
        self._company.memory.pending.update(self._scoped(key) for key in keys)

    def take_up(self, keys: Sequence[str]) -> None:
        self._company.memory.pending.subtract(self._scoped(key) for key in keys)

    def write(
        self, kind: EntityKind, operation: str, options: str, body: JsonObject
    ) -> tuple[str, Raw]:
        """``options`` are the words of ``include`` or ``optionsData``: an update with ``void`` is a void."""
        if not kind.writable:
            raise refusals.unsupported(f"write {kind.name}")
        words = frozenset(options.lower().replace(",", " ").split())
        if operation == "update" and "void" in words:
            operation = "void"
        if operation not in _OPERATIONS:
            raise refusals.unsupported(f"{operation} {kind.name}")
        context = Context(self._company, self._settings, self._now, words)
        return self._written(kind, _OPERATIONS[operation](kind, context, body))

    def check_properties(self, entries: "Sequence[BatchEntry]") -> None:
        """Refuse a whole batch for one unknown property, as a parser that knows all shapes would."""
        for entry in entries:
            kind = entry.kind
            content = entry.body.get(kind.name) if kind is not None else None
            if kind is not None and isinstance(content, dict):
                for name in content:
                    if name not in kind.properties:
                        raise refusals.unknown_property(name, sorted(kind.properties))

    def _scoped(self, key: str) -> str:
        own = self._settings.request_id_scope == "companyAndApp"
        return f"{self._client_id} {key}" if own else key

    def _replay(self, first: Remembered) -> tuple[str, Raw]:
        self._entry.replayed += 1
        if self._settings.duplicate_request_id == "600":
            raise refusals.duplicate_request_id()
        if first.failed and self._settings.failed_requests == "bare6000":
            raise refusals.business_rule("")
        return first.name, first.text

    def _written(self, kind: EntityKind, written: Written) -> tuple[str, Raw]:
        if written.change is not None:
            self._entry.committed += 1
            self._journal.count_commit(self._company.profile.realm, kind.name, written.change)
        return kind.name, written.wire


_OPERATIONS: dict[str, Callable[[EntityKind, Context, JsonObject], Written]] = {
    "create": entities.create,
    "update": entities.update,
    "void": entities.void,
    "delete": entities.delete,
}
