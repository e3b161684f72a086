"""Send the payments that a plan reserved, a provider batch at a time, and settle what came back.

Each row is marked in flight by a conditional write before its request goes, so of two workers one
sends. What has no trustworthy answer is repeated once, at once and identically, where the provider
honours request keys; then it is unknown and goes no second road: only look-ups move it on.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Final

from shared.domain import ledger
from shared.domain.connections import Connection
from shared.domain.ids import RecordKind, RemoteId, RequestKey, SourceId
from shared.domain.invoice_fields import InvoiceFields, PaymentFields
from shared.domain.ledger import LedgerRow, LedgerScope, LedgerState, Operation
from shared.domain.outcomes import (
    Answered,
    CallOutcome,
    Done,
    EntryRefused,
    EntryUnknown,
    NoTrustworthyAnswer,
)
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
LATE_BEGIN: Final = 5.0
"""Seconds that may pass between the marking of rows and their request, tokens renewed meanwhile."""
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
        if self._singly and not self._settler.gave_up:
            return SliceResult(SliceEnd.MORE)
        if self._singly:  # nor will the next slice get further with those that were busy
            return SliceResult(SliceEnd.DONE)
        return SliceResult(SliceEnd.REJECTED if self._settler.rejected else SliceEnd.DONE)

    def _batches(self) -> Iterator[list[Standing]]:
        """Reserved payments of one operation each; voids go one a request."""
        size = 1 if self._singly else self._provider.profile.batch_size
        posts: list[Standing] = []
        for standing, row in self._reserved():
            if row.operation is Operation.VOID:
                yield [standing]
            elif row.singly and not self._singly:
                self._settler.rejected = True
            elif row.singly == self._singly:
                posts.append(standing)
                if len(posts) == size:
                    yield posts
                    posts = []
        if posts:
            yield posts

    def _reserved(self) -> Iterator[tuple[Standing, LedgerRow]]:
        """What may go now, each with the row that it goes by."""
        standings = standing_of(self._services.stores, self._connection, self._progress.run.only)
        for standing in standings:
            decision = standing.decision(self._services.clock.now())
            row = standing.row(decision.operation)
            reserved = row is not None and row.state is LedgerState.RESERVED
            if decision.step is not Step.SEND or row is None or not reserved:
                continue
            if self._settler.given_up(standing.payment.source_id):
                continue
            posts = decision.operation is Operation.POST
            if posts and (self._terms.waits(standing) or self._terms.refusal(standing) is not None):
                continue  # it, or its invoice, was changed since it was reserved: the next plan's
            yield standing, row

    def _post(self, batch: Sequence[Standing]) -> bool:
        """One request and its end. Answers whether some of it is to go again in this slice."""
        operation = Operation.POST if batch[0].payment.active else Operation.VOID
        fields = self._fields(batch)
        single = self._singly or operation is Operation.VOID
        self._take_turn(CallClass.SINGLE if single else CallClass.BATCH)
        rows, key = self._in_flight(batch, operation, fields)
        sent = Sent(operation, [s for s in batch if s.payment.source_id in rows], rows, fields)
        if len(rows) < len(batch) or not self._in_time(rows):
            # The key is of all of them: a part of them under it, and another part by somebody else,
            # would be two requests of one key. Or it took too long to mark them. Nothing was sent.
            self._settler.hold_back(sent)
            self._progress.replace(self._progress.run)
            return bool(rows)
        writes = [self._terms.write(s, operation, fields[s.payment.source_id]) for s in batch]
        request = self._provider.write_request(RecordKind.PAYMENT, writes, key, single=single)
        outcome, repeated = self._sent(request, rows)
        if repeated:
            now = self._services.clock.now()
            sent = replace(
                sent, rows={each: ledger.unheard(row, now) for each, row in rows.items()}
            )
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
        self,
        batch: Sequence[Standing],
        operation: Operation,
        fields: Mapping[SourceId, PaymentFields],
    ) -> tuple[dict[SourceId, LedgerRow], RequestKey]:
        """The rows that are ours to send, marked; a row that somebody else moved is left to them."""
        found = [row for s in batch if (row := s.row(operation)) is not None]
        key = request_key_of(self._scope, found)
        # The request, and its identical repeat, each of which may begin a little late.
        ends = self._request_ends(2 * self._services.settings.request_deadline_seconds + LATE_BEGIN)
        marked = [ledger.sent(row, key, ends, fields[row.payment_id].customer_id) for row in found]
        saved = save_moves(self._services.stores, self._scope, marked)
        return {row.payment_id: row for row in saved}, key

    def _sent(
        self, request: WriteRequest, rows: Mapping[SourceId, LedgerRow]
    ) -> tuple[CallOutcome, bool]:
        """The outcome; after a lost answer the identical request goes once more, at once: then True."""
        outcome = self._send(request)
        silent = isinstance(outcome, NoTrustworthyAnswer)
        if silent and self._provider.profile.honours_request_key and self._in_time(rows):
            return after_silence(outcome, self._send(request)), True
        return outcome, False

    def _send(self, request: WriteRequest) -> CallOutcome:
        outcome = self._provider.send(request)
        self._books.pacer.note(outcome, request.call_class)
        self._progress.beat()
        return outcome

    def _in_time(self, rows: Mapping[SourceId, LedgerRow]) -> bool:
        """Whether a request that begins now is over when its rows say so: whoever was held up since
        they were marked sends nothing, because somebody else may have looked them up by then.
        """
        ends = self._request_ends(self._services.settings.request_deadline_seconds)
        return all(row.over_at is not None and ends <= row.over_at for row in rows.values())

    def _request_ends(self, deadline: float) -> datetime:
        """When nothing that begins now, and is given up after `deadline` seconds, is under way any more."""
        limit = self._provider.profile.invoices.request_limit
        return ledger.request_ends(self._services.clock.now(), deadline, limit)

    def _take_turn(self, call_class: CallClass) -> None:
        while True:
            if self._services.clock.now() >= self._until:
                raise SliceOver(SliceEnd.MORE)
            pause = self._books.pacer.may_start(call_class, 0)
            if pause <= 0:
                return
            self._services.clock.sleep(min(pause, LONGEST_WAIT))
            self._progress.beat()


def after_silence(first: CallOutcome, repeated: CallOutcome) -> CallOutcome:
    """What an unanswered request and its repeat mean together: only what the provider says of a payment
    itself counts. That the repeat was busy, throttled or refused as a whole says nothing of the first.
    """
    if not isinstance(repeated, Answered):
        return first
    return Answered(
        {
            source_id: end
            if isinstance(end, Done | EntryRefused)
            else EntryUnknown("no answer to the first request")
            for source_id, end in repeated.entries.items()
        }
    )


def request_key_of(scope: LedgerScope, rows: Sequence[LedgerRow]) -> RequestKey:
    """32 hexadecimal characters, from the ledger keys inside and how often each was sent before."""
    keys = "/".join(
        f"{row.payment_id} {row.operation} {row.generation} {row.attempt}" for row in rows
    )
    text = f"{scope.remote_company_id}/{scope.connection.company_id}/{keys}"
    return RequestKey(hashlib.blake2b(text.encode(), digest_size=16).hexdigest())
