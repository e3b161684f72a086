"""`GrantStore` and `ConsentStore` over the grants table."""

from __future__ import annotations

import hashlib
from datetime import datetime

from shared.domain.grants import Grant, GrantState, Lease
from shared.domain.ids import (
    CompanyId,
    ConnectionKey,
    GrantId,
    PersonId,
    ProviderName,
    RemoteCompanyId,
)
from shared.storage.dynamo.models import ConsentRow, GrantRow
from shared.storage.dynamo.single import SingleRows
from shared.storage.keys import NEVER, instant, join, read_instant
from shared.storage.ports import ConsentRequest

_GRANT = "grant"
_CONSENT = "consent"


class DynamoGrants:
    def __init__(self, rows: SingleRows) -> None:
        self._rows = rows

    def get(self, grant_id: GrantId) -> Grant | None:
        row = self._rows.get(GrantRow, join(_GRANT, grant_id), _GRANT)
        return None if row is None else _parse(row)

    def put_new(self, grant: Grant) -> None:
        lease = grant.lease
        self._rows.put(
            GrantRow(
                pk=join(_GRANT, grant.grant_id),
                sk=_GRANT,
                grant_id=grant.grant_id,
                provider=grant.provider,
                remote_company_ids=list(grant.remote_company_ids),
                sealed_pair=grant.sealed_pair,
                token_version=grant.token_version,
                access_expires_at=instant(grant.access_expires_at),
                refresh_expires_at=_instant_or_none(grant.refresh_expires_at),
                grant_state=grant.state,
                lease_owner=lease.owner if lease else None,
                lease_expires_at=instant(lease.expires_at) if lease else None,
                lease_fence=lease.fence if lease else None,
                sealed_former_pair=grant.sealed_former_pair,
                rotated_at=_instant_or_none(grant.rotated_at),
            )
        )

    def take_lease(
        self, grant_id: GrantId, owner: str, *, now: datetime, expires_at: datetime
    ) -> Lease | None:
        free = GrantRow.lease_expires_at.does_not_exist() | (
            GrantRow.lease_expires_at <= instant(now)
        )
        row = self._rows.update(
            GrantRow,
            join(_GRANT, grant_id),
            _GRANT,
            [
                GrantRow.lease_owner.set(owner),
                GrantRow.lease_expires_at.set(instant(expires_at)),
                GrantRow.lease_fence.set((GrantRow.lease_fence | 0) + 1),
            ],
            GrantRow.pk.exists() & free,
        )
        return None if row is None else _lease(row)

    def release_lease(self, grant_id: GrantId, lease: Lease) -> None:
        """A released lease stays in the grant, expired: owner and fence tell who had it last."""
        self._rows.update(
            GrantRow,
            join(_GRANT, grant_id),
            _GRANT,
            [GrantRow.lease_expires_at.set(instant(NEVER))],
            (GrantRow.lease_owner == lease.owner) & (GrantRow.lease_fence == lease.fence),
        )

    def save_pair(self, grant: Grant, *, expected_token_version: int) -> bool:
        refresh_expires_at = _instant_or_none(grant.refresh_expires_at)
        rotated_at = _instant_or_none(grant.rotated_at)
        row = self._rows.update(
            GrantRow,
            join(_GRANT, grant.grant_id),
            _GRANT,
            [
                GrantRow.sealed_pair.set(grant.sealed_pair),
                GrantRow.token_version.set(expected_token_version + 1),
                GrantRow.access_expires_at.set(instant(grant.access_expires_at)),
                GrantRow.grant_state.set(GrantState.ACTIVE),
                GrantRow.refresh_expires_at.set(refresh_expires_at)
                if refresh_expires_at
                else GrantRow.refresh_expires_at.remove(),
                GrantRow.sealed_former_pair.set(grant.sealed_former_pair)
                if grant.sealed_former_pair is not None
                else GrantRow.sealed_former_pair.remove(),
                GrantRow.rotated_at.set(rotated_at) if rotated_at else GrantRow.rotated_at.remove(),
            ],
            GrantRow.token_version == expected_token_version,
        )
        return row is not None

    def mark_needs_reauth(
        self, grant_id: GrantId, *, expected_token_version: int, fence: int
    ) -> bool:
        row = self._rows.update(
            GrantRow,
            join(_GRANT, grant_id),
            _GRANT,
            [GrantRow.grant_state.set(GrantState.NEEDS_REAUTH)],
            (GrantRow.token_version == expected_token_version) & (GrantRow.lease_fence == fence),
        )
        return row is not None


class DynamoConsents:
    """The key is a digest of the state: who can read the table cannot complete a consent."""

    def __init__(self, rows: SingleRows) -> None:
        self._rows = rows

    def put(self, request: ConsentRequest) -> None:
        self._rows.put(
            ConsentRow(
                pk=_consent_pk(request.state),
                sk=_CONSENT,
                expires_at=int(request.expires_at.timestamp()),
                body={
                    "company_id": request.connection.company_id,
                    "provider": request.connection.provider,
                    "person_id": request.person_id,
                    "redirect_uri": request.redirect_uri,
                    "expires_at": instant(request.expires_at),
                    "code_verifier": request.code_verifier,
                    "return_to": request.return_to,
                },
            )
        )

    def take(self, state: str) -> ConsentRequest | None:
        row = self._rows.take(ConsentRow, _consent_pk(state), _CONSENT)
        if row is None:
            return None
        body = row.body
        return ConsentRequest(
            state=state,
            connection=ConnectionKey(CompanyId(body["company_id"]), ProviderName(body["provider"])),
            person_id=PersonId(body["person_id"]),
            redirect_uri=body["redirect_uri"],
            expires_at=read_instant(body["expires_at"]),
            code_verifier=body["code_verifier"],
            return_to=body["return_to"],
        )


def _consent_pk(state: str) -> str:
    return join(_CONSENT, hashlib.sha256(state.encode(errors="surrogatepass")).hexdigest())


def _instant_or_none(at: datetime | None) -> str | None:
    return None if at is None else instant(at)


def _read_or_none(text: str | None) -> datetime | None:
    return None if text is None else read_instant(text)


def _lease(row: GrantRow) -> Lease | None:
    if row.lease_owner is None or row.lease_expires_at is None or row.lease_fence is None:
        return None
    return Lease(row.lease_owner, read_instant(row.lease_expires_at), int(row.lease_fence))


def _parse(row: GrantRow) -> Grant:
    return Grant(
        grant_id=GrantId(row.grant_id),
        provider=ProviderName(row.provider),
        remote_company_ids=tuple(map(RemoteCompanyId, row.remote_company_ids)),
        sealed_pair=row.sealed_pair,
        token_version=int(row.token_version),
        access_expires_at=read_instant(row.access_expires_at),
        refresh_expires_at=_read_or_none(row.refresh_expires_at),
        state=GrantState(row.grant_state),
        lease=_lease(row),
        sealed_former_pair=row.sealed_former_pair,
        rotated_at=_read_or_none(row.rotated_at),
    )
