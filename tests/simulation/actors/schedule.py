"""EventBridge: every minute."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shared.domain.errors import RetryLater
from shared.sync.automatic.compare import look_at_connections
from shared.sync.runs import take_over_abandoned_runs
from shared.sync.services import Services
from tests.simulation.scheduler import Actor

if TYPE_CHECKING:
    from tests.simulation.installation import Installation


def tick(world: Installation) -> Actor:
    """What `schedule_syncs` does, in a function of its own."""

    def work(services: Services) -> None:
        try:
            taken = take_over_abandoned_runs(services)
            looked_at = look_at_connections(services) if world.road else 0
        except RetryLater as told:
            world.scheduler.note(f"SCHEDULE told {type(told).__name__}")
        else:
            world.scheduler.note(f"SCHEDULE took over {taken}, looked at {looked_at}")

    return world.functions.start("schedule", work)


def every_minute(world: Installation, seconds: float) -> None:
    until = world.elapsed + seconds
    while world.elapsed < until:
        world.scheduler.sleep(60.0)
        tick(world)
