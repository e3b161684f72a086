"""EventBridge: every minute, for ever."""

from __future__ import annotations

from shared.domain.errors import RetryLater
from shared.sync.runs import take_over_abandoned_runs
from shared.sync.services import Services
from tests.simulation.installation import Installation


def every_minute(world: Installation) -> None:
    def work(services: Services) -> None:
        try:
            taken = take_over_abandoned_runs(services)
        except RetryLater as told:
            world.scheduler.note(f"SCHEDULE told {type(told).__name__}")
        else:
            world.scheduler.note(f"SCHEDULE took over {taken}")

    while True:
        world.scheduler.sleep(60.0)
        world.functions.start("schedule", work)
