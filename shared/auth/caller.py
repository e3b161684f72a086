"""Who is calling, once that is verified."""

from __future__ import annotations

from dataclasses import dataclass

from shared.domain.ids import CompanyId, PersonId

ROLES = ("read", "write")


@dataclass(frozen=True, slots=True)
class Caller:
    """A signed-in person, acting for one company. Names are for showing, never for deciding."""

    company_id: CompanyId
    company_name: str
    person_id: PersonId
    roles: frozenset[str]
    """Some of `ROLES`."""
    name: str
    locale: str = ""
    zoneinfo: str = ""
    """Both as the issuer says them (OpenID Connect Core, 5.1), for showing."""
