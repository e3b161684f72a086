"""The hand-out of access tokens: use, renew under the grant's lease, or wait for whoever renews.

What holds, for every provider by its `TokenRules`:

- One refresh per token version while its holder lives: the lease outlasts the call's total deadline.
- A new pair is saved before it is used, on the condition that the version has not moved. A late save
  still wins while it is unmoved: it holds the only live pair.
- A refusal is final only when a consistent read shows the same version and no earlier holder may yet
  save. Everything else that is not an answer is transient.

Losers of the lease wait for the version to move. After a refresh without an answer a lease that
nobody works under (`COOLDOWN_OWNER`) stands in the row, so that all containers pause together.

About once an hour a hand-out writes down that the grant is in use: the sweep then renews it in time.
"""

from __future__ import annotations

import contextlib
from datetime import datetime, timedelta

from shared.auth import grant_rules, sweep_rules
from shared.auth.keeper import TokenKeeper
from shared.auth.renewal import Renewal
from shared.domain.connections import Connection
from shared.domain.errors import ProviderUnavailable, RetryLater, StorageUnavailable
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
        self._connection = connection
        self._profile = oauth.profile
        self._rules = oauth.profile.tokens
        self._provider = connection.key.provider
        self._renewal = Renewal(keeper, connection.grant_id, oauth)
        whole_lease = keeper.call_deadline + grant_rules.SAVE_MARGIN + grant_rules.CLOCK_SKEW
        self._patience = whole_lease if patience is None else timedelta(seconds=patience)
        self._held: tuple[str, int, datetime] | None = None
        self._noted_at: datetime | None = None

    def access_token(self) -> tuple[str, int]:
        held = self._held
        now = self._keeper.clock.now()
        if held is not None and now < held[2]:
            return held[0], held[1]
        grant = self._read()
        if now >= grant_rules.fresh_until(grant, self._rules):
            grant = self._renewed(grant, refused_version=0)
        return self._use(grant)

    def renew(self, *, after_version: int) -> tuple[str, int]:
        return self._use(self._renewed(self._read(), refused_version=after_version))

    def _read(self) -> Grant:
        grant_rules.check_connected(self._connection, self._profile)
        grant = self._renewal.read()
        grant_rules.check_covered(grant, self._connection, self._profile)
        return grant

    def _use(self, grant: Grant) -> tuple[str, int]:
        # Once more: it may have been renewed, by a consent to something else too.
        grant_rules.check_covered(grant, self._connection, self._profile)
        token = self._keeper.opened(grant).access_token
        hold_until = min(
            self._keeper.clock.now() + _HOLD, grant_rules.fresh_until(grant, self._rules)
        )
        self._held = (token, grant.token_version, hold_until)
        self._note_use(grant)
        return token, grant.token_version

    def _note_use(self, grant: Grant) -> None:
        """Not of a consent that nobody has finished, whose company is only looked at.

        Failing costs nothing but a renewal that a caller waits for: the next session tries again.
        """
        now = self._keeper.clock.now()
        noted = self._noted_at is not None and now - self._noted_at < sweep_rules.NOTE_EVERY
        if noted or not grant.companies or not sweep_rules.to_be_noted(grant, now):
            return
        self._noted_at = now  # first: the other threads of this session need not write it too
        with contextlib.suppress(StorageUnavailable):
            self._keeper.grants.set_place(
                grant.grant_id,
                sweep_rules.place_when_wanted(grant, self._profile, now),
                expected_token_version=grant.token_version,
                wanted_at=now,
            )

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
            grant = self._read()

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
