"""Plan a run of payments: look up what is unknown, refuse what cannot go, reserve what goes.

Nothing is sent here. A ledger row is written by conditional put before any call, so whatever else is
after the same payment (another click, a retry, a worker that was thought dead) finds it taken.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import islice

from shared import correlation
from shared.domain import ledger
from shared.domain.connections import Connection
from shared.domain.ids import RecordKind
from shared.domain.ledger import LedgerRow, LedgerState, Operation
from shared.domain.payment_plan import VOIDED_HERE, Decision, Step, payload_hash
from shared.domain.runs import Run, RunState
from shared.providers.base import AccountingProvider
from shared.sync.automatic.relay import make_due
from shared.sync.engine.progress import Progress
from shared.sync.payments.looking import Looker
from shared.sync.payments.results import Results
from shared.sync.payments.standing import Standing, ledger_scope, save_moves, standing_of
from shared.sync.payments.terms import PaymentTerms
from shared.sync.services import Services

TOGETHER = 30
"""Payments that are looked at, reserved and looked up at once."""


def plan_payments(
    services: Services,
    connection: Connection,
    provider: AccountingProvider,
    progress: Progress,
) -> Run:
    """Reserve what is to be sent and move the run to PUSHING.

    Raises what look-ups raise, and `LostLease`; a plan that is begun again finds what it has reserved.
    """
    planning = _Planning(services, connection, provider, progress)
    standings = standing_of(services.stores, connection, progress.run.only)
    while some := list(islice(standings, TOGETHER)):
        planning.plan(some)
    planning.results.save()
    return progress.replace(replace(progress.run, state=RunState.PUSHING))


class _Planning:
    def __init__(
        self,
        services: Services,
        connection: Connection,
        provider: AccountingProvider,
        progress: Progress,
    ) -> None:
        self._services = services
        self._connection = connection
        self._terms = PaymentTerms(connection, provider.profile)
        self._looker = Looker(services, connection, provider, self._terms)
        self._scope = ledger_scope(connection)
        self.results = Results(services, connection, progress)

    def plan(self, standings: Sequence[Standing]) -> None:
        now = self._services.clock.now()
        steps = [(standing, standing.decision(now)) for standing in standings]
        by = {s.payment.source_id: s.payment for s in standings}
        unsure = [
            (standing, decision)
            for standing, decision in steps
            if decision.step in (Step.LOOK, Step.CHECK) and standing.link is not None
        ]
        posts = [s for s, decision in unsure if decision.operation is Operation.POST]
        voids = [s for s, decision in unsure if decision.operation is Operation.VOID]
        if posts:
            self.results.looked(self._looker.posts(posts), by)
        if voids:
            self.results.looked(self._looker.voids(voids), by)
        self.results.unchanged(
            sum(
                decision.step in (Step.NOTHING, Step.WAIT)
                and standing.post is not None
                and standing.post.state is LedgerState.POSTED
                for standing, decision in steps
            )
        )
        self._cancel([s for s, decision in steps if decision.step is Step.CANCEL])
        for operation in Operation:
            self._reserve(operation, list(self._sendable(steps_of(steps, operation))))
        self.results.save()

    def _sendable(self, standings: Sequence[Standing]) -> Iterator[Standing]:
        """Those that may go now: the others wait for their invoice, or are refused."""
        waiting = [s for s in standings if self._terms.waits(s)]
        # Due, so that the automatic road has them wait and sends them as soon as they may go.
        versions = [(s.payment.source_id, s.payment.version) for s in waiting]
        make_due(self._services, self._connection.key, RecordKind.PAYMENT, versions)
        for standing in standings:
            if standing in waiting:
                continue
            in_books = standing.post is not None and standing.post.state is LedgerState.POSTED
            problem = None if in_books else self._terms.refusal(standing)
            if problem is None:
                yield standing
            else:
                self.results.planned(1)
                self.results.refused(standing.payment, problem, problem.code)

    def _reserve(self, operation: Operation, standings: Sequence[Standing]) -> None:
        now = self._services.clock.now()
        rows: list[LedgerRow] = []
        for standing in standings:
            before, payment = standing.row(operation), standing.payment
            if before is not None and before.state is LedgerState.RESERVED:
                continue
            row = ledger.reserved(
                before,
                payment.source_id,
                operation,
                payload_hash(payment),
                payment.amount,
                now,
            )
            cause = payment.correlation_id or correlation.current()
            rows.append(replace(row, correlation_id=cause))
        save_moves(self._services.stores, self._scope, rows)  # lost: somebody else has it
        self.results.planned(len(standings))

    def _cancel(self, standings: Sequence[Standing]) -> None:
        now = self._services.clock.now()
        rows = [ledger.refused(s.post, VOIDED_HERE, now) for s in standings if s.post]
        saved = {row.payment_id for row in save_moves(self._services.stores, self._scope, rows)}
        self.results.cancelled([s.payment for s in standings if s.payment.source_id in saved])


def steps_of(steps: Sequence[tuple[Standing, Decision]], operation: Operation) -> list[Standing]:
    """Those that are to be sent by that operation."""
    return [
        standing
        for standing, decision in steps
        if decision.step is Step.SEND and decision.operation is operation
    ]
