"""A connection's health: one colour, the reason, and the one action that makes it green.

Red: disconnected, or to be reconnected. Amber: something is not in step, waits, or is not known to
be. Green: all synced. What is looked at is the connection, its last run, the changes that wait and the
records that stand refused, of all kinds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from shared.auth.reauth import reauth_problem
from shared.domain.connections import Connection, ConnectionState
from shared.domain.due import AutomaticState, Circuit
from shared.domain.invoice_plan import TOTAL_DIFFERS
from shared.domain.runs import Run, RunState
from shared.providers.base import ProviderProfile
from shared.sync.automatic import gate
from shared.sync.automatic.waiting import MOST_COUNTED, Waiting
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
    services: Services,
    profile: ProviderProfile,
    connection: Connection | None,
    run: Run | None,
    waiting: Waiting,
) -> Health:
    """`run` is the connection's `last_run`. Reads the failures only where all else is well."""
    if connection is None or connection.state is ConnectionState.DISCONNECTED:
        return Health(Colour.RED, f"{profile.label} is not connected.", f"Connect {profile.label}")
    if connection.state is ConnectionState.NEEDS_REAUTH:
        return Health(Colour.RED, reauth_problem(profile).message, f"Reconnect {profile.label}")
    state = gate.state_of(services, connection.key)
    return (
        _not_ready(services, profile, connection)
        or _circuit_open(state.circuit, profile, waiting)
        or _of_the_run(run)
        or _of_what_waits(connection, waiting)
        or _by_failures(services, connection)
        or _not_looked_at(services, connection, run, state)
        or Health(Colour.GREEN, "All synced.")
    )


def _not_ready(
    services: Services, profile: ProviderProfile, connection: Connection
) -> Health | None:
    if profile.has_income_accounts and not any_account_chosen(services.stores, connection):
        return Health(
            Colour.AMBER,
            "No income account is chosen yet, so items cannot be sent.",
            "Choose the default income account",
        )
    return None


def _circuit_open(
    circuit: Circuit | None, profile: ProviderProfile, waiting: Waiting
) -> Health | None:
    if circuit is None:
        return None
    if circuit.problem is not None:
        return Health(Colour.AMBER, circuit.problem.message, circuit.problem.action)
    reason = f"{profile.label} does not answer."
    if waiting.count:
        reason += f" {_changes(waiting)} until it does; nothing is lost."
    return Health(Colour.AMBER, reason, f"Wait: changes go by themselves when {profile.label} does")


def _changes(waiting: Waiting) -> str:
    if waiting.count >= MOST_COUNTED:
        return f"{MOST_COUNTED:,} changes or more wait"
    return "1 change waits" if waiting.count == 1 else f"{waiting.count:,} changes wait"


def _of_what_waits(connection: Connection, waiting: Waiting) -> Health | None:
    if not waiting.count:
        return None
    if connection.setup.decided:
        reason, action = f"{_changes(waiting)} to be synced.", "Wait: they go by themselves"
    else:
        reason = f"{_changes(waiting)} until the import of customers and items is decided."
        action = "Finish or skip the import steps of the setup"
    return Health(Colour.AMBER, reason, action)


def _not_looked_at(
    services: Services, connection: Connection, run: Run | None, state: AutomaticState
) -> Health | None:
    """Whether there was a run, or else the schedule made due what is out of step."""
    compared = connection.setup.decided and state.compare_at > services.clock.now()
    if run is not None or compared:
        return None
    return Health(Colour.AMBER, "Nothing has been synced yet.", "Start a sync")


def _of_the_run(run: Run | None) -> Health | None:
    """Under way, or stopped."""
    if run is None or run.state is RunState.FINISHED:
        return None
    if run.state.active:
        return Health(
            Colour.AMBER,
            f"A sync is under way: {run.counts.settled:,} of {run.counts.total:,} {run.kind}s are done.",
            "Wait for the sync to end",
        )
    if run.problem is None:
        return Health(Colour.AMBER, "The last sync did not finish.", "Start a sync")
    return Health(Colour.AMBER, run.problem.message, run.problem.action or "Start a sync")


def _by_failures(services: Services, connection: Connection) -> Health | None:
    told, differing = [], 0
    for kind in gate.AUTOMATIC_KINDS:
        page = services.stores.failures.page(connection.key, kind, _FAILURES_COUNTED, None)
        refused = [failure for failure in page.rows if failure.cause != TOTAL_DIFFERS]
        differing += len(page.rows) - len(refused)
        if page.cursor is not None and refused:
            told.append(f"more than {len(refused)} {kind}s")
        elif refused:
            told.append(f"1 {kind}" if len(refused) == 1 else f"{len(refused)} {kind}s")
    reasons = []
    if told:
        counted = _listed(told)
        reasons.append(f"{counted[0].upper()}{counted[1:]} could not be synced.")
    if differing:
        label = services.profile(connection.key.provider).label
        has = "1 invoice has" if differing == 1 else f"{differing} invoices have"
        reasons.append(f"{has} another total in {label}.")
    if not reasons:
        return None
    return Health(Colour.AMBER, " ".join(reasons), "See what failed and correct it")


def _listed(told: Sequence[str]) -> str:
    return " and ".join(filter(None, (", ".join(told[:-1]), told[-1])))
