"""What became of payments in a run: ledger rows, failures, due rows and counts, saved as they come."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from shared import correlation
from shared.domain.connections import Connection
from shared.domain.due import DueRow
from shared.domain.ids import RecordKind, SourceId
from shared.domain.invoices import Payment
from shared.domain.ledger import LedgerRow, outcome_known
from shared.domain.runs import Problem, Run, RunCounts
from shared.sync.engine.failures import causes_of, count_cause, failure_of, standing_failures
from shared.sync.engine.progress import Progress
from shared.sync.payments.looking import Looked
from shared.sync.payments.standing import IN_BOOKS
from shared.sync.services import Services


class Results:
    """Of one slice of a run. Used from one thread; counts begin with what the run has shown."""

    def __init__(self, services: Services, connection: Connection, progress: Progress) -> None:
        self._services = services
        self._key = connection.key
        self._progress = progress
        run = progress.run
        standing = list(standing_failures(services.stores, self._key, RecordKind.PAYMENT, run.only))
        self._failing = {failure.source_id: failure.cause for failure in standing}
        self._causes = causes_of(standing, run.run_id)
        self._counts = run.counts

    @property
    def run(self) -> Run:
        return self._progress.run

    def planned(self, count: int) -> None:
        """So many are to be sent."""
        self._add(RunCounts(total=count))

    def unchanged(self, count: int) -> None:
        """So many stand in the books already."""
        self._add(RunCounts(total=count, unchanged=count))

    def posted(self, payments: Sequence[Payment]) -> None:
        """They stand in the books; a refusal of before stands no longer."""
        self._heal_refused(payment.source_id for payment in payments)
        self._add(RunCounts(created=len(payments)))

    def voided(self, payments: Sequence[Payment]) -> None:
        self._heal(payment.source_id for payment in payments)
        self._add(RunCounts(updated=len(payments)))

    def cancelled(self, payments: Sequence[Payment]) -> None:
        """Voided here before they were in the books: nothing is to be sent."""
        self._heal(payment.source_id for payment in payments)

    def refused(self, payment: Payment, problem: Problem, cause: str) -> None:
        self._fail(payment, problem, cause)
        self._add(RunCounts(refused=1))

    def to_be_seen(self, payment: Payment, problem: Problem) -> None:
        """It stands in the books, but a person has to look at it."""
        self._fail(payment, problem, problem.code)

    def is_strange(self, payment: Payment) -> bool:
        """Whether it is shown as standing otherwise in the books than here."""
        return self._failing.get(payment.source_id) in IN_BOOKS

    def looked_at_again(self, stands: Iterable[tuple[Payment, Problem | None]]) -> None:
        """What is to be said of them now; None: nothing."""
        for payment, problem in stands:
            if problem is not None:
                self.to_be_seen(payment, problem)
            else:
                self._heal([payment.source_id])

    def told(self, judged: Iterable[Looked], payments: Mapping[SourceId, Payment]) -> None:
        """What look-ups showed that a person must see."""
        for one in judged:
            if one.problem is not None:
                self.to_be_seen(payments[one.payment_id], one.problem)

    def looked(self, looked: Iterable[Looked], payments: Mapping[SourceId, Payment]) -> None:
        """What look-ups showed, and was saved."""
        for one in looked:
            payment = payments[one.payment_id]
            if one.found:
                self._heal_refused([payment.source_id])
                self._add(RunCounts(total=1, created=1))
            if one.row.look_at is not None:
                self.look_again(payment, one.row)

    def look_again(self, payment: Payment, row: LedgerRow) -> None:
        """The payment's due row says when (`look_at`), for whoever looks at it after this run."""
        assert row.look_at is not None  # noqa: S101 - else there is nothing to come back to
        due = DueRow(
            self._key,
            RecordKind.PAYMENT,
            payment.source_id,
            payment.version,
            since=self._services.clock.now(),
            not_before=row.look_at,
            late_check=outcome_known(row),
            correlation_id=correlation.current(),
        )
        self._services.stores.due.add([due])

    def save(self) -> None:
        """Show the counts, and that the worker lives."""
        self._progress.moved(self._counts, self._causes)
        self._progress.beat()

    def _add(self, counts: RunCounts) -> None:
        """A plan that was fenced off may reserve more than the one that counts: the total follows."""
        counts = self._counts.plus(counts)
        self._counts = replace(counts, total=max(counts.total, counts.settled))

    def _heal(self, source_ids: Iterable[SourceId]) -> None:
        healed = [source_id for source_id in source_ids if source_id in self._failing]
        for source_id in healed:
            del self._failing[source_id]
        self._services.stores.failures.clear(self._key, RecordKind.PAYMENT, healed)

    def _heal_refused(self, source_ids: Iterable[SourceId]) -> None:
        """All but what a person is to look at in the books."""
        self._heal(each for each in source_ids if self._failing.get(each) not in IN_BOOKS)

    def _fail(self, payment: Payment, problem: Problem, cause: str) -> None:
        failure = failure_of(self.run, payment, problem, cause, self._services.clock.now())
        self._services.stores.failures.save([failure])
        self._failing[payment.source_id] = cause
        count_cause(self._causes, failure)
