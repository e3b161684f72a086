"""Answers that more than one resource gives."""

from __future__ import annotations

from functions.api.models.connections import ConnectionAnswer
from shared.auth.choices import shown
from shared.domain.connections import Connection
from shared.domain.ids import CompanyId, ConnectionKey, ProviderName
from shared.sync.automatic.waiting import Waiting, waiting_of
from shared.sync.health import health_of, last_run
from shared.sync.services import Services


def connection_answer(
    services: Services,
    company_id: CompanyId,
    provider: ProviderName,
    connection: Connection | None,
) -> ConnectionAnswer:
    """A provider, its connection if there is one, how well it is, its last run, what is to be chosen."""
    profile = services.profile(provider)
    run = last_run(services, connection) if connection else None
    waiting = waiting_of(services, connection.key) if connection else Waiting()
    health = health_of(services, profile, connection, run, waiting)
    choice = shown(services.stores, ConnectionKey(company_id, provider), services.clock.now())
    return ConnectionAnswer.of(profile, connection, health, run, waiting, choice)
