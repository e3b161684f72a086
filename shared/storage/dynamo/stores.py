"""Makes all stores of one installation over DynamoDB."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from shared.domain.effects import Chance, Clock
from shared.domain.ids import CorrelationId
from shared.storage.dynamo.bulk import BulkRows
from shared.storage.dynamo.capacity import report_consumed
from shared.storage.dynamo.client import Sender
from shared.storage.dynamo.connections import DynamoConnections
from shared.storage.dynamo.consents import DynamoChoices, DynamoConsents
from shared.storage.dynamo.due import DynamoAutomatic, DynamoDue
from shared.storage.dynamo.failures import DynamoFailures
from shared.storage.dynamo.file_imports import DynamoFileImports
from shared.storage.dynamo.grants import DynamoGrants
from shared.storage.dynamo.ledger import DynamoLedger
from shared.storage.dynamo.linked_records import DynamoLinkedRecords
from shared.storage.dynamo.links import DynamoLinks
from shared.storage.dynamo.listings import DynamoListings
from shared.storage.dynamo.mappings import DynamoMappings
from shared.storage.dynamo.notifications import DynamoNotifications
from shared.storage.dynamo.records import DynamoRecords
from shared.storage.dynamo.runs import DynamoRuns
from shared.storage.dynamo.sessions import DynamoSessions
from shared.storage.dynamo.single import SingleRows
from shared.storage.dynamo.small import DynamoAudit, DynamoPacing, DynamoRemoteLists
from shared.storage.dynamo.tables import TableNames
from shared.storage.ports import Stores

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


def _no_correlation() -> CorrelationId:
    return CorrelationId("")


def dynamo_stores(
    tables: TableNames,
    client: DynamoDBClient,
    *,
    clock: Clock,
    chance: Chance,
    correlation_id: Callable[[], CorrelationId] = _no_correlation,
    on_consumed: Callable[[str, float], None] | None = None,
) -> Stores:
    """All stores over one client, which is set up with `client.client_config()`.

    `clock` and `chance` are for the pauses before another attempt, and for the dates on which rows
    die. `correlation_id` answers what the present work was caused by, for rows whose domain object
    does not say. `on_consumed` is told the name and the consumed units of each call.
    """
    if on_consumed is not None:
        report_consumed(client, on_consumed)
    sender = Sender(clock, chance)
    bulk = BulkRows(client, sender)
    state = SingleRows(tables.sync_state, client, sender, correlation_id)
    grants = SingleRows(tables.grants, client, sender, correlation_id)
    records = DynamoRecords(tables.records, client, sender, bulk)
    return Stores(
        records=records,
        links=DynamoLinks(tables.sync_state, bulk),
        mappings=DynamoMappings(tables.sync_state, bulk),
        connections=DynamoConnections(state),
        consents=DynamoConsents(grants),
        choices=DynamoChoices(grants),
        sessions=DynamoSessions(grants),
        grants=DynamoGrants(tables.grants, grants, bulk),
        runs=DynamoRuns(tables.sync_state, state, bulk, sender, clock, correlation_id),
        failures=DynamoFailures(tables.sync_state, bulk, correlation_id),
        ledger=DynamoLedger(tables.sync_state, bulk),
        due=DynamoDue(tables.sync_state, state, bulk),
        automatic=DynamoAutomatic(tables.sync_state, state, bulk),
        pacing=DynamoPacing(state),
        remote_lists=DynamoRemoteLists(state),
        listings=DynamoListings(state),
        linked_records=DynamoLinkedRecords(tables.sync_state, client, sender, records),
        notifications=DynamoNotifications(tables.sync_state, state, bulk),
        audit=DynamoAudit(tables.sync_state, state, bulk),
        file_imports=DynamoFileImports(tables.sync_state, state, bulk, clock, correlation_id),
    )
