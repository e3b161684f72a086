"""One measured process: runs a step of the product's own code and prints what it took, as JSON.

Started anew for each measurement, so that CPU seconds and peak memory are of that step alone. The
environment is that of the deployed function.
"""

from __future__ import annotations

import json
import os
import resource
import sys
import time
from collections import Counter
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import boto3

from bench.payment_storm import PAID_ON, amount_of, invoice_number, reference_of
from local.price_book import rows
from shared import bootstrap, config
from shared.domain.connections import Connection
from shared.domain.ids import (
    CompanyId,
    ConnectionKey,
    CorrelationId,
    PersonId,
    ProviderName,
    RecordKind,
    SourceId,
)
from shared.domain.invoices import Payment
from shared.domain.money import Money
from shared.domain.records import Item
from shared.domain.runs import Run
from shared.domain.wake_up import Task
from shared.providers import registry
from shared.storage.dynamo.capacity import write_units
from shared.storage.keys import payment_id
from shared.sync.review.import_work import work_import
from shared.sync.review.start import start_import
from shared.sync.runs import start_or_join
from shared.sync.services import Services
from shared.sync.steps import first_state, perform_step

WRITES = ("BatchExecuteStatement", "BatchWriteItem", "PutItem", "TransactWriteItems", "UpdateItem")
QUICKBOOKS = ProviderName("quickbooks")


class _NoTasks:
    """The worker does what is to be done itself."""

    def hand_over(self, connection: ConnectionKey, kind: RecordKind, task: Task) -> None:
        del connection, kind, task


class _NoWorkflow:
    """The worker is the state machine here."""

    def start_sync(self, run: Run) -> None:
        del run


def _services(consumed: Counter[str] | None) -> Services:
    """With `consumed`, storage calls ask for their units; that costs CPU, so only on request."""

    def count(operation: str, units: float) -> None:
        if consumed is not None:
            consumed[operation] += round(units)

    settings = config.load(registry.provider_names())
    on_consumed = count if consumed is not None else None
    built = bootstrap.build(settings, on_consumed=on_consumed)
    return replace(built, workflows=_NoWorkflow(), tasks=_NoTasks())


def _connection(services: Services, company_id: str) -> Connection:
    found = services.stores.connections.get(ConnectionKey(CompanyId(company_id), QUICKBOOKS))
    if found is None:
        raise SystemExit(f"{company_id} is not connected")
    return found


def seed(services: Services, company_id: str, count: int) -> dict[str, Any]:
    """`count` items from the price book, as often as it takes."""
    book = rows()
    items = []
    for number in range(count):
        row = book[number % len(book)]
        again = number // len(book)
        items.append(
            Item(
                source_id=SourceId(f"{row.id}-{again}" if again else row.id),
                name=f"{row.name} {again}" if again else row.name,
                unit_price=Money(row.unit_price, row.currency),
                code=row.code,
                description=row.description,
                unit=row.unit,
                version=1,
                updated_at=services.clock.now(),
                correlation_id=CorrelationId("bench"),
            )
        )
    for start in range(0, count, 1000):
        services.stores.records.save(CompanyId(company_id), items[start : start + 1000])
    return {"items": count}


def steps(services: Services, company_id: str, operations: list[str]) -> dict[str, Any]:
    """Run the state machine's steps in this process, each as often as it asks for."""
    connection = _connection(services, company_id)
    run = start_or_join(services, connection, RecordKind.ITEM, PersonId("bench")).run
    if run.takeovers == 0 and operations[0] == "plan":
        state = first_state(run)
    else:
        state = {**first_state(run), "outcome": "done"}
    measured: dict[str, Any] = {}
    for operation in operations:
        began, cpu = time.perf_counter(), time.process_time()
        calls = 0
        while True:
            calls += 1
            state = perform_step(services, operation, state, 300.0)
            if operation != "push" or state["outcome"] in ("done", "needs_reauth", "stopped"):
                break
            if state["outcome"] == "rejected":
                state = perform_step(services, "push_singly", state, 300.0)
            if state["outcome"] == "wait":
                time.sleep(float(state["waitSeconds"]))
        measured[operation] = {
            "seconds": round(time.perf_counter() - began, 3),
            "cpu": round(time.process_time() - cpu, 3),
            "slices": calls,
            "outcome": state["outcome"],
        }
    ended = services.stores.runs.get(connection.key, run.run_id)
    if ended is not None:
        counts = ended.counts
        measured["counts"] = {name: getattr(counts, name) for name in counts.__slots__}
        measured["provider_calls"] = ended.provider_calls
        measured["state"] = ended.state.value
    return measured


def pay(
    services: Services, company_id: str, invoices: int, each: int, since: int
) -> dict[str, Any]:
    """The payments from number `since` on of each invoice of a storm, a page of them at once."""
    company = CompanyId(company_id)
    made = [
        Payment(
            source_id=payment_id(SourceId(invoice_number(place)), str(number)),
            invoice_id=SourceId(invoice_number(place)),
            amount=Money(amount_of(number, each), "USD"),
            paid_on=PAID_ON,
            reference=reference_of(place, number),
            version=1,
            updated_at=services.clock.now(),
            correlation_id=CorrelationId("bench"),
        )
        for number in range(since, each)
        for place in range(invoices)
    ]
    for start in range(0, len(made), 100):
        services.stores.records.save(company, made[start : start + 100])
    return {"payments": len(made)}


def import_all(services: Services, company_id: str) -> dict[str, Any]:
    """Every customer that is new in the books, from the first listing to the last result."""
    connection = _connection(services, company_id)
    began, cpu = time.perf_counter(), time.process_time()
    run = start_import(services, connection.key, RecordKind.CUSTOMER, None, PersonId("bench"))
    until = services.clock.now() + timedelta(seconds=3600)
    work_import(services, connection.key, RecordKind.CUSTOMER, until)
    ended = services.stores.runs.get(connection.key, run.run_id)
    return {
        "seconds": round(time.perf_counter() - began, 3),
        "cpu": round(time.process_time() - cpu, 3),
        "created": ended.counts.created if ended else 0,
    }


def touch(services: Services, company_id: str, source_id: str) -> dict[str, Any]:
    """One item's price, one cent up."""
    company = CompanyId(company_id)
    item = services.stores.records.get(company, Item, SourceId(source_id))
    if item is None:
        raise SystemExit(f"there is no item {source_id}")
    price = Money(item.unit_price.amount + Decimal("0.01"), item.unit_price.currency)
    services.stores.records.save(
        company, [replace(item, unit_price=price, version=item.version + 1)]
    )
    return {}


def _write_units(company_id: str, consumed: Counter[str]) -> float:
    """What the writes cost, by DynamoDB's rule for row sizes.

    The emulator says one unit for every PartiQL statement, so what larger rows cost is added from the
    rows as they are stored: links and claims were written once, chunks twice (planned, done).
    """
    units = float(sum(count for name, count in consumed.items() if name in WRITES))
    client = boto3.client("dynamodb")
    pages = client.get_paginator("scan").paginate(
        TableName=os.environ["SYNC_STATE_TABLE"], ConsistentRead=True
    )
    for page in pages:
        for row in page["Items"]:
            if company_id in row["pk"]["S"].replace("#", "/").split("/"):
                times = 2 if "chunk" in row["sk"]["S"] else 1
                units += times * (write_units(row) - 1)
    return units


def main() -> None:
    """`seed COMPANY COUNT`, `pay COMPANY INVOICES EACH SINCE`, `touch COMPANY ITEM`, `steps COMPANY
    OPERATION…`, `counted …` the same, or `import COMPANY`.
    """
    task, company_id, *rest = sys.argv[1:]
    consumed: Counter[str] | None = Counter() if task in ("counted", "import") else None
    services = _services(consumed)
    if task == "seed":
        measured = seed(services, company_id, int(rest[0]))
    elif task == "pay":
        measured = pay(services, company_id, *map(int, rest))
    elif task == "import":
        measured = import_all(services, company_id)
    elif task == "touch":
        measured = touch(services, company_id, rest[0])
    else:
        measured = steps(services, company_id, rest)
    measured["peak_mb"] = round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1)
    if consumed is not None:
        measured["consumed"] = dict(consumed)
        measured["write_units"] = _write_units(company_id, consumed)
    print(json.dumps(measured))


if __name__ == "__main__":
    main()
