"""Wake-ups that a test sees and delivers."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from shared.domain.effects import Clock
from shared.domain.ids import ConnectionKey, RecordKind


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
