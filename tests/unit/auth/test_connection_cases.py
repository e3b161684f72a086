"""What becomes of a connection whose access token has ended, case by case (`CASES`).

A caller is a container of its own, which asks as the function `refresh_token` does.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta

import pytest

from shared.auth.after_renewal import after_renewal
from shared.auth.on_demand import FreshnessEnd, ensure_fresh
from shared.auth.reauth import mark_connection_needs_reauth
from shared.domain.connections import ConnectionState
from shared.domain.errors import NeedsReauth
from shared.domain.grants import GrantState
from shared.providers.base import TokenRules
from shared.providers.http import HttpFailure
from shared.providers.quickbooks.oauth import QuickBooksOAuth
from tests.support.api_client import api_world
from tests.support.fake_faults import Dead
from tests.support.fake_oauth import FRESHBOOKS, QUICKBOOKS, XERO, Fault
from tests.unit.auth.doubles import GRANT, KEY, ManualClock, a_connection
from tests.unit.auth.interleaving import Killed
from tests.unit.auth.token_world import TokenWorld
from tests.unit.providers.quickbooks.payloads import HTML
from tests.unit.providers.quickbooks.test_oauth import ENDPOINTS, PAIR
from tests.unit.providers.scripted import TIMEOUT, Reply, ScriptedTransport, replied

LEASE = 50.0
COOLDOWN = 30.0
EXPIRED = (
    "Your QuickBooks connection has expired. Go to Settings → Integrations → Reconnect QuickBooks."
)
AGAIN = "QuickBooks is connected again."


class CaseWorld(TokenWorld):
    def __init__(self, rules: TokenRules) -> None:
        super().__init__(rules, left=-1)
        self.stores.connections.save(a_connection())
        self.stores.grants.attach(GRANT, KEY.company_id)
        self.got: list[str] = []
        """What each caller got: "token 2" (its version), "reconnect", "later"."""

    def ask(self) -> None:
        """One caller."""
        end = ensure_fresh(
            self.ports,
            KEY,
            self.oauth.profile,
            lambda connection: self.tokens(connection=connection),
        )
        if end.outcome is FreshnessEnd.FRESH:
            self.got.append(f"token {end.token_version}")
        else:
            told = {FreshnessEnd.NEEDS_REAUTH: "reconnect", FreshnessEnd.RETRY_LATER: "later"}
            self.got.append(told[end.outcome])

    def ask_and_die(self) -> None:
        """A caller whose process ends in its refresh, at the moment that the story has set."""
        with suppress(Killed):
            self.ask()
        self.oauth.during = self.oauth.after = lambda: None


def dies() -> None:
    raise Killed


def killed_before_the_call(world: CaseWorld) -> None:
    world.take_lease("whose process ended")
    world.ask()
    world.ask()


def killed_amid_the_call(world: CaseWorld) -> None:
    """The provider has done nothing yet."""
    world.oauth.during = dies
    world.ask_and_die()
    world.ask()


def killed_before_the_save(world: CaseWorld) -> None:
    """The provider has issued the new pair, which nobody else knows."""
    world.oauth.after = dies
    world.ask_and_die()
    world.ask()


def killed_before_saving_the_same(world: CaseWorld) -> None:
    """As QuickBooks answers for most of a day: another access token, the same refresh token."""
    world.oauth.rotates = False
    killed_before_the_save(world)


def killed_and_nobody_asks_for(minutes: float) -> Callable[[CaseWorld], None]:
    def story(world: CaseWorld) -> None:
        world.oauth.after = dies
        world.ask_and_die()
        world.clock.advance(minutes * 60)
        world.ask()

    return story


def holder_is_late_by(seconds: float) -> Callable[[CaseWorld], None]:
    """The holder got the pair and stands still; another takes the lapsed lease and is refused."""

    def story(world: CaseWorld) -> None:
        def meanwhile() -> None:
            world.oauth.after = lambda: None
            world.clock.advance(LEASE + seconds)
            world.ask()

        world.oauth.after = meanwhile
        world.ask()
        world.ask()

    return story


def holder_saves_while_the_other_waits(world: CaseWorld) -> None:
    """Late, but within what clocks may differ by: whoever was refused does not believe it yet."""
    world.take_lease("who is about to save")
    world.clock.advance(LEASE + 1)
    world.oauth.live = "refresh-9"

    def saves() -> None:
        if world.stored.token_version == 1 and world.clock.slept[-1] == 1.0:
            world.save_as_another(serial=9)

    world.clock.on_sleep = saves
    world.ask()


def unanswered_twice(world: CaseWorld) -> None:
    """Then everybody pauses together; after the pause the provider answers."""
    world.oauth.faults.extend([Fault.LOST, Fault.BROKEN])
    world.oauth.rotates = False
    world.ask()
    world.ask()
    world.clock.advance(COOLDOWN)
    world.ask()


def answer_lost(world: CaseWorld) -> None:
    world.oauth.faults.append(Fault.LOST)
    world.ask()
    world.clock.advance(COOLDOWN)
    world.ask()


def revoked(world: CaseWorld) -> None:
    world.oauth.live = None
    for _ in range(3):
        world.ask()


ONE, TWO, THREE = (", ".join(["refresh-1"] * times) for times in (1, 2, 3))
LIVES, DEAD = "active, connected", "needs_reauth, needs_reauth"
GONE = "reconnect"
# What happened, by which provider's rules, what each caller got, how grant and connection stand at
# the end, the refresh tokens that the provider was asked with, and what the office was told.
CASES = [
    # the holder of the lease is killed
    ("before its call", QUICKBOOKS, killed_before_the_call, "token 2, token 2", LIVES, ONE, ()),
    ("before its call", XERO, killed_before_the_call, "token 2, token 2", LIVES, ONE, ()),
    ("before its call", FRESHBOOKS, killed_before_the_call, "token 2, token 2", LIVES, ONE, ()),
    ("amid its call", FRESHBOOKS, killed_amid_the_call, "token 2", LIVES, TWO, ()),
    ("before the save, same value", QUICKBOOKS, killed_before_saving_the_same, "token 2", LIVES, TWO, ()),
    ("before the save, rotated", QUICKBOOKS, killed_before_the_save, GONE, DEAD, TWO, (EXPIRED,)),
    ("before the save", XERO, killed_before_the_save, "token 2", LIVES, TWO, ()),
    ("before the save, 29 min ago", XERO, killed_and_nobody_asks_for(29), "token 2", LIVES, TWO, ()),
    ("before the save, 31 min ago", XERO, killed_and_nobody_asks_for(31), GONE, DEAD, TWO, (EXPIRED,)),
    ("before the save", FRESHBOOKS, killed_before_the_save, GONE, DEAD, TWO, (EXPIRED,)),
    # the holder is slower than its lease, and another was refused meanwhile
    ("late, the other waits", FRESHBOOKS, holder_saves_while_the_other_waits, "token 2", LIVES, ONE, ()),
    (
        "late", FRESHBOOKS, holder_is_late_by(60), "reconnect, token 2, token 2", LIVES, TWO, (EXPIRED, AGAIN)
    ),
    # the provider gives no answer
    ("no answer twice, then one", QUICKBOOKS, unanswered_twice, "later, later, token 2", LIVES, THREE, ()),
    ("answer lost, sent again", XERO, answer_lost, "token 2, token 2", LIVES, TWO, ()),
    ("answer lost, not sent again", FRESHBOOKS, answer_lost, "later, reconnect", DEAD, TWO, (EXPIRED,)),
    # the person took the consent back
    ("revoked", QUICKBOOKS, revoked, "reconnect, reconnect, reconnect", DEAD, ONE, (EXPIRED,)),
    ("revoked", XERO, revoked, "reconnect, reconnect, reconnect", DEAD, ONE, (EXPIRED,)),
    ("revoked", FRESHBOOKS, revoked, "reconnect, reconnect, reconnect", DEAD, ONE, (EXPIRED,)),
]  # fmt: skip


@pytest.mark.parametrize(
    ("happened", "rules", "story", "got", "end", "asked", "told"),
    CASES,
    ids=[row[0] for row in CASES],
)
def test_what_becomes_of_a_connection(happened, rules, story, got, end, asked, told) -> None:
    world = CaseWorld(rules)

    story(world)

    assert ", ".join(world.got) == got
    assert f"{world.stored.state}, {world.stores.connections.get(KEY).state}" == end
    assert ", ".join(world.oauth.calls) == asked
    assert tuple(one.problem.message for one in world.told) == told
    still_open = [one.problem.message for one in world.told if one.closed_at is None]
    assert still_open == ([EXPIRED] if end == DEAD else [])
    if end == LIVES:
        assert world.oauth.accepts(world.stored_pair.refresh_token)


TROUBLES: dict[str, Reply] = {
    "500": replied({"error": "server_error"}, 500),
    "HTML": replied(HTML),
    "timeout": TIMEOUT,
    "a trickle, cut off at the deadline": HttpFailure("the total deadline is over", sent=True),
}


@pytest.mark.parametrize("trouble", TROUBLES.values(), ids=TROUBLES)
def test_trouble_of_the_provider_passes_without_a_person(trouble: Reply) -> None:
    """Sent again once, then after a pause that all share; nobody is told of one bad minute."""
    world = CaseWorld(QUICKBOOKS)
    transport = ScriptedTransport(trouble, trouble, replied(PAIR))
    world.oauth = QuickBooksOAuth(ENDPOINTS, "id", "secret", transport, 20.0)

    for _ in range(3):
        world.ask()
    assert (world.got, len(transport.requests)) == (["later"] * 3, 2)
    world.clock.advance(COOLDOWN)
    world.ask()

    assert (world.got[-1], len(transport.requests)) == ("token 2", 3)
    assert world.stored.state is GrantState.ACTIVE
    assert world.told == []


class OtherClock:
    """The same time, told wrong by so many minutes."""

    def __init__(self, clock: ManualClock, minutes: float) -> None:
        self._clock = clock
        self._wrong_by = timedelta(minutes=minutes)

    def now(self):
        return self._clock.now() + self._wrong_by

    def sleep(self, seconds: float) -> None:
        self._clock.sleep(seconds)


@pytest.mark.parametrize(
    "rules", [QUICKBOOKS, XERO, FRESHBOOKS], ids=["quickbooks", "xero", "freshbooks"]
)
@pytest.mark.parametrize("minutes", [5, -5])
def test_a_clock_wrong_by_5_minutes_costs_no_storm_and_no_dead_token(minutes, rules) -> None:
    """Two containers a minute for 12 hours, one of them with the wrong clock; tokens live an hour."""
    world = CaseWorld(rules)
    ends = {}
    world.oauth.after = lambda: ends.update(
        {f"access-{world.oauth.issued}": world.clock.now() + timedelta(hours=1)}
    )
    right, wrong = world.container(), world.container()
    wrong.clock = OtherClock(world.clock, minutes)
    for _ in range(12 * 60):
        for keeper in (wrong, right):
            token, _ = world.tokens(keeper=keeper).access_token()
            assert world.clock.now() < ends[token], "handed out dead"
        world.clock.advance(60)

    assert len(world.oauth.calls) <= 12 * 60 / 45, (
        "at most one refresh in three quarters of an hour"
    )
    assert world.stored.state is GrantState.ACTIVE


def test_a_late_pair_brings_the_connection_back_by_a_clock_that_is_behind_too() -> None:
    """By the holder's clock its lease has not run out yet; another was refused under it and said so."""
    world = CaseWorld(FRESHBOOKS)
    behind = world.container()
    behind.clock = OtherClock(world.clock, -5)
    ports = replace(world.ports, clock=behind.clock)
    behind.on_renewed = lambda before, after: after_renewal(
        ports, before, after, world.oauth.profile
    )

    def meanwhile() -> None:
        world.oauth.after = lambda: None
        world.ask()

    world.oauth.after = meanwhile

    assert world.tokens(keeper=behind).access_token() == ("access-2", 2)
    assert world.got == ["reconnect"]
    assert world.stored.state is GrantState.ACTIVE
    assert world.stores.connections.get(KEY).state is ConnectionState.CONNECTED


def test_work_waits_for_whoever_reconnects_and_nothing_of_it_is_marked_failed() -> None:
    """A consent taken back amid a run: the run says what to do, and the next one does the rest."""
    world = api_world()
    connection = world.connect()
    world.import_csv("id,name,unit_price\n1,Pipe,2.50\n2,Valve,3.50\n")
    world.books.faults.add("batch", Dead())
    for _ in range(2):
        world.call("POST", "/v1/connections/quickbooks/syncs", {"kinds": ["item"]})
        world.workflows.execute_all(world.services)

    [run] = world.call("GET", "/v1/connections/quickbooks/syncs").json()["syncs"]
    told = world.call("GET", "/v1/notifications").json()["notifications"]
    failures = world.call("GET", "/v1/failures?provider=quickbooks").json()["failures"]
    assert (run["state"], run["problem"]["message"], failures) == ("needs_reauth", EXPIRED, [])
    assert [one["message"] for one in told] == [EXPIRED]

    world.connect(version=connection.version + 2)
    world.call("POST", "/v1/connections/quickbooks/syncs", {"kinds": ["item"]})
    world.workflows.execute_all(world.services)
    done = world.call("GET", "/v1/connections/quickbooks/syncs").json()["syncs"][0]
    assert (done["state"], done["counts"]["created"]) == ("finished", 2)


def test_news_of_a_dead_grant_that_a_late_pair_has_brought_back_undoes_nothing() -> None:
    """A run is told that the grant is dead, and says so once its calls in flight have ended."""
    world = CaseWorld(FRESHBOOKS)
    connection = world.stores.connections.get(KEY)

    def refused_meanwhile() -> None:
        world.oauth.after = lambda: None
        world.clock.advance(LEASE + 60)
        with pytest.raises(NeedsReauth):
            world.tokens(connection=connection).access_token()

    world.oauth.after = refused_meanwhile
    world.ask()

    mark_connection_needs_reauth(world.ports, connection, world.oauth.profile)

    assert world.got == ["token 2"]
    assert world.stored.state is GrantState.ACTIVE
    assert world.stores.connections.get(KEY).state is ConnectionState.CONNECTED
    assert [one for one in world.told if one.closed_at is None] == []
