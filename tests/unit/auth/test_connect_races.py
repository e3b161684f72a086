"""Connecting, disconnecting, choosing and cancelling at once: whoever goes first, one clear end."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, replace

from hypothesis import example, given, settings
from hypothesis import strategies as st

from shared.auth.choices import cancel, choose
from shared.auth.connect import begin_consent, finish_consent
from shared.auth.disconnect import disconnect
from shared.domain.connections import ConnectionState
from shared.domain.errors import Conflicting, NotFound, SyncError
from shared.domain.grants import Grant, GrantState
from tests.unit.auth.connect_world import (
    ADA,
    CALLBACK,
    OTHER_KEY,
    OTHER_REALM,
    ConnectWorld,
    like_freshbooks,
)
from tests.unit.auth.doubles import KEY, REALM
from tests.unit.auth.interleaving import Interleaving

SCRIPTS = st.binary(min_size=60, max_size=250)


class Stepping:
    """A store or provider each of whose calls is a step before and after."""

    def __init__(self, inner: object, step: Callable[[], None]) -> None:
        self._inner = inner
        self._step = step

    def __getattr__(self, name):
        found = getattr(self._inner, name)
        if not callable(found):
            return found

        def call(*args, **named):
            self._step()
            answer = found(*args, **named)
            self._step()
            return answer

        return call


class Race:
    """`world` as several people use it at once. Nothing fails; only the order is open."""

    def __init__(self, world: ConnectWorld, script: bytes) -> None:
        self.world = world
        self.race = Interleaving(script, faults=False)
        stores = {
            each.name: Stepping(getattr(world.stores, each.name), self.race.step)
            for each in fields(world.stores)
            if each.name in ("connections", "grants", "choices")
        }
        self.ports = replace(world.ports, stores=replace(world.stores, **stores))
        self.oauth = Stepping(world.oauth, self.race.step)
        self.grants: set[str] = set()
        put_new = world.stores.grants.put_new

        def noted(grant: Grant) -> None:
            self.grants.add(grant.grant_id)
            put_new(grant)

        world.stores.grants.put_new = noted

    def consents(self, covered, key=KEY) -> None:
        code = f"code-{len(self.race.actors)}"
        self.world.oauth.codes[code] = (covered,)
        url = begin_consent(self.world.ports, self.world.oauth, key, ADA, redirect_uri=CALLBACK)
        state = url.partition("state=")[2].partition("&")[0]

        def work() -> None:
            finish_consent(
                self.ports,
                self.oauth,
                {"state": state, "code": code},
                company_id=None,
                person_id=None,
            )

        self.race.add(f"consents to {covered}", work)

    def disconnects(self, key=KEY) -> None:
        self.race.add("disconnects", lambda: disconnect(self.ports, self.oauth, key, ADA))

    def starts_afresh(self) -> None:
        def work() -> None:
            choose(self.ports, self.oauth, KEY, ADA, OTHER_REALM, start_afresh=True)

        self.race.add("starts afresh", work)

    def cancels(self) -> None:
        self.race.add("cancels", lambda: cancel(self.ports, self.oauth, KEY, ADA))

    def run(self) -> None:
        self.race.run()
        for actor in self.race.actors:
            told = (Conflicting, NotFound, type(None))
            if isinstance(actor.result, BaseException) and not isinstance(actor.result, told):
                raise actor.result
        self.check()

    def check(self) -> None:
        """What holds whatever the order was."""
        stores = self.world.stores
        used: dict[str, set[str]] = {}
        for key in (KEY, OTHER_KEY):
            row = stores.connections.get(key)
            live = row is not None and row.state is not ConnectionState.DISCONNECTED
            mine = {
                one
                for one in (REALM, OTHER_REALM)
                if stores.connections.owner_of_remote_company(key.provider, one) == key.company_id
            }
            assert mine == ({row.remote_company.remote_company_id} if live else set())
            if live:
                used.setdefault(row.grant_id, set()).add(key.company_id)
                self.world.tokens(row).access_token()
        choice = stores.choices.get(KEY)
        for grant_id in self.grants:
            grant = stores.grants.get(grant_id)
            assert grant.companies == used.get(grant_id, set())
            if grant.companies:
                assert grant.state is GrantState.ACTIVE
            elif choice is None or choice.grant_id != grant_id:
                swept = grant.place is not None
                assert grant.state is GrantState.REVOKED or swept, "nobody's, and never dropped"


CLAIMED_AGAIN_FOR_ONE_THAT_LEFT = bytes.fromhex(
    "0100000000001400260032004a009800980000000000000000000100010001000e001a001a0000000000010002"
    "0002009e0000001a0020003e0000000000000000000100010001000e0068007400da0000000100010008001400"
    "5000000000000100010044007400000001003e00680080009e0000002c0000000100010002000200010014002c"
    "0038008600a400aa00b60000000000010062000000010001000e001a002c00010002003e006800a4"
)
"""Whoever released a claim saw the company connected since, claimed it for it, and it had left by then."""


@settings(max_examples=100, deadline=None)
@given(script=SCRIPTS)
@example(script=CLAIMED_AGAIN_FOR_ONE_THAT_LEFT)
def test_two_consents_and_a_disconnection(script):
    world = ConnectWorld()
    race = Race(world, script)
    world.connect()
    race.consents(REALM)
    race.consents(REALM)
    race.disconnects()

    race.run()


@settings(max_examples=100, deadline=None)
@given(script=SCRIPTS)
def test_first_consents_for_different_companies(script):
    race = Race(ConnectWorld(), script)
    race.consents(REALM)
    race.consents(OTHER_REALM)
    race.consents(REALM, OTHER_KEY)

    race.run()


@settings(max_examples=100, deadline=None)
@given(script=SCRIPTS)
def test_starting_afresh_while_others_cancel_disconnect_and_connect(script):
    world = ConnectWorld()
    race = Race(world, script)
    world.connect()
    try:
        world.finish(world.agree(world.begin(), OTHER_REALM))
    except SyncError:
        assert world.waiting() is not None
    race.starts_afresh()
    race.cancels()
    race.disconnects()
    race.consents(OTHER_REALM, OTHER_KEY)

    race.run()


@settings(max_examples=100, deadline=None)
@given(script=SCRIPTS)
def test_two_companies_over_one_chain_that_come_and_go(script):
    world = like_freshbooks()
    race = Race(world, script)
    world.connect()
    race.disconnects()
    race.consents(OTHER_REALM, OTHER_KEY)
    race.consents(REALM)

    race.run()
