"""A connection's health: one colour, the reason, and the one action that makes it green.

Red: disconnected, or to be reconnected. Amber: something is not in step, or not known to be. Green:
the last sync left every item in step. What is looked at is the connection, its last run and its
failures, so a change made since that run does not show until it is synced or fails.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from shared.auth.reauth import reauth_problem
from shared.domain.connections import Connection, ConnectionState
from shared.domain.ids import RecordKind
from shared.domain.runs import Run, RunState
from shared.providers.base import ProviderProfile
from shared.sync.engine.mapped import any_account_chosen
from shared.sync.services import Services

_FAILURES_COUNTED: Final = 100


class Colour(StrEnum):
    RED = "red"
    AMBER = "amber"
    GREEN = "green"


@dataclass(frozen=True, slots=True)
class Health:
    """`action` is empty only where nothing is to be done."""

    colour: Colour
    reason: str
    action: str = ""


def last_run(services: Services, connection: Connection) -> Run | None:
    rows = services.stores.runs.page(connection.key, 1, None).rows
    return rows[0] if rows else None


def health_of(
    services: Services, profile: ProviderProfile, connection: Connection | None, run: Run | None
) -> Health:
    """`run` is the connection's `last_run`. Reads the failures only where all else is well."""
    if connection is None or connection.state is ConnectionState.DISCONNECTED:
        return Health(Colour.RED, f"{profile.label} is not connected.", f"Connect {profile.label}")
    if connection.state is ConnectionState.NEEDS_REAUTH:
        return Health(Colour.RED, reauth_problem(profile).message, f"Reconnect {profile.label}")
    if profile.has_income_accounts and not any_account_chosen(services.stores, connection):
        return Health(
            Colour.AMBER,
            "No income account is chosen yet, so items cannot be sent.",
            "Choose the default income account",
        )
    if run is None:
        return Health(Colour.AMBER, "Nothing has been synced yet.", "Start a sync")
    if run.state is RunState.FINISHED:
        return _after_a_finished_run(services, connection)
    return _during_or_after_a_stop(run)


def _during_or_after_a_stop(run: Run) -> Health:
    if run.state.active:
        return Health(
            Colour.AMBER,
            f"A sync is under way: {run.counts.settled:,} of {run.counts.total:,} items are done.",
            "Wait for the sync to end",
        )
    if run.problem is None:
        return Health(Colour.AMBER, "The last sync did not finish.", "Start a sync")
    return Health(Colour.AMBER, run.problem.message, run.problem.action or "Start a sync")


def _after_a_finished_run(services: Services, connection: Connection) -> Health:
    failures = services.stores.failures.page(
        connection.key, RecordKind.ITEM, _FAILURES_COUNTED, None
    )
    if not failures.rows:
        return Health(Colour.GREEN, "Every item was in step when the last sync ended.")
    number = len(failures.rows)
    if failures.cursor is not None:
        counted = f"More than {number} items"
    else:
        counted = "1 item" if number == 1 else f"{number} items"
    return Health(Colour.AMBER, f"{counted} could not be synced.", "See what failed and correct it")
