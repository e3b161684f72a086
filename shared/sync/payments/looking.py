"""Payments whose outcome nobody heard are looked up; nothing is sent from here.

One that is found is posted, whenever its request was carried out. One that is not found is looked for
again when no request of ours can be under way any more; only then it counts as absent and may go.
Once unsure, it is looked for twice more after its end is known: the provider may commit late.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Final

from shared.domain import ledger
from shared.domain.connections import Connection
from shared.domain.ids import RecordKind, RemoteId, SourceId
from shared.domain.invoice_fields import PaymentFields
from shared.domain.invoices import ZERO, Payment
from shared.domain.ledger import LedgerRow, LedgerState, Operation
from shared.domain.payment_plan import checked_later
from shared.domain.runs import Problem
from shared.providers.base import AccountingProvider, RemoteRecord
from shared.sync.payments.standing import Standing, ledger_scope, paid_over, save_moves
from shared.sync.payments.terms import PaymentTerms, not_as_recorded, twice_in_books
from shared.sync.services import Services

MARGIN: Final = timedelta(seconds=5)
"""Beyond the end of a request, before it is looked for the last time."""


@dataclass(frozen=True, slots=True)
class Looked:
    """What a look-up made of a payment. `found`: it stands in the books, and we did not know it.

    `problem`: what a person is to be shown.
    """

    payment_id: SourceId
    row: LedgerRow
    found: bool = False
    problem: Problem | None = None


class Looker:
    """Reads the provider; raises what its reads raise."""

    def __init__(
        self,
        services: Services,
        connection: Connection,
        provider: AccountingProvider,
        terms: PaymentTerms,
    ) -> None:
        self._services = services
        self._provider = provider
        self._terms = terms
        self._connection = connection
        self._scope = ledger_scope(connection)
        self._label = provider.profile.label
        self._time_zone = connection.remote_company.time_zone

    def posts(self, standings: Sequence[Standing]) -> list[Looked]:
        """Of payments that are to be looked up or checked; each has a row, and its invoice a link.

        The moves are not stored yet, see `saved`.
        """
        now = self._services.clock.now()  # before it is asked: what is answered may be that old
        found = self._found(standings)
        looked = []
        for standing in standings:
            assert standing.post is not None  # noqa: S101 - said above
            rows = found.get(standing.payment.source_id, ())
            one = self._judged(standing.post, rows, now)
            problem = self._twice(standing.payment, one.row, rows)
            looked.append(replace(one, problem=problem))
        return looked

    def in_books(self, standings: Sequence[Standing]) -> dict[SourceId, Problem | None]:
        """Of payments that were found to stand otherwise in the books than here: how they stand now,
        None: as they should. Where a person kept another than ours of several, that one is ours.
        """
        found, stands = self._found(standings), dict[SourceId, Problem | None]()
        for standing in standings:
            payment, post = standing.payment, standing.post
            assert post is not None  # noqa: S101 - they were posted
            active = [r for r in found.get(payment.source_id, ()) if r.fields.active]
            ours = next((r for r in active if r.remote_id == post.remote_id), None)
            problem = None
            if len(active) > payment.active:
                problem = twice_in_books(self._label, payment, len(active) + (not payment.active))
            elif payment.active and active:
                problem = self._unlike(standing, active[0])
                if ours is None:
                    self._save([ledger.kept(post, active[0].remote_id, active[0].remote_version)])
            stands[payment.source_id] = problem
        return stands

    def _unlike(self, standing: Standing, remote: RemoteRecord) -> Problem | None:
        assert isinstance(remote.fields, PaymentFields)  # noqa: S101 - a payment was asked for
        over = paid_over(self._services.stores, self._connection, standing)
        return not_as_recorded(self._label, standing.payment, remote.fields, over)

    def sent_before(self, standings: Sequence[Standing]) -> list[Looked]:
        """Of payments that are about to go, and of which a request once went unheard: those that are in
        the books after all. The moves are not stored yet.
        """
        now = self._services.clock.now()
        looked = []
        for payment_id, rows in self._found(standings).items():
            [standing] = (s for s in standings if s.payment.source_id == payment_id)
            if standing.post is None or not rows:
                continue
            row = checked_later(_posted(standing.post, rows, now), now, self._time_zone)
            problem = self._twice(standing.payment, row, rows)
            looked.append(Looked(payment_id, row, found=True, problem=problem))
        return looked

    def _found(self, standings: Sequence[Standing]) -> Mapping[SourceId, Sequence[RemoteRecord]]:
        wanted = {}
        for standing in standings:
            fields = self._terms.fields(standing)
            if standing.post is not None and standing.post.customer_id:
                fields = replace(fields, customer_id=standing.post.customer_id)
            wanted[standing.payment.source_id] = fields
        return self._provider.find_payments(wanted)

    def voids(self, standings: Sequence[Standing]) -> list[Looked]:
        """Of payments whose void is to be looked up."""
        ids = [s.post.remote_id for s in standings if s.post is not None]
        now = self._services.clock.now()
        there = {
            row.remote_id: row for row in self._provider.records_by_id(RecordKind.PAYMENT, ids)
        }
        looked = []
        for standing in standings:
            if standing.post is None or standing.void is None:
                continue
            remote = there.get(standing.post.remote_id)
            gone = remote is None or not remote.fields.active
            found = (remote or _as_posted(standing.post),) if gone else ()
            looked.append(self._judged(standing.void, found, now))
        return looked

    def _judged(self, row: LedgerRow, found: Sequence[RemoteRecord], now: datetime) -> Looked:
        if row.state in (LedgerState.POSTED, LedgerState.REFUSED):
            row = ledger.checked(row)
        elif row.state is LedgerState.IN_FLIGHT:
            row = ledger.unknown(row, now, now)
        found_now = bool(found) and row.state is not LedgerState.POSTED
        if found_now:
            row = _posted(row, found, now)
        if row.state is not LedgerState.UNKNOWN:
            row = checked_later(row, now, self._time_zone)
        elif row.over_at is not None and now < row.over_at:
            row = ledger.looked(row, row.over_at + MARGIN)
        else:
            row = ledger.proved_absent(row)
        return Looked(row.payment_id, row, found_now)

    def _twice(
        self, payment: Payment, row: LedgerRow, found: Sequence[RemoteRecord]
    ) -> Problem | None:
        """Whether another one than ours bears something in the books. `row`: as it is now."""
        if row.state is not LedgerState.POSTED:
            return None
        others = [r for r in found if r.fields.active and r.remote_id != row.remote_id]
        return twice_in_books(self._label, payment, 1 + len(others)) if others else None

    def saved(self, looked: Sequence[Looked]) -> list[Looked]:
        """Those whose move is stored: a row that somebody else has moved meanwhile is theirs."""
        saved: list[Looked] = []
        for operation in Operation:
            some = {one.payment_id: one for one in looked if one.row.operation is operation}
            rows = [one.row for one in some.values()]
            stored = self._save(rows)
            saved.extend(replace(some[row.payment_id], row=row) for row in stored)
        return saved

    def _save(self, rows: Sequence[LedgerRow]) -> list[LedgerRow]:
        return save_moves(self._services.stores, self._scope, rows)


def _posted(row: LedgerRow, found: Sequence[RemoteRecord], now: datetime) -> LedgerRow:
    """As the oldest that bears something, else as the oldest."""
    remote = next((one for one in found if one.fields.active), found[0])
    return ledger.posted(row, remote.remote_id, remote.remote_version, now)


def _as_posted(row: LedgerRow) -> RemoteRecord:
    """A payment that the books do not show any more: as void as can be."""
    fields = PaymentFields(
        "", RemoteId(""), RemoteId(""), ZERO, ZERO, row.amount.currency, date.min, active=False
    )
    return RemoteRecord(row.remote_id, row.remote_version, fields, linkable=True)
