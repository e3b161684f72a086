"""One attempt to renew a grant's pair, by whoever gets the lease; `tokens` says when to attempt."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from shared.auth import grant_rules, sweep_rules
from shared.auth.keeper import TokenKeeper
from shared.domain.errors import NeedsReauth, ProviderUnavailable, StorageUnavailable, SyncError
from shared.domain.grants import Grant, GrantState, Lease, TokenPair
from shared.domain.ids import GrantId
from shared.providers.base import (
    IssuedTokens,
    ProviderOAuth,
    RefreshOutcome,
    RefreshRefused,
    RefreshUnanswered,
)

_REPEAT_PAUSE = 1.0
_SAVE_PAUSE = 0.2


@dataclass(frozen=True, slots=True)
class _Held:
    """An attempt under way: our lease, the grant as read under it, and a seal for the new pair."""

    lease: Lease
    earlier_until: datetime
    """Until when an earlier holder may yet save."""
    grant: Grant
    pair: TokenPair
    seal: Callable[[TokenPair], bytes]


class Renewal:
    """Renews the pair of one grant, whoever asks: a hand-out or the sweep."""

    def __init__(self, keeper: TokenKeeper, grant_id: GrantId, oauth: ProviderOAuth) -> None:
        self._keeper = keeper
        self._oauth = oauth
        self._profile = oauth.profile
        self._rules = oauth.profile.tokens
        self._grant_id = grant_id

    def read(self) -> Grant:
        """The grant as stored now, after saving what this container still has to save.

        Raises `NeedsReauth`, `ConnectionStopped`, `StorageUnavailable`.
        """
        unsaved = self._keeper.unsaved.get(self._grant_id)
        if unsaved is not None:
            self._save(*unsaved, until=self._now())
        stored = self._keeper.grants.get(self._grant_id)
        return grant_rules.live(stored, self._profile)

    def attempt(self, seen: Grant, refused_version: int) -> Grant | None:
        """A grant to use, newer than `refused_version`; None: look again, somebody else is at work.

        Raises `NeedsReauth` once a refusal is final, `ProviderUnavailable` for a refresh without an
        answer, `StorageUnavailable`, `SealBroken`.
        """
        taken_at = self._now()
        lease = self._keeper.grants.take_lease(
            self._grant_id,
            self._keeper.ids.new(),
            now=taken_at,
            expires_at=taken_at + self._keeper.call_deadline + grant_rules.SAVE_MARGIN,
        )
        if lease is None:
            return None
        try:
            grant = self.read()
            moved = grant.token_version > refused_version
            if moved and self._now() < grant_rules.fresh_until(grant, self._rules):
                self._release(lease)
                return grant
            held = _Held(
                lease,
                grant_rules.earlier_holder_until(seen.lease, lease, taken_at),
                grant,
                self._keeper.opened(grant),
                self._keeper.vault.sealer(self._grant_id),
            )
        except SyncError:
            self._release(lease)
            raise
        return self._refresh(held)

    def _refresh(self, held: _Held) -> Grant | None:
        if not self._time_for_call(held):
            self._release(held.lease)
            return None
        asked_at = self._now()
        outcome = self._oauth.refresh(held.pair.refresh_token, asked_at)
        other_pair = self._other_try(held, outcome)
        if other_pair is not None:
            asked_at = self._now()
            outcome = self._oauth.refresh(other_pair.refresh_token, asked_at)
        match outcome:
            case IssuedTokens():
                return self._keep(held, outcome, asked_at)
            case RefreshRefused():
                self._refused(held)
            case RefreshUnanswered():
                self._unanswered(held, outcome)
        return None

    def _other_try(self, held: _Held, outcome: RefreshOutcome) -> TokenPair | None:
        """The pair for a second and last call under this lease, where the rules allow one.

        A call that never left is repeated anywhere. A lost answer is repeated with the same token
        where the provider honours what it has replaced; a refusal is tried with the former pair there.
        """
        now = self._now()
        match outcome:
            case IssuedTokens():
                return None
            case RefreshRefused():
                if not grant_rules.former_is_honoured(held.grant, now, self._rules):
                    return None
                former = held.grant.sealed_former_pair or b""
                pair = self._keeper.vault.open(former, self._grant_id)
            case RefreshUnanswered():
                repeats = self._rules.lost_answer_may_repeat or bool(self._rules.former_honoured)
                if outcome.sent and not repeats:
                    return None
                self._keeper.sleep_about(_REPEAT_PAUSE)
                if self._moved(held):
                    return None
                pair = held.pair
        return pair if self._time_for_call(held) else None

    def _time_for_call(self, held: _Held) -> bool:
        """Whether a call begun now would end, at its total deadline, well within the lease."""
        latest = held.lease.expires_at - self._keeper.call_deadline - grant_rules.CLOCK_SKEW
        return self._now() <= latest

    def _keep(self, held: _Held, tokens: IssuedTokens, asked_at: datetime) -> Grant | None:
        """Save first, use after."""
        access_until, refresh_until = grant_rules.next_expiries(tokens, asked_at, self._rules)
        renewed = replace(
            held.grant,
            sealed_pair=held.seal(grant_rules.pair_of(tokens)),
            token_version=held.grant.token_version + 1,
            access_expires_at=access_until,
            refresh_expires_at=refresh_until,
            state=GrantState.ACTIVE,
            sealed_former_pair=held.grant.sealed_pair if self._rules.former_honoured else None,
            rotated_at=asked_at,
        )
        renewed = replace(renewed, place=sweep_rules.place_of(renewed, self._profile, asked_at))
        before = replace(held.grant, lease=held.lease)
        self._keeper.unsaved[self._grant_id] = before, renewed
        saved = self._save(before, renewed, until=held.lease.expires_at)
        self._release(held.lease)
        return renewed if saved else None

    def _save(self, before: Grant, renewed: Grant, until: datetime) -> bool:
        """False where another had moved the version.

        Tried until that instant. Raises `StorageUnavailable`; the pair then stays in `unsaved`, for
        the next hand-out of this container to save before it does anything else.
        """
        expected = renewed.token_version - 1
        pause = _SAVE_PAUSE
        while True:
            try:
                # Refused it may be for a first try of ours, which happened without an answer.
                saved = self._keeper.grants.save_pair(
                    renewed, expected_token_version=expected
                ) or self._is_stored(renewed)
                break
            except StorageUnavailable:
                if self._now() >= until:
                    raise
                self._keeper.sleep_about(pause)
                pause *= 2
        self._keeper.unsaved.pop(self._grant_id, None)
        if saved:
            with contextlib.suppress(StorageUnavailable):
                self._keeper.on_renewed(before, renewed)
        return saved

    def _is_stored(self, renewed: Grant) -> bool:
        stored = self._keeper.grants.get(self._grant_id)
        return stored is not None and (stored.token_version, stored.sealed_pair) == (
            renewed.token_version,
            renewed.sealed_pair,
        )

    def _refused(self, held: _Held) -> None:
        """Mark the grant, unless its version moved or an earlier holder may yet move it."""
        while not (moved := self._moved(held)):
            left = (held.earlier_until - self._now()).total_seconds()
            if left <= 0:
                break
            self._keeper.clock.sleep(min(left, 1.0))
        marked = not moved and self._keeper.grants.mark_needs_reauth(
            self._grant_id,
            expected_token_version=held.grant.token_version,
            fence=held.lease.fence,
        )
        self._release(held.lease)
        if marked:
            raise NeedsReauth(self._profile.name)

    def _unanswered(self, held: _Held, outcome: RefreshUnanswered) -> None:
        """Have every container pause, then raise `ProviderUnavailable`; unless the version moved.

        The first time it is written down since when, with a place in the sweep that comes soon.
        """
        moved = self._moved(held)
        self._release(held.lease)
        if moved:
            return
        now = self._now()
        with contextlib.suppress(StorageUnavailable):
            self._keeper.grants.take_lease(
                self._grant_id,
                grant_rules.COOLDOWN_OWNER,
                now=now,
                expires_at=now + grant_rules.COOLDOWN,
            )
            if held.grant.unanswered_since is None:
                self._keeper.grants.set_place(
                    self._grant_id,
                    sweep_rules.place_unanswered(held.grant, now, self._keeper.chance.fraction()),
                    expected_token_version=held.grant.token_version,
                    unanswered_since=now,
                )
        raise ProviderUnavailable(
            f"{self._profile.name}: token refresh without an answer ({outcome.reason})",
            after=grant_rules.COOLDOWN.total_seconds(),
            provider=self._profile.name,
        )

    def _moved(self, held: _Held) -> bool:
        return self.read().token_version != held.grant.token_version

    def _release(self, lease: Lease) -> None:
        # It lapses by itself where storage does not answer.
        with contextlib.suppress(StorageUnavailable):
            self._keeper.grants.release_lease(self._grant_id, lease)

    def _now(self) -> datetime:
        return self._keeper.clock.now()
