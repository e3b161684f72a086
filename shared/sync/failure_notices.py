"""What offices are told of records that stand refused: one notification per cause, and its end.

A failure's own sentence may name a record, and a notification is sent out by e-mail; so it says what
kind of record and which cause, and the failures themselves say the rest.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Final

from shared.auth.notices import end_notice, open_notice
from shared.domain.ids import ConnectionKey, ProviderName, RecordKind
from shared.domain.invoice_plan import TOTAL_DIFFERS
from shared.domain.runs import Problem
from shared.sync.engine.failures import stored_failures
from shared.sync.services import Services

PASSING_CAUSES: Final = frozenset({"PROVIDER_BUSY", "PROVIDER_KEEPS_REFUSING", "NO_ANSWER"})
"""Refusals that say nothing of the record."""

MOST_TOLD: Final = 20
"""Causes of a kind with an open notification: whoever has more has one trouble, not twenty."""


def failure_cause(provider: ProviderName, kind: RecordKind, cause: str) -> str:
    return f"{_prefix(provider, kind)}{cause}"


def told_of(notice_cause: str) -> tuple[RecordKind, str] | None:
    """The kind and cause of the failures that a notification is about; None where it is about others."""
    parts = notice_cause.split("#", 3)
    if len(parts) < len(("provider", "failure", "kind", "cause")) or parts[1] != "failure":
        return None
    return RecordKind(parts[2]), parts[3]


def tell_standing(
    services: Services,
    key: ConnectionKey,
    kind: RecordKind,
    standing: Collection[str],
    *,
    passing_too: bool,
) -> None:
    """Open what is not told yet of the causes that stand, close those that nothing stands of any more.

    For whoever holds the lease of that connection and kind, before giving it back; safe to repeat.
    Without `passing_too` a passing cause is not opened: whoever tries again tells it when giving up.
    """
    prefix = _prefix(key.provider, kind)
    told = {
        cause.removeprefix(prefix)
        for cause in services.stores.notifications.open_causes(key.company_id, prefix)
    }
    for cause in sorted(told.difference(standing)):
        _over(services, key, kind, cause)
    room = MOST_TOLD - len(told.intersection(standing))
    new = (each for each in standing if each not in told)
    _tell(services, key, kind, [e for e in new if passing_too or e not in PASSING_CAUSES][:room])


def tell_given_up(
    services: Services, key: ConnectionKey, kind: RecordKind, causes: Iterable[str]
) -> None:
    """The automatic road does not try again by itself; told once, as above."""
    _tell(services, key, kind, causes)


def tell_cleared(services: Services, key: ConnectionKey, kind: RecordKind) -> None:
    """After refusals were cleared without a run: what nothing stands of any more is over."""
    if services.stores.notifications.open_causes(key.company_id, _prefix(key.provider, kind)):
        standing = {failure.cause for failure in stored_failures(services.stores, key, kind)}
        tell_standing(services, key, kind, standing, passing_too=False)


def tell_stopped(services: Services, key: ConnectionKey, kind: RecordKind) -> None:
    """Its workers crash. The next run that ends in an orderly way closes it, as it does the others."""
    problem = Problem(
        "STOPPED_UNEXPECTEDLY",
        f"A sync of {kind}s stopped unexpectedly several times. Nothing is lost.",
        "Sync again; if it stops again, contact support.",
    )
    _open(services, key, failure_cause(key.provider, kind, problem.code), problem)


def _prefix(provider: ProviderName, kind: RecordKind) -> str:
    return f"{provider}#failure#{kind}#"


def _tell(services: Services, key: ConnectionKey, kind: RecordKind, causes: Iterable[str]) -> None:
    label = services.profile(key.provider).label
    for cause in causes:
        problem = Problem(
            "RECORDS_REFUSED",
            f"Some {kind}s could not be synced to {label}: {_in_words(cause)}.",
            f"See the {kind}s that failed for this cause, correct them, then retry.",
        )
        if cause == TOTAL_DIFFERS:
            problem = Problem(
                "TOTALS_DIFFER",
                f"Some {kind}s have another total in {label} than in BlueClerk.",
                f"See the {kind}s of this cause, with both totals, and correct what is wrong.",
            )
        _open(services, key, failure_cause(key.provider, kind, cause), problem)


def _over(services: Services, key: ConnectionKey, kind: RecordKind, cause: str) -> None:
    label = services.profile(key.provider).label
    end_notice(
        services,
        key.company_id,
        key.provider,
        failure_cause(key.provider, kind, cause),
        f"{key.provider}#failure-over",
        Problem(
            "RECORDS_SYNCED_AGAIN",
            f"No {kind} has another total in {label} any more."
            if cause == TOTAL_DIFFERS
            else f"No {kind} is kept from {label} any more by this cause: {_in_words(cause)}.",
        ),
    )


def _open(services: Services, key: ConnectionKey, cause: str, problem: Problem) -> None:
    open_notice(services, key.company_id, key.provider, cause, problem)


def _in_words(cause: str) -> str:
    """PRICE_TOO_HIGH: price too high."""
    return cause.replace("_", " ").lower()
