"""Items and customers from a file in the body."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Annotated, Any, Final

from fastapi import Depends
from starlette.requests import Request

from functions.api.bodies import MAX_IMPORT, bounded_body, media_type_of, unsupported
from functions.api.models.imports import ImportAnswer
from functions.api.own_records import OwnRecords, own_records
from functions.api.security import protected_router
from shared.domain.records import RecordType, kind_of
from shared.storage.ports import AuditEntry
from shared.sync.import_records import (
    Importable,
    import_records,
    importable_customers,
    importable_items,
)
from shared.sync.items import usual_currency
from shared.sync.record_files import (
    CUSTOMER_FILE,
    ITEM_FILE,
    FileShape,
    RecordFile,
    open_csv,
    open_json_lines,
)

router = protected_router()

RecordsOf = Annotated[OwnRecords, Depends(own_records)]

_OPENERS: Final[Mapping[str, Callable[[bytes, FileShape], RecordFile]]] = {
    "text/csv": open_csv,
    "application/x-ndjson": open_json_lines,
    "application/ndjson": open_json_lines,
    "application/jsonl": open_json_lines,
}


def _body(columns: str, csv: str, shape: FileShape) -> dict[str, Any]:
    """The request body for the OpenAPI document."""
    return {
        "requestBody": {
            "required": True,
            "description": f"UTF-8, at most 4 MiB. CSV: one header line; {columns}, other columns are "
            f"ignored. JSON lines: one object a line, with the fields of such a record. What a file does "
            "not say of a record stays as it is stored.",
            "content": {
                "text/csv": {"schema": {"type": "string"}, "example": csv},
                "application/x-ndjson": {
                    "schema": {"type": "string"},
                    "example": f"{shape.example}\n",
                },
            },
        }
    }


def _file(shape: FileShape) -> Callable[[Request], Awaitable[RecordFile]]:
    async def opened(request: Request) -> RecordFile:
        """Raises `UnsupportedMediaType`, `TooLarge`, and what refuses a file whole."""
        opener = _OPENERS.get(media_type_of(request))
        if opener is None:
            raise unsupported(("text/csv", "application/x-ndjson"))
        return opener(await bounded_body(request, MAX_IMPORT), shape)

    return opened


_ITEM_BODY: Final = _body(
    "name, unit_price (or price) and id or code (or sku) are needed, description, unit, currency and "
    "active may be there; rows are told apart by id, or by code in a file without ids; a new item "
    "without a currency is in the home currency of the connected books, in USD while none is connected",
    "id,code,name,unit,unit_price,currency\n1,CP-12,Copper pipe 1/2,ft,2.35,USD\n",
    ITEM_FILE,
)
_CUSTOMER_BODY: Final = _body(
    "name is needed, id, email, phone, address_line1, city, region, postal_code, country and active may "
    "be there; rows are told apart by id, or by name and address in a file without ids",
    "name,email,phone,address_line1,city,region,postal_code,country\n"
    "Hill Bakery,office@hill.example,3015550123,12 Ocean Dr,Half Moon Bay,CA,94213,US\n",
    CUSTOMER_FILE,
)


@router.post("/v1/items:import", openapi_extra=_ITEM_BODY, name="import_items", tags=["items"])
def import_item_file(
    file: Annotated[RecordFile, Depends(_file(ITEM_FILE))], records: RecordsOf
) -> ImportAnswer:
    """Store every good row; answer what is wrong with each bad one. The same file again changes nothing."""
    usual = usual_currency(records.services.stores.connections, records.caller.company_id)
    return _imported(records, file, importable_items(usual))


@router.post(
    "/v1/customers:import",
    openapi_extra=_CUSTOMER_BODY,
    name="import_customers",
    tags=["customers"],
)
def import_customer_file(
    file: Annotated[RecordFile, Depends(_file(CUSTOMER_FILE))], records: RecordsOf
) -> ImportAnswer:
    """Store every good row; answer what is wrong with each bad one. The same file again changes nothing."""
    return _imported(records, file, importable_customers())


def _imported(records: OwnRecords, file: RecordFile, kind: Importable[RecordType]) -> ImportAnswer:
    services, caller = records.services, records.caller
    result = import_records(
        services.stores.records,
        services.clock,
        caller.company_id,
        file,
        kind,
        correlation_id=records.correlation_id,
    )
    if result.created or result.updated:
        services.stores.audit.add(
            AuditEntry(
                company_id=caller.company_id,
                at=services.clock.now(),
                entry_id=services.ids.new(),
                who=caller.person_id,
                what=f"{kind_of(kind.cls)}s.imported",
                about={
                    "created": str(result.created),
                    "updated": str(result.updated),
                    "rejected": str(result.rejected),
                },
            )
        )
    return ImportAnswer.of(result)
