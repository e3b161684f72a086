"""The session: what is repeated, how often, within which time, and what is never said."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from shared.domain.connections import PacingMode
from shared.domain.errors import (
    ConnectionStopped,
    NeedsReauth,
    ProviderContractBroken,
    ProviderUnavailable,
    RateLimited,
    RetryLater,
)
from shared.domain.ids import RecordKind
from shared.domain.runs import Problem
from shared.providers.base import CallClass
from shared.providers.http import HttpAnswer, HttpFailure, HttpRequest
from shared.providers.pacing import Pacer
from shared.providers.quickbooks.profile import PROFILE
from shared.providers.session import (
    READ_PATIENCE,
    CallCounter,
    HttpCall,
    ProviderSession,
    TokenRefused,
)
from tests.support.effects import SeededChance, VirtualClock
from tests.unit.providers.scripted import (
    TIMEOUT,
    CountingTokens,
    Reply,
    ScriptedTransport,
    replied,
)
from tests.unit.providers.virtual_world import CONNECTION, LIMITS, MemoryPacing

CALL = HttpCall("query Item", "POST", "http://books/query", {"accept": "application/json"}, b"q")
OK = replied({"a": 1})
NO = replied(b"", 401)
SLOW_DOWN = replied(b"", 429)
DOWN = replied(b"", 503)


def judge(answer: HttpAnswer) -> str:
    if answer.status == 401:
        raise TokenRefused(renewable=answer.body != b"lost")
    if answer.status == 429:
        raise RateLimited("query Item: HTTP 429", float(answer.headers.get("retry-after", 0)))
    if answer.status >= 500:
        raise ProviderUnavailable("query Item: HTTP 5xx")
    return answer.body.decode()


def renewable(answer: HttpAnswer) -> bool:
    return answer.body != b"lost"


class Bench:
    """One session over scripted replies."""

    def __init__(
        self,
        *replies: Reply,
        paced: bool = True,
        dead: bool = False,
        patience: float = READ_PATIENCE,
    ) -> None:
        self.clock = VirtualClock()
        self.store = MemoryPacing()
        self.transport = ScriptedTransport(*replies)
        self.tokens = CountingTokens(dead=dead)
        self.calls = CallCounter()
        self.pacer = Pacer(
            self.store,
            CONNECTION,
            LIMITS,
            PacingMode.ADAPTIVE,
            RecordKind.ITEM,
            self.clock,
            "s",
        )
        self.session = ProviderSession(
            PROFILE,
            self.tokens,
            self.transport,
            self.pacer if paced else None,
            self.clock,
            SeededChance(),
            self.calls,
            30.0,
            patience,
        )

    def tokens_used(self) -> list[str]:
        return [request.headers["authorization"] for request in self.transport.requests]


# Reading


def test_a_read_carries_the_token_and_is_counted_and_paced() -> None:
    bench = Bench(OK)
    assert bench.session.read(CALL, judge) == '{"a": 1}'
    (request,) = bench.transport.requests
    assert request.headers == {"accept": "application/json", "authorization": "Bearer token-1"}
    assert (request.method, request.url, request.body) == ("POST", "http://books/query", b"q")
    assert request.deadline == 20.0  # a try of a read is shorter than a write's 30 s
    assert bench.calls.total == 1
    assert bench.store.saves == 1


def test_a_read_renews_the_token_once_and_goes_again() -> None:
    bench = Bench(NO, OK)
    assert bench.session.read(CALL, judge) == '{"a": 1}'
    assert bench.tokens_used() == ["Bearer token-1", "Bearer token-2"]
    assert bench.tokens.renewed_after == [1]
    assert bench.calls.total == 2


@pytest.mark.parametrize(
    ("replies", "dead", "renewals"),
    [((NO, NO), False, 1), ((NO,), True, 1), ((replied(b"lost", 401),), False, 0)],
    ids=["refused again", "renewing fails", "not curable"],
)
def test_a_read_that_no_token_can_do_needs_reauthorising(
    replies: tuple[Reply, ...], *, dead: bool, renewals: int
) -> None:
    bench = Bench(*replies, dead=dead)
    with pytest.raises(NeedsReauth):
        bench.session.read(CALL, judge)
    assert len(bench.tokens.renewed_after) == renewals


@pytest.mark.parametrize("trouble", [DOWN, TIMEOUT, HttpFailure("ConnectError", sent=False)])
def test_a_read_without_a_good_answer_is_repeated_twice_with_growing_pauses(
    trouble: HttpAnswer | HttpFailure,
) -> None:
    bench = Bench(trouble, trouble, OK)
    assert bench.session.read(CALL, judge) == '{"a": 1}'
    first, second = bench.clock.slept
    assert 0.5 <= first <= 1.0 <= second <= 2.0
    with pytest.raises(ProviderUnavailable):
        Bench(trouble).session.read(CALL, judge)
    bench = Bench(trouble)
    with pytest.raises(ProviderUnavailable):
        bench.session.read(CALL, judge)
    assert bench.calls.total == 3


def test_a_throttled_read_waits_as_the_pacer_says_and_goes_again() -> None:
    bench = Bench(SLOW_DOWN, OK)
    assert bench.session.read(CALL, judge) == '{"a": 1}'
    assert bench.clock.slept == [1.0]
    assert bench.pacer.may_start(CallClass.BATCH, 0) == 0.0


def test_a_read_that_stays_throttled_gives_up_within_its_patience() -> None:
    bench = Bench(SLOW_DOWN)
    with pytest.raises(RateLimited) as limited:
        bench.session.read(CALL, judge)
    assert limited.value.after == 60.0  # the pause is longer than anybody would wait here
    assert bench.calls.total == 2
    assert sum(bench.clock.slept) <= READ_PATIENCE


def test_without_a_pacer_a_throttled_read_is_said_at_once() -> None:
    bench = Bench(replied(b"", 429, retry_after="7"), paced=False)
    with pytest.raises(RateLimited) as limited:
        bench.session.read(CALL, judge)
    assert limited.value.after == 7.0
    bench = Bench(SLOW_DOWN, paced=False)
    with pytest.raises(RateLimited) as limited:
        bench.session.read(CALL, judge)
    assert limited.value.after == 60.0


def test_all_tries_of_a_read_together_keep_its_patience() -> None:
    """A run that is silent for longer is taken over; a caller of the API is cut off by the gateway."""
    for patience, tries in ((READ_PATIENCE, 3), (8.0, 1), (3.0, 1)):
        bench = Bench(OK, patience=patience)

        def never(request: HttpRequest, bench: Bench = bench) -> HttpFailure:
            bench.clock.sleep(request.deadline)
            return TIMEOUT

        bench.transport = ScriptedTransport(never)
        bench.session._transport = bench.transport
        began = bench.clock.now()
        with pytest.raises(ProviderUnavailable):
            bench.session.read(CALL, judge)
        assert (bench.clock.now() - began).total_seconds() <= patience
        assert len(bench.transport.requests) == tries


def test_quick_failures_are_repeated_within_a_short_patience_too() -> None:
    bench = Bench(DOWN, DOWN, OK, patience=8.0)
    assert bench.session.read(CALL, judge) == '{"a": 1}'


def test_what_gave_no_answer_and_what_limits_us_is_named() -> None:
    for reply, error in ((DOWN, ProviderUnavailable), (TIMEOUT, ProviderUnavailable)):
        with pytest.raises(error) as raised:
            Bench(reply).session.read(CALL, judge)
        assert raised.value.provider == PROFILE.name
    with pytest.raises(RateLimited) as limited:
        Bench(SLOW_DOWN).session.read(CALL, judge)
    assert limited.value.provider == PROFILE.name


@pytest.mark.parametrize(
    "final",
    [
        lambda: ConnectionStopped(Problem("X", "x")),
        lambda: ProviderContractBroken("x"),
    ],
)
def test_what_a_judge_says_for_good_is_not_repeated(final: Callable[[], Exception]) -> None:
    bench = Bench(OK)

    def refuse(_answer: HttpAnswer) -> str:
        raise final()

    with pytest.raises(type(final())):
        bench.session.read(CALL, refuse)
    assert bench.calls.total == 1


# Writing


def test_a_write_is_sent_once_whatever_comes_back() -> None:
    for reply in (OK, DOWN, SLOW_DOWN, TIMEOUT, replied(b"lost", 401)):
        bench = Bench(reply)
        assert bench.session.write(CALL, renewable) == reply
        assert bench.calls.total == 1
        assert bench.store.saves == 0  # whoever sends it paces it
        assert bench.transport.requests[0].deadline == 30.0


def test_a_write_refused_for_its_token_goes_again_once_with_the_same_bytes() -> None:
    bench = Bench(NO, NO, OK)
    assert bench.session.write(CALL, renewable) == NO
    first, second = bench.transport.requests
    assert (first.url, first.body) == (second.url, second.body)
    assert bench.tokens_used() == ["Bearer token-1", "Bearer token-2"]
    assert bench.calls.total == 2


def test_a_write_says_what_the_token_source_says() -> None:
    with pytest.raises(NeedsReauth):
        Bench(NO, dead=True).session.write(CALL, renewable)

    class Later(CountingTokens):
        def access_token(self) -> tuple[str, int]:
            raise RetryLater("renewing", 3.0)

    bench = Bench(OK)
    bench.session._tokens = Later()
    with pytest.raises(RetryLater):
        bench.session.write(CALL, renewable)
    assert bench.calls.total == 0


def test_messages_are_redacted() -> None:
    session = Bench(OK).session
    text = session.message(CALL, "Bearer abc123 access_token=" + "x" * 50)
    assert "abc123" not in text
    assert "xxxx" not in text
    assert text.startswith("quickbooks: query Item: ")
