"""The provider's authorization server: consents, pairs, lifetimes, revocation; and who asked when."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from urllib.parse import parse_qs, urlsplit

from shared.domain.connections import OfferedCompany
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
)
from tests.simulation.faults import Faults, TokenFault
from tests.simulation.ports import Ports, SimulatedClock
from tests.simulation.scheduler import Process, Scheduler


@dataclass(slots=True)
class _Chain:
    """One consent: the refresh token that lives, and until when each access token does."""

    company: RemoteCompanyId
    live: str = ""
    issued: int = 0
    access: dict[str, datetime] = field(default_factory=dict)
    revoked: bool = False
    asking: list[Process] = field(default_factory=list)
    """Processes with a refresh of this chain under way."""
    answered: dict[int, Process] = field(default_factory=dict)
    """Stored token version to the process that was given the next pair."""


class TokenServer:
    """Implements `ProviderOAuth` for all remote companies of a world.

    `rotates`: how often (0 to 1) a refresh gives another refresh token, the old one being dead then.
    `report` is told what must never happen.
    """

    def __init__(
        self,
        scheduler: Scheduler,
        ports: Ports,
        profile: ProviderProfile,
        *,
        access_lifetime: float,
        rotates: float,
        report: Callable[[str], None],
    ) -> None:
        self.profile = profile
        self._scheduler = scheduler
        self._clock = SimulatedClock(scheduler, ports)
        self._faults: Faults = ports.faults
        self._access_lifetime = access_lifetime
        self._rotates = rotates
        self._report = report
        self._chains: dict[RemoteCompanyId, _Chain] = {}
        self._codes: dict[str, RemoteCompanyId] = {}
        self.version_of: Callable[[RemoteCompanyId], int] = lambda _: 0

    # What a world does.

    def code_for(self, company: RemoteCompanyId) -> str:
        """A person consents: the code of the callback."""
        code = f"code-{len(self._codes) + 1}"
        self._codes[code] = company
        return code

    def revoke_company(self, company: RemoteCompanyId) -> None:
        """A person withdraws the consent at the provider."""
        chain = self._chains.get(company)
        if chain is not None:
            chain.revoked = True

    def accepts(self, access_token: str, company: RemoteCompanyId) -> bool:
        chain = self._chains.get(company)
        if chain is None or chain.revoked:
            return False
        until = chain.access.get(access_token)
        return until is not None and self._scheduler.now < until

    def refresh_would_do(self, refresh_token: str) -> bool:
        return self._chain_of(refresh_token) is not None

    # The protocol.

    def authorize_url(self, *, state: str, redirect_uri: str, code_challenge: str) -> str:
        return f"https://provider.example/authorize?state={state}"

    def exchange(
        self, *, code: str, redirect_uri: str, code_verifier: str, callback: ConsentCallback
    ) -> Consent:
        self._clock.sleep(0.2)
        company = self._codes.pop(code, None)
        if company is None:
            raise RequestInvalid(Problem("CODE_REFUSED", "The code was refused.", "", "code"))
        number = self._chains[company].issued if company in self._chains else 0
        chain = self._chains[company] = _Chain(company, issued=number)
        return Consent(self._issue(chain, rotate=True), (OfferedCompany(company),))

    def refresh(self, refresh_token: str, now: datetime) -> RefreshOutcome:
        fault = self._faults.at_tokens()
        if fault is TokenFault.UNREACHABLE:
            return RefreshUnanswered("connection refused", sent=False)
        chain = self._chain_of(refresh_token)
        if chain is None:
            self._clock.sleep(0.3)
            return RefreshRefused()
        version = self.version_of(chain.company)
        self._alone(chain, version)
        actor = self._scheduler.current
        assert actor is not None
        chain.asking.append(actor.process)
        try:
            self._clock.sleep(self._scheduler.random.choice((0.1, 0.5, 5.0)))
            if fault is TokenFault.BROKEN:
                return RefreshUnanswered("status 502, text/html", sent=True)
            if self._chain_of(refresh_token) is not chain:
                return RefreshRefused()
            tokens = self._issue(chain, rotate=self._scheduler.random.random() < self._rotates)
            self._clock.sleep(0.1)  # a caller that dies here never sees what was issued
            if fault is TokenFault.LOST:
                return RefreshUnanswered("timed out", sent=True)
            chain.answered[version] = actor.process
            return tokens
        finally:
            chain.asking.remove(actor.process)

    def withdraw(self, pair: TokenPair, remote_company_id: RemoteCompanyId, *, last: bool) -> bool:
        chain = self._chain_of(pair.refresh_token)
        if chain is not None:
            chain.revoked = True
        return True

    # Inside.

    def _chain_of(self, refresh_token: str) -> _Chain | None:
        for chain in self._chains.values():
            if chain.live == refresh_token and not chain.revoked:
                return chain
        return None

    def _issue(self, chain: _Chain, *, rotate: bool) -> IssuedTokens:
        chain.issued += 1
        self._scheduler.note(f"ISSUE {chain.company} {chain.issued}")
        if rotate or not chain.live:
            chain.live = f"refresh-{chain.company}-{chain.issued}"
        access = f"access-{chain.company}-{chain.issued}"
        chain.access[access] = self._scheduler.now + timedelta(seconds=self._access_lifetime)
        return IssuedTokens(access, chain.live, self._access_lifetime, None)

    def _alone(self, chain: _Chain, version: int) -> None:
        """One refresh per token version while its holder lives (and is not frozen beyond its lease)."""
        for process in chain.asking:
            if process.lives and process.stalled_until is None:
                self._report(f"{chain.company}: two refreshes at once, one by {process.name}")
        holder = chain.answered.get(version)
        if holder is not None and holder.lives and holder.stalled_until is None:
            self._report(f"{chain.company}: v{version} is renewed again while {holder.name} lives")


def state_of(url: str) -> str:
    """The one-time state in an authorize URL."""
    return parse_qs(urlsplit(url).query)["state"][0]
