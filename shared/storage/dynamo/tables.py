"""The three tables, their keys, and what a row costs to write.

Every table has the string keys `pk` and `sk`, and every row a `schema_version` and a `correlation_id`.
The parts of a key are escaped and joined by `#` (see `shared.storage.keys`).

    records     its stream will be the outbox, so it holds BlueClerk's records and nothing else
      item#<company>                                  <source id>          one item
      customer#<company>                              <source id>          one customer
      invoice#<company>                               <source id>          one invoice
      payment#<company>                               <invoice>#<payment>  one payment
    sync state  (TTL attribute `expires_at`)
      connection#<company>                            <provider>           one connection
      remote-company#<provider>#<remote company>      claim                whose remote company it is
      link#<company>#<provider>#<remote c.>#<kind>    <source id>          one link
      remote#<company>#<provider>#<remote c.>#<kind>  <remote id>          whose remote record it is
      mapping#<company>#<provider>#<remote c.>#<kind> <source id>          the account and tax code of one
      ledger#<company>#<provider>#<remote c.>#<op.>   <invoice>#<payment>  a payment's ledger row, for ever
      run#<company>#<provider>                        <run id>             one run (dies 90 d after its end)
      run-active#<company>#<provider>                 <kind>               which run is active
      run-start#<company>#<provider>                  <instant>#<run id>   runs by start (dies after 90 d)
      chunk#<company>#<provider>#<run>#<attempt>      <8 digits>           one chunk (dies after 90 d)
      failure#<company>#<provider>#<kind>             <source id>          one failure
      pacing#<company>#<provider>                     pacing               the shared budget
      due#<company>#<provider>#<kind>                 <0 urgent, 1>#<source id>  one due row
      automatic#<company>#<provider>                  state                batches, circuit, next comparison
      remote-list#<company>#<provider>                <name>               a cached list or a page (dies)
      listing#<company>#<provider>                    <remote c.>#<kind>   the list as a job
      audit#<company>                                 <instant>#<entry id> one entry, for ever
      notification#<company>                          <instant>#<id>       one notification (dies after 400 d)
      notification-open#<company>                     <cause>              which one of a cause is open
    grants      (TTL attribute `expires_at`)
      grant#<grant>                                   grant                one grant with its lease
      grant-user#<provider>#<sha256 of the user>      grant                which grant holds a user's chain
      consent#<sha256 of the state>                   consent              one consent request (dies)
      choice#<company>                                <provider>           one pending choice (dies)

`schedule` is a sparse index over what the schedule looks at: active runs (`schedule_lane` one of eight by run
id, `schedule_at` their start; a heartbeat changes neither, so heartbeats write nothing to it) and the
connections' automatic states (`schedule_lane` automatic-0 to -3, `schedule_at` when to look). Keys only.

`sweep` is a sparse index over the grants that are to be renewed: `sweep_lane` (provider, lane and one of
eight shards by grant id) and `sweep_at`. It projects keys only.

Write units (1 KB each, doubled in a transaction): a link 1 and its claim 1; a chunk of 30 entries 2,
when added and when saved; a heartbeat 1; a failure 1; a record 2 in a call of several (a transaction:
the emulator's stream does not see PartiQL writes, and the stream is the outbox) and 1 alone; a run's
start 7 and end 5, index included. A new item pushed: about 2.15 (2.13 counted, without heartbeats).
"""

from __future__ import annotations

from dataclasses import dataclass

from shared.config import Settings

SCHEMA_VERSION = 1
TTL_ATTRIBUTE = "expires_at"
SCHEDULE = "schedule"
SWEEP = "sweep"
SAME_CONTENT = "same_content"
"""Marks a record that was written though it says what it said before: the stream passes over it."""


@dataclass(frozen=True, slots=True)
class TableNames:
    """The names that the tables have in one installation."""

    records: str
    sync_state: str
    grants: str

    @classmethod
    def of(cls, settings: Settings) -> TableNames:
        return cls(settings.records_table, settings.sync_state_table, settings.grants_table)


@dataclass(frozen=True, slots=True)
class IndexDefinition:
    """A global secondary index over two string attributes that projects keys only."""

    name: str
    hash_key: str
    range_key: str


@dataclass(frozen=True, slots=True)
class TableDefinition:
    """What template.yaml and the tests' tables must be. `logical_id` is the resource's name there."""

    logical_id: str
    expires: bool
    indexes: tuple[IndexDefinition, ...] = ()


RECORDS = TableDefinition("RecordsTable", expires=False)
SYNC_STATE = TableDefinition(
    "SyncStateTable",
    expires=True,
    indexes=(IndexDefinition(SCHEDULE, "schedule_lane", "schedule_at"),),
)
GRANTS = TableDefinition(
    "GrantsTable", expires=True, indexes=(IndexDefinition(SWEEP, "sweep_lane", "sweep_at"),)
)

DEFINITIONS = (RECORDS, SYNC_STATE, GRANTS)
