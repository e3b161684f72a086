"""What the use cases may ask of storage. One file per store implements it in `dynamo/` and `memory/`.

Every method takes the company or a key that contains it. Unless a docstring says otherwise a write
touches one row and is atomic, a read is strongly consistent, and a lost condition is answered as
data (False, a conflict, the winner), not raised. Raises `StorageUnavailable` when the store cannot
be reached; the write may then have happened.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Generic, Protocol, TypeVar

from shared.domain.account_mapping import AccountMapping
from shared.domain.connections import Connection
from shared.domain.due import AutomaticState, DueLook, DueRow
from shared.domain.ids import (
    CompanyId,
    ConnectionKey,
    LinkScope,
    PersonId,
    ProviderName,
    RecordKind,
    RemoteCompanyId,
    RemoteId,
    RunId,
    SourceId,
)
from shared.domain.invoices import Invoice, Payment
from shared.domain.ledger import LedgerRow, LedgerScope, Operation
from shared.domain.links import Link
from shared.domain.listings import Listing
from shared.domain.notifications import Notification
from shared.domain.records import Record, RecordType
from shared.domain.runs import Chunk, ChunkState, Failure, Run
from shared.storage.auth_ports import ChoiceStore, ConsentStore, GrantStore, SessionStore
from shared.storage.file_ports import FileImportStore

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Rows in key order and an opaque cursor; `cursor` None means this was the last page."""

    rows: tuple[T, ...]
    cursor: str | None


class RecordStore(Protocol):
    """BlueClerk's records. Keys sort by source id in code-point order.

    A kind of record is asked for by its class.
    """

    def get(
        self, company_id: CompanyId, cls: type[RecordType], source_id: SourceId
    ) -> RecordType | None: ...

    def get_many(
        self, company_id: CompanyId, cls: type[RecordType], source_ids: Sequence[SourceId]
    ) -> Mapping[SourceId, RecordType]:
        """Those of the ids that exist; any number of ids."""

    def save(self, company_id: CompanyId, records: Sequence[Record]) -> Sequence[SourceId]:
        """Store each record on the condition that the stored version is `record.version - 1`.

        (Version 1 means: on the condition that there is none.) An invoice besides on the condition that
        its stored `payments_version` is the one it has. Each row is atomic, together they are
        not. Answers the source ids that lost their condition. Any number, all of one kind; a
        repeated id is an error.
        """

    def page(
        self, company_id: CompanyId, cls: type[RecordType], limit: int, cursor: str | None
    ) -> Page[RecordType]:
        """In order of source id. Raises `InvalidCursor` for a cursor that is not ours."""

    def save_payment(self, company_id: CompanyId, payment: Payment, invoice: Invoice) -> bool:
        """Store a payment of this invoice, as `save` does, and raise the invoice's `payments_version`.

        Both or neither; on the condition besides that the invoice is stored in just this version and
        `payments_version`. So whoever reckons with the invoice and all its payments is told (False) when
        another payment or a change of the invoice came first.
        """

    def payments_of(self, company_id: CompanyId, invoice_id: SourceId) -> Sequence[Payment]:
        """All payments of an invoice, void ones included, in order of source id."""


class LinkStore(Protocol):
    """Links and their reverse. Keys sort by source id in code-point order."""

    def get_links(
        self, scope: LinkScope, source_ids: Sequence[SourceId]
    ) -> Mapping[SourceId, Link]: ...

    def linked_to(
        self, scope: LinkScope, remote_ids: Sequence[RemoteId]
    ) -> Mapping[RemoteId, SourceId]:
        """Which of these remote records are linked, and to whom."""

    def page_links(self, scope: LinkScope, limit: int, cursor: str | None) -> Page[Link]: ...

    def save_links(self, scope: LinkScope, links: Sequence[Link]) -> Sequence[SourceId]:
        """Store each link on the condition that the stored row version is `link.row_version - 1`.

        (Row version 1 means: on the condition that there is none, and that its remote id is linked to
        nobody else; the remote id is claimed first. A claim by the same source id, left by a crash in
        between, counts as ours.) An update must not change the remote id. Each link is atomic but for
        that claim; together they are not. Answers the source ids that lost their condition.
        """

    def all_linked(self, scope: LinkScope) -> Mapping[RemoteId, SourceId]:
        """Every remote record that is linked, and to whom. Memory holds them all."""

    def remove_link(self, scope: LinkScope, link: Link) -> bool:
        """Remove the link and the claim of its remote id, both or neither, on the condition that the link
        is stored in just this row version. Only for whoever holds the lease of the connection and kind:
        `save_links` relies on it that nobody links and unlinks the same record meanwhile.
        """


class LinkLoss(StrEnum):
    """Why a record was not stored with its link."""

    RECORD_EXISTS = "record_exists"
    LINKED = "linked"
    """The remote record is linked to another one of ours, or ours to another one there."""


class LinkedRecordStore(Protocol):
    def add(
        self, company_id: CompanyId, scope: LinkScope, pairs: Sequence[tuple[Record, Link]]
    ) -> Mapping[SourceId, LinkLoss]:
        """Store each new record (version 1) together with its new link (row version 1): all of it or
        nothing, each pair for itself. No id and no remote id twice. Answers those that lost.
        """


class MappingStore(Protocol):
    """What was chosen per record. Keys sort by source id in code-point order."""

    def get_mappings(
        self, scope: LinkScope, source_ids: Sequence[SourceId]
    ) -> Mapping[SourceId, AccountMapping]:
        """Those that are stored; any number of ids."""

    def page_mappings(
        self, scope: LinkScope, limit: int, cursor: str | None
    ) -> Page[AccountMapping]: ...

    def save_mappings(
        self, scope: LinkScope, mappings: Sequence[AccountMapping]
    ) -> Sequence[SourceId]:
        """Store each on the condition that the stored row version is `row_version - 1` (1: that there
        is none). Each is atomic, together they are not. Answers the source ids that lost their
        condition. A repeated id is an error.
        """


class ConnectionStore(Protocol):
    def get(self, key: ConnectionKey) -> Connection | None: ...

    def of_company(self, company_id: CompanyId) -> Sequence[Connection]: ...

    def save(self, connection: Connection) -> bool:
        """On the condition that the stored version is `connection.version - 1`."""

    def claim_remote_company(
        self, provider: ProviderName, remote_company_id: RemoteCompanyId, company_id: CompanyId
    ) -> CompanyId:
        """One remote company serves one BlueClerk company: answers whose it is now (maybe another's)."""

    def owner_of_remote_company(
        self, provider: ProviderName, remote_company_id: RemoteCompanyId
    ) -> CompanyId | None:
        """Whose it is now; claims nothing."""

    def release_remote_company(
        self, provider: ProviderName, remote_company_id: RemoteCompanyId, company_id: CompanyId
    ) -> None:
        """Only if it is this company's."""


class RunStore(Protocol):
    """Runs and their chunks. At most one active run per connection and kind."""

    def start(self, run: Run) -> Run:
        """Store a new run (epoch 0) unless one is active; answers the run that is active now."""

    def get(self, connection: ConnectionKey, run_id: RunId) -> Run | None: ...

    def active(self, connection: ConnectionKey, kind: RecordKind) -> Run | None: ...

    def all_active(self, connection: ConnectionKey) -> Sequence[Run]:
        """Of every kind, in no order."""

    def page(self, connection: ConnectionKey, limit: int, cursor: str | None) -> Page[Run]:
        """Newest first."""

    def active_everywhere(self, limit: int, cursor: str | None) -> Page[Run]:
        """Active runs of all companies, for the schedule. Eventually consistent."""

    def save(self, run: Run, *, expected_epoch: int) -> bool:
        """Replace the run on the condition that its stored epoch is the expected one and it is active.

        A run saved in an ended state frees the connection for the next run, in the same transaction.
        """

    def add_chunks(self, connection: ConnectionKey, chunks: Sequence[Chunk]) -> None:
        """Store new chunks; the same run, plan attempt and number again replaces. Not atomic together."""

    def save_chunks(self, connection: ConnectionKey, chunks: Sequence[Chunk]) -> Sequence[int]:
        """Each on the condition that its stored epoch is not higher; answers the numbers that lost."""

    def page_chunks(
        self,
        connection: ConnectionKey,
        run_id: RunId,
        plan_attempt: int,
        limit: int,
        cursor: str | None,
        state: ChunkState | None = None,
    ) -> Page[Chunk]:
        """In order of number; only those in `state` when given (a page may then be short or empty)."""


class FailureStore(Protocol):
    def save(self, failures: Sequence[Failure]) -> None:
        """Replaces what stood for the same connection, kind and source id. Not atomic together."""

    def clear(
        self, connection: ConnectionKey, kind: RecordKind, source_ids: Sequence[SourceId]
    ) -> None: ...

    def of(
        self, connection: ConnectionKey, kind: RecordKind, source_ids: Sequence[SourceId]
    ) -> Sequence[Failure]:
        """Those of these records, in no order."""

    def page(
        self, connection: ConnectionKey, kind: RecordKind, limit: int, cursor: str | None
    ) -> Page[Failure]: ...


class LedgerStore(Protocol):
    """The payment ledger. Keys sort by payment id in code-point order; rows stay for ever."""

    def of(
        self, scope: LedgerScope, operation: Operation, payment_ids: Sequence[SourceId]
    ) -> Mapping[SourceId, LedgerRow]:
        """Those that there are; any number of ids."""

    def save(self, scope: LedgerScope, rows: Sequence[LedgerRow]) -> Sequence[SourceId]:
        """Store each on the condition that the stored version is `row.version - 1` (1: that there is
        none). Each is atomic, together they are not; all of one operation, no payment twice. Answers
        the payment ids that lost their condition.
        """

    def page(
        self, scope: LedgerScope, operation: Operation, limit: int, cursor: str | None
    ) -> Page[LedgerRow]: ...


class DueStore(Protocol):
    """Due rows. Keys sort urgent rows first, then by source id."""

    def add(self, rows: Sequence[DueRow]) -> None:
        """Each: stored, or the stored one raised to a higher version (its `since` stays; it may go at
        the new one's `not_before`, with no tries, and waits for nothing). One that was `asked` raises it
        whatever its version, which stays where it is higher; of the others a version that is not higher
        changes nothing. Each is atomic, together they are not.
        """

    def look(
        self, connection: ConnectionKey, kind: RecordKind, now: datetime, limit: int
    ) -> DueLook:
        """At most so many ready ones, in key order, and the earliest time among those passed over that
        wait for no other record.
        """

    def urgent(self, connection: ConnectionKey, kind: RecordKind, limit: int) -> Sequence[DueRow]:
        """Ready or not."""

    def remove(self, rows: Sequence[DueRow]) -> None:
        """Each on the condition that its version, tries and `asked` are unmoved. Not atomic together."""

    def put_off(self, rows: Sequence[DueRow]) -> None:
        """Store `not_before`, `tries`, `waits_for` and `late_check` of each, on the condition that its
        version and `asked` are unmoved.
        """

    def waiting(self, connection: ConnectionKey, kind: RecordKind, most: int) -> Sequence[DueRow]:
        """Those that wait for another record (`waits_for`), at most so many, in key order."""

    def count(self, connection: ConnectionKey, kind: RecordKind, most: int) -> int:
        """How many rows there are but for late checks, at most so many are counted."""

    def oldest_since(self, connection: ConnectionKey, kind: RecordKind) -> datetime | None:
        """The earliest `since` among the first `keys.OLDEST_AMONG` rows that wait for no other record and
        are no late checks; None: there is none.
        """


class AutomaticStore(Protocol):
    def load(self, connection: ConnectionKey) -> AutomaticState | None: ...

    def save(self, state: AutomaticState) -> bool:
        """On the condition that the stored version is `state.version - 1`."""

    def due_everywhere(self, now: datetime, limit: int) -> Sequence[ConnectionKey]:
        """Connections that the schedule is to look at by now, of all companies; the earliest first.

        Eventually consistent.
        """


@dataclass(frozen=True, slots=True)
class PacingRow:
    """The shared budget of one connection. `state` is opaque here (see `shared.providers.pacing`)."""

    state: str
    version: int


class PacingStore(Protocol):
    def load(self, connection: ConnectionKey) -> PacingRow | None: ...

    def save(self, connection: ConnectionKey, row: PacingRow) -> bool:
        """On the condition that the stored version is `row.version - 1`."""


class RemoteListCache(Protocol):
    """Lists of a provider kept for a while for all function instances: accounts and the like whole, long
    ones a page under each name; and what an import was asked for and what became of it.
    """

    def get(self, connection: ConnectionKey, name: str, now: datetime) -> str | None:
        """The text put under the name while it is fresh; expiry is compared with `now`, not left to TTL."""

    def put(
        self, connection: ConnectionKey, name: str, text: str, *, now: datetime, fresh: timedelta
    ) -> None:
        """Raises `TooLarge` above 300 KB."""


class ListingStore(Protocol):
    def get(self, scope: LinkScope) -> Listing | None: ...

    def save(self, listing: Listing) -> bool:
        """On the condition that the stored version is `listing.version - 1` (1: that there is none)."""


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """Who did what, for ever. `what` is a code such as `connection.connected`; no customer data."""

    company_id: CompanyId
    at: datetime
    entry_id: str
    who: PersonId
    what: str
    about: Mapping[str, str]


class NotificationStore(Protocol):
    """What offices are told, kept for a year. At most one open per company and cause."""

    def open(self, notification: Notification) -> bool:
        """Store it, unless one of the same cause is open. Atomic."""

    def close(self, company_id: CompanyId, cause: str, at: datetime) -> Notification | None:
        """End the open one of that cause; answers it as it stands then, None where none was open."""

    def open_causes(self, company_id: CompanyId, prefix: str) -> Sequence[str]:
        """The causes that begin so and have an open notification."""

    def page(self, company_id: CompanyId, limit: int, cursor: str | None) -> Page[Notification]:
        """Newest first."""


class AuditStore(Protocol):
    def add(self, entry: AuditEntry) -> None: ...

    def page(self, company_id: CompanyId, limit: int, cursor: str | None) -> Page[AuditEntry]:
        """Newest first."""

    def page_of_invoice(
        self, company_id: CompanyId, invoice_id: SourceId, limit: int, cursor: str | None
    ) -> Page[AuditEntry]:
        """Newest first: entries whose `about` names it as `invoice`. Written after the entry itself, so
        whoever dies in between leaves it out here.
        """


@dataclass(frozen=True, slots=True)
class Stores:
    """All stores of one installation, as `bootstrap` or a test makes them."""

    records: RecordStore
    links: LinkStore
    mappings: MappingStore
    connections: ConnectionStore
    consents: ConsentStore
    choices: ChoiceStore
    sessions: SessionStore
    grants: GrantStore
    runs: RunStore
    failures: FailureStore
    ledger: LedgerStore
    due: DueStore
    automatic: AutomaticStore
    pacing: PacingStore
    remote_lists: RemoteListCache
    listings: ListingStore
    linked_records: LinkedRecordStore
    notifications: NotificationStore
    audit: AuditStore
    file_imports: FileImportStore
