"""Items over the API."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Annotated

from pydantic import Field, WithJsonSchema

from functions.api.models.base import AnswerModel, NextCursor, RequestModel, text_schema
from shared.domain.records import (
    MAX_CODE,
    MAX_DESCRIPTION,
    MAX_NAME,
    MAX_SOURCE_ID,
    MAX_UNIT,
    MAX_UNIT_PRICE_DECIMALS,
    MAX_UNIT_PRICE_DIGITS,
    Item,
)

# Contents are checked by shared.sync.item_rules, which imported files go through too; the schemas
# here tell callers the same limits.


_PRICE_PATTERN = rf"^\d{{1,{MAX_UNIT_PRICE_DIGITS}}}(\.\d{{1,{MAX_UNIT_PRICE_DECIMALS}}})?$"
_Price = WithJsonSchema(
    {
        "anyOf": [
            {"type": "string", "pattern": _PRICE_PATTERN, "examples": ["12.50"]},
            {"type": "number", "minimum": 0},
        ],
        "description": "Read exactly as written, also as a number.",
    }
)


class ItemBody(RequestModel):
    """An item as it shall be. What is left out becomes empty, and `active` true."""

    id: Annotated[str, text_schema(MAX_SOURCE_ID, 1)] | None = Field(
        default=None, description="May repeat the id of the address, nothing else."
    )
    name: Annotated[str, text_schema(MAX_NAME, 1)] = Field(
        description="Kept to the byte: blanks and tabs inside and at the ends stay."
    )
    unit_price: Annotated[str | Decimal, _Price]
    code: Annotated[str, text_schema(MAX_CODE)] | None = None
    description: Annotated[str, text_schema(MAX_DESCRIPTION)] | None = None
    unit: Annotated[str, text_schema(MAX_UNIT)] | None = None
    currency: str | None = Field(
        default=None,
        description="ISO 4217. Left out: as stored; of a new item, the home currency of the "
        "connected books, or USD while none is connected.",
        examples=["USD"],
    )
    active: bool | None = None


class ItemAnswer(AnswerModel):
    """An item as it is stored."""

    id: str
    code: str
    name: str
    description: str
    unit: str
    unit_price: str = Field(examples=["12.50"])
    currency: str
    active: bool = Field(description="False: archived.")
    version: int = Field(description="Rises by one with each change of content.")
    updated_at: datetime | None

    @classmethod
    def of(cls, item: Item) -> ItemAnswer:
        return cls(
            id=item.source_id,
            code=item.code,
            name=item.name,
            description=item.description,
            unit=item.unit,
            unit_price=format(item.unit_price.amount, "f"),
            currency=item.unit_price.currency,
            active=item.active,
            version=item.version,
            updated_at=item.updated_at,
        )


class ItemPage(AnswerModel):
    """Items in order of id, archived ones included."""

    items: list[ItemAnswer]
    next_cursor: NextCursor
