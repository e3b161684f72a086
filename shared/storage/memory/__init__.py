"""The storage ports in dictionaries: for the simulation and for unit tests.

They pass the same contract suite as the DynamoDB stores (tests/contract/stores). Each method does its
whole effect under one lock that all stores of an installation share, without calling anything that
waits: so it is atomic for real threads too, and a scheduler that runs one actor at a time never finds
the lock taken. Domain objects are frozen; where one holds a mapping, a copy goes in and a copy comes
out, as it would over the wire.
"""

from __future__ import annotations

from threading import RLock  # noqa: TID251 - a lock, no thread: `work` of InFlight may ask for a grant

from shared.storage.memory.audit import MemoryAudit
from shared.storage.memory.connections import MemoryConnections
from shared.storage.memory.due import MemoryAutomatic, MemoryDue
from shared.storage.memory.failures import MemoryFailures
from shared.storage.memory.files import MemoryFileImports
from shared.storage.memory.grants import MemoryChoices, MemoryConsents, MemoryGrants
from shared.storage.memory.ledger import MemoryLedger
from shared.storage.memory.linked_records import MemoryLinkedRecords
from shared.storage.memory.links import MemoryLinks
from shared.storage.memory.mappings import MemoryMappings
from shared.storage.memory.notifications import MemoryNotifications
from shared.storage.memory.records import MemoryRecords
from shared.storage.memory.runs import MemoryRuns
from shared.storage.memory.sessions import MemorySessions
from shared.storage.memory.small import MemoryListings, MemoryPacing, MemoryRemoteLists
from shared.storage.ports import Stores


def memory_stores() -> Stores:
    """All stores of one installation, empty."""
    lock = RLock()
    records, links = MemoryRecords(lock), MemoryLinks(lock)
    return Stores(
        records=records,
        links=links,
        mappings=MemoryMappings(lock),
        connections=MemoryConnections(lock),
        consents=MemoryConsents(lock),
        choices=MemoryChoices(lock),
        sessions=MemorySessions(lock),
        grants=MemoryGrants(lock),
        runs=MemoryRuns(lock),
        failures=MemoryFailures(lock),
        ledger=MemoryLedger(lock),
        due=MemoryDue(lock),
        automatic=MemoryAutomatic(lock),
        pacing=MemoryPacing(lock),
        remote_lists=MemoryRemoteLists(lock),
        listings=MemoryListings(lock),
        linked_records=MemoryLinkedRecords(lock, records, links),
        notifications=MemoryNotifications(lock),
        audit=MemoryAudit(lock),
        file_imports=MemoryFileImports(lock),
    )
