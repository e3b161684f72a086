"""Wake-ups that a test sees and delivers."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from shared.domain.effects import Clock
from shared.domain.ids import ConnectionKey, RecordKind
from shared.domain.wake_up import Task, WakeUp
from shared.sync.automatic.compare import compare_now, look_at_connections
from shared.sync.services import Services


@dataclass(slots=True)
class RecordingWakeUps:
    """The `WakeUps` port: keeps what was sent, with the instant from which it may be delivered."""

    clock: Clock
    sent: list[tuple[datetime, ConnectionKey, RecordKind]] = field(default_factory=list)

    def wake(self, connection: ConnectionKey, kind: RecordKind, after: float = 0.0) -> None:
        at = self.clock.now() + timedelta(seconds=max(0.0, after))
        self.sent.append((at, connection, kind))

    def take_next(self) -> tuple[datetime, ConnectionKey, RecordKind] | None:
        """The earliest one, which is then gone."""
        if not self.sent:
            return None
        earliest = min(self.sent, key=lambda message: message[0])
        self.sent.remove(earliest)
        return earliest


@dataclass(slots=True)
class RecordingTasks:
    """The `Tasks` port: keeps what was handed over, as the queue's messages would say it."""

    sent: list[WakeUp] = field(default_factory=list)

    def hand_over(self, connection: ConnectionKey, kind: RecordKind, task: Task) -> None:
        self.sent.append(WakeUp(connection, kind, task=task))

    def event(self) -> dict[str, object]:
        """The first one as its queue's event; it is then gone."""
        return {"Records": [{"body": self.sent.pop(0).written()}]}


def tick(services: Services) -> int:
    """The schedule's look at the connections; what it has compared is compared at once."""
    looked_at = look_at_connections(services)
    tasks = services.tasks
    assert isinstance(tasks, RecordingTasks)
    asked = [each for each in tasks.sent if each.task is Task.COMPARE]
    for each in asked:
        tasks.sent.remove(each)
        compare_now(services, each.connection, each.kind)
    return looked_at
