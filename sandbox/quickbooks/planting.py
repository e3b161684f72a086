"""Objects that a person makes in the books, past the API: for control alone."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sandbox.jsontext import JsonObject, Raw
from sandbox.quickbooks.companies import Company
from sandbox.quickbooks.entities.kind import EntityKind, create, update
from sandbox.quickbooks.entities.schema import identifier
from sandbox.quickbooks.records import name_in
from sandbox.quickbooks.settings import QuickBooksSettings


def plant(
    company: Company,
    kind: EntityKind,
    objects: Sequence[dict[str, Any]],
    settings: QuickBooksSettings,
    now: datetime,
    *,
    raw: bool,
) -> list[Raw]:
    """Create each object, or change the one whose ``Id`` it has (sparse, the SyncToken filled in).

    ``raw`` stores new objects as they are given, past every rule: categories, bundles, names that the API
    would refuse. Raises ``Refusal``; what came before stays.
    """
    planted = []
    for values in objects:
        if identifier(values, "Id"):
            planted.append(_change(company, kind, values, settings, now))
        elif raw:
            complete: JsonObject = {
                "Active": True,
                "FullyQualifiedName": name_in(values),
                **values,
            }
            planted.append(company.table(kind.name).insert(complete, now).wire)
        else:
            planted.append(create(kind, company, values, now, settings).record.wire)
    return planted


def _change(
    company: Company,
    kind: EntityKind,
    values: JsonObject,
    settings: QuickBooksSettings,
    now: datetime,
) -> Raw:
    row = company.table(kind.name).get(identifier(values, "Id"))
    token = str(row.sync_token) if row is not None else "0"
    body: JsonObject = {**values, "SyncToken": token, "sparse": True}
    return update(kind, company, body, now, settings).record.wire
