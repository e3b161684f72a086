"""What offices are told about a grant: that it is dead, growing old, or that nobody answers.

One notification per company that uses the grant and per cause, however often and by whom the cause is
noticed (`NotificationStore.open`). What says that a cause is over is stored closed: it needs nobody.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from shared.auth import sweep_rules
from shared.auth.notices import NoticePorts, close_notice, end_notice, open_notice
from shared.domain.connections import Connection
from shared.domain.grants import Grant
from shared.domain.ids import CompanyId, ProviderName
from shared.domain.notifications import Notification
from shared.domain.runs import Problem
from shared.providers.base import ProviderProfile

_REAUTH = "reauth"
_OUTAGE = "outage"
_DAY = timedelta(days=1)


def expired(
    ports: NoticePorts, company_id: CompanyId, profile: ProviderProfile, problem: Problem
) -> bool:
    """The owner's sentence, to one company; False where it was told already.

    It takes the place of what was said before: the provider has answered, and nothing goes by itself.
    """
    told = replace(problem, action=f"Reconnect {profile.label}")
    opened = _open(ports, company_id, profile.name, _REAUTH, told)
    for cause in (_OUTAGE, *map(_of_age, sweep_rules.AGES)):
        _close(ports, company_id, profile.name, cause)
    return opened


def expired_no_more(ports: NoticePorts, company_id: CompanyId, profile: ProviderProfile) -> None:
    """Take back what `expired` said: somebody had connected anew meanwhile."""
    _close(ports, company_id, profile.name, _REAUTH)


def connected(ports: NoticePorts, connection: Connection, profile: ProviderProfile) -> None:
    """A consent was given, and the connection is saved: whatever was said of its grant is over."""
    company_id = connection.key.company_id
    _over(
        ports,
        company_id,
        profile.name,
        _REAUTH,
        Problem("CONNECTED_AGAIN", f"{profile.label} is connected again."),
    )
    _answers_again(ports, company_id, profile)
    for age in sweep_rules.AGES:
        _close(ports, company_id, profile.name, _of_age(age))


def disconnected(ports: NoticePorts, company_id: CompanyId, profile: ProviderProfile) -> None:
    """Nothing is to be said of a connection that somebody ended."""
    for cause in (_REAUTH, _OUTAGE, *map(_of_age, sweep_rules.AGES)):
        _close(ports, company_id, profile.name, cause)


def unanswered(ports: NoticePorts, grant: Grant, since: datetime, profile: ProviderProfile) -> None:
    """The provider has not answered for long; `since` when."""
    problem = Problem(
        "PROVIDER_OUTAGE",
        f"{profile.label} has not answered since {since:%H:%M} UTC; "
        "nothing is lost, changes wait and go by themselves.",
    )
    for company_id in sorted(grant.companies):
        _open(ports, company_id, profile.name, _OUTAGE, problem)


def renewed(ports: NoticePorts, before: Grant, after: Grant, profile: ProviderProfile) -> None:
    """A refresh was answered: an outage is over; a refresh token's age is told, or over.

    Costs no call of storage where there was no outage and no age to speak of.
    """
    now = ports.clock.now()
    told = sweep_rules.age_told(before, after, now)
    was_old = before.refresh_expires_at is not None and (
        before.refresh_expires_at - sweep_rules.AGES[0] <= now
    )
    for company_id in sorted(after.companies):
        if before.unanswered_since is not None:
            _answers_again(ports, company_id, profile)
        if told is not None and after.refresh_expires_at is not None:
            problem = _ends_soon(after.refresh_expires_at, now, profile)
            _open(ports, company_id, profile.name, _of_age(told), problem)
        if was_old:
            for age in sweep_rules.AGES:
                if age != told:
                    _close(ports, company_id, profile.name, _of_age(age))


def _ends_soon(ends_at: datetime, now: datetime, profile: ProviderProfile) -> Problem:
    days = max(1, -((now - ends_at) // _DAY))
    return Problem(
        "CONNECTION_ENDS_SOON",
        f"Your {profile.label} connection ends on {ends_at.day} {ends_at:%B %Y} "
        f"(in {days} {'day' if days == 1 else 'days'}) unless it is renewed. "
        f"Go to Settings → Integrations → Reconnect {profile.label}.",
        f"Reconnect {profile.label}",
    )


def _of_age(age: timedelta) -> str:
    return f"refresh-age#{age.days}"


def _answers_again(ports: NoticePorts, company_id: CompanyId, profile: ProviderProfile) -> None:
    problem = Problem("PROVIDER_ANSWERS_AGAIN", f"{profile.label} answers again.")
    _over(ports, company_id, profile.name, _OUTAGE, problem)


def _open(
    ports: NoticePorts, company_id: CompanyId, provider: ProviderName, cause: str, problem: Problem
) -> bool:
    return open_notice(ports, company_id, provider, f"{provider}#{cause}", problem)


def _close(
    ports: NoticePorts, company_id: CompanyId, provider: ProviderName, cause: str
) -> Notification | None:
    return close_notice(ports, company_id, f"{provider}#{cause}")


def _over(
    ports: NoticePorts,
    company_id: CompanyId,
    provider: ProviderName,
    cause: str,
    recovery: Problem,
) -> None:
    full = f"{provider}#{cause}"
    end_notice(ports, company_id, provider, full, f"{full}-over", recovery)
