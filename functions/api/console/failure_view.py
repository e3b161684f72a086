"""Records that stand refused, as they are shown: by cause, and one by one with their names."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Final

from functions.api.console.addresses import invoice_address
from functions.api.console.cures import Cure, cause_address, cure_of
from functions.api.console.forms import Form
from functions.api.console.words import Words
from shared.domain.errors import RequestInvalid
from shared.domain.ids import CompanyId, ConnectionKey, RecordKind, SourceId
from shared.domain.invoices import Invoice, Payment
from shared.domain.records import Record, class_of
from shared.domain.runs import Failure, Problem
from shared.sync.automatic.gate import AUTOMATIC_KINDS
from shared.sync.engine.failures import FailuresOfCause, failures_by_cause, stored_failures
from shared.sync.services import Services

MOST_COUNTED: Final = 2000
"""Failures of a kind that one look at the page reads."""


@dataclass(frozen=True, slots=True)
class RecordName:
    """`address` is empty where the record has no page here."""

    name: str
    address: str = ""


@dataclass(frozen=True, slots=True)
class CauseLine:
    """Records of a kind that were refused for one cause; `many`: how many."""

    kind: RecordKind
    cause: str
    many: str
    message: str
    action: str

    @classmethod
    def of(cls, kind: RecordKind, cause: FailuresOfCause, words: Words) -> CauseLine:
        return cls(
            kind=kind,
            cause=cause.cause,
            many=words.count(cause.count, kind),
            message=cause.problem.message,
            action=cause.problem.action,
        )


@dataclass(frozen=True, slots=True)
class CauseView:
    """With the first records by name, and where it is cured."""

    line: CauseLine
    cure: Cure
    first: list[RecordName]
    more: int
    address: str


def causes_of(
    services: Services, key: ConnectionKey, kind: RecordKind, most: int
) -> tuple[Sequence[FailuresOfCause], bool]:
    """Of at most so many failures of the kind; and whether there are more."""
    failures = stored_failures(services.stores, key, kind)
    causes = failures_by_cause(islice(failures, most))
    return causes, next(failures, None) is not None


def kind_in(form: Form) -> RecordKind:
    """Raises `RequestInvalid` for what no page of ours has sent."""
    try:
        return RecordKind(form.text("kind"))
    except ValueError:
        raise RequestInvalid(
            Problem("UNKNOWN_VALUE", "There is no such kind of record.", "Reload the page.", "kind")
        ) from None


@dataclass(frozen=True, slots=True)
class FailureView:
    source_id: str
    record: RecordName
    message: str
    action: str
    since: str
    cure: Cure


@dataclass(frozen=True, slots=True)
class FailureViews:
    """Of one connection. Names are read in bulk, one read per kind."""

    services: Services
    key: ConnectionKey
    words: Words

    @property
    def label(self) -> str:
        return self.services.profile(self.key.provider).label

    def causes(self) -> tuple[list[CauseView], bool]:
        """Of all kinds; and whether there are more failures than were read."""
        shown, cut = [], False
        for kind in AUTOMATIC_KINDS:
            causes, more = causes_of(self.services, self.key, kind, MOST_COUNTED)
            cut = cut or more
            ids = [one for cause in causes for one in cause.first_ids]
            names = self._names(kind, ids)
            shown += [self._cause(kind, cause, names) for cause in causes]
        return shown, cut

    def rows(self, kind: RecordKind, failures: Sequence[Failure]) -> list[FailureView]:
        names = self._names(kind, [failure.source_id for failure in failures])
        return [
            FailureView(
                source_id=failure.source_id,
                record=names[failure.source_id],
                message=failure.problem.message,
                action=failure.problem.action,
                since=self.words.ago(failure.at),
                cure=cure_of(failure.problem, kind, self.key.provider, self.label),
            )
            for failure in failures
        ]

    def _cause(
        self, kind: RecordKind, cause: FailuresOfCause, names: Mapping[SourceId, RecordName]
    ) -> CauseView:
        first = [names[source_id] for source_id in cause.first_ids]
        cure = cure_of(cause.problem, kind, self.key.provider, self.label)
        if not cure.address and cause.count == 1 and first[0].address:
            cure = Cure(first[0].address, "Open the invoice")
        return CauseView(
            line=CauseLine.of(kind, cause, self.words),
            cure=cure,
            first=first,
            more=cause.count - len(first),
            address=cause_address(self.key.provider, kind, cause.cause),
        )

    def _names(self, kind: RecordKind, ids: Sequence[SourceId]) -> dict[SourceId, RecordName]:
        company_id, records = self.key.company_id, self.services.stores.records
        found: Mapping[SourceId, Record] = records.get_many(company_id, class_of(kind), ids)
        invoices = self._invoices_of(company_id, found.values())
        return {
            source_id: self._named(source_id, found.get(source_id), invoices) for source_id in ids
        }

    def _invoices_of(
        self, company_id: CompanyId, found: Iterable[Record]
    ) -> Mapping[SourceId, Invoice]:
        """Of the payments among them."""
        ids = sorted({one.invoice_id for one in found if isinstance(one, Payment)})
        return self.services.stores.records.get_many(company_id, Invoice, ids) if ids else {}

    def _named(
        self, source_id: SourceId, record: Record | None, invoices: Mapping[SourceId, Invoice]
    ) -> RecordName:
        match record:
            case None:
                return RecordName(source_id)
            case Invoice():
                return RecordName(record.number, invoice_address(source_id))
            case Payment():
                amount = self.words.money(record.amount)
                invoice = invoices.get(record.invoice_id)
                number = invoice.number if invoice else record.invoice_id
                name = f"{amount} of {self.words.day(record.paid_on)} for invoice {number}"
                return RecordName(name, invoice_address(record.invoice_id))
        return RecordName(record.name)
