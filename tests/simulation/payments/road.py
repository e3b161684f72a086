"""The automatic road of a world of payments, and how it comes to rest: two days, night checks included."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from shared.domain.ids import ConnectionKey, RecordKind
from shared.domain.wake_up import Task
from tests.simulation.actors import office, schedule
from tests.simulation.actors.queue import Queue
from tests.simulation.company import Company
from tests.simulation.installation import Installation
from tests.simulation.road import Road

KIND = RecordKind.PAYMENT
TICKS = ((12, 60.0), (6, 600.0), (24, 7200.0))
"""After the storm: so many ticks of the schedule, so many seconds apart. Longer than a refusal for a
passing cause is put off; then two days, with daily comparisons and nights among them.
"""


class PaymentsQueue(Queue):
    """Nothing but payments is here: wake-ups for other kinds would find nothing.

    Only what is to come at once may come twice: whoever finds that something waits wakes itself later,
    so that two of these would be four the next time, as long as it waits.
    """

    def wake(self, connection: ConnectionKey, kind: RecordKind, after: float = 0.0) -> None:
        """See the port."""
        if kind is KIND:
            super().wake(connection, kind, after, once=after > 0)

    def hand_over(self, connection: ConnectionKey, kind: RecordKind, task: Task) -> None:
        """See the port."""
        if kind is KIND:
            super().hand_over(connection, kind, task)


@dataclass(frozen=True, slots=True)
class PaymentsRoad(Road):
    def come_to_rest(self, company: Company) -> None:
        """Everything works again and nobody clicks: what is left is reported."""
        self.stream.calm()
        self.queue.calm()
        self._links_are_as_good_as_sent(company)
        for count, seconds in TICKS:
            for _ in range(count):
                self._tick(company, seconds)
        for what in self._left(company):
            self.world.watch.report(f"by itself: {what}")

    def _links_are_as_good_as_sent(self, company: Company) -> None:
        """Invoices are linked by hand here: nobody else works off the rows that payments made for them."""
        due = self.world.stores.due
        far = self.world.scheduler.now + timedelta(days=9)
        due.remove(due.look(company.key, RecordKind.INVOICE, far, 1000).ready)

    def _tick(self, company: Company, seconds: float) -> None:
        self.world.scheduler.sleep(seconds)
        office.reconnect(self.world, company)
        self.world.scheduler.join(schedule.tick(self.world))

    def _left(self, company: Company) -> Iterator[str]:
        stores = self.world.stores
        far = self.world.scheduler.now + timedelta(days=9)
        for row in stores.due.look(company.key, KIND, far, 1000).ready:
            yield f"{row.source_id} v{row.version} is still due, tried {row.tries} times"
        if stores.runs.active(company.key, KIND) is not None:
            yield "a run is still under way"
        state = stores.automatic.load(company.key)
        if state is None or state.circuit is not None:
            yield f"the circuit is still open: {state}"


def road_of(world: Installation) -> PaymentsRoad:
    """The world's road with what is of payments: to be called before any function runs."""
    road = world.road
    assert road is not None
    queue = PaymentsQueue(world.scheduler, world.ports, world.functions, road.queue.temper)
    return PaymentsRoad(world, road.stream, queue)
