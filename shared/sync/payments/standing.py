"""A payment with everything that decides what it needs next, read in bulk."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from itertools import islice
from typing import Final

from shared.domain.balances import balance_of
from shared.domain.connections import Connection
from shared.domain.ids import RecordKind, SourceId
from shared.domain.invoices import ZERO, Invoice, Payment
from shared.domain.ledger import LedgerRow, LedgerScope, LedgerState, Operation, moved
from shared.domain.links import Link
from shared.domain.payment_plan import Decision, decide
from shared.domain.runs import Failure
from shared.storage.paging import every_row
from shared.storage.ports import Stores
from shared.sync.engine.terms import scope_of

READ_AHEAD: Final = 200

IN_BOOKS: Final = frozenset(
    {"PAYMENT_TWICE_IN_BOOKS", "PAYMENT_AMOUNT_DIFFERS", "PAYMENT_NOT_APPLIED"}
)
"""Failures of payments that stand in the books."""


@dataclass(frozen=True, slots=True)
class Standing:
    """`link`: of its invoice. `refused`: why its invoice stands refused, None where it does not."""

    payment: Payment
    invoice: Invoice | None
    link: Link | None
    refused: Failure | None
    post: LedgerRow | None
    void: LedgerRow | None

    @property
    def posted(self) -> bool:
        """Whether the payment stands in the books, voided there since or not."""
        return self.post is not None and self.post.state is LedgerState.POSTED

    @property
    def voided(self) -> bool:
        """Whether it was voided in the books."""
        return self.void is not None and self.void.state is LedgerState.POSTED

    def decision(self, now: datetime) -> Decision:
        return decide(self.payment, self.post, self.void, now)

    def row(self, operation: Operation) -> LedgerRow | None:
        return self.post if operation is Operation.POST else self.void


def ledger_scope(connection: Connection) -> LedgerScope:
    return LedgerScope(connection.key, connection.remote_company.remote_company_id)


def standings(
    stores: Stores, connection: Connection, payments: Sequence[Payment]
) -> list[Standing]:
    """In the order of the payments; one bulk read of each store."""
    company_id, scope = connection.key.company_id, ledger_scope(connection)
    ids = [payment.source_id for payment in payments]
    invoice_ids = list(dict.fromkeys(payment.invoice_id for payment in payments))
    invoices = stores.records.get_many(company_id, Invoice, invoice_ids)
    links = stores.links.get_links(scope_of(RecordKind.INVOICE, connection), invoice_ids)
    failures = stores.failures.of(connection.key, RecordKind.INVOICE, invoice_ids)
    refused = {failure.source_id: failure for failure in failures}
    posts = stores.ledger.of(scope, Operation.POST, ids)
    voids = stores.ledger.of(scope, Operation.VOID, [p.source_id for p in payments if not p.active])
    return [
        Standing(
            payment,
            invoices.get(payment.invoice_id),
            links.get(payment.invoice_id),
            refused.get(payment.invoice_id),
            posts.get(payment.source_id),
            voids.get(payment.source_id),
        )
        for payment in payments
    ]


def ledger_standings(stores: Stores, connection: Connection) -> Iterator[Standing]:
    """Of all payments, without their invoices: what the ledger alone decides, at two reads a page."""
    scope, payments = ledger_scope(connection), _all_payments(stores, connection)
    while some := list(islice(payments, READ_AHEAD)):
        posts = stores.ledger.of(scope, Operation.POST, [p.source_id for p in some])
        voids = stores.ledger.of(scope, Operation.VOID, [p.source_id for p in some if not p.active])
        for payment in some:
            post, void = posts.get(payment.source_id), voids.get(payment.source_id)
            yield Standing(payment, None, None, None, post, void)


def standing_of(
    stores: Stores, connection: Connection, only: Sequence[SourceId] | None
) -> Iterator[Standing]:
    """Of these payments, or of all that the company has; a page at a time, as they stand when drawn."""
    if only is None:
        payments = _all_payments(stores, connection)
    else:
        found = stores.records.get_many(connection.key.company_id, Payment, only)
        payments = (found[source_id] for source_id in sorted(found))
    while some := list(islice(payments, READ_AHEAD)):
        yield from standings(stores, connection, some)


def _all_payments(stores: Stores, connection: Connection) -> Iterator[Payment]:
    company_id = connection.key.company_id
    return every_row(lambda cursor: stores.records.page(company_id, Payment, READ_AHEAD, cursor))


def stands_no_longer(standing: Standing, failure: Failure) -> bool:
    """Whether it is of a payment that was not to be posted, or is: a worker that died, or was fenced
    off, left it. What a person is to look at in the books stands until it is looked at again.
    """
    post = standing.post
    if standing.posted:
        settled = standing.payment.active or standing.voided
        return settled and failure.cause not in IN_BOOKS
    return not standing.payment.active and (post is None or post.state is LedgerState.REFUSED)


def paid_over(stores: Stores, connection: Connection, standing: Standing) -> Decimal:
    """How much more was paid of the payment's invoice here than that comes to; 0 where not more."""
    invoice = standing.invoice
    if invoice is None:
        return ZERO
    payments = stores.records.payments_of(connection.key.company_id, invoice.source_id)
    return max(ZERO, -balance_of(invoice, payments).open)


def save_moves(stores: Stores, scope: LedgerScope, rows: Sequence[LedgerRow]) -> list[LedgerRow]:
    """Store moved rows; answers those that were, as they stand now. The others were moved by somebody
    else meanwhile. All of one operation.
    """
    after = [moved(row) for row in rows]
    lost = set(stores.ledger.save(scope, after)) if after else set()
    return [row for row in after if row.payment_id not in lost]
