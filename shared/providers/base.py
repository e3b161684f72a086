"""The protocol that every adapter fulfils, and the profile of what its provider can do.

Terms: a *source* record is BlueClerk's, a *remote* one the provider's; a *request key* names one HTTP
write; a *chosen name* is the remote name that the engine picked by the profile's `NameRules`.
Adapters translate and classify, nothing more: they hold no state, decide no retries, store nothing.
Quirks live in the adapter's folder with their source. docs/adr/0004 walks this protocol through all
four providers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol

from shared.domain.connections import OfferedCompany, RemoteCompany
from shared.domain.customer_plan import CustomerRules
from shared.domain.grants import TokenPair
from shared.domain.ids import (
    ProviderName,
    RecordKind,
    RemoteCompanyId,
    RemoteId,
    RemoteVersion,
    RequestKey,
    SourceId,
)
from shared.domain.invoice_fields import PaymentFields
from shared.domain.invoice_rules import InvoiceRules
from shared.domain.item_plan import ItemKey
from shared.domain.links import Fields
from shared.domain.names import NameRules
from shared.domain.outcomes import CallOutcome
from shared.domain.runs import PushAction


class CallClass(StrEnum):
    """Calls that share a documented limit."""

    BATCH = "batch"
    SINGLE = "single"
    READ = "read"


@dataclass(frozen=True, slots=True)
class Limits:
    """Documented limits of one connection (remote company and app), each None where there is none.

    A minute figure holds for every 60 seconds, wherever they begin. Sources stand in the adapter.
    """

    in_flight: int
    per_second: int | None
    per_minute: Mapping[CallClass, int]
    all_per_minute: int | None
    throttle_pause: float
    """Seconds to wait after a 429 without Retry-After in documented mode."""
    ramp: tuple[int, ...]
    """Calls in flight of `adaptive` mode, one round each, the last one for the rest."""


@dataclass(frozen=True, slots=True)
class TokenRules:
    """How the provider's tokens live. `former_honoured` is the grace of a replaced refresh token.

    `access_lifetime` is the documented one, by which the sweep plans; what an answer says decides.
    """

    access_lifetime: timedelta
    refresh_ahead: timedelta
    former_honoured: timedelta
    idle_lifetime: timedelta | None
    lost_answer_may_repeat: bool
    """Whether a refresh whose answer was lost may be sent again with the same token."""


@dataclass(frozen=True, slots=True)
class ProviderProfile:
    """What this provider can do, as data. The engine reads this and never asks for a name."""

    name: ProviderName
    label: str
    """The provider's own name, as people are shown it."""
    batch_size: int
    """Entries of one write request; 1 where there is no batch."""
    honours_request_key: bool
    """Whether a repeated request with the same key is answered, not executed again."""
    max_request_key: int
    item_names: NameRules
    """Rules of the field that `item_key` names."""
    max_item_name: int
    customers: CustomerRules
    invoices: InvoiceRules
    max_description: int
    max_code: int
    max_unit_price: str
    unit_price_decimals: int
    has_income_accounts: bool
    """Whether an item can be booked to an income account of the person's choice."""
    limits: Limits
    tokens: TokenRules
    uses_pkce: bool
    shares_grants: bool
    """Whether one consent may cover several remote companies."""
    page_size: int
    item_key: ItemKey = ItemKey.NAME


@dataclass(frozen=True, slots=True)
class RemoteRecord:
    """A record as the provider has it. `linkable` False: a category, bundle and the like."""

    remote_id: RemoteId
    remote_version: RemoteVersion
    fields: Fields
    linkable: bool


@dataclass(frozen=True, slots=True)
class RemotePage:
    rows: tuple[RemoteRecord, ...]
    cursor: str | None


@dataclass(frozen=True, slots=True)
class RemoteAccount:
    """An account items may be booked to. `number` is the office's own code, maybe empty."""

    remote_id: RemoteId
    name: str
    number: str
    type_name: str
    currency: str


@dataclass(frozen=True, slots=True)
class RemoteTaxCode:
    """How a line of an invoice is taxed. `taxable` False: what is under it bears no tax."""

    remote_id: RemoteId
    name: str
    description: str
    taxable: bool


@dataclass(frozen=True, slots=True)
class RecordWrite:
    """One record to write. A create has all fields; an update only the names in `changed`."""

    source_id: SourceId
    action: PushAction
    fields: Fields
    changed: frozenset[str] = frozenset()
    remote_id: RemoteId = RemoteId("")
    remote_version: RemoteVersion = RemoteVersion("")
    answered: Mapping[str, str] = field(default_factory=dict)
    """Of an update: what the link keeps of the last answer (`Link.answered`)."""


@dataclass(frozen=True, slots=True)
class RemoteMethod:
    """A way of paying that the books know."""

    remote_id: RemoteId
    name: str


@dataclass(frozen=True, slots=True)
class WriteRequest:
    """One HTTP write, ready to send: the exact bytes, so that a repeat is identical.

    `entries` maps the provider's own entry label (QuickBooks bId) to the source id, in order.
    """

    call_class: CallClass
    method: str
    path: str
    query: tuple[tuple[str, str], ...]
    headers: tuple[tuple[str, str], ...]
    body: bytes
    body_hash: str
    request_key: RequestKey
    entries: tuple[tuple[str, SourceId], ...]
    actions: tuple[PushAction, ...]
    kind: RecordKind = RecordKind.ITEM


class AccountingProvider(Protocol):
    """One provider company, reached through one session (token, transport, deadline, pacing class).

    Reads raise `RetryLater` (rate limited, unavailable), `NeedsReauth`, `ConnectionStopped` or
    `ProviderContractBroken`. `send` raises nothing of the provider's doing: its outcome is data.
    No method retries, except once after renewing a token that was answered 401.
    """

    profile: ProviderProfile

    def company_info(self) -> RemoteCompany: ...

    def income_accounts(self) -> Sequence[RemoteAccount]:
        """Active accounts that items may be booked to; empty where the provider has no such choice."""

    def tax_codes(self) -> Sequence[RemoteTaxCode]:
        """Active ones; empty where the provider has no such choice."""

    def payment_methods(self) -> Sequence[RemoteMethod]:
        """Active ones; empty where the provider has no such choice."""

    def deposit_accounts(self) -> Sequence[RemoteAccount]:
        """Active accounts that payments may be deposited to; empty where there is no such choice."""

    def find_payments(
        self, wanted: Mapping[SourceId, PaymentFields]
    ) -> Mapping[SourceId, Sequence[RemoteRecord]]:
        """The payments in the books that carry these ones' reference (`PaymentFields.name`), void ones
        included, the oldest first; several where it was made twice. An id without any is not in it.
        Only those of the same customer and day may be looked through.
        """

    def page_records(self, kind: RecordKind, cursor: str | None) -> RemotePage:
        """All active records of the kind, in a stable order, at the provider's page maximum."""

    def records_by_id(
        self, kind: RecordKind, remote_ids: Sequence[RemoteId]
    ) -> Sequence[RemoteRecord]:
        """Those that exist, inactive ones included."""

    def records_by_name(self, kind: RecordKind, names: Sequence[str]) -> Sequence[RemoteRecord]:
        """Those that exist under one of these chosen names (items: in the field that `item_key` names)."""

    def records_by_email(self, kind: RecordKind, emails: Sequence[str]) -> Sequence[RemoteRecord]:
        """Active ones with one of these addresses, compared trimmed and without case; some few, for
        kinds whose terms have an `email_key_of`.
        """

    def write_request(
        self,
        kind: RecordKind,
        writes: Sequence[RecordWrite],
        request_key: RequestKey,
        *,
        single: bool,
    ) -> WriteRequest:
        """Pure: the same writes and key give the same bytes. `single`: outside a batch (one write)."""

    def send(self, request: WriteRequest) -> CallOutcome:
        """Send once. Every entry of an `Answered` has an outcome; missing ones are `EntryUnknown`."""


@dataclass(frozen=True, slots=True)
class IssuedTokens:
    """A token endpoint's answer. Lifetimes in seconds from when it was asked, None where not told."""

    access_token: str
    refresh_token: str
    access_lifetime: float
    refresh_lifetime: float | None

    def __repr__(self) -> str:
        return "IssuedTokens(<sealed>)"


@dataclass(frozen=True, slots=True)
class RefreshRefused:
    """`invalid_grant`, structured: this refresh token is dead. Nothing else is ever this."""


@dataclass(frozen=True, slots=True)
class RefreshUnanswered:
    """Timeout, 5xx, HTML, anything not understood: the pair may or may not have been replaced."""

    reason: str
    sent: bool
    """False: it never reached the provider."""


RefreshOutcome = IssuedTokens | RefreshRefused | RefreshUnanswered


@dataclass(frozen=True, slots=True)
class ConsentCallback:
    """What a callback carries besides code and state, as query parameters."""

    parameters: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Consent:
    """A code exchanged: the tokens and the remote companies that this consent covers.

    `user_id` is the provider's for the person who consented, and not empty exactly where the provider
    keeps one live token chain per user and app: a new consent then replaces the chain of every one
    before it.
    """

    tokens: IssuedTokens
    covered: tuple[OfferedCompany, ...]
    user_id: str = ""


class ProviderOAuth(Protocol):
    """OAuth 2.0 of one provider. Each call has one total deadline and is sent once."""

    profile: ProviderProfile

    def authorize_url(self, *, state: str, redirect_uri: str, code_challenge: str) -> str: ...

    def exchange(
        self, *, code: str, redirect_uri: str, code_verifier: str, callback: ConsentCallback
    ) -> Consent:
        """Raises `RequestInvalid` when the code or callback is refused, `RetryLater` when unanswered."""

    def refresh(self, refresh_token: str, now: datetime) -> RefreshOutcome: ...

    def withdraw(self, pair: TokenPair, remote_company_id: RemoteCompanyId, *, last: bool) -> bool:
        """Take back the access to that one remote company; best effort, True when confirmed.

        `last`: nothing else uses the grant, so that all of it may end. Where a provider cannot take
        back less than all of it, this does nothing unless `last`. Raises nothing of its doing.
        """


class TokenSource(Protocol):
    """Hands out access tokens of one connection (see `shared.auth.tokens`)."""

    def access_token(self) -> tuple[str, int]:
        """A token that is good for some minutes, and its token version.

        Raises `NeedsReauth`, or `RetryLater` when it needs renewing and that is not possible now.
        """

    def renew(self, *, after_version: int) -> tuple[str, int]:
        """After a 401 with that version: a token of a later version. Raises as above."""
