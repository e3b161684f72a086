"""One provider company reached with one connection's tokens: what every adapter's calls have in common.

The adapter builds calls and judges answers; the session adds the token, renews it after a 401, paces
and repeats reads, and counts. Nothing of an answer but its status, numeric codes and request id gets
into a message.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Final, TypeGuard, TypeVar

from shared.domain.effects import Chance, Clock
from shared.domain.errors import (
    NeedsReauth,
    ProviderTrouble,
    ProviderUnavailable,
    RateLimited,
)
from shared.domain.outcomes import Answered, CallOutcome, NoTrustworthyAnswer, Throttled
from shared.providers.base import CallClass, ProviderProfile, TokenSource
from shared.providers.http import HttpAnswer, HttpFailure, HttpRequest, Transport
from shared.providers.pacing import Pacer
from shared.providers.redaction import redact

P = TypeVar("P")

READ_DEADLINE: Final = 20.0
"""Seconds for one try of a read, so that a worker that reads still shows signs of life."""
READ_PATIENCE: Final = 45.0
"""Seconds for a read with its waiting and repeats; a run that is silent for 60 s is taken over."""

_REPEATS: Final = 2
_MOST_THROTTLED: Final = 3
_FIRST_PAUSE: Final = 0.5
_SHORTEST_TRY: Final = 1.0
"""Seconds: fewer are no use to anybody."""


class TokenRefused(Exception):
    """Raised by a judge for a 401. `renewable` False: another token would be refused as well."""

    def __init__(self, *, renewable: bool) -> None:
        super().__init__("the access token was refused")
        self.renewable = renewable


@dataclass(frozen=True, slots=True)
class HttpCall:
    """A call without its token. `what` names it in messages, without data ("query Item")."""

    what: str
    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes = b""


class CallCounter:
    """Counts HTTP calls to a provider; several threads may add."""

    def __init__(self) -> None:
        self._marks: deque[None] = deque()  # appending is atomic, adding to a number is not

    def add(self) -> None:
        self._marks.append(None)

    @property
    def total(self) -> int:
        return len(self._marks)


def _unauthorised(answer: HttpAnswer | HttpFailure) -> TypeGuard[HttpAnswer]:
    return isinstance(answer, HttpAnswer) and answer.status == HTTPStatus.UNAUTHORIZED


class ProviderSession:
    """`deadline`: total seconds of one write. `pacer` None: reads are not paced, the caller sees to it.

    `patience`: seconds of a read with its waiting and repeats; renewing a token comes on top.

    Writes are paced by whoever sends them (`Pacer.may_start`), because that decides how many are in
    flight; a write repeated after a 401 takes no further permit.
    """

    def __init__(
        self,
        profile: ProviderProfile,
        tokens: TokenSource,
        transport: Transport,
        pacer: Pacer | None,
        clock: Clock,
        chance: Chance,
        calls: CallCounter,
        deadline: float,
        patience: float = READ_PATIENCE,
    ) -> None:
        self.profile = profile
        self._tokens = tokens
        self._transport = transport
        self._pacer = pacer
        self._clock = clock
        self._chance = chance
        self._calls = calls
        self._deadline = deadline
        self._patience = patience

    def write(
        self, call: HttpCall, renewable: Callable[[HttpAnswer], bool]
    ) -> HttpAnswer | HttpFailure:
        """Send once; after a 401 that `renewable` says a new token may cure, the same bytes once more.

        Safe to call from several threads. Raises what the token source raises: nothing was written.
        """
        token, version = self._tokens.access_token()
        answer = self._exchange(call, token, self._deadline)
        if _unauthorised(answer) and renewable(answer):
            token, version = self._tokens.renew(after_version=version)
            answer = self._exchange(call, token, self._deadline)
        return answer

    def read(self, call: HttpCall, judge: Callable[[HttpAnswer], P]) -> P:
        """What `judge` makes of the answer; it must be safe to send the call again.

        `judge` raises `TokenRefused`, `RateLimited` (`after` 0 where the provider did not say),
        `ProviderUnavailable`, or whatever is final. Repeated: once after renewing the token, a few
        times after 429s, twice after no trustworthy answer; all within the patience. Raises the
        last of these errors, `NeedsReauth` for a refused token, and what the pacer raises.
        """
        until = self._clock.now() + timedelta(seconds=self._patience)
        try:
            return self._read(call, judge, until)
        except ProviderTrouble as trouble:
            trouble.provider = self.profile.name
            raise
        finally:
            if self._pacer is not None:
                self._pacer.rest()

    def _read(self, call: HttpCall, judge: Callable[[HttpAnswer], P], until: datetime) -> P:
        token, version = self._tokens.access_token()
        renewed, throttled, unanswered = False, 0, 0
        while True:
            self._wait_turn(self._left(until))
            try:
                return self._judged(call, token, judge, self._left(until))
            except TokenRefused as refused:
                if renewed or not refused.renewable:
                    raise NeedsReauth(self.profile.name) from None
                token, version = self._tokens.renew(after_version=version)
                renewed = True
            except RateLimited as limited:
                throttled += 1
                if throttled > _MOST_THROTTLED or self._pacer is None:
                    after = limited.after or self.profile.limits.throttle_pause
                    raise RateLimited(str(limited), after) from None
            except ProviderUnavailable:
                unanswered += 1
                pause = _FIRST_PAUSE * 2**unanswered * (0.5 + self._chance.fraction() / 2)
                if unanswered > _REPEATS or pause + _SHORTEST_TRY > self._left(until):
                    raise
                self._clock.sleep(pause)

    def _left(self, until: datetime) -> float:
        return (until - self._clock.now()).total_seconds()

    def _judged(
        self, call: HttpCall, token: str, judge: Callable[[HttpAnswer], P], left: float
    ) -> P:
        """One try. The pacer hears of it, whatever comes of it."""
        outcome: CallOutcome = Answered({})
        try:
            return judge(self._answer(call, token, left))
        except RateLimited as limited:
            outcome = Throttled(limited.after or None)
            raise
        except ProviderUnavailable:
            outcome = NoTrustworthyAnswer("no trustworthy answer")
            raise
        finally:
            if self._pacer is not None:
                self._pacer.note(outcome, CallClass.READ)

    def _answer(self, call: HttpCall, token: str, left: float) -> HttpAnswer:
        deadline = min(self._deadline, READ_DEADLINE, max(_SHORTEST_TRY, left))
        answer = self._exchange(call, token, deadline)
        if isinstance(answer, HttpFailure):
            raise ProviderUnavailable(self.message(call, answer.reason))
        return answer

    def message(self, call: HttpCall, reason: str) -> str:
        return redact(f"{self.profile.name}: {call.what}: {reason}")

    def _wait_turn(self, at_most: float) -> None:
        if self._pacer is not None:
            self._pacer.wait_turn(CallClass.READ, max(0.0, at_most))

    def _exchange(self, call: HttpCall, token: str, deadline: float) -> HttpAnswer | HttpFailure:
        self._calls.add()
        headers = {**call.headers, "authorization": f"Bearer {token}"}
        return self._transport.exchange(
            HttpRequest(call.method, call.url, headers, call.body, deadline)
        )
