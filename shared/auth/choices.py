"""Consents that wait for a person: which remote company, or whether to start afresh with another one.

The consent's grant is stored with nobody attached, in the sweep's TIMED lane until the choice expires:
whatever is not decided by then is dropped there (`shared.auth.abandoned.drop_abandoned`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from shared.auth import refusals
from shared.auth.abandoned import drop_abandoned
from shared.auth.audit import write_down
from shared.auth.connect_ports import ConnectPorts
from shared.auth.establish import Intent, establish, live
from shared.auth.holding import take_up
from shared.auth.looking import look_at, would_be
from shared.auth.reauth import mark_companies_need_reauth
from shared.domain.connections import Connection, OfferedCompany, PendingChoice
from shared.domain.errors import ConnectionStopped, RequestInvalid
from shared.domain.grants import GrantState
from shared.domain.ids import ConnectionKey, PersonId, RemoteCompanyId
from shared.providers.base import ProviderOAuth, ProviderProfile
from shared.storage.ports import Stores


@dataclass(frozen=True, slots=True)
class ShownChoice:
    """A choice as a person is shown it.

    `taken`: those of the offered that another BlueClerk company is connected to. `connected`: the name
    of the remote company that is connected now; choosing any of the offered then means to start afresh.
    """

    offered: tuple[OfferedCompany, ...]
    taken: frozenset[RemoteCompanyId]
    connected: str
    expires_at: datetime


def shown(stores: Stores, key: ConnectionKey, now: datetime) -> ShownChoice | None:
    """What waits for a decision; None where nothing does, or not any more."""
    choice = stores.choices.get(key)
    if choice is None or now >= choice.expires_at:
        return None
    current = live(stores.connections.get(key))
    offered_ids = {one.remote_company_id for one in choice.offered}
    another = current is not None and current.remote_company.remote_company_id not in offered_ids
    return ShownChoice(
        offered=choice.offered,
        taken=taken_elsewhere(stores, key, choice.offered),
        connected=current.remote_company.name if current and another else "",
        expires_at=choice.expires_at,
    )


def taken_elsewhere(
    stores: Stores, key: ConnectionKey, offered: tuple[OfferedCompany, ...]
) -> frozenset[RemoteCompanyId]:
    return frozenset(
        one.remote_company_id
        for one in offered
        if stores.connections.owner_of_remote_company(key.provider, one.remote_company_id)
        not in (None, key.company_id)
    )


def put_choice(ports: ConnectPorts, oauth: ProviderOAuth, choice: PendingChoice) -> None:
    """Have it wait; what waited before is dropped, but for the access that this one needs."""
    replaced = ports.stores.choices.put(choice)
    if replaced is not None and replaced.grant_id != choice.grant_id:
        _drop(ports, oauth, replaced, keep=choice.offered)


def choose(
    ports: ConnectPorts,
    oauth: ProviderOAuth,
    key: ConnectionKey,
    person_id: PersonId,
    remote_company_id: RemoteCompanyId,
    *,
    start_afresh: bool,
) -> Connection:
    """Connect to one of the offered companies, once it is seen with the token of the consent.

    Raises, the choice waiting on: `RequestInvalid` (NOT_OFFERED), `Conflicting` with
    REMOTE_COMPANY_TAKEN, or REMOTE_COMPANY_DIFFERS where another company is connected and `start_afresh`
    was not said, `RetryLater`, and `ConnectionStopped`.
    Raises when there is nothing (more) to decide: `NotFound` (NO_CHOICE), `Conflicting`
    (CHOICE_EXPIRED, CONNECTION_CHANGED), and `RequestInvalid` (CONSENT_REFUSED).
    """
    profile = oauth.profile
    choice = _waiting(ports, profile, key)
    current = live(ports.stores.connections.get(key))
    replaces = _replaced(choice, current, profile, remote_company_id, start_afresh=start_afresh)
    if taken_elsewhere(ports.stores, key, (OfferedCompany(remote_company_id),)):
        raise refusals.taken(profile)
    looking = would_be(key, remote_company_id, choice.grant_id)
    try:
        remote_company = look_at(ports, profile, looking, ports.token_source(looking))
    except RequestInvalid:
        grant = ports.stores.grants.get(choice.grant_id)
        if grant is not None and grant.state is GrantState.NEEDS_REAUTH:
            # A user's single chain: others may be over it, whom nobody has told yet.
            mark_companies_need_reauth(ports, grant, profile)
        if ports.stores.choices.take(key, choice.choice_id):
            _drop(ports, oauth, choice)
        raise
    except ConnectionStopped:
        grant = ports.stores.grants.get(choice.grant_id)
        if grant is not None and grant.state is not GrantState.REVOKED:
            raise
        if ports.stores.choices.take(key, choice.choice_id):
            raise refusals.changed_meanwhile(profile) from None
        raise refusals.no_choice(profile) from None
    if not ports.stores.choices.take(key, choice.choice_id):
        raise refusals.no_choice(profile)
    return establish(
        ports,
        oauth,
        Intent(key, person_id, remote_company, replaces, chosen=True),
        lambda _row: take_up(
            ports, profile, choice.grant_id, key.company_id, refusals.choice_expired(profile)
        ),
    )


def cancel(
    ports: ConnectPorts, oauth: ProviderOAuth, key: ConnectionKey, person_id: PersonId
) -> None:
    """Drop what waits; the connection stays as it is. Raises `NotFound` (NO_CHOICE)."""
    choice = ports.stores.choices.get(key)
    if choice is None or not ports.stores.choices.take(key, choice.choice_id):
        raise refusals.no_choice(oauth.profile)
    _drop(ports, oauth, choice)
    write_down(ports, key, person_id, "connection.choice_cancelled")


def overrule(ports: ConnectPorts, oauth: ProviderOAuth, key: ConnectionKey) -> None:
    """Drop what waits, because a later consent was finished without a question."""
    choice = ports.stores.choices.get(key)
    if choice is not None and ports.stores.choices.take(key, choice.choice_id):
        _drop(ports, oauth, choice)


def _waiting(ports: ConnectPorts, profile: ProviderProfile, key: ConnectionKey) -> PendingChoice:
    choice = ports.stores.choices.get(key)
    if choice is None:
        raise refusals.no_choice(profile)
    if ports.clock.now() >= choice.expires_at:
        raise refusals.choice_expired(profile)
    return choice


def _replaced(
    choice: PendingChoice,
    current: Connection | None,
    profile: ProviderProfile,
    remote_company_id: RemoteCompanyId,
    *,
    start_afresh: bool,
) -> RemoteCompanyId | None:
    """The connected remote company that this decision gives up, if any."""
    offered = [one for one in choice.offered if one.remote_company_id == remote_company_id]
    if not offered:
        raise refusals.not_offered(profile)
    if current is None or current.remote_company.remote_company_id == remote_company_id:
        return None
    if not start_afresh:
        raise refusals.differs(profile, current.remote_company.name, offered)
    return current.remote_company.remote_company_id


def _drop(
    ports: ConnectPorts,
    oauth: ProviderOAuth,
    choice: PendingChoice,
    keep: tuple[OfferedCompany, ...] = (),
) -> None:
    """The sweep does the same once it has expired, wherever this is not reached."""
    grant = ports.stores.grants.get(choice.grant_id)
    if grant is not None:
        drop_abandoned(ports, oauth, grant, {one.remote_company_id for one in keep})
