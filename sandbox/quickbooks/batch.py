"""POST /batch: up to thirty entries, each standing alone, answered under its bId."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sandbox.faults import Fault, Strike
from sandbox.jsontext import Json, JsonObject, Raw, dumps
from sandbox.quickbooks import query, refusals
from sandbox.quickbooks.companies import Company
from sandbox.quickbooks.entities import KINDS
from sandbox.quickbooks.entities.kind import EntityKind
from sandbox.quickbooks.envelopes import fault
from sandbox.quickbooks.memory import LONGEST, LONGEST_B_ID, LONGEST_ON_BATCH
from sandbox.quickbooks.records import label_in
from sandbox.quickbooks.refusals import Refusal
from sandbox.quickbooks.settings import QuickBooksSettings
from sandbox.quickbooks.wording import planted_refusal
from sandbox.quickbooks.writing import Writer

_ATTRIBUTES = frozenset({"bId", "operation", "optionsData"})
_NOT_BUILT = ("CDCQuery", "ReportQuery")


@dataclass(frozen=True)
class BatchEntry:
    b_id: str
    body: JsonObject

    @property
    def subjects(self) -> list[str]:
        """What the entry is about: one entity or query, when it is well-formed."""
        return [name for name in self.body if name not in _ATTRIBUTES]

    @property
    def kind(self) -> EntityKind | None:
        return KINDS.get(self.subjects[0]) if len(self.subjects) == 1 else None

    @property
    def operation(self) -> str:
        given = self.body.get("operation")
        return given if isinstance(given, str) else ""

    @property
    def options(self) -> str:
        given = self.body.get("optionsData")
        return given if isinstance(given, str) else ""

    @property
    def name(self) -> str:
        """A name to find the entry by in fault rules and the journal."""
        for subject in self.subjects:
            content = self.body[subject]
            if isinstance(content, dict) and label_in(content):
                return label_in(content)
        return ""


def read_entries(parsed: Json, settings: QuickBooksSettings) -> list[BatchEntry]:
    """The entries. Raises ``Refusal`` for what makes the whole request unusable."""
    if not isinstance(parsed, dict):
        raise refusals.invalid_property("The body must be a JSON object")
    for name in parsed:
        if name != "BatchItemRequest":
            raise refusals.unknown_property(name, ["BatchItemRequest"])
    given = parsed.get("BatchItemRequest")
    if not isinstance(given, list) or not given:
        raise refusals.missing("BatchItemRequest")
    if len(given) > settings.batch_limit:
        raise refusals.batch_too_big(settings.batch_limit, len(given))
    entries = []
    for one in given:
        if not isinstance(one, dict):
            raise refusals.invalid_property(
                "BatchItemRequest holds something that is no object", "BatchItemRequest"
            )
        b_id = one.get("bId")
        entries.append(BatchEntry(b_id if isinstance(b_id, str) else "", one))
    if settings.strict_batch_ids:
        _check_ids(entries)
    return entries


def _check_ids(entries: list[BatchEntry]) -> None:
    seen: set[str] = set()
    for entry in entries:
        if not entry.b_id:
            raise refusals.missing("bId")
        if entry.b_id in seen:
            raise refusals.bad_id("bId", entry.b_id)
        seen.add(entry.b_id)


class Batch:
    """One request's entries against one company."""

    def __init__(
        self, company: Company, writer: Writer, settings: QuickBooksSettings, now: datetime
    ) -> None:
        self._company = company
        self._writer = writer
        self._settings = settings
        self._now = now

    def answer(
        self,
        entries: list[BatchEntry],
        request_id: str | None,
        busy: frozenset[str],
        strike: Strike | None,
    ) -> JsonObject:
        """``BatchItemResponse``, in the order of the request unless a fault says otherwise."""
        planted = (
            strike.entries
            if strike is not None and strike.fault.type == "entryFault"
            else frozenset()
        )
        if self._settings.unknown_property_in_batch == "request":
            self._writer.check_properties(entries)
        joined_too_long = _joined_too_long(entries, request_id)
        answered: list[tuple[BatchEntry, Json]] = []
        for entry in entries:
            refusal = None
            if joined_too_long:
                refusal = refusals.business_rule(
                    "Business Validation Error: Unexpected Internal Error."
                )
            elif (entry.b_id, entry.name) in planted and strike is not None:
                refusal = planted_refusal(strike.fault, "6000")
            remember = request_id is not None and not joined_too_long
            key = memory_keys([entry], request_id)[0] if remember else None
            answered.append((entry, self._entry(entry, key, busy, refusal)))
        if strike is not None:
            answered = _rearranged(answered, strike)
        return {"BatchItemResponse": [shown for _, shown in answered]}

    def _entry(
        self, entry: BatchEntry, key: str | None, busy: frozenset[str], refusal: Refusal | None
    ) -> Json:
        try:
            name, text = self._content(entry, key, busy, refusal)
        except Refusal as refused:
            name, text = "Fault", Raw(dumps(fault([refused])))
        shown: JsonObject = {name: text}
        return shown | {"bId": entry.b_id} if "bId" in entry.body else shown

    def _content(
        self, entry: BatchEntry, key: str | None, busy: frozenset[str], refusal: Refusal | None
    ) -> tuple[str, Raw]:
        if refusal is None and "Query" in entry.body:
            return "QueryResponse", self._query(entry)
        return self._writer.once(key, lambda: self._write(entry, busy, refusal))

    def _write(
        self, entry: BatchEntry, busy: frozenset[str], refusal: Refusal | None
    ) -> tuple[str, Raw]:
        if refusal is not None:
            raise refusal
        subjects = entry.subjects
        if len(subjects) != 1:
            raise refusals.invalid_property(
                f"An entry has one entity, this one has {len(subjects)}"
            )
        if subjects[0] in _NOT_BUILT:
            raise refusals.unsupported(subjects[0])
        kind = entry.kind
        if kind is None:
            raise refusals.unknown_property(subjects[0], sorted([*KINDS, "Query"]))
        if not entry.operation:
            raise refusals.missing("operation")
        if kind.name in busy:
            raise refusals.list_busy()
        content = entry.body[kind.name]
        if not isinstance(content, dict):
            raise refusals.invalid_property(f"{kind.name} must be an object", kind.name)
        return self._writer.write(kind, entry.operation, entry.options, content)

    def _query(self, entry: BatchEntry) -> Raw:
        text = entry.body["Query"]
        if not isinstance(text, str) or entry.subjects != ["Query"]:
            raise refusals.invalid_property(
                "Query must be a statement, alone in its entry", "Query"
            )
        statement = query.parse(text, self._settings)
        return Raw(dumps(query.answer(statement, self._company, self._settings, self._now)))


def memory_keys(entries: Sequence[BatchEntry], request_id: str | None) -> list[str]:
    """What each entry is remembered by, its bId (none in a single write) behind the requestid."""
    return [] if request_id is None else [f"{request_id}{entry.b_id}" for entry in entries]


def lists_written(entries: list[BatchEntry]) -> frozenset[str]:
    """The name lists that the entries write to."""
    return frozenset(
        entry.kind.name for entry in entries if entry.kind is not None and entry.kind.name_list
    )


def _joined_too_long(entries: list[BatchEntry], request_id: str | None) -> bool:
    """Recorded: requestid and bId are joined on the server; where that is too long, each entry is a 6000."""
    if request_id is None:
        return False
    return len(request_id) > LONGEST_ON_BATCH or any(
        len(entry.b_id) > LONGEST_B_ID or len(request_id) + len(entry.b_id) > LONGEST
        for entry in entries
    )


def _rearranged(
    answered: list[tuple[BatchEntry, Json]], strike: Strike
) -> list[tuple[BatchEntry, Json]]:
    planted: Fault = strike.fault
    if planted.type == "missingEntries":
        concerned = [
            entry.b_id for entry, _ in answered if (entry.b_id, entry.name) in strike.entries
        ]
        left_out = set(concerned if strike.selective else concerned[: planted.count])
        return [pair for pair in answered if pair[0].b_id not in left_out]
    if planted.type == "reorderedEntries":
        return answered[::-1] if planted.order == "reversed" else [*answered[1:], *answered[:1]]
    return answered
