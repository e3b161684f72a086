"""What stands on top of a connection's page: red before amber before green, each with its one action."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from functions.api.console.addresses import integration_address
from functions.api.console.words import Words
from functions.api.models.connections import ConnectionAnswer
from shared.domain.connections import Connection, ConnectionState, StepState
from shared.domain.ids import RecordKind
from shared.sync.automatic.waiting import MOST_COUNTED
from shared.sync.health import CHOOSE_ACCOUNT
from shared.sync.services import Services

SYNC_NOW: Final = "Sync Now"


@dataclass(frozen=True, slots=True)
class Alert:
    """`address` is where its button leads or, where it `posts`, what it does; empty: nothing to press."""

    colour: str
    heading: str
    text: str
    address: str = ""
    label: str = ""
    posts: bool = False


@dataclass(frozen=True, slots=True)
class Alerts:
    """`above` come before the question for unsynced customers, `below` after it."""

    above: list[Alert]
    below: list[Alert]


def alerts_of(
    services: Services,
    connection: Connection,
    answer: ConnectionAnswer,
    words: Words,
    *,
    syncing: bool,
) -> Alerts:
    """`syncing`: a full sync is under way, whose progress says the rest."""
    place = integration_address(connection.key.provider)
    health = answer.health
    if connection.state is not ConnectionState.CONNECTED:
        return Alerts(
            [
                *_red(answer, place),
                *_choice(answer, place),
            ],
            [],
        )
    above = [*_choice(answer, place), *_setup(connection, answer, place)]
    if syncing or not connection.setup.decided:
        return Alerts([*above, *_skipped(connection, answer, place)], [])
    waiting = _items_waiting(services, connection) if answer.unsynced.count else 0
    if waiting:
        above.append(_unsynced_items(waiting, answer, words, place))
    elif health.colour == "amber":
        above.append(_of_health(answer, place))
    above.extend(_skipped(connection, answer, place))
    below = []
    if health.colour == "green":
        text = "Changes go by themselves; Sync Now compares everything once more."
        if connection.settings.by_itself != frozenset(RecordKind):
            text = "Sync Now compares everything once more, and sends what does not go by itself."
        below.append(Alert("green", "All synced", text, f"{place}/sync", SYNC_NOW, posts=True))
    return Alerts(above, below)


def _red(answer: ConnectionAnswer, place: str) -> Iterator[Alert]:
    yield Alert(
        "red",
        "Reconnect Required",
        f"{answer.health.reason} Until then changes wait here; nothing is lost.",
        f"{place}/connect",
        f"Reconnect {answer.label}",
        posts=True,
    )


def _choice(answer: ConnectionAnswer, place: str) -> Iterator[Alert]:
    if answer.pending_choice is not None:
        yield Alert(
            "amber",
            "A company is to be chosen",
            f"Access was given in {answer.label}, and nothing is decided yet.",
            f"{place}/choose",
            "Choose the company",
        )


def _setup(connection: Connection, answer: ConnectionAnswer, place: str) -> Iterator[Alert]:
    setup = connection.setup
    if not setup.decided:
        yield Alert(
            "amber",
            "The setup is not finished",
            f"Nothing goes to {answer.label} by itself until the import of customers and items is "
            "done or skipped.",
            f"{place}/setup",
            "Continue the setup",
        )
    elif setup.map_items is StepState.PENDING:
        yield Alert(
            "amber",
            "One step of the setup is left",
            "Items are to be mapped to income accounts.",
            f"{place}/setup",
            "Continue the setup",
        )


def _items_waiting(services: Services, connection: Connection) -> int:
    return services.stores.due.count(connection.key, RecordKind.ITEM, MOST_COUNTED)


def _unsynced_items(count: int, answer: ConnectionAnswer, words: Words, place: str) -> Alert:
    many = words.count(count, "item")
    if count >= MOST_COUNTED:
        many = f"{many} or more"
    return Alert(
        "amber",
        f"{many} {'is' if count == 1 else 'are'} not synced",
        f"{answer.health.reason} {_sentence(answer.health.action)}".strip(),
        f"{place}/sync",
        SYNC_NOW,
        posts=True,
    )


def _of_health(answer: ConnectionAnswer, place: str) -> Alert:
    health = answer.health
    text = _sentence(health.action)
    if health.action == CHOOSE_ACCOUNT:
        return Alert("amber", health.reason, text, f"{place}/settings", "Choose the account")
    return Alert("amber", health.reason, text, f"{place}/sync", SYNC_NOW, posts=True)


def _skipped(connection: Connection, answer: ConnectionAnswer, place: str) -> Iterator[Alert]:
    """An import that was skipped is offered, and asks the books nothing by itself."""
    steps = [
        ("customers", connection.setup.import_customers),
        ("items", connection.setup.import_items),
    ]
    for noun, step in steps:
        if step is StepState.SKIPPED:
            yield Alert(
                "amber",
                f"The import of {noun} was skipped",
                f"{noun.capitalize()} that are only in {answer.label} are not in BlueClerk yet.",
                f"{place}/review/{noun}",
                "Review & Import",
            )


def _sentence(text: str) -> str:
    return text if not text or text.endswith((".", "!", "?")) else f"{text}."
