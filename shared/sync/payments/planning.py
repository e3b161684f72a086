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
from shared.domain.ids import RecordKind, SourceId
from shared.domain.invoices import Payment
from shared.domain.ledger import LedgerRow, LedgerState, Operation
from shared.domain.payment_plan import VOIDED_HERE, Decision, Step, checked_later, payload_hash
from shared.domain.runs import Problem, Run, RunState
from shared.providers.base import AccountingProvider
from shared.sync.automatic.relay import make_due
from shared.sync.engine.progress import Progress
from shared.sync.payments.looking import Looker
from shared.sync.payments.results import Results
from shared.sync.payments.standing import Standing, ledger_scope, save_moves, standing_of
from shared.sync.payments.standing import standings as read_standings
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
        self._look_at_strange(standings)
        found = self._look(standings)
        if found is not None:
            payments = [standing.payment for standing in standings]
            standings = read_standings(self._services.stores, self._connection, payments)
        now = self._services.clock.now()
        steps = [(standing, standing.decision(now)) for standing in standings]
        self.results.unchanged(
            sum(
                decision.step in (Step.NOTHING, Step.WAIT)
                and standing.payment.source_id not in (found or ())
                and standing.posted
                for standing, decision in steps
            )
        )
        self._cancel([s for s, decision in steps if decision.step is Step.CANCEL])
        for operation in Operation:
            self._reserve(operation, list(self._sendable(steps_of(steps, operation))))
        self.results.save()

    def _look_at_strange(self, standings: Sequence[Standing]) -> None:
        """Those that stand otherwise in the books than here may have been corrected there."""
        strange = [
            standing
            for standing in standings
            if standing.posted
            and standing.link is not None
            and self.results.is_strange(standing.payment)
        ]
        stands = self._looker.in_books(strange) if strange else {}
        self.results.looked_at_again([(s.payment, stands[s.payment.source_id]) for s in strange])

    def _look(self, standings: Sequence[Standing]) -> set[SourceId] | None:
        """Look up what is unknown or to be checked, and what once went unheard before it goes again; None:
        there was none. Answers those that stand in the books, and are counted, since.
        """
        now = self._services.clock.now()
        by = {s.payment.source_id: s.payment for s in standings}
        steps = [(s, s.decision(now)) for s in standings if s.link is not None]
        unsure = [(s, one) for s, one in steps if one.step in (Step.LOOK, Step.CHECK)]
        again = [s for s, decision in steps if _once_unheard(s, decision)]
        posts = [s for s, decision in unsure if decision.operation is Operation.POST]
        voids = [s for s, decision in unsure if decision.operation is Operation.VOID]
        judged = [
            *(self._looker.posts(posts) if posts else ()),
            *(self._looker.voids(voids) if voids else ()),
            *(self._looker.sent_before(again) if again else ()),
        ]
        self.results.told(judged, by)  # first: a worker that dies in between looks once more
        looked = self._looker.saved(judged)
        self.results.looked(looked, by)
        return {one.payment_id for one in looked if one.found} if unsure or again else None

    def _sendable(self, standings: Sequence[Standing]) -> Iterator[Standing]:
        """Those that may go now: the others wait for their invoice, or are refused."""
        waiting: list[Standing] = []
        going: list[Standing] = []
        for standing in standings:
            (waiting if self._terms.waits(standing) else going).append(standing)
        # Due, so that the automatic road has them wait and sends them as soon as they may go.
        versions = [(s.payment.source_id, s.payment.version) for s in waiting]
        key = self._connection.key
        make_due(self._services, key, RecordKind.PAYMENT, versions, asked=False)
        reserved: list[tuple[Standing, Problem]] = []
        for standing in going:
            problem = None if standing.posted else self._terms.refusal(standing)
            if problem is None:
                yield standing
            else:
                self.results.planned(1)
                self.results.refused(standing.payment, problem, problem.code)
                if standing.post is not None and standing.post.state is LedgerState.RESERVED:
                    reserved.append((standing, problem))
        self._freed(reserved)

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
        self.results.cancelled(self._freed([(standing, VOIDED_HERE) for standing in standings]))

    def _freed(self, standings: Sequence[tuple[Standing, Problem]]) -> list[Payment]:
        """Refuse those that are reserved and are not to be sent after all; answers those that were."""
        now = self._services.clock.now()
        zone = self._connection.remote_company.time_zone
        refused = [ledger.refused(s.post, problem, now) for s, problem in standings if s.post]
        rows = [checked_later(row, now, zone) for row in refused]
        saved = {
            row.payment_id: row for row in save_moves(self._services.stores, self._scope, rows)
        }
        freed = [s.payment for s, _ in standings if s.payment.source_id in saved]
        for payment in freed:
            row = saved[payment.source_id]
            if row.look_at is not None:
                self.results.look_again(payment, row)
        return freed


def _once_unheard(standing: Standing, decision: Decision) -> bool:
    """Whether it is to go again, or is called off, although a request with it may have been carried out
    since it was looked up last.
    """
    post = standing.post
    goes = decision.operation is Operation.POST and decision.step in (Step.SEND, Step.CANCEL)
    return goes and post is not None and post.unsure_at is not None


def steps_of(steps: Sequence[tuple[Standing, Decision]], operation: Operation) -> list[Standing]:
    """Those that are to be sent by that operation."""
    return [
        standing
        for standing, decision in steps
        if decision.step is Step.SEND and decision.operation is operation
    ]
