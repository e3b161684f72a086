"""One connection's token, made fresh because somebody asked; the answer never carries it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from shared.auth.notices import NoticePorts
from shared.auth.reauth import mark_connection_needs_reauth
from shared.domain.connections import Connection
from shared.domain.errors import ConnectionStopped, NeedsReauth, RetryLater
from shared.domain.ids import ConnectionKey
from shared.providers.base import ProviderProfile, TokenSource


class FreshnessEnd(StrEnum):
    FRESH = "fresh"
    NEEDS_REAUTH = "needs_reauth"
    STOPPED = "stopped"
    """Disconnected, never connected, or the grant does not cover the company: `code` says which."""
    RETRY_LATER = "retry_later"


@dataclass(frozen=True, slots=True)
class Freshness:
    """How it ended; the token version in use, why it stopped, or seconds after which to ask again."""

    outcome: FreshnessEnd
    token_version: int = 0
    code: str = ""
    retry_after: float = 0.0


def ensure_fresh(
    ports: NoticePorts,
    key: ConnectionKey,
    profile: ProviderProfile,
    token_source: Callable[[Connection], TokenSource],
    *,
    after_version: int | None = None,
) -> Freshness:
    """Renew the pair if it is near its end, or in any case when that version was answered 401.

    Outcomes are data, for a function's answer. Raises nothing of the provider's or storage's doing
    once the connection is read.
    """
    connection = ports.stores.connections.get(key)
    if connection is None:
        return Freshness(FreshnessEnd.STOPPED, code="NOT_CONNECTED")
    tokens = token_source(connection)
    try:
        if after_version is None:
            _, version = tokens.access_token()
        else:
            _, version = tokens.renew(after_version=after_version)
    except NeedsReauth:
        mark_connection_needs_reauth(ports, connection, profile)
        return Freshness(FreshnessEnd.NEEDS_REAUTH, code="UNAUTHORIZED")
    except ConnectionStopped as stopped:
        return Freshness(FreshnessEnd.STOPPED, code=stopped.problem.code)
    except RetryLater as later:
        return Freshness(FreshnessEnd.RETRY_LATER, retry_after=later.after)
    return Freshness(FreshnessEnd.FRESH, token_version=version)
