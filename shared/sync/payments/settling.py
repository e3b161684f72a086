"""What an answer means for the payments of one request: rows, results, and whether some go again.

Only what is definitely refused is refused, and only what was definitely not carried out may go again.
Everything else is unknown.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from shared.domain import ledger
from shared.domain.connections import Connection
from shared.domain.ids import RecordKind, SourceId
from shared.domain.invoice_fields import PaymentFields
from shared.domain.invoices import ZERO
from shared.domain.ledger import LedgerRow, Operation
from shared.domain.outcomes import (
    Answered,
    CallOutcome,
    CallRejected,
    CallStopped,
    Done,
    EntryBusy,
    EntryOutcome,
    EntryRefused,
    GrantDead,
    NoTrustworthyAnswer,
    Stale,
    Throttled,
)
from shared.domain.payment_plan import checked_later
from shared.domain.runs import Problem
from shared.providers.base import AccountingProvider, RemoteRecord
from shared.sync.engine.slices import SliceEnd, SliceOver
from shared.sync.payments.results import Results
from shared.sync.payments.standing import Standing, ledger_scope, paid_over, save_moves
from shared.sync.payments.terms import not_as_recorded
from shared.sync.services import Services

BUSY_TRIES: Final = 3
SILENT_CALLS: Final = 2
"""Unanswered requests in a row, each repeated: the provider is down, stop and wait."""


@dataclass(frozen=True, slots=True)
class Sent:
    """Payments of one request, each with its row in flight and with what was sent of it."""

    operation: Operation
    standings: Sequence[Standing]
    rows: Mapping[SourceId, LedgerRow]
    fields: Mapping[SourceId, PaymentFields]


class PaymentSettler:
    """Of one slice. `rejected`: a whole request was refused, so its payments go one at a time."""

    def __init__(
        self,
        services: Services,
        connection: Connection,
        provider: AccountingProvider,
        results: Results,
    ) -> None:
        self._services = services
        self._provider = provider
        self._label = provider.profile.label
        self._connection = connection
        self._scope = ledger_scope(connection)
        self._time_zone = connection.remote_company.time_zone
        self._results = results
        self._busy: Counter[SourceId] = Counter()
        self._silent = 0
        self.rejected = False

    def given_up(self, payment_id: SourceId) -> bool:
        """Whether it was busy too often to be tried again in this slice."""
        return self._busy[payment_id] >= BUSY_TRIES

    @property
    def gave_up(self) -> bool:
        return any(map(self.given_up, self._busy))

    def settle(self, sent: Sent, outcome: CallOutcome, *, single: bool) -> bool:
        """Whether some of it may go again now. Raises `SliceOver` where nothing more is to be sent."""
        if isinstance(outcome, NoTrustworthyAnswer):
            self._unanswered(sent)
            return False
        self._silent = 0
        if isinstance(outcome, Answered):
            return self._entries(sent, outcome.entries)
        if isinstance(outcome, CallRejected) and single:
            self._refuse(sent, sent.standings[0], outcome.problem, outcome.problem.code)
        else:
            self.rejected = self.rejected or isinstance(outcome, CallRejected)
            self.hold_back(sent, singly=isinstance(outcome, CallRejected))
        self._results.save()
        if isinstance(outcome, GrantDead):
            raise SliceOver(SliceEnd.NEEDS_REAUTH)
        if isinstance(outcome, CallStopped):
            raise SliceOver(SliceEnd.STOPPED, outcome.problem)
        return isinstance(outcome, Throttled)

    def _unanswered(self, sent: Sent) -> None:
        self._unknown(sent, sent.standings)
        self._results.save()
        self._silent += 1
        if self._silent >= SILENT_CALLS:
            raise SliceOver(SliceEnd.WAIT)

    def _entries(self, sent: Sent, entries: Mapping[SourceId, EntryOutcome]) -> bool:
        done: list[tuple[Standing, Done]] = []
        unclear: list[Standing] = []
        again = False
        for standing in sent.standings:
            match entries[standing.payment.source_id]:
                case Done() as written:
                    done.append((standing, written))
                case EntryRefused(problem, cause):
                    self._refuse(sent, standing, problem, cause)
                case EntryBusy(problem):
                    again = self._was_busy(sent, standing, problem) or again
                case Stale(if_current):
                    again = self._stale(sent, standing, if_current) or again
                case _:
                    unclear.append(standing)
        self._unknown(sent, unclear)
        self._done(sent, done)
        self._results.save()
        return again

    def _done(self, sent: Sent, done: Sequence[tuple[Standing, Done]]) -> None:
        now = self._services.clock.now()
        moved = []
        for standing, written in done:
            row = sent.rows[standing.payment.source_id]
            # Told first: a worker that dies in between leaves the row to be looked up.
            self._tell(sent, standing, written)
            row = ledger.posted(row, written.remote_id, written.remote_version, now)
            moved.append(checked_later(row, now, self._time_zone))
        saved = {row.payment_id: row for row in self._save(moved)}
        payments = [s.payment for s, _ in done if s.payment.source_id in saved]
        if sent.operation is Operation.VOID:
            self._results.voided(payments)
            return
        self._results.posted(payments)
        for payment in payments:
            row = saved[payment.source_id]
            if row.look_at is not None:
                self._results.look_again(payment, row)

    def _tell(self, sent: Sent, standing: Standing, written: Done) -> None:
        """A person is shown where the books made another sum of it."""
        if sent.operation is Operation.VOID or not isinstance(written.fields, PaymentFields):
            return
        over = ZERO
        if written.fields.unapplied:
            over = paid_over(self._services.stores, self._connection, standing)
        told = not_as_recorded(self._label, standing.payment, written.fields, over)
        if told is not None:
            self._results.to_be_seen(standing.payment, told)

    def _refuse(self, sent: Sent, standing: Standing, problem: Problem, cause: str) -> None:
        now = self._services.clock.now()
        row = ledger.refused(sent.rows[standing.payment.source_id], problem, now)
        row = checked_later(row, now, self._time_zone)
        for saved in self._save([row]):
            self._results.refused(standing.payment, problem, cause)
            if saved.look_at is not None:
                self._results.look_again(standing.payment, saved)

    def _was_busy(self, sent: Sent, standing: Standing, problem: Problem) -> bool:
        """Definitely not carried out, for a passing cause: again, and some tries later a person's."""
        payment_id = standing.payment.source_id
        self.hold_back(sent, [standing])
        self._busy[payment_id] += 1
        if not self.given_up(payment_id):
            return True
        self._results.refused(standing.payment, problem, "PROVIDER_BUSY")
        return False

    def _stale(self, sent: Sent, standing: Standing, if_current: Problem | None) -> bool:
        """A void that quoted an old version: with the one that the books have now, once more. Of what is
        gone there, or void already, nothing is left to be done.
        """
        post, problem = standing.post, if_current or _changed_meanwhile(self._label)
        if sent.operation is Operation.POST or post is None:
            self._refuse(sent, standing, problem, problem.code)
            return False
        found = self._provider.records_by_id(RecordKind.PAYMENT, [post.remote_id])
        remote = next((row for row in found if row.fields.active), None)
        if remote is None:
            gone = Done(post.remote_id, post.remote_version, sent.fields[post.payment_id])
            self._done(sent, [(standing, gone)])
            return False
        self._busy[post.payment_id] += 1
        if self.given_up(post.payment_id) or (if_current and _is_current(post, remote)):
            self._refuse(sent, standing, problem, problem.code)
            return False
        self.hold_back(sent, [standing])
        self._save([ledger.seen(post, remote.remote_version)])
        return True

    def hold_back(
        self, sent: Sent, standings: Iterable[Standing] | None = None, *, singly: bool = False
    ) -> None:
        """They were definitely not carried out: reserved, as before. All of them, or these."""
        some = sent.standings if standings is None else standings
        self._save([ledger.held_back(sent.rows[s.payment.source_id], singly=singly) for s in some])

    def _unknown(self, sent: Sent, standings: Sequence[Standing]) -> None:
        """To be looked up at once; until then it goes no second road."""
        now = self._services.clock.now()
        rows = [ledger.unknown(sent.rows[s.payment.source_id], now, now) for s in standings]
        payments = {s.payment.source_id: s.payment for s in standings}
        for row in self._save(rows):
            self._results.look_again(payments[row.payment_id], row)

    def _save(self, rows: Sequence[LedgerRow]) -> list[LedgerRow]:
        return save_moves(self._services.stores, self._scope, rows)


def _is_current(post: LedgerRow, remote: RemoteRecord) -> bool:
    return remote.remote_version == post.remote_version


def _changed_meanwhile(label: str) -> Problem:
    return Problem(
        "PAYMENT_CHANGED_IN_BOOKS",
        f"The payment keeps changing in {label}, or cannot be changed there any more.",
        f"Look at the payment in {label}; then retry.",
    )
