"""Answers that more than one resource gives."""

from __future__ import annotations

from functions.api.models.connections import ConnectionAnswer
from shared.domain.connections import Connection
from shared.domain.ids import ProviderName
from shared.sync.health import health_of, last_run
from shared.sync.services import Services


def connection_answer(
    services: Services, provider: ProviderName, connection: Connection | None
) -> ConnectionAnswer:
    """A provider, its connection if there is one, how well it is and its last run."""
    profile = services.profile(provider)
    run = last_run(services, connection) if connection else None
    health = health_of(services, profile, connection, run)
    return ConnectionAnswer.of(profile, connection, health, run)
