"""How an invoice and its payments stand in each of a company's books: for people, read when asked."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from shared.domain.connections import Connection
from shared.domain.ids import CompanyId, ProviderName, RecordKind, RemoteId, RunId, SourceId
from shared.domain.invoice_plan import TOTAL_DIFFERS, remote_total
from shared.domain.invoices import Invoice, InvoiceStatus, Payment
from shared.domain.ledger import LedgerState, Operation
from shared.domain.links import Link, LinkOrigin
from shared.domain.runs import Problem
from shared.storage.keys import own_payment_id
from shared.sync.connections import existing_connections
from shared.sync.engine.terms import scope_of
from shared.sync.payments.standing import Standing, ledger_scope, standings
from shared.sync.payments.terms import PaymentTerms
from shared.sync.services import Services


class InBooks(StrEnum):
    """Of an invoice or a payment."""

    NOT_SENT = "not_sent"
    """It does not go by itself: a draft, or a void that nobody asked for."""
    WAITING = "waiting"
    """It goes by itself; `reason` says what it waits for, if for anything."""
    IN_STEP = "in_step"
    DIFFERS = "differs"
    """It is there, but not as it is here; `reason` has both figures."""
    UNKNOWN = "unknown"
    """Sent, no trustworthy answer: it is looked for before anything else is done."""
    FAILED = "failed"
    VOIDED = "voided"


@dataclass(frozen=True, slots=True)
class PaymentInBooks:
    own_id: str
    state: InBooks
    remote_id: RemoteId
    reason: Problem | None = None


class Did(StrEnum):
    """What has become of the invoice since an instant."""

    CREATED = "created"
    LINKED = "linked"
    UPDATED = "updated"
    VOIDED = "voided"
    UNCHANGED = "unchanged"


@dataclass(frozen=True, slots=True)
class InvoiceInBooks:
    """`sync_label` is what the button says. `did` and `posted` since the instant that was asked for:
    `did` None while it is not known yet, `posted` the payments' own ids.
    """

    provider: ProviderName
    label: str
    sync_label: str
    state: InBooks
    remote_id: RemoteId
    number: str
    payments: tuple[PaymentInBooks, ...]
    run_id: RunId = RunId("")
    """Of the run that brought the invoice there last."""
    remote_total: Decimal | None = None
    """Where it is another one there."""
    reason: Problem | None = None
    did: Did | None = None
    posted: tuple[str, ...] = ()
    voided: tuple[str, ...] = ()


def invoice_in_books(
    services: Services, company_id: CompanyId, invoice: Invoice, since: datetime | None = None
) -> list[InvoiceInBooks]:
    """Of each connection that is not disconnected, in order of provider."""
    payments = services.stores.records.payments_of(company_id, invoice.source_id)
    connections = existing_connections(services, company_id)
    return invoices_in_books(services, connections, [(invoice, payments)], since)[0]


def invoices_in_books(
    services: Services,
    connections: Iterable[Connection],
    invoices: Sequence[tuple[Invoice, Sequence[Payment]]],
    since: datetime | None = None,
) -> list[list[InvoiceInBooks]]:
    """The same of several in these books, each with all its payments; each store is read once per
    connection.
    """
    in_order = sorted(connections, key=lambda one: one.key.provider)
    by_connection = [_in_books(services, connection, invoices, since) for connection in in_order]
    return [[of_one[place] for of_one in by_connection] for place in range(len(invoices))]


def remote_payment_ids(
    services: Services, company_id: CompanyId, payments: Sequence[Payment]
) -> Mapping[SourceId, Mapping[ProviderName, RemoteId]]:
    """Per payment, its id in each of the company's books where it stands."""
    found: dict[SourceId, dict[ProviderName, RemoteId]] = {}
    ids = [payment.source_id for payment in payments]
    for connection in services.stores.connections.of_company(company_id):
        scope = ledger_scope(connection)
        rows = services.stores.ledger.of(scope, Operation.POST, ids) if ids else {}
        for payment_id, row in rows.items():
            if row.state is LedgerState.POSTED:
                found.setdefault(payment_id, {})[connection.key.provider] = row.remote_id
    return found


def _in_books(
    services: Services,
    connection: Connection,
    invoices: Sequence[tuple[Invoice, Sequence[Payment]]],
    since: datetime | None,
) -> list[InvoiceInBooks]:
    key, stores = connection.key, services.stores
    profile = services.profile(key.provider)
    ids = [invoice.source_id for invoice, _ in invoices]
    links = stores.links.get_links(scope_of(RecordKind.INVOICE, connection), ids)
    reasons = {
        failure.source_id: failure.problem
        for failure in stores.failures.of(key, RecordKind.INVOICE, ids)
    }
    all_payments = [payment for _, payments in invoices for payment in payments]
    standing: dict[SourceId, list[Standing]] = {}
    for one in standings(stores, connection, all_payments):
        standing.setdefault(one.payment.invoice_id, []).append(one)
    refused = {
        failure.source_id: failure.problem
        for failure in stores.failures.of(
            key, RecordKind.PAYMENT, [payment.source_id for payment in all_payments]
        )
    }
    terms = PaymentTerms(connection, profile)
    told = []
    for invoice, _ in invoices:
        link = links.get(invoice.source_id)
        reason = reasons.get(invoice.source_id)
        state = _state(invoice, link, reason)
        own = standing.get(invoice.source_id, [])
        told.append(
            InvoiceInBooks(
                provider=key.provider,
                label=profile.label,
                sync_label=f"{'Resync' if link else 'Sync'} to {profile.label}",
                state=state,
                remote_id=link.remote_id if link else RemoteId(""),
                number=link.remote_name if link else "",
                payments=tuple(
                    _payment(one, terms, refused.get(one.payment.source_id)) for one in own
                ),
                run_id=link.run_id if link else RunId(""),
                remote_total=remote_total(link) if link and state is InBooks.DIFFERS else None,
                reason=reason,
                did=_did(services, connection, invoice, link, state, since),
                posted=_since(own, Operation.POST, since),
                voided=_since(own, Operation.VOID, since),
            )
        )
    return told


def _state(invoice: Invoice, link: Link | None, reason: Problem | None) -> InBooks:
    in_step = link is not None and link.source_version == invoice.version
    if reason is not None:
        return InBooks.DIFFERS if in_step and reason.code == TOTAL_DIFFERS else InBooks.FAILED
    if in_step:
        return InBooks.IN_STEP if invoice.active else InBooks.VOIDED
    if invoice.status in (InvoiceStatus.DRAFT, InvoiceStatus.VOID):
        return InBooks.NOT_SENT
    return InBooks.WAITING


def _did(
    services: Services,
    connection: Connection,
    invoice: Invoice,
    link: Link | None,
    state: InBooks,
    since: datetime | None,
) -> Did | None:
    if since is None or link is None or state not in _KNOWN:
        return None
    run = services.stores.runs.get(connection.key, link.run_id) if link.run_id else None
    if run is None or run.started_at < since:
        return Did.UNCHANGED
    if not invoice.active:
        return Did.VOIDED
    if link.row_version > 1:
        return Did.UPDATED
    return Did.LINKED if link.origin is LinkOrigin.ADOPTED else Did.CREATED


_KNOWN = frozenset({InBooks.IN_STEP, InBooks.DIFFERS, InBooks.VOIDED})


def _payment(standing: Standing, terms: PaymentTerms, refused: Problem | None) -> PaymentInBooks:
    payment, post = standing.payment, standing.post
    remote_id = post.remote_id if post else RemoteId("")
    own_id = own_payment_id(payment.source_id)
    if post is not None and post.state is LedgerState.UNKNOWN:
        return PaymentInBooks(own_id, InBooks.UNKNOWN, remote_id, _LOOKED_FOR)
    if not payment.active:
        gone = post is None or standing.voided or not remote_id
        state = InBooks.VOIDED if gone else InBooks.WAITING
        state = InBooks.FAILED if refused and not gone else state
        return PaymentInBooks(own_id, state, remote_id, refused if not gone else None)
    if standing.posted:
        state = InBooks.DIFFERS if refused else InBooks.IN_STEP
        return PaymentInBooks(own_id, state, remote_id, refused)
    if refused is not None:
        return PaymentInBooks(own_id, InBooks.FAILED, remote_id, refused)
    reason = _waits(standing) if terms.waits(standing) else None
    return PaymentInBooks(own_id, InBooks.WAITING, remote_id, reason)


def _waits(standing: Standing) -> Problem:
    if standing.refused is not None:
        problem = standing.refused.problem
        message = f"It waits for its invoice, which stands refused: {problem.message}"
        return Problem("WAITS_FOR_INVOICE", message, problem.action)
    return Problem("WAITS_FOR_INVOICE", "It waits for its invoice, which goes first.")


_LOOKED_FOR = Problem(
    "OUTCOME_UNKNOWN",
    "It was sent, and no trustworthy answer came; it is looked for before anything else is done.",
)


def _since(
    standing: Sequence[Standing], operation: Operation, since: datetime | None
) -> tuple[str, ...]:
    if since is None:
        return ()
    return tuple(
        own_payment_id(one.payment.source_id)
        for one in standing
        if (row := one.row(operation)) is not None
        and row.state is LedgerState.POSTED
        and row.settled_at is not None
        and row.settled_at >= since
    )
