"""A provider's authorization server and our client of it in one object, behaving by `TokenRules`.

One chain of pairs: `live` is the refresh token that works, and a consent begins it anew; unless each
consent is to have a chain of its own (`own_chains`). Faults are queued and used up one a call. What was
asked is kept in `calls`, so that a test can say how often a provider was bothered.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import Enum, auto

from shared.domain.connections import OfferedCompany
from shared.domain.effects import Clock
from shared.domain.errors import RequestInvalid
from shared.domain.grants import TokenPair
from shared.domain.ids import RemoteCompanyId
from shared.domain.runs import Problem
from shared.providers.base import (
    Consent,
    ConsentCallback,
    IssuedTokens,
    ProviderProfile,
    RefreshOutcome,
    RefreshRefused,
    RefreshUnanswered,
    TokenRules,
)
from tests.support.fake_profile import fake_profile

QUICKBOOKS = TokenRules(
    access_lifetime=timedelta(hours=1),
    refresh_ahead=timedelta(minutes=5),
    former_honoured=timedelta(0),
    idle_lifetime=timedelta(days=100),
    lost_answer_may_repeat=True,
)
XERO = TokenRules(
    access_lifetime=timedelta(minutes=30),
    refresh_ahead=timedelta(minutes=5),
    former_honoured=timedelta(minutes=30),
    idle_lifetime=timedelta(days=60),
    lost_answer_may_repeat=True,
)
FRESHBOOKS = TokenRules(
    access_lifetime=timedelta(hours=12),
    refresh_ahead=timedelta(minutes=5),
    former_honoured=timedelta(0),
    idle_lifetime=None,
    lost_answer_may_repeat=False,
)


def oauth_profile(tokens: TokenRules = QUICKBOOKS, **changes: bool) -> ProviderProfile:
    """A QuickBooks profile with other token rules, `uses_pkce` or `shares_grants`."""
    return replace(fake_profile(), tokens=tokens, **changes)


class Fault(Enum):
    UNREACHABLE = auto()
    """Nothing reaches the server."""
    LOST = auto()
    """The server does it; its answer is lost."""
    BROKEN = auto()
    """The server does nothing and answers HTML."""


@dataclass(slots=True)
class FakeOAuth:
    """`rotates` False: the same refresh token comes back, as QuickBooks does for most of a day.

    `during` is called in the middle of each refresh, before it has any effect, and `after` once a
    pair was issued: what happens elsewhere meanwhile. `seconds` is how long a refresh takes.
    """

    profile: ProviderProfile
    clock: Clock
    rotates: bool = True
    access_lifetime: float = 3600.0
    refresh_lifetime: float | None = None
    seconds: float = 0.3
    faults: deque[Fault] = field(default_factory=deque)
    during: Callable[[], None] = lambda: None
    after: Callable[[], None] = lambda: None
    live: str | None = "refresh-1"
    former: str = ""
    replaced_at: datetime | None = None
    issued: int = 1
    """How many pairs were issued; the latest is `access-<issued>`."""
    calls: list[str] = field(default_factory=list)
    """The refresh token of each refresh that was asked for, in order."""
    own_chains: bool = False
    others: set[str] = field(default_factory=set)
    """With `own_chains`: the refresh tokens of the other consents, which work as well."""
    withdrawn: list[tuple[str, RemoteCompanyId, bool]] = field(default_factory=list)
    """What was asked to be taken back: refresh token, remote company, whether it was the last use."""
    on_withdraw: Callable[[], None] = lambda: None
    """Called before anything is taken back."""
    codes: dict[str, tuple[RemoteCompanyId, ...]] = field(default_factory=dict)
    """Codes not used up yet, and what their consent covers."""
    names: dict[RemoteCompanyId, str] = field(default_factory=dict)
    """Of the companies whose names a consent tells."""
    user_id: str = ""
    """Who consents, where the provider keeps one chain per user."""
    exchanges: list[dict[str, str]] = field(default_factory=list)

    def authorize_url(self, *, state: str, redirect_uri: str, code_challenge: str) -> str:
        return (
            f"https://provider.example/authorize?state={state}&redirect_uri={redirect_uri}"
            f"&code_challenge={code_challenge}"
        )

    def exchange(
        self, *, code: str, redirect_uri: str, code_verifier: str, callback: ConsentCallback
    ) -> Consent:
        self.exchanges.append(
            {"code": code, "redirect_uri": redirect_uri, "code_verifier": code_verifier}
            | dict(callback.parameters)
        )
        covered = self.codes.pop(code, None)
        if covered is None:
            raise RequestInvalid(Problem("CODE_REFUSED", "The code was refused.", "", "code"))
        if self.own_chains and self.live:
            self.others.add(self.live)
        offered = tuple(OfferedCompany(one, self.names.get(one, "")) for one in covered)
        return Consent(self._issue(rotate=True), offered, self.user_id)

    def refresh(self, refresh_token: str, now: datetime) -> RefreshOutcome:
        self.calls.append(refresh_token)
        fault = self.faults.popleft() if self.faults else None
        if fault is Fault.UNREACHABLE:
            return RefreshUnanswered("connection refused", sent=False)
        self.clock.sleep(self.seconds)
        self.during()
        if fault is Fault.BROKEN:
            return RefreshUnanswered("status 502, text/html", sent=True)
        if not self.accepts(refresh_token):
            return RefreshRefused()
        if refresh_token in self.others:
            self.others ^= {refresh_token, self.live or ""}
            self.live = refresh_token
        tokens = self._issue(rotate=self.rotates)
        self.after()
        if fault is Fault.LOST:
            return RefreshUnanswered("timed out", sent=True)
        return tokens

    def accepts(self, refresh_token: str) -> bool:
        """Whether a refresh with this token would be answered with a pair now."""
        if refresh_token in self.others or (self.live and refresh_token == self.live):
            return True
        honoured = self.profile.tokens.former_honoured
        return (
            self.live is not None
            and refresh_token == self.former
            and self.replaced_at is not None
            and self.clock.now() < self.replaced_at + honoured
        )

    def withdraw(self, pair: TokenPair, remote_company_id: RemoteCompanyId, *, last: bool) -> bool:
        """Ends the chain where the grant is one company's, and where this was its last use."""
        self.on_withdraw()
        self.withdrawn.append((pair.refresh_token, remote_company_id, last))
        if last or not self.profile.shares_grants:
            self.others.discard(pair.refresh_token)
            if pair.refresh_token == self.live:
                self.live = None
        return True

    def _issue(self, *, rotate: bool) -> IssuedTokens:
        self.issued += 1
        if rotate or self.live is None:
            self.former, self.replaced_at = self.live or "", self.clock.now()
            self.live = f"refresh-{self.issued}"
        return IssuedTokens(
            access_token=f"access-{self.issued}",
            refresh_token=self.live,
            access_lifetime=self.access_lifetime,
            refresh_lifetime=self.refresh_lifetime,
        )
