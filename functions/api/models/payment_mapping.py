"""Payment mapping over the API."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import Field

from functions.api.models.base import AnswerModel, RequestModel, text_schema
from functions.api.models.connections import MAX_ACCOUNT_ID
from shared.domain.connections import Connection
from shared.domain.invoices import MAX_METHOD
from shared.providers.base import RemoteMethod
from shared.sync.payment_mapping import MOST_METHODS, MethodMapping
from shared.sync.remote_lists import RemoteList

_RemoteId = Annotated[str, text_schema(MAX_ACCOUNT_ID)]


class MethodAnswer(AnswerModel):
    """A way of paying that the books know."""

    id: str
    name: str


class MethodListAnswer(AnswerModel):
    """Methods by name, as the provider had them at `listedAt` (at most a minute ago)."""

    methods: list[MethodAnswer]
    listed_at: datetime

    @classmethod
    def of(cls, listed: RemoteList[RemoteMethod]) -> MethodListAnswer:
        methods = [MethodAnswer(id=one.remote_id, name=one.name) for one in listed.rows]
        return cls(methods=methods, listed_at=listed.listed_at)


class MethodMappingBody(RequestModel):
    """One of the office's ways of paying, and where it is booked."""

    method: Annotated[str, text_schema(MAX_METHOD, 1)] = Field(
        description="The office's own word, as payments say it; case does not matter."
    )
    method_id: _RemoteId = Field(default="", description="One of the books' payment methods.")
    deposit_account_id: _RemoteId = Field(default="", description="Empty: the default one.")

    @property
    def mapping(self) -> MethodMapping:
        return MethodMapping(self.method, self.method_id, self.deposit_account_id)


class PaymentMappingBody(RequestModel):
    """What is left out is chosen no longer."""

    default_deposit_account_id: _RemoteId = ""
    methods: list[MethodMappingBody] = Field(default=[], description=f"At most {MOST_METHODS}.")


class MethodMappingAnswer(AnswerModel):
    """One of the office's ways of paying, and where it is booked."""

    method: str
    method_id: str
    deposit_account_id: str


class PaymentMappingAnswer(AnswerModel):
    """What the office chose."""

    default_deposit_account_id: str | None = Field(description="Null: the provider's own default.")
    methods: list[MethodMappingAnswer]

    @classmethod
    def of(cls, connection: Connection) -> PaymentMappingAnswer:
        settings = connection.settings
        return cls(
            default_deposit_account_id=settings.default_deposit_account_id or None,
            methods=[
                MethodMappingAnswer(method=word, method_id=method_id, deposit_account_id=account_id)
                for word, method_id, account_id in settings.payment_methods
            ],
        )
