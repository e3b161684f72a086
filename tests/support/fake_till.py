"""The payments of the fake books: nothing about them is unique, and one that is void stays.

A payment may be made as often as somebody asks; that is why the suite must not ask twice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from shared.domain.ids import RecordKind, RemoteId, RemoteVersion, RequestKey, SourceId
from shared.domain.invoice_fields import PaymentFields
from shared.domain.names import NameRules
from shared.domain.outcomes import Done, EntryOutcome, EntryRefused, Stale
from shared.domain.runs import Problem, PushAction
from shared.providers.base import RemoteRecord
from tests.support.fake_shapes import Shape
from tests.support.fake_shelf import Effect


def payment_fields(texts: Mapping[str, str]) -> PaymentFields:
    """The inverse of `canonical`."""
    return PaymentFields(
        name=texts["name"],
        customer_id=RemoteId(texts["customer_id"]),
        invoice_id=RemoteId(texts["invoice_id"]),
        amount=Decimal(texts["amount"]),
        applied=Decimal(texts["applied"]),
        currency=texts["currency"],
        paid_on=date.fromisoformat(texts["paid_on"]),
        method_id=texts["method_id"],
        deposit_account_id=texts["deposit_account_id"],
        number=texts["number"],
        note=texts["note"],
        active=texts["active"] == "true",
    )


class Till:
    """Everything here is instant and never fails. `keeps_back`: of a payment's applied sum, so much is
    left unapplied. `locked`: remote ids that a deposit holds. `closed`: every void is answered as
    stale, with this to be said where nobody else changed the payment.
    """

    shape = Shape(
        RecordKind.PAYMENT,
        NameRules(64, frozenset(), unique=False),
        lambda fields: fields.name,
        payment_fields,
    )

    def __init__(
        self, effects: list[Effect], refuses: Callable[[Any], Problem | None] = lambda _: None
    ) -> None:
        self._effects = effects
        self._refuses = refuses
        self._rows: dict[RemoteId, RemoteRecord] = {}
        self.keeps_back: Callable[[PaymentFields], Decimal] = lambda _: Decimal(0)
        self.locked: set[RemoteId] = set()
        self.closed: Problem | None = None

    def __iter__(self) -> Iterator[RemoteRecord]:
        """All of them, void ones included, oldest first."""
        return iter(self._rows.values())

    def get(self, remote_id: RemoteId) -> RemoteRecord | None:
        return self._rows.get(remote_id)

    def active(self) -> list[RemoteRecord]:
        return [row for row in self._rows.values() if row.fields.active]

    def named(self, name: str) -> list[RemoteRecord]:
        return [row for row in self.active() if row.fields.name == name]

    def referring(self, reference: str) -> list[RemoteRecord]:
        """Those with this reference, void ones included, oldest first."""
        return [row for row in self._rows.values() if row.fields.name == reference]

    def put(self, fields: Any, *, linkable: bool = True) -> RemoteRecord:
        remote_id = RemoteId(f"p{len(self._rows) + 1}")
        row = RemoteRecord(remote_id, RemoteVersion("0"), fields, linkable)
        self._rows[remote_id] = row
        return row

    def change(self, remote_id: RemoteId, **fields: Any) -> RemoteRecord:
        """A person changes a payment in the books."""
        row = self._rows[remote_id]
        version = RemoteVersion(str(int(row.remote_version) + 1))
        self._rows[remote_id] = replace(
            row, remote_version=version, fields=replace(row.fields, **fields)
        )
        return self._rows[remote_id]

    def write(
        self, entry: Mapping[str, Any], at: datetime, request_key: RequestKey, *, late: bool = False
    ) -> EntryOutcome:
        """Carry out one entry of a request as `fake_books` wrote it."""
        action, fields = PushAction(entry["action"]), payment_fields(entry["fields"])
        if action is PushAction.VOID:
            found = self._rows.get(RemoteId(entry["remote_id"]))
            if found is None or found.remote_version != entry["remote_version"] or self.closed:
                return Stale(self.closed)
            if found.remote_id in self.locked:
                problem = Problem("PAYMENT_DEPOSITED", "It is part of a bank deposit.", "", "")
                return EntryRefused(problem, problem.code)
            row = self.change(found.remote_id, active=False)
        else:
            problem_of = self._refuses(fields)
            if problem_of is not None:
                return EntryRefused(problem_of, problem_of.code)
            unapplied = fields.amount - fields.applied + self.keeps_back(fields)
            row = self.put(replace(fields, unapplied=unapplied))
        self._effects.append(
            Effect(
                at,
                request_key,
                action,
                SourceId(entry["source_id"]),
                row.remote_id,
                row.fields,
                late,
                RecordKind.PAYMENT,
            )
        )
        return Done(row.remote_id, row.remote_version, row.fields)
