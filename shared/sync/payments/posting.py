"""Send the payments that a plan reserved, a provider batch at a time, and settle what came back.

Each row is marked in flight by a conditional write before its request goes, so of two workers one
sends. What has no trustworthy answer is repeated once, at once and identically, where the provider
honours request keys; then it is unknown and goes no second road: only look-ups move it on.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Final

from shared.domain import ledger
from shared.domain.connections import Connection
from shared.domain.ids import RecordKind, RemoteId, RequestKey, SourceId
from shared.domain.invoice_fields import InvoiceFields, PaymentFields
from shared.domain.ledger import LedgerRow, LedgerScope, LedgerState, Operation
from shared.domain.outcomes import CallOutcome, NoTrustworthyAnswer
from shared.domain.payment_plan import Step
from shared.providers.base import CallClass, WriteRequest
from shared.sync.engine.progress import Progress
from shared.sync.engine.slices import SliceEnd, SliceOver, SliceResult
from shared.sync.payments.results import Results
from shared.sync.payments.settling import PaymentSettler, Sent
from shared.sync.payments.standing import Standing, ledger_scope, save_moves, standing_of
from shared.sync.payments.terms import PaymentTerms
from shared.sync.services import Books, Services

BUSY_PAUSE: Final = 1.0
LONGEST_WAIT: Final = 1.0
"""Between two looks at the pacer, so that heartbeats go on while waiting for a limit."""


class PaymentSlice:
    """One worker's share of a run of payments, until `until`. `singly`: the fallback, one a request."""

    def __init__(
        self,
        services: Services,
        connection: Connection,
        books: Books,
        progress: Progress,
        until: datetime,
        *,
        singly: bool,
    ) -> None:
        self._services = services
        self._connection = connection
        self._books = books
        self._provider = books.provider
        self._progress = progress
        self._until = until
        self._singly = singly
        self._scope = ledger_scope(connection)
        self._terms = PaymentTerms(connection, books.provider.profile)
        results = Results(services, connection, progress)
        self._settler = PaymentSettler(services, connection, books.provider, results)

    def perform(self) -> SliceResult:
        """Raises `RetryLater` and the like from reads, and `LostLease`."""
        again = True
        try:
            while again:  # what was busy, or had to be read again, is reserved as before
                again = False
                for batch in self._batches():
                    again = self._post(batch) or again
                if again:
                    self._services.clock.sleep(BUSY_PAUSE)
        except SliceOver as over:
            return over.result
        if self._singly:
            return SliceResult(SliceEnd.MORE)
        return SliceResult(SliceEnd.REJECTED if self._settler.rejected else SliceEnd.DONE)

    def _batches(self) -> Iterator[list[Standing]]:
        """Reserved payments of one operation each; voids go one a request."""
        size = 1 if self._singly else self._provider.profile.batch_size
        standings = standing_of(self._services.stores, self._connection, self._progress.run.only)
        posts: list[Standing] = []
        for standing in standings:
            decision = standing.decision(self._services.clock.now())
            row = standing.row(decision.operation)
            if decision.step is not Step.SEND or row is None:
                continue
            if row.state is not LedgerState.RESERVED:
                continue
            if self._settler.given_up(standing.payment.source_id):
                continue
            if decision.operation is Operation.VOID:
                yield [standing]
            elif row.singly and not self._singly:
                self._settler.rejected = True
            elif row.singly == self._singly and not self._terms.waits(standing):
                posts.append(standing)
                if len(posts) == size:
                    yield posts
                    posts = []
        if posts:
            yield posts

    def _post(self, batch: Sequence[Standing]) -> bool:
        """One request and its end. Answers whether some of it is to go again in this slice."""
        operation = Operation.POST if batch[0].payment.active else Operation.VOID
        fields = self._fields(batch)
        single = self._singly or operation is Operation.VOID
        self._take_turn(CallClass.SINGLE if single else CallClass.BATCH)
        rows, key = self._in_flight(batch, operation)
        going = [s for s in batch if s.payment.source_id in rows]
        if not going:
            return False
        writes = [self._terms.write(s, operation, fields[s.payment.source_id]) for s in going]
        request = self._provider.write_request(RecordKind.PAYMENT, writes, key, single=single)
        outcome, repeated = self._sent(request)
        sent = Sent(operation, going, rows, fields, repeated=repeated)
        return self._settler.settle(sent, outcome, single=single)

    def _fields(self, batch: Sequence[Standing]) -> dict[SourceId, PaymentFields]:
        """With each invoice's open balance in the books, so that no more is applied than there is."""
        ids = {s.link.remote_id for s in batch if s.link is not None and s.payment.active}
        open_balances: dict[RemoteId, Decimal] = {}
        for row in self._provider.records_by_id(RecordKind.INVOICE, sorted(ids)) if ids else ():
            if isinstance(row.fields, InvoiceFields) and row.fields.balance is not None:
                open_balances[row.remote_id] = row.fields.balance
        fields: dict[SourceId, PaymentFields] = {}
        for standing in batch:
            remote_id = standing.link.remote_id if standing.link else RemoteId("")
            made = self._terms.fields(standing, open_balances.get(remote_id))
            if remote_id in open_balances:
                open_balances[remote_id] -= made.applied
            fields[standing.payment.source_id] = made
        return fields

    def _in_flight(
        self, batch: Sequence[Standing], operation: Operation
    ) -> tuple[dict[SourceId, LedgerRow], RequestKey]:
        """The rows that are ours to send, marked; a row that somebody else moved is left to them."""
        found = [row for s in batch if (row := s.row(operation)) is not None]
        key = request_key_of(self._scope, found)
        limit = self._provider.profile.invoices.request_limit
        # The request, and its identical repeat.
        deadline = 2 * self._services.settings.request_deadline_seconds
        ends = ledger.request_ends(self._services.clock.now(), deadline, limit)
        marked = [ledger.sent(row, key, ends) for row in found]
        saved = save_moves(self._services.stores, self._scope, marked)
        return {row.payment_id: row for row in saved}, key

    def _sent(self, request: WriteRequest) -> tuple[CallOutcome, bool]:
        """The outcome, and whether it is of a repeat: after a lost answer the identical request goes once
        more, at once, where the provider honours its key.
        """
        outcome = self._sent_once(request)
        if not isinstance(outcome, NoTrustworthyAnswer):
            return outcome, False
        if not self._provider.profile.honours_request_key:
            return outcome, False
        return self._sent_once(request), True

    def _sent_once(self, request: WriteRequest) -> CallOutcome:
        outcome = self._provider.send(request)
        self._books.pacer.note(outcome, request.call_class)
        self._progress.beat()
        return outcome

    def _take_turn(self, call_class: CallClass) -> None:
        while True:
            if self._services.clock.now() >= self._until:
                raise SliceOver(SliceEnd.MORE)
            pause = self._books.pacer.may_start(call_class, 0)
            if pause <= 0:
                return
            self._services.clock.sleep(min(pause, LONGEST_WAIT))
            self._progress.beat()


def request_key_of(scope: LedgerScope, rows: Sequence[LedgerRow]) -> RequestKey:
    """32 hexadecimal characters, from the ledger keys inside and how often each was sent before."""
    keys = "/".join(
        f"{row.payment_id} {row.operation} {row.generation} {row.attempt}" for row in rows
    )
    text = f"{scope.remote_company_id}/{scope.connection.company_id}/{keys}"
    return RequestKey(hashlib.blake2b(text.encode(), digest_size=16).hexdigest())
