"""How much of what a provider allows was used lately: read from the shared pace, without any call."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from shared.domain.connections import PacingMode
from shared.domain.ids import ConnectionKey
from shared.providers.base import CallClass, Limits
from shared.providers.budget import MINUTE, Block, Budget, from_text
from shared.sync.services import Services


@dataclass(frozen=True, slots=True)
class MinuteUse:
    """Requests of the last minute against a documented figure. `call_class` None: all together.

    `used` may count some that are reserved and not sent; it is never too low.
    """

    call_class: CallClass | None
    used: int
    allowed: int

    @property
    def left(self) -> int:
        return max(0, self.allowed - self.used)


@dataclass(frozen=True, slots=True)
class Quota:
    """`paused_until`: the provider takes nothing before that. `careful_until`: after a refusal for too
    many requests the documented figures are kept to, whatever the mode is.
    """

    minute: tuple[MinuteUse, ...]
    paused_until: datetime | None
    careful_until: datetime | None
    mode: PacingMode


def quota_of(services: Services, key: ConnectionKey, mode: PacingMode) -> Quota:
    row = services.stores.pacing.load(key)
    budget = from_text(row.state) if row else Budget()
    now = int(services.clock.now().timestamp() * 1000)
    limits = services.profile(key.provider).limits
    return Quota(
        minute=tuple(_uses(budget, limits, now)),
        paused_until=_instant(budget.pause_until, now),
        careful_until=_instant(budget.documented_until, now),
        mode=mode,
    )


def _uses(budget: Budget, limits: Limits, now: int) -> list[MinuteUse]:
    uses = []
    if limits.all_per_minute is not None:
        everything = [block for blocks in budget.blocks.values() for block in blocks]
        uses.append(MinuteUse(None, _used(everything, now), limits.all_per_minute))
    for call_class, allowed in limits.per_minute.items():
        if allowed != limits.all_per_minute:  # else it says the same again
            used = _used(budget.blocks.get(call_class, []), now)
            uses.append(MinuteUse(call_class, used, allowed))
    return uses


def _used(blocks: list[Block], now: int) -> int:
    return sum(block.count for block in blocks if block.end + MINUTE > now)


def _instant(milliseconds: int, now: int) -> datetime | None:
    if milliseconds <= now:
        return None
    return datetime.fromtimestamp(milliseconds / 1000, UTC)
