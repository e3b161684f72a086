"""What a person does in the books, past the API: for control alone."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal

from sandbox.jsontext import Json, JsonObject, Raw
from sandbox.quickbooks import refusals
from sandbox.quickbooks.companies import Company
from sandbox.quickbooks.entities.kind import Context, EntityKind, create, delete, update, void
from sandbox.quickbooks.entities.schema import identifier
from sandbox.quickbooks.records import name_in


def plant(
    kind: EntityKind,
    objects: Sequence[dict[str, Any]],
    context: Context,
    operation: Literal["write", "void", "delete"] = "write",
    *,
    raw: bool = False,
) -> list[Raw]:
    """Create each object, or change the one whose ``Id`` it has (sparse, the SyncToken filled in).

    ``raw`` stores new objects as they are given, past every rule: categories, bundles, names that the API
    would refuse. Raises ``Refusal``; what came before stays.
    """
    planted = []
    for values in objects:
        if identifier(values, "Id") or operation != "write":
            planted.append(_change(kind, values, context, operation))
        elif raw:
            named: JsonObject = {"Active": True, "FullyQualifiedName": name_in(values)}
            complete = values if kind.transaction is not None else named | values
            table = context.books.table(kind.name)
            planted.append(table.insert(complete, context.now).wire)
        else:
            planted.append(create(kind, context, values).wire)
    return planted


def _change(
    kind: EntityKind,
    values: JsonObject,
    context: Context,
    operation: Literal["write", "void", "delete"],
) -> Raw:
    row = context.books.table(kind.name).get(identifier(values, "Id"))
    token = str(row.sync_token) if row is not None else "0"
    body: JsonObject = {**values, "SyncToken": token, "sparse": True}
    change = {"write": update, "void": void, "delete": delete}[operation]
    return change(kind, context, body).wire


def deposit(company: Company, payment_ids: Sequence[str], now: datetime, *, deposited: bool) -> str:
    """Put payments into a bank deposit, or take them out of theirs. The deposit's id, empty for the latter.

    Raises ``Refusal`` 610 before anything has changed.
    """
    table = company.table("Payment")
    payments = [table.get(payment_id) for payment_id in payment_ids]
    if None in payments:
        raise refusals.not_found()
    deposit_id = company.next_transaction_id() if deposited else ""
    linked: list[Json] = [{"TxnId": deposit_id, "TxnType": "Deposit"}] if deposited else []
    for payment in payments:
        if payment is not None:
            table.replace(payment, payment.values | {"LinkedTxn": linked}, now)
    return deposit_id
