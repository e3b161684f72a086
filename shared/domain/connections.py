"""A connection: one company, one provider, one remote company, over a grant."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum

from shared.domain.ids import (
    ConnectionKey,
    CorrelationId,
    GrantId,
    PersonId,
    RecordKind,
    RemoteCompanyId,
)


class ConnectionState(StrEnum):
    CONNECTED = "connected"
    NEEDS_REAUTH = "needs_reauth"
    DISCONNECTED = "disconnected"


class PacingMode(StrEnum):
    """See `shared.providers.pacing`."""

    ADAPTIVE = "adaptive"
    DOCUMENTED = "documented"


class NewFromBooks(StrEnum):
    """What becomes of customers and items that are new in the books."""

    REVIEW = "review"
    """They wait for a person in Review & Import."""
    IMPORT = "import"
    """They come in by themselves."""


@dataclass(frozen=True, slots=True)
class RemoteCompany:
    """The provider's company. `home_currency` is ISO 4217, `country` ISO 3166 alpha-2 or empty."""

    remote_company_id: RemoteCompanyId
    name: str
    home_currency: str
    country: str = ""
    time_zone: str = ""


@dataclass(frozen=True, slots=True)
class ConnectionSettings:
    """What the office chose. `default_*` is for records that have none of their own; empty: none.

    `payment_methods`: the office's word for a way of paying, case folded, with the provider's method and
    deposit account for it (either may be empty).

    `invoices_from` is the go-live date: invoices issued before it are linked where the books have them,
    and never made there; None: all may be.

    `by_itself`: the kinds whose changes go by themselves; those of the others wait until a person asks.

    `notify`: whether what goes wrong is sent out too (by e-mail), beside being listed.
    """

    default_income_account_id: str = ""
    pacing_mode: PacingMode = PacingMode.ADAPTIVE
    notify: bool = True
    default_tax_code_id: str = ""
    invoices_from: date | None = None
    default_deposit_account_id: str = ""
    payment_methods: tuple[tuple[str, str, str], ...] = ()
    new_from_books: NewFromBooks = NewFromBooks.REVIEW
    by_itself: frozenset[RecordKind] = frozenset(RecordKind)


class StepState(StrEnum):
    """Where a step of the setup stands. Skipping is a decision like any other, and remembered."""

    PENDING = "pending"
    DONE = "done"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class Setup:
    """The steps after connecting. Nothing goes to the books by itself before both imports are decided."""

    import_customers: StepState = StepState.PENDING
    import_items: StepState = StepState.PENDING
    map_items: StepState = StepState.PENDING

    @property
    def decided(self) -> bool:
        """Whether changes may be pushed automatically."""
        return StepState.PENDING not in (self.import_customers, self.import_items)

    @property
    def finished(self) -> bool:
        """Whether every step is decided."""
        return self.decided and self.map_items is not StepState.PENDING


@dataclass(frozen=True, slots=True)
class Connection:
    """`version` is for compare-and-set; 0 means not stored yet."""

    key: ConnectionKey
    state: ConnectionState
    grant_id: GrantId
    remote_company: RemoteCompany
    settings: ConnectionSettings = field(default_factory=ConnectionSettings)
    setup: Setup = field(default_factory=Setup)
    connected_at: datetime | None = None
    version: int = 0
    correlation_id: CorrelationId = CorrelationId("")

    def keeps_back(self, kind: RecordKind) -> bool:
        """Whether changes of that kind wait until a person asks."""
        return kind not in self.settings.by_itself


@dataclass(frozen=True, slots=True)
class OfferedCompany:
    """A remote company that a consent covers. `name` is empty where the provider did not tell it."""

    remote_company_id: RemoteCompanyId
    name: str = ""


@dataclass(frozen=True, slots=True)
class PendingChoice:
    """A consent that a person has to decide on: which remote company, or whether to start afresh.

    The grant is stored already, with no company attached. `connected` is the name of the remote
    company that is connected and not among those offered; empty where none is.
    """

    choice_id: str
    connection: ConnectionKey
    grant_id: GrantId
    person_id: PersonId
    offered: tuple[OfferedCompany, ...]
    expires_at: datetime
    connected: str = ""
    return_to: str = ""
