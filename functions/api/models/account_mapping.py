"""Account mapping over the API."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from functions.api.models.base import AnswerModel, NextCursor, RequestModel
from functions.api.models.connections import MAX_ACCOUNT_ID
from shared.providers.base import RemoteTaxCode
from shared.sync.account_mapping import Choice, MappedRow
from shared.sync.remote_lists import RemoteList

ChosenId = Annotated[str, StringConstraints(min_length=1, max_length=MAX_ACCOUNT_ID)]


class MappingAnswer(AnswerModel):
    """What an item is booked to; the connection's default where it has none of its own."""

    item_id: str
    name: str
    active: bool
    income_account_id: str | None = Field(description="Null: none, and so the item cannot be sent.")
    income_account_is_default: bool
    tax_code_id: str | None = Field(
        description="For the lines of invoices; not sent with the item."
    )
    tax_code_is_default: bool

    @classmethod
    def of(cls, row: MappedRow) -> MappingAnswer:
        own, defaults = row.mapping, row.defaults
        return cls(
            item_id=row.item.source_id,
            name=row.item.name,
            active=row.item.active,
            income_account_id=own.income_account_id or defaults.default_income_account_id or None,
            income_account_is_default=not own.income_account_id,
            tax_code_id=own.tax_code_id or defaults.default_tax_code_id or None,
            tax_code_is_default=not own.tax_code_id,
        )


class MappingPage(AnswerModel):
    """Items in order of id."""

    mappings: list[MappingAnswer]
    next_cursor: NextCursor


class MappingBody(RequestModel):
    """What is chosen for one item; null: none of its own, the default counts."""

    income_account_id: ChosenId | None = Field(description="One of the connection's accounts.")
    tax_code_id: ChosenId | None = Field(
        default=None, description="One of the connection's tax codes; left out: as it is."
    )

    @property
    def choice(self) -> Choice:
        return choice_of(self)


class AssignBody(RequestModel):
    """An account, a tax code or both, for items by id or for all that have none of their own."""

    ids: list[str] | None = Field(default=None, description="1 to 1000 ids of yours.")
    unmapped: Literal[True] | None = Field(
        default=None, description="All without one of their own; nothing chosen is overwritten."
    )
    income_account_id: ChosenId | None = None
    tax_code_id: ChosenId | None = None

    @property
    def choice(self) -> Choice:
        return choice_of(self)


def choice_of(body: MappingBody | AssignBody) -> Choice:
    """What was left out stays as it is; what was said to be null is none."""

    def said(name: str, value: str | None) -> str | None:
        return (value or "") if name in body.model_fields_set else None

    return Choice(
        said("income_account_id", body.income_account_id), said("tax_code_id", body.tax_code_id)
    )


class AssignedAnswer(AnswerModel):
    """How many items were mapped; `more`: others are left, send the same again."""

    assigned: int
    more: bool


class TaxCodeAnswer(AnswerModel):
    """How a line of an invoice may be taxed."""

    id: str
    name: str
    description: str
    taxable: bool


class TaxCodeListAnswer(AnswerModel):
    """Tax codes by name, as the provider had them at `listedAt` (at most a minute ago)."""

    tax_codes: list[TaxCodeAnswer]
    listed_at: datetime

    @classmethod
    def of(cls, listed: RemoteList[RemoteTaxCode]) -> TaxCodeListAnswer:
        return cls(
            tax_codes=[
                TaxCodeAnswer(
                    id=row.remote_id,
                    name=row.name,
                    description=row.description,
                    taxable=row.taxable,
                )
                for row in listed.rows
            ],
            listed_at=listed.listed_at,
        )
