"""Answers that more than one resource gives."""

from __future__ import annotations

from dataclasses import dataclass

from functions.api.models.connections import ConnectionAnswer
from shared.auth.choices import shown
from shared.domain.connections import Connection
from shared.domain.ids import CompanyId, ConnectionKey, ProviderName
from shared.domain.runs import Run
from shared.sync.automatic.waiting import Waiting, waiting_of
from shared.sync.health import health_of, last_run
from shared.sync.services import Services


@dataclass(frozen=True, slots=True)
class Doing:
    """What a connection's health is judged by, for who shows it elsewhere too and reads it only once."""

    last_run: Run | None = None
    waiting: Waiting = Waiting()  # noqa: RUF009 - frozen

    @classmethod
    def of(cls, services: Services, connection: Connection) -> Doing:
        return cls(last_run(services, connection), waiting_of(services, connection.key))


def connection_answer(
    services: Services,
    company_id: CompanyId,
    provider: ProviderName,
    connection: Connection | None,
    doing: Doing | None = None,
) -> ConnectionAnswer:
    """A provider, its connection if there is one, how well it is, its last run, what is to be chosen."""
    profile = services.profile(provider)
    if doing is None:
        doing = Doing.of(services, connection) if connection else Doing()
    run, waiting = doing.last_run, doing.waiting
    health = health_of(services, profile, connection, run, waiting)
    choice = shown(services.stores, ConnectionKey(company_id, provider), services.clock.now())
    return ConnectionAnswer.of(profile, connection, health, run, waiting, choice)
