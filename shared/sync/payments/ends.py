"""What has become of payments' due rows: a row stays as long as anything is to be done or looked at."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from shared.domain.connections import Connection
from shared.domain.due import Dependency, DueRow
from shared.domain.ids import RecordKind, RunId, SourceId
from shared.domain.ledger import outcome_known
from shared.domain.payment_plan import Step
from shared.domain.runs import Failure
from shared.sync.automatic.dependencies import wait_for
from shared.sync.automatic.trying import MOST_TRIES, later
from shared.sync.failure_notices import PASSING_CAUSES, tell_cleared, tell_given_up
from shared.sync.payments.standing import IN_BOOKS, Standing, standing_of, stands_no_longer
from shared.sync.payments.terms import PaymentTerms
from shared.sync.services import Services


def settle_payments(
    services: Services,
    connection: Connection,
    rows: Sequence[DueRow],
    run_id: RunId | None = None,
) -> list[DueRow]:
    """Remove the rows of payments that need nothing, or were refused by that run; put off those that
    wait; answers the others. A row is removed only as it was read.
    """
    key, stores = connection.key, services.stores
    ends = _Ends(services, connection, [row.source_id for row in rows], run_id)
    for row in rows:
        ends.judge(row)
    wait_for(services, connection, ends.waiting)
    stores.due.put_off(ends.put_off)
    if ends.healed:
        stores.failures.clear(key, RecordKind.PAYMENT, ends.healed)
        tell_cleared(services, key, RecordKind.PAYMENT)
    tell_given_up(services, key, RecordKind.PAYMENT, ends.given_up)
    stores.due.remove(ends.ended)
    return ends.left


class _Ends:
    """Due rows by what becomes of them."""

    def __init__(
        self,
        services: Services,
        connection: Connection,
        ids: Sequence[SourceId],
        run_id: RunId | None,
    ) -> None:
        self._services = services
        self._now = services.clock.now()
        self._run_id = run_id
        stores, distinct = services.stores, list(dict.fromkeys(ids))
        found = standing_of(stores, connection, distinct)
        self._standings = {one.payment.source_id: one for one in found}
        failures = stores.failures.of(connection.key, RecordKind.PAYMENT, distinct)
        self._failures = {one.source_id: one for one in failures}
        self._refused = {one.source_id: one for one in failures if one.run_id == run_id}
        self._terms = PaymentTerms(connection, services.profile(connection.key.provider))
        self.ended: list[DueRow] = []
        self.put_off: list[DueRow] = []
        self.left: list[DueRow] = []
        self.waiting: list[tuple[DueRow, Sequence[Dependency]]] = []
        self.healed: list[SourceId] = []
        """Their refusals stand no longer."""
        self.given_up: set[str] = set()

    def judge(self, row: DueRow) -> None:
        standing = self._standings.get(row.source_id)
        if standing is None:
            self.ended.append(row)
            return
        failure = self._failures.get(row.source_id)
        if failure is not None and stands_no_longer(standing, failure):
            self.healed.append(row.source_id)
        decision = standing.decision(self._now)
        if row.urgent and failure is not None and self._looked_at_again(failure):
            self.left.append(row)
        elif decision.step is Step.NOTHING:
            self.ended.append(row)
        elif decision.step is Step.WAIT and decision.until is not None:
            self.put_off.append(self._later(row, standing, decision.until))
        elif decision.step is Step.SEND:
            self._to_be_sent(row, standing)
        else:
            self.left.append(row)

    def _looked_at_again(self, failure: Failure) -> bool:
        """Whether a person asks how it stands in the books by now, and that run has not told yet."""
        return failure.cause in IN_BOOKS and failure.run_id != self._run_id

    @staticmethod
    def _later(row: DueRow, standing: Standing, at: datetime) -> DueRow:
        late_check = standing.post is not None and outcome_known(standing.post)
        return replace(row, not_before=at, waits_for="", late_check=late_check)

    def _to_be_sent(self, row: DueRow, standing: Standing) -> None:
        failure = self._refused.get(row.source_id)
        if failure is not None and failure.source_version == standing.payment.version:
            if failure.cause in PASSING_CAUSES and row.tries < MOST_TRIES:
                self.put_off.append(later(self._services, row))
                return
            look_at = standing.post.look_at if standing.post else None
            if look_at is not None:  # it may be in the books after all, see `decide`
                self.put_off.append(self._later(row, standing, look_at))
            else:
                self.ended.append(row)
            self.given_up |= {failure.cause} & PASSING_CAUSES
        elif self._terms.waits(standing):
            invoice_id = standing.payment.invoice_id
            self.waiting.append((row, [Dependency(RecordKind.INVOICE, invoice_id)]))
        else:
            self.left.append(row)
