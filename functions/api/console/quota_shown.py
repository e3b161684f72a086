"""What a provider allows and what is left of it, in plain words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from functions.api.console.words import Words
from shared.domain.connections import PacingMode
from shared.providers.base import CallClass
from shared.sync.quota import MinuteUse, Quota

_CALLED: Final = {
    None: "All requests together",
    CallClass.BATCH: "Requests with many records each",
    CallClass.SINGLE: "Requests with one record each",
    CallClass.READ: "Requests that only read",
}


@dataclass(frozen=True, slots=True)
class QuotaRow:
    called: str
    used: int
    allowed: int
    left: str


@dataclass(frozen=True, slots=True)
class QuotaView:
    """`mode` says the chosen pace; `notes` what holds besides at the moment."""

    rows: list[QuotaRow]
    mode: str
    notes: list[str]

    @classmethod
    def of(cls, quota: Quota, label: str, words: Words) -> QuotaView:
        notes = []
        if quota.paused_until is not None:
            seconds = (quota.paused_until - words.now).total_seconds()
            notes.append(f"{label} asked for a pause: it goes on in {words.duration(seconds)}.")
        if quota.careful_until is not None and quota.mode is PacingMode.ADAPTIVE:
            until = words.moment(quota.careful_until)
            notes.append(
                f"{label} refused a request as one too many, so its published limits are kept to "
                f"until {until}."
            )
        return cls([_row(use, words) for use in quota.minute], pace(quota.mode, label), notes)


def pace(mode: PacingMode, label: str) -> str:
    if mode is PacingMode.DOCUMENTED:
        return f"Careful: never more than {label} publishes as its limits."
    return (
        f"Fast: as many requests as {label} takes, until it refuses one; then its published limits "
        "are kept to for a day."
    )


def _row(use: MinuteUse, words: Words) -> QuotaRow:
    over = use.used - use.allowed
    left = f"{words.number(use.left)} left"
    if over > 0:
        left = f"{words.number(over)} more than published"
    return QuotaRow(_CALLED[use.call_class], use.used, use.allowed, left)
