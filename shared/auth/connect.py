"""Connecting a company to a provider, the first time and again: the two ends of a consent."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from shared.auth import choices, consents, refusals
from shared.auth.connect_ports import ConnectPorts
from shared.auth.establish import Intent, establish, live
from shared.auth.holding import CHOICE_LIFE, save_chain, store_for, store_unused, take_up
from shared.auth.looking import JustIssued, look_at, would_be
from shared.domain.connections import (
    Connection,
    OfferedCompany,
    PendingChoice,
    RemoteCompany,
)
from shared.domain.errors import RequestInvalid, RetryLater
from shared.domain.ids import CompanyId, ConnectionKey, GrantId, PersonId, RemoteCompanyId
from shared.domain.runs import Problem
from shared.providers.base import Consent, ConsentCallback, ProviderOAuth, ProviderProfile
from shared.storage.auth_ports import ConsentRequest

# A path, not another site: "//host" and a backslash lead away, a control character may split a header.
_OWN_PATH = re.compile(r"/(?![/\\])[!-\[\]-~]*")


@dataclass(frozen=True, slots=True)
class FinishedConsent:
    """Either the connection, or the choice that waits for a person first.

    `return_to` is the path that `begin_consent` was given.
    """

    return_to: str
    connection: Connection | None = None
    choice: PendingChoice | None = None


@dataclass(frozen=True, slots=True)
class _Given:
    """A consent that was exchanged; `chain` is the grant that holds it already (`save_chain`)."""

    request: ConsentRequest
    consent: Consent
    asked_at: datetime
    chain: GrantId | None

    @property
    def key(self) -> ConnectionKey:
        return self.request.connection


def begin_consent(
    ports: ConnectPorts,
    oauth: ProviderOAuth,
    connection: ConnectionKey,
    person_id: PersonId,
    *,
    redirect_uri: str,
    return_to: str = "",
    needs_session: bool = False,
) -> str:
    """The provider's address to send the person to; good for 10 minutes and one use.

    `return_to` is a path of our own pages, for after the callback. `needs_session`: only the browser of the
    person who is signed in to the console may finish it. Raises `RequestInvalid` with code
    INVALID_RETURN_TO for anything else.
    """
    if return_to and not _OWN_PATH.fullmatch(return_to):
        raise RequestInvalid(
            Problem("INVALID_RETURN_TO", "returnTo is not a path of this site.", "", "returnTo")
        )
    request = consents.new_request(
        ports.secret_bytes,
        oauth.profile,
        connection,
        person_id,
        redirect_uri=redirect_uri,
        return_to=return_to,
        needs_session=needs_session,
        now=ports.clock.now(),
    )
    ports.stores.consents.put(request)
    return oauth.authorize_url(
        state=request.state,
        redirect_uri=redirect_uri,
        code_challenge=consents.code_challenge(request),
    )


def finish_consent(
    ports: ConnectPorts,
    oauth: ProviderOAuth,
    parameters: Mapping[str, str],
    *,
    company_id: CompanyId | None,
    person_id: PersonId | None,
) -> FinishedConsent:
    """The callback: exchange the code, and connect what it gave access to, or ask what is meant.

    `parameters` are the callback's query parameters; company and person those of the session it came
    with, None where it came without one (the one-time state stands for both then).

    The connected company is meant wherever the consent covers it. Where it covers others, the consent
    waits as a pending choice: with no company connected that is an answer, else it is raised as
    `Conflicting` with REMOTE_COMPANY_DIFFERS.

    Raises, having stored nothing else but the end of the state (and the pair of a user's single chain,
    see `save_chain`): `RequestInvalid` (CONSENT_*, or what the exchange says of the code),
    `Conflicting` with REMOTE_COMPANY_TAKEN, CONSENT_OVERTAKEN or CONNECTION_CHANGED,
    `ConnectionStopped`, and `RetryLater` where the provider does not answer (the person begins again).
    Tokens of a consent refused like this are dropped, not withdrawn: see `shared.auth.abandoned`.
    """
    profile = oauth.profile
    request = consents.take_request(
        ports.stores.consents,
        profile,
        parameters,
        company_id=company_id,
        person_id=person_id,
        now=ports.clock.now(),
    )
    code = consents.code_of(profile, parameters)
    asked_at = ports.clock.now()
    consent = oauth.exchange(
        code=code,
        redirect_uri=request.redirect_uri,
        code_verifier=request.code_verifier,
        callback=ConsentCallback(
            {name: value for name, value in parameters.items() if name not in ("code", "state")}
        ),
    )
    chain = save_chain(ports, profile, consent, asked_at) if consent.user_id else None
    given = _Given(request, consent, asked_at, chain)
    current = live(ports.stores.connections.get(given.key))
    meant = _meant(profile, consent, current)
    if meant is None:
        return _ask(ports, oauth, given, current)
    remote_company = _look(ports, profile, given, meant, current)
    connection = establish(
        ports,
        oauth,
        Intent(given.key, request.person_id, remote_company),
        lambda row: _hold(ports, profile, given, row),
    )
    choices.overrule(ports, oauth, given.key)
    return FinishedConsent(request.return_to, connection)


def _meant(
    profile: ProviderProfile, consent: Consent, current: Connection | None
) -> RemoteCompanyId | None:
    """The company to connect; None where a person has to say."""
    covered = [one.remote_company_id for one in consent.covered]
    if not covered:
        raise RequestInvalid(
            Problem(
                "CONSENT_INCOMPLETE",
                f"{profile.label} named no company.",
                refusals.begin_again(profile),
            )
        )
    if current is not None:
        connected = current.remote_company.remote_company_id
        return connected if connected in covered else None
    return covered[0] if len(covered) == 1 else None


def _hold(
    ports: ConnectPorts, profile: ProviderProfile, given: _Given, row: Connection | None
) -> GrantId:
    """`row`: the connection as it stands, to the company that is meant."""
    company_id = given.key.company_id
    if given.chain is not None:
        gone = refusals.changed_meanwhile(profile)
        return take_up(ports, profile, given.chain, company_id, gone)
    own = row.grant_id if row is not None else None
    return store_for(ports, profile, given.consent, given.asked_at, company_id, own)


def _ask(
    ports: ConnectPorts, oauth: ProviderOAuth, given: _Given, current: Connection | None
) -> FinishedConsent:
    """Keep the consent as a choice. One company alone is looked at first: for its name, and as proof."""
    profile = oauth.profile
    offered = given.consent.covered
    if len(offered) == 1:
        seen = _look(ports, profile, given, offered[0].remote_company_id, None)
        offered = (OfferedCompany(seen.remote_company_id, seen.name),)
    if len(choices.taken_elsewhere(ports.stores, given.key, offered)) == len(offered):
        raise refusals.taken(profile)
    choice = PendingChoice(
        choice_id=ports.ids.new(),
        connection=given.key,
        grant_id=given.chain or store_unused(ports, profile, given.consent, given.asked_at),
        person_id=given.request.person_id,
        offered=offered,
        expires_at=given.asked_at + CHOICE_LIFE,
        connected=current.remote_company.name if current else "",
        return_to=given.request.return_to,
    )
    choices.put_choice(ports, oauth, choice)
    if current is not None:
        raise refusals.differs(profile, current.remote_company.name, offered)
    return FinishedConsent(given.request.return_to, choice=choice)


def _look(
    ports: ConnectPorts,
    profile: ProviderProfile,
    given: _Given,
    remote_company_id: RemoteCompanyId,
    current: Connection | None,
) -> RemoteCompany:
    source = JustIssued(given.key.provider, given.consent.tokens.access_token)
    try:
        looking = would_be(given.key, remote_company_id, given.chain or GrantId(""))
        return look_at(ports, profile, looking, source)
    except RetryLater:
        if current is None:
            raise
        # Nothing to learn that is not stored already, and the old pair may be dead by now.
        return current.remote_company
