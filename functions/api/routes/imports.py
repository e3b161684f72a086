"""Items from a file in the body."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Annotated, Final

from fastapi import Depends
from starlette.requests import Request

from functions.api.bodies import MAX_IMPORT, bounded_body, media_type_of, unsupported
from functions.api.dependencies import CorrelationOf, ServicesOf
from functions.api.models.imports import ImportAnswer
from functions.api.security import CallerOf, protected_router
from shared.storage.ports import AuditEntry
from shared.sync.import_items import import_items
from shared.sync.item_files import ItemFile, open_csv, open_json_lines
from shared.sync.records import usual_currency

router = protected_router(tag="items")

_OPENERS: Final[Mapping[str, Callable[[bytes], ItemFile]]] = {
    "text/csv": open_csv,
    "application/x-ndjson": open_json_lines,
    "application/ndjson": open_json_lines,
    "application/jsonl": open_json_lines,
}
_BODY: Final = {
    "requestBody": {
        "required": True,
        "description": "UTF-8, at most 4 MiB. CSV: one header line; name, unit_price (or price) and "
        "id or code (or sku) are needed, description, unit, currency and active may be there, other "
        "columns are ignored. JSON lines: one object a line, with the fields of an item. Rows are "
        "told apart by id, or by code in a file without ids. What a file does not say of an item "
        "stays as it is stored; a new item without a currency is in the home currency of the "
        "connected books, in USD while none is connected.",
        "content": {
            "text/csv": {
                "schema": {"type": "string"},
                "example": "id,code,name,unit,unit_price,currency\n1,CP-12,Copper pipe 1/2,ft,2.35,USD\n",
            },
            "application/x-ndjson": {
                "schema": {"type": "string"},
                "example": '{"id": "1", "name": "Copper pipe 1/2", "unitPrice": "2.35"}\n',
            },
        },
    }
}


async def _file(request: Request) -> ItemFile:
    """Raises `UnsupportedMediaType`, `TooLarge`, and what refuses a file whole."""
    opener = _OPENERS.get(media_type_of(request))
    if opener is None:
        raise unsupported(("text/csv", "application/x-ndjson"))
    return opener(await bounded_body(request, MAX_IMPORT))


@router.post("/v1/items:import", openapi_extra=_BODY, name="import_items")
def import_item_file(
    file: Annotated[ItemFile, Depends(_file)],
    services: ServicesOf,
    caller: CallerOf,
    correlation_id: CorrelationOf,
) -> ImportAnswer:
    """Store every good row; answer what is wrong with each bad one. The same file again changes nothing."""
    stores = services.stores
    result = import_items(
        stores.records,
        services.clock,
        caller.company_id,
        file,
        usual_currency=usual_currency(stores.connections, caller.company_id),
        correlation_id=correlation_id,
    )
    if result.created or result.updated:
        stores.audit.add(
            AuditEntry(
                company_id=caller.company_id,
                at=services.clock.now(),
                entry_id=services.ids.new(),
                who=caller.person_id,
                what="items.imported",
                about={
                    "created": str(result.created),
                    "updated": str(result.updated),
                    "rejected": str(result.rejected),
                },
            )
        )
    return ImportAnswer.of(result)
