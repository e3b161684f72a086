"""What must hold at every write of the payment ledger: versions, legal moves, and truth about the books."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import Final

from shared.domain.ids import RequestKey, SourceId
from shared.domain.ledger import LedgerRow, LedgerScope, LedgerState, Operation, reference_of
from shared.storage.ports import Stores
from tests.simulation.company import Company
from tests.simulation.payments.unheard import PaymentsUnheard

RESERVED, IN_FLIGHT = LedgerState.RESERVED, LedgerState.IN_FLIGHT
POSTED, REFUSED, UNKNOWN = LedgerState.POSTED, LedgerState.REFUSED, LedgerState.UNKNOWN

MOVES: Final = {
    RESERVED: {IN_FLIGHT, REFUSED, POSTED},
    IN_FLIGHT: {RESERVED, POSTED, REFUSED, UNKNOWN},
    UNKNOWN: {UNKNOWN, RESERVED, POSTED},
    REFUSED: {RESERVED, REFUSED, POSTED},
    POSTED: {POSTED},
}


class LedgerWatch:
    """Of one company's ledger."""

    def __init__(
        self,
        stores: Stores,
        company: Company,
        now: Callable[[], datetime],
        report: Callable[[str], None],
    ) -> None:
        assert isinstance(company.unheard, PaymentsUnheard)
        self._stores = stores
        self._company = company
        self._now = now
        self._report = report
        self._over_at = company.unheard.over_at

    def over_at(self, payment_id: SourceId, key: RequestKey) -> datetime | None:
        """When a request with that payment could be under way no more; None: it was never marked."""
        return self._over_at.get((payment_id, key))

    def saves(self, scope: LedgerScope, rows: Sequence[LedgerRow]) -> None:
        """Called just before they are saved."""
        for row in rows:
            stored = self._stores.ledger.of(scope, row.operation, [row.payment_id])
            before = stored.get(row.payment_id)
            if (before.version if before else 0) != row.version - 1:
                continue  # it will be refused
            for what in self._wrong(scope, before, row):
                self._report(f"ledger {row.payment_id} {row.operation}: {what}")

    def _wrong(self, scope: LedgerScope, before: LedgerRow | None, row: LedgerRow) -> Iterator[str]:
        if not row.payment_id.startswith(f"{scope.connection.company_id}/"):
            yield f"in the ledger of {scope.connection.company_id}"
        if before is None:
            if (row.state, row.generation, row.attempt) != (RESERVED, 1, 0):
                yield f"begins as {row.state}, generation {row.generation}"
            return
        yield from self._wrong_move(before, row)
        if row.state is IN_FLIGHT and row.over_at is not None:
            known = self._over_at.setdefault((row.payment_id, row.request_key), row.over_at)
            if known != row.over_at:
                yield f"request key {row.request_key[:6]} a second time"
        if row.state is POSTED and row.operation is Operation.POST:
            yield from self._not_in_books(scope, row)
            if before.state is POSTED and before.remote_id != row.remote_id:
                yield f"posted as {before.remote_id}, then as {row.remote_id}"

    def _wrong_move(self, before: LedgerRow, row: LedgerRow) -> Iterator[str]:
        if row.state not in MOVES[before.state]:
            yield f"from {before.state} to {row.state}"
        again = (before.state, row.state) == (REFUSED, RESERVED)
        if row.generation != before.generation + again:
            yield f"generation {before.generation}, then {row.generation} as {row.state}"
        if (row.payload_hash, row.amount) != (before.payload_hash, before.amount):
            yield "another payment under the same id"
        unsure = before.state is UNKNOWN or row.unsure_at != before.unsure_at
        if row.state is RESERVED and unsure and before.over_at and self._now() < before.over_at:
            yield "counts as absent while its request may be under way"

    def _not_in_books(self, scope: LedgerScope, row: LedgerRow) -> Sequence[str]:
        remote = self._company.books.till.get(row.remote_id)
        if remote is None:
            return [f"posted as {row.remote_id}, which there is not"]
        if remote.fields.name != reference_of(scope, row.payment_id):
            return [f"posted as {row.remote_id}, which is another payment"]
        if remote.fields.amount != row.amount.amount:
            return [f"posted as {row.remote_id} with {remote.fields.amount}"]
        return []
