"""The hand-out of access tokens: use, renew under the grant's lease, or wait for whoever renews.

What holds, for every provider by its `TokenRules`:

- One refresh per token version while its holder lives: the lease outlasts the call's total deadline.
- A new pair is saved before it is used, on the condition that the version has not moved. A late save
  still wins while it is unmoved: it holds the only live pair.
- A refusal is final only when a consistent read shows the same version and no earlier holder may yet
  save. Everything else that is not an answer is transient.

Losers of the lease wait for the version to move. After a refresh without an answer a lease that
nobody works under (`COOLDOWN_OWNER`) stands in the row, so that all containers pause together.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from shared.auth import grant_rules
from shared.auth.keeper import TokenKeeper
from shared.auth.renewal import Renewal
from shared.domain.connections import Connection
from shared.domain.errors import ProviderUnavailable, RetryLater
from shared.domain.grants import Grant
from shared.providers.base import ProviderOAuth

_HOLD = timedelta(seconds=10)
"""How long a session uses a token without reading the grant again: it may have been disconnected."""

_POLITE_WAIT = timedelta(seconds=5)
"""How long to wait for another's refresh while the access token still has life of its own."""

_FIRST_PAUSE = 0.05
_LONGEST_PAUSE = 1.0


class GrantTokens:
    """The `TokenSource` of one connection. Several threads may use it; the store decides between them.

    `patience`: the most seconds one hand-out waits for others. By default a whole lease and a little:
    whoever has waited so long has taken over.

    Both methods raise `NeedsReauth`, `ConnectionStopped` (disconnected, or the grant does not cover
    the connection's remote company), `RetryLater` and `SealBroken`.
    """

    def __init__(
        self,
        keeper: TokenKeeper,
        connection: Connection,
        oauth: ProviderOAuth,
        *,
        patience: float | None = None,
    ) -> None:
        self._keeper = keeper
        self._rules = oauth.profile.tokens
        self._provider = connection.key.provider
        self._renewal = Renewal(keeper, connection, oauth)
        whole_lease = keeper.call_deadline + grant_rules.SAVE_MARGIN + grant_rules.CLOCK_SKEW
        self._patience = whole_lease if patience is None else timedelta(seconds=patience)
        self._held: tuple[str, int, datetime] | None = None

    def access_token(self) -> tuple[str, int]:
        held = self._held
        now = self._keeper.clock.now()
        if held is not None and now < held[2]:
            return held[0], held[1]
        grant = self._renewal.read()
        if now >= grant_rules.fresh_until(grant, self._rules):
            grant = self._renewed(grant, refused_version=0)
        return self._use(grant)

    def renew(self, *, after_version: int) -> tuple[str, int]:
        return self._use(self._renewed(self._renewal.read(), refused_version=after_version))

    def _use(self, grant: Grant) -> tuple[str, int]:
        token = self._keeper.opened(grant).access_token
        hold_until = min(
            self._keeper.clock.now() + _HOLD, grant_rules.fresh_until(grant, self._rules)
        )
        self._held = (token, grant.token_version, hold_until)
        return token, grant.token_version

    def _renewed(self, grant: Grant, refused_version: int) -> Grant:
        """A grant later than `refused_version` with a token to use, by our own or another's refresh."""
        started = self._keeper.clock.now()
        pause = _FIRST_PAUSE
        while True:
            now = self._keeper.clock.now()
            moved = grant.token_version > refused_version
            if moved and now < grant_rules.fresh_until(grant, self._rules):
                return grant
            lives = moved and grant_rules.usable(grant, now)
            try:
                renewed = self._step(grant, refused_version, now - started, lives=lives)
            except RetryLater:
                # Asked anew: the attempt may have taken the better part of a minute.
                if moved and grant_rules.usable(grant, self._keeper.clock.now()):
                    return grant
                raise
            if renewed is not None:
                return renewed
            self._keeper.sleep_about(pause)
            pause = min(pause * 2, _LONGEST_PAUSE)
            grant = self._renewal.read()

    def _step(
        self, grant: Grant, refused_version: int, waited: timedelta, *, lives: bool
    ) -> Grant | None:
        """One look at the lease: None means wait and look again. Raises `RetryLater` to end waiting."""
        now = self._keeper.clock.now()
        lease = grant.lease
        if lease is None or not grant_rules.running(lease, now):
            renewed = self._renewal.attempt(grant, refused_version)
            if renewed is not None or waited < self._patience:
                return renewed
        elif lease.owner == grant_rules.COOLDOWN_OWNER:
            left = (lease.expires_at - now).total_seconds()
            raise ProviderUnavailable(
                f"{self._provider}: the last token refresh had no answer", left, self._provider
            )
        elif waited < (min(_POLITE_WAIT, self._patience) if lives else self._patience):
            return None
        raise RetryLater(f"{self._provider}: another worker is renewing the token", after=1.0)
