"""`SessionStore` over the grants table."""

from __future__ import annotations

import hashlib

from shared.domain.ids import CompanyId, PersonId
from shared.storage.auth_ports import Session
from shared.storage.dynamo.models import SessionRow
from shared.storage.dynamo.single import SingleRows
from shared.storage.keys import instant, join, read_instant

_SESSION = "session"


class DynamoSessions:
    """The key is a digest of the session's id: who can read the table cannot take a person's place."""

    def __init__(self, rows: SingleRows) -> None:
        self._rows = rows

    def put(self, session: Session) -> None:
        self._rows.put(
            SessionRow(
                pk=_pk(session.session_id),
                sk=_SESSION,
                expires_at=int(session.expires_at.timestamp()),
                body={
                    "company_id": session.company_id,
                    "company_name": session.company_name,
                    "person_id": session.person_id,
                    "name": session.name,
                    "roles": sorted(session.roles),
                    "expires_at": instant(session.expires_at),
                    "locale": session.locale,
                    "zoneinfo": session.zoneinfo,
                },
            )
        )

    def get(self, session_id: str) -> Session | None:
        row = self._rows.get(SessionRow, _pk(session_id), _SESSION)
        if row is None:
            return None
        body = row.body
        return Session(
            session_id=session_id,
            company_id=CompanyId(body["company_id"]),
            company_name=body["company_name"],
            person_id=PersonId(body["person_id"]),
            name=body["name"],
            roles=frozenset(body["roles"]),
            expires_at=read_instant(body["expires_at"]),
            locale=body["locale"],
            zoneinfo=body["zoneinfo"],
        )

    def remove(self, session_id: str) -> None:
        self._rows.take(SessionRow, _pk(session_id), _SESSION)


def _pk(session_id: str) -> str:
    return join(_SESSION, hashlib.sha256(session_id.encode(errors="surrogatepass")).hexdigest())
