"""What a run of payments has done, told from the ledger."""

from __future__ import annotations

from dataclasses import replace

from shared.domain.connections import Connection
from shared.domain.ids import RecordKind
from shared.domain.ledger import LedgerRow, LedgerState
from shared.domain.runs import Run, RunCounts
from shared.sync.engine.failures import standing_failures
from shared.sync.payments.standing import Standing, standing_of
from shared.sync.services import Services


def payment_counts(services: Services, connection: Connection, run: Run) -> RunCounts:
    """What a crash left uncounted is counted, and what it counted twice is not."""
    standing = standing_of(services.stores, connection, run.only)
    counts = RunCounts()
    for one in standing:
        counts = counts.plus(_counted(one, run))
    failures = standing_failures(services.stores, run.connection, RecordKind.PAYMENT, run.only)
    refused = sum(failure.run_id == run.run_id for failure in failures)
    counts = replace(counts, refused=refused)
    return replace(counts, total=max(run.counts.total, counts.settled))


def _counted(standing: Standing, run: Run) -> RunCounts:
    if not standing.payment.active:
        return RunCounts(updated=int(_by(run, standing.void)))
    if not standing.posted:
        return RunCounts()
    return RunCounts(created=1) if _by(run, standing.post) else RunCounts(unchanged=1)


def _by(run: Run, row: LedgerRow | None) -> bool:
    """Whether the row was posted since the run began."""
    if row is None or row.state is not LedgerState.POSTED or row.settled_at is None:
        return False
    return row.settled_at >= run.started_at
