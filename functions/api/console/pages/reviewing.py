"""What the pages of Review & Import agree on: their addresses and their kind."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Annotated

from fastapi import Depends

from functions.api.console.addresses import integration_address, with_query
from functions.api.console.forms import Form
from functions.api.dependencies import ProviderOf
from functions.api.models.remote_records import MAX_REMOTE_ID, MAX_SEARCH
from shared.domain.connections import Connection, ConnectionState
from shared.domain.errors import NotFound, RequestInvalid
from shared.domain.ids import ProviderName, RecordKind, RemoteId
from shared.domain.runs import Problem
from shared.sync.review.browse import RowStatus


class Nouns(StrEnum):
    """The kinds that come in from the books, as addresses and sentences name them."""

    CUSTOMERS = "customers"
    ITEMS = "items"

    @property
    def kind(self) -> RecordKind:
        return RecordKind.CUSTOMER if self is Nouns.CUSTOMERS else RecordKind.ITEM

    @property
    def one(self) -> str:
        return str(self.kind)

    @property
    def other(self) -> Nouns:
        return Nouns.ITEMS if self is Nouns.CUSTOMERS else Nouns.CUSTOMERS

    @classmethod
    def of(cls, kind: RecordKind) -> Nouns:
        return cls.CUSTOMERS if kind is RecordKind.CUSTOMER else cls.ITEMS


async def _nouns(nouns: str) -> Nouns:
    if nouns not in set(Nouns):
        raise NotFound(Problem("UNKNOWN_ROUTE", "There is no such list.", "Choose from the menu."))
    return Nouns(nouns)


NounsOf = Annotated[Nouns, Depends(_nouns)]


@dataclass(frozen=True, slots=True)
class View:
    """What of a list is looked at: all that its page's address says."""

    provider: ProviderName
    nouns: Nouns
    status: RowStatus | None = None
    search: str = ""
    cursor: str = ""

    @property
    def base(self) -> str:
        return review_address(self.provider, self.nouns)

    @property
    def address(self) -> str:
        return with_query(self.base, status=self.status, search=self.search, cursor=self.cursor)

    @property
    def first(self) -> View:
        return replace(self, cursor="")

    @property
    def filtered(self) -> bool:
        return bool(self.status or self.search)


def view_of(provider: ProviderName, nouns: Nouns, status: str, search: str, cursor: str) -> View:
    """What an address or a form says; what it cannot say is passed over."""
    known = RowStatus(status) if status in set(RowStatus) else None
    return View(provider, nouns, known, search.strip()[:MAX_SEARCH], cursor)


async def _asked_view(
    provider: ProviderOf, nouns: NounsOf, status: str = "", search: str = "", cursor: str = ""
) -> View:
    return view_of(provider, nouns, status, search, cursor)


AskedView = Annotated[View, Depends(_asked_view)]


def view_in(form: Form, provider: ProviderName, nouns: Nouns) -> View:
    """Where a form's button was pressed."""
    return view_of(provider, nouns, form.text("status"), form.text("search"), form.text("cursor"))


def review_address(provider: ProviderName, nouns: Nouns) -> str:
    return integration_address(provider, "review", nouns)


def checked_remote_id(text: str) -> RemoteId:
    """Raises `RequestInvalid` for what no page of ours has sent."""
    if not 1 <= len(text) <= MAX_REMOTE_ID or not text.isprintable():
        raise RequestInvalid(
            Problem("INVALID_ID", "This is no record of the list.", "Reload the page.", "records")
        )
    return RemoteId(text)


def setup_address(connection: Connection | None) -> str:
    """The wizard, while a step of it is not decided; else empty."""
    if connection is None or connection.state is ConnectionState.DISCONNECTED:
        return ""
    return (
        "" if connection.setup.finished else integration_address(connection.key.provider, "setup")
    )
