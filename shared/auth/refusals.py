"""What a person is told when a consent or a choice cannot lead to a connection."""

from __future__ import annotations

from collections.abc import Sequence

from shared.domain.connections import OfferedCompany
from shared.domain.errors import Conflicting, NotFound, RequestInvalid
from shared.domain.runs import Problem
from shared.providers.base import ProviderProfile

TAKEN_BY_ANOTHER = "connected to another BlueClerk company"
"""All that is ever said of it: which company that is, is nobody's business here."""


def begin_again(profile: ProviderProfile) -> str:
    """The action that is always open."""
    return f"Go to Settings → Integrations → Connect {profile.label} and begin again."


def not_accepted(profile: ProviderProfile) -> RequestInvalid:
    """The provider gave a token and does not take it for this company: a forged callback, too."""
    return RequestInvalid(
        Problem(
            "CONSENT_REFUSED",
            f"{profile.label} does not accept the authorisation it has just given.",
            begin_again(profile),
        )
    )


def overtaken(profile: ProviderProfile) -> Conflicting:
    return Conflicting(
        Problem(
            "CONSENT_OVERTAKEN",
            f"The same {profile.label} user gave another authorisation at the same moment.",
            begin_again(profile),
        )
    )


def taken(profile: ProviderProfile) -> Conflicting:
    return Conflicting(
        Problem(
            "REMOTE_COMPANY_TAKEN",
            f"This {profile.label} company is {TAKEN_BY_ANOTHER}.",
            "Disconnect it there first, or choose another company.",
        )
    )


def differs(
    profile: ProviderProfile, connected: str, offered: Sequence[OfferedCompany]
) -> Conflicting:
    """Both names and both ways out; the consent waits for the person's decision meanwhile."""
    others = names(offered)
    return Conflicting(
        Problem(
            "REMOTE_COMPANY_DIFFERS",
            f'"{connected}" is connected, but access was given to {others}.',
            f"Decide within 20 minutes under Settings → Integrations → {profile.label}. "
            f'Cancel, and "{connected}" stays connected as it is; or start afresh with {others}: '
            f'"{connected}" is disconnected then, and settings and setup begin anew.',
        )
    )


def changed_meanwhile(profile: ProviderProfile) -> Conflicting:
    return Conflicting(
        Problem(
            "CONNECTION_CHANGED",
            f"Somebody else changed the {profile.label} connection at the same moment.",
            f"Look at it again; where it is not as you want it, connect {profile.label} again.",
        )
    )


def choice_expired(profile: ProviderProfile) -> Conflicting:
    return Conflicting(
        Problem(
            "CHOICE_EXPIRED",
            f"The {profile.label} authorisation waited longer than 20 minutes for a decision.",
            begin_again(profile),
        )
    )


def no_choice(profile: ProviderProfile) -> NotFound:
    return NotFound(
        Problem(
            "NO_CHOICE",
            f"There is nothing to choose for {profile.label}, or it was decided already.",
            "Look at the connection again.",
        )
    )


def not_offered(profile: ProviderProfile) -> RequestInvalid:
    return RequestInvalid(
        Problem(
            "NOT_OFFERED",
            f"Access was not given to this {profile.label} company.",
            "Choose one of those in pendingChoice, or begin again and give access to it.",
            "remoteCompanyId",
        )
    )


def names(offered: Sequence[OfferedCompany]) -> str:
    """In quotes; the id where the provider did not tell the name."""
    return ", ".join(f'"{one.name or one.remote_company_id}"' for one in offered)
