"""Pairs that consents gave, put into grants, and grants taken into use by a company.

Where a grant stands for the pair already, the pair becomes its next token version, on the same
condition as a refresh's does. So versions never go back or stand for two pairs, a refresh under way at
that moment loses, and runs under way go on with the new pair. A grant that was retired is never
brought back: what comes after it has an id of its own.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from shared.auth import grant_rules, refusals, sweep_rules
from shared.auth.connect_ports import ConnectPorts
from shared.auth.revival import mark_connections_connected
from shared.domain.errors import Conflicting
from shared.domain.grants import Grant, GrantState, SweepLane, SweepPlace
from shared.domain.ids import CompanyId, GrantId
from shared.providers.base import Consent, ProviderProfile

CHOICE_LIFE = timedelta(minutes=20)
"""How long a consent waits for a person's decision, from when its code was exchanged."""


def store_unused(
    ports: ConnectPorts, profile: ProviderProfile, consent: Consent, asked_at: datetime
) -> GrantId:
    """A new grant that no company uses yet; the sweep drops it when `CHOICE_LIFE` is over."""
    grant = _grant(ports, profile, consent, asked_at, GrantId(ports.ids.new()), 1)
    ports.stores.grants.put_new(replace(grant, place=_unfinished(asked_at)))
    return grant.grant_id


def store_for(
    ports: ConnectPorts,
    profile: ProviderProfile,
    consent: Consent,
    asked_at: datetime,
    company_id: CompanyId,
    own: GrantId | None,
) -> GrantId:
    """The pair under `own` where only this company uses that grant, else under a new one; in use."""
    grants = ports.stores.grants
    used_by = frozenset({company_id})
    while own is not None:
        stored = grants.get(own)
        if stored is None or not stored.companies <= used_by or not grants.attach(own, company_id):
            break
        version = stored.token_version
        grant = _grant(ports, profile, consent, asked_at, own, version + 1)
        grant = replace(grant, companies=used_by, wanted_at=stored.wanted_at)
        if grants.save_pair(_in_use(grant, ports, profile), expected_token_version=version):
            return own
    grant = _grant(ports, profile, consent, asked_at, GrantId(ports.ids.new()), 1)
    grants.put_new(_in_use(replace(grant, companies=used_by), ports, profile))
    return grant.grant_id


def save_chain(
    ports: ConnectPorts, profile: ProviderProfile, consent: Consent, asked_at: datetime
) -> GrantId:
    """The grant of the provider's user, this pair being its latest; to be called as soon as it is had.

    A new consent kills what its user was given before. So the pair goes to the grant that the user's
    other connections are over, whatever becomes of this consent; that grant covers from now on what
    either consent covers. Where there is none it is new, and nobody uses it yet.

    Raises `Conflicting` with code CONSENT_OVERTAKEN where the stored pair was asked for after this one
    had come: then this one is dead. (A refresh asked for while our exchange was under way had its
    answer before: the exchange would have killed its token.)
    """
    grants = ports.stores.grants
    answered_at = ports.clock.now()
    while True:
        known = grants.of_user(profile.name, consent.user_id)
        stored = grants.get(known) if known else None
        if stored is None or stored.state is GrantState.REVOKED:
            made = store_unused(ports, profile, consent, asked_at)
            if grants.claim_user(profile.name, consent.user_id, made, instead_of=known) == made:
                return made
            grants.retire(made)
            continue
        if stored.rotated_at is not None and stored.rotated_at > answered_at:
            raise refusals.overtaken(profile)
        version = stored.token_version
        grant = _grant(ports, profile, consent, asked_at, stored.grant_id, version + 1)
        grant = replace(
            grant,
            remote_company_ids=tuple(
                dict.fromkeys((*stored.remote_company_ids, *grant.remote_company_ids))
            ),
            companies=stored.companies,
            wanted_at=stored.wanted_at,
            place=_unfinished(asked_at),
        )
        if stored.companies:
            grant = _in_use(grant, ports, profile)
        if grants.save_pair(grant, expected_token_version=version):
            mark_connections_connected(ports, grant, profile)
            return stored.grant_id


def take_up(
    ports: ConnectPorts,
    profile: ProviderProfile,
    grant_id: GrantId,
    company_id: CompanyId,
    gone: Conflicting,
) -> GrantId:
    """Use a stored grant. Raises `gone` where it was dropped meanwhile."""
    grants = ports.stores.grants
    if not grants.attach(grant_id, company_id):
        raise gone
    while True:
        grant = grants.get(grant_id)
        if grant is None or grant.state is not GrantState.ACTIVE:
            return grant_id
        if grants.set_place(
            grant_id,
            sweep_rules.place_of(grant, profile, ports.clock.now()),
            expected_token_version=grant.token_version,
        ):
            return grant_id


def _unfinished(asked_at: datetime) -> SweepPlace:
    return SweepPlace(SweepLane.TIMED, asked_at + CHOICE_LIFE)


def _in_use(grant: Grant, ports: ConnectPorts, profile: ProviderProfile) -> Grant:
    return replace(grant, place=sweep_rules.place_of(grant, profile, ports.clock.now()))


def _grant(
    ports: ConnectPorts,
    profile: ProviderProfile,
    consent: Consent,
    asked_at: datetime,
    grant_id: GrantId,
    version: int,
) -> Grant:
    access_until, refresh_until = grant_rules.next_expiries(
        consent.tokens, asked_at, profile.tokens
    )
    return Grant(
        grant_id=grant_id,
        provider=profile.name,
        remote_company_ids=tuple(one.remote_company_id for one in consent.covered),
        sealed_pair=ports.vault.seal(grant_rules.pair_of(consent.tokens), grant_id),
        token_version=version,
        access_expires_at=access_until,
        refresh_expires_at=refresh_until,
        rotated_at=asked_at,
    )
