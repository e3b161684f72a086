"""`ConsentStore` and `ChoiceStore` over the grants table."""

from __future__ import annotations

import hashlib

from shared.domain.connections import OfferedCompany, PendingChoice
from shared.domain.ids import (
    CompanyId,
    ConnectionKey,
    GrantId,
    PersonId,
    ProviderName,
    RemoteCompanyId,
)
from shared.storage.auth_ports import ConsentRequest
from shared.storage.dynamo.models import ChoiceRow, ConsentRow
from shared.storage.dynamo.single import SingleRows
from shared.storage.keys import instant, join, read_instant

_CONSENT = "consent"


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
                    "needs_session": request.needs_session,
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
            needs_session=body.get("needs_session", False),
        )


class DynamoChoices:
    def __init__(self, rows: SingleRows) -> None:
        self._rows = rows

    def put(self, choice: PendingChoice) -> PendingChoice | None:
        row = ChoiceRow(
            pk=_choice_pk(choice.connection),
            sk=choice.connection.provider,
            choice_id=choice.choice_id,
            expires_at=int(choice.expires_at.timestamp()),
            body={
                "grant_id": choice.grant_id,
                "person_id": choice.person_id,
                "offered": [[one.remote_company_id, one.name] for one in choice.offered],
                "expires_at": instant(choice.expires_at),
                "connected": choice.connected,
                "return_to": choice.return_to,
            },
        )
        replaced = self._rows.replace(row)
        return None if replaced is None else _choice(choice.connection, replaced)

    def get(self, key: ConnectionKey) -> PendingChoice | None:
        row = self._rows.get(ChoiceRow, _choice_pk(key), key.provider)
        return None if row is None else _choice(key, row)

    def take(self, key: ConnectionKey, choice_id: str) -> bool:
        return self._rows.take_if(_choice_pk(key), key.provider, ChoiceRow.choice_id == choice_id)


def _choice_pk(key: ConnectionKey) -> str:
    return join("choice", key.company_id)


def _choice(key: ConnectionKey, row: ChoiceRow) -> PendingChoice:
    body = row.body
    return PendingChoice(
        choice_id=row.choice_id,
        connection=key,
        grant_id=GrantId(body["grant_id"]),
        person_id=PersonId(body["person_id"]),
        offered=tuple(
            OfferedCompany(RemoteCompanyId(company_id), name)
            for company_id, name in body["offered"]
        ),
        expires_at=read_instant(body["expires_at"]),
        connected=body["connected"],
        return_to=body["return_to"],
    )


def _consent_pk(state: str) -> str:
    return join(_CONSENT, hashlib.sha256(state.encode(errors="surrogatepass")).hexdigest())
