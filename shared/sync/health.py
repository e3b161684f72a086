"""A connection's health: one colour, the reason, and the one action that makes it green.

Red: disconnected, or to be reconnected. Amber: something is not in step, waits, or is not known to
be. Green: all synced. What is looked at is the connection, its last run, the changes that wait and the
records that stand refused, of all kinds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import islice
from typing import Final

from shared.auth.reauth import reauth_problem
from shared.domain.connections import Connection, ConnectionState
from shared.domain.due import AutomaticState, Circuit, DueRow
from shared.domain.ids import RecordKind
from shared.domain.invoice_plan import TOTAL_DIFFERS
from shared.domain.runs import Run, RunState
from shared.providers.base import ProviderProfile
from shared.sync.automatic import gate
from shared.sync.automatic.dependencies import GOES_FIRST, waiting_reason
from shared.sync.automatic.kept_back import kinds_that_wait
from shared.sync.automatic.waiting import MOST_COUNTED, Waiting
from shared.sync.engine.mapped import any_account_chosen
from shared.sync.payments.standing import IN_BOOKS
from shared.sync.services import Services

CHOOSE_ACCOUNT: Final = "Choose the default income account"
"""The action of a connection that cannot send items yet."""
_FAILURES_COUNTED: Final = 100
_HELD_LOOKED_AT: Final = 20


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
    held = _held(services, connection) if waiting.count else ()
    return (
        _not_ready(services, profile, connection)
        or _circuit_open(state.circuit, profile, waiting)
        or _of_the_run(run)
        or _of_what_waits(connection, waiting, len(held))
        or _by_failures(services, connection, len(held))
        or _of_what_is_held(services, held)
        or _kept_back(connection, state)
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
            CHOOSE_ACCOUNT,
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


def _held(services: Services, connection: Connection) -> Sequence[DueRow]:
    """What waits for another record, which may stand refused: not sure to go by itself."""
    due, key = services.stores.due, connection.key
    kinds = dict.fromkeys(kind for kinds in gate.WAITED_FOR_BY.values() for kind in kinds)
    return [row for kind in kinds for row in due.waiting(key, kind, MOST_COUNTED)]


def _of_what_waits(connection: Connection, waiting: Waiting, held: int) -> Health | None:
    """But for what is held, unless nothing goes yet."""
    if connection.setup.decided:
        waiting = replace(waiting, count=max(0, waiting.count - held))
        reason, action = f"{_changes(waiting)} to be synced.", "Wait: they go by themselves"
    else:
        reason = f"{_changes(waiting)} until the import of customers and items is decided."
        action = "Finish or skip the import steps of the setup"
    return Health(Colour.AMBER, reason, action) if waiting.count else None


def _of_what_is_held(services: Services, held: Sequence[DueRow]) -> Health | None:
    """By the first reason that a person has to do something about, else by the first."""
    told = None
    first_of_each = {row.waits_for: row for row in reversed(held)}
    for row in islice(first_of_each.values(), _HELD_LOOKED_AT):
        problem = waiting_reason(services, row)
        if problem is not None and (told is None or told.code == GOES_FIRST):
            told = problem
    if told is None:
        return None
    counted = f"{_changes(Waiting(len(held)))} for other records. "
    return Health(Colour.AMBER, counted + told.message, told.action)


def _kept_back(connection: Connection, state: AutomaticState) -> Health | None:
    kinds = kinds_that_wait(connection, state)
    if not kinds:
        return None
    named = _listed([f"{kind}s" for kind in gate.AUTOMATIC_KINDS if kind in kinds])
    reason = f"{named.capitalize()} have changed since they were last synced, and wait until somebody asks."
    return Health(Colour.AMBER, reason, "Press Sync Now")


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


def _by_failures(services: Services, connection: Connection, held: int) -> Health | None:
    """`held`: so many wait for other records, and most likely for these."""
    told, reasons = [], []
    label = services.profile(connection.key.provider).label
    for kind in gate.AUTOMATIC_KINDS:
        page = services.stores.failures.page(connection.key, kind, _FAILURES_COUNTED, None)
        differing = [one for one in page.rows if one.cause == TOTAL_DIFFERS]
        strange = [one for one in page.rows if kind is RecordKind.PAYMENT and one.cause in IN_BOOKS]
        refused = len(page.rows) - len(differing) - len(strange)
        if page.cursor is not None and refused:
            told.append(f"more than {refused} {kind}s")
        elif refused:
            told.append(_many(refused, kind))
        if differing:
            has = "has" if len(differing) == 1 else "have"
            reasons.append(f"{_many(len(differing), kind)} {has} another total in {label}.")
        if strange:
            stands = "stands" if len(strange) == 1 else "stand"
            reasons.append(f"{_many(len(strange), kind)} {stands} otherwise in {label} than here.")
    if told:
        counted = _listed(told)
        reasons.insert(0, f"{counted[0].upper()}{counted[1:]} could not be synced.")
    if not reasons:
        return None
    if held:
        reasons.append(f"{_changes(Waiting(held))} for other records.")
    return Health(Colour.AMBER, " ".join(reasons), "See what failed and correct it")


def _many(count: int, kind: RecordKind) -> str:
    return f"1 {kind}" if count == 1 else f"{count} {kind}s"


def _listed(told: Sequence[str]) -> str:
    return " and ".join(filter(None, (", ".join(told[:-1]), told[-1])))
