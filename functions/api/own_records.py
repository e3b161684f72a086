"""What the routes of BlueClerk's own records share: ids in addresses, and a put as an answer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Annotated
from urllib.parse import quote

from fastapi import Path
from starlette.responses import Response

from functions.api.dependencies import CorrelationOf, ServicesOf
from functions.api.security import CallerOf
from shared.domain.errors import RequestInvalid
from shared.domain.ids import SourceId
from shared.domain.records import RecordType, kind_of
from shared.domain.runs import Problem
from shared.sync import records
from shared.sync.field_rules import checked_source_id
from shared.sync.records import ArchivableType

RecordId = Annotated[
    str,
    Path(
        alias="id",
        description="Yours, at most 128 bytes of printable text. A slash may stand inside.",
    ),
]


@dataclass(frozen=True, slots=True)
class OwnRecords:
    """Whose records a request is about, and who asks."""

    services: ServicesOf
    caller: CallerOf
    correlation_id: CorrelationOf

    def get(self, cls: type[RecordType], record_id: str) -> RecordType:
        """Raises `NotFound`, and `RequestInvalid` for what is no id."""
        store, company_id = self.services.stores.records, self.caller.company_id
        return records.get_record(store, company_id, cls, checked_source_id(record_id))

    def put(
        self,
        cls: type[RecordType],
        address_id: str,
        body_id: str | None,
        wanted: Callable[[RecordType | None, SourceId], RecordType],
        response: Response,
    ) -> RecordType:
        """Store what `wanted` makes of the stored one; says 201 and where if there was none before."""
        source_id = checked_source_id(address_id)
        if body_id not in {None, source_id}:
            raise RequestInvalid(
                Problem(
                    "ID_DIFFERS",
                    "The body names another id than the address.",
                    "Leave the id out of the body.",
                    "id",
                )
            )
        saved = self.change(cls, source_id, lambda stored: wanted(stored, source_id))
        if saved.outcome is records.SaveOutcome.CREATED:
            response.status_code = HTTPStatus.CREATED
            kind = kind_of(cls)
            response.headers["Location"] = f"/v1/{kind}s/{quote(source_id, safe='')}"
        return saved.record

    def change(
        self,
        cls: type[RecordType],
        source_id: SourceId,
        wanted: Callable[[RecordType | None], RecordType],
    ) -> records.Saved[RecordType]:
        """Store what `wanted` makes of the stored one."""
        return records.put_record(
            self.services.stores.records,
            self.services.clock,
            self.caller.company_id,
            cls,
            source_id,
            wanted,
            correlation_id=self.correlation_id,
        )

    def archive(self, cls: type[ArchivableType], record_id: str) -> ArchivableType:
        """Raises as `get` does."""
        saved = records.archive_record(
            self.services.stores.records,
            self.services.clock,
            self.caller.company_id,
            cls,
            checked_source_id(record_id),
            correlation_id=self.correlation_id,
        )
        return saved.record


def own_records(
    services: ServicesOf, caller: CallerOf, correlation_id: CorrelationOf
) -> OwnRecords:
    return OwnRecords(services, caller, correlation_id)
