"""Payments that nobody heard of: what the stream missed, and what a crash left under way."""

from __future__ import annotations

from collections.abc import Iterator

from shared.domain.connections import Connection
from shared.domain.ids import RecordKind, SourceId
from shared.domain.invoices import Payment
from shared.domain.payment_plan import Step
from shared.domain.runs import Failure
from shared.sync.engine.failures import stored_failures
from shared.sync.payments.standing import ledger_standings, stands_no_longer
from shared.sync.services import Services


def missed_payments(services: Services, connection: Connection) -> Iterator[tuple[SourceId, int]]:
    """Those that need anything, but for those that stand refused in that version: a person is asked.
    And those that stand refused no longer.
    """
    failures = _failures(services, connection)
    now = services.clock.now()
    for standing in ledger_standings(services.stores, connection):
        payment = standing.payment
        step = standing.decision(now).step
        failure = failures.get(payment.source_id)
        if failure is not None and stands_no_longer(standing, failure):
            yield payment.source_id, payment.version
        elif step is Step.NOTHING:
            continue
        elif step is not Step.SEND or not _refused_as_it_is(payment, failure):
            yield payment.source_id, payment.version


def unsure_payments(services: Services, connection: Connection) -> Iterator[tuple[SourceId, int]]:
    """Those that may be in the books though nobody heard: to be looked for, whoever asks or not."""
    now = services.clock.now()
    for standing in ledger_standings(services.stores, connection):
        if standing.decision(now).step not in (Step.NOTHING, Step.SEND):
            yield standing.payment.source_id, standing.payment.version


def unsent_payments(services: Services, connection: Connection) -> Iterator[tuple[SourceId, int]]:
    """Those that would go, but for those that stand refused in that version."""
    failures = _failures(services, connection)
    now = services.clock.now()
    for standing in ledger_standings(services.stores, connection):
        payment = standing.payment
        sends = standing.decision(now).step is Step.SEND
        if sends and not _refused_as_it_is(payment, failures.get(payment.source_id)):
            yield payment.source_id, payment.version


def _failures(services: Services, connection: Connection) -> dict[SourceId, Failure]:
    stored = stored_failures(services.stores, connection.key, RecordKind.PAYMENT)
    return {failure.source_id: failure for failure in stored}


def _refused_as_it_is(payment: Payment, failure: Failure | None) -> bool:
    return failure is not None and failure.source_version == payment.version
