"""Connections over the API."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from functions.api.models.base import AnswerModel, RequestModel
from functions.api.models.runs import RunAnswer
from shared.auth.choices import ShownChoice
from shared.auth.refusals import TAKEN_BY_ANOTHER
from shared.domain.connections import (
    Connection,
    ConnectionState,
    NewFromBooks,
    PacingMode,
    StepState,
)
from shared.domain.ids import RecordKind
from shared.domain.runs import Run
from shared.providers.base import ProviderProfile, RemoteAccount
from shared.sync.automatic.waiting import Waiting
from shared.sync.health import Colour, Health
from shared.sync.remote_lists import RemoteList

MAX_RETURN_TO = 2000
MAX_ACCOUNT_ID = 200
FIRST_DAY = date(2000, 1, 1)
LAST_DAY = date(2099, 12, 31)
"""Of a go-live date; beyond it is a slip."""
MAX_REMOTE_COMPANY_ID = 200


class HealthAnswer(AnswerModel):
    """How well the books match, at a glance."""

    colour: Colour
    reason: str
    action: str = Field(description="The one thing that makes it green; empty where it is.")


class RemoteCompanyAnswer(AnswerModel):
    """The provider's company that this connection is to."""

    id: str
    name: str
    home_currency: str
    country: str
    time_zone: str


class SettingsAnswer(AnswerModel):
    """What the office chose."""

    default_income_account_id: str | None = Field(description="Null: not chosen yet.")
    default_tax_code_id: str | None = Field(description="Null: not chosen yet.")
    invoices_from: date | None = Field(
        description="Go-live date: earlier invoices are linked, never made there. Null: all may be."
    )
    pacing_mode: PacingMode
    notify: bool = Field(description="Whether notifications are sent out too, beside being listed.")
    new_from_books: NewFromBooks = Field(
        description="Whether customers and items that are new in the books wait for Review & Import."
    )
    syncs_by_itself: list[RecordKind] = Field(
        description="The kinds whose changes go by themselves; those of the others wait for somebody to ask."
    )


class UnsyncedAnswer(AnswerModel):
    """Changes that wait to go by themselves."""

    count: int = Field(description="Exact below 1,000 of a kind.")
    oldest_since: datetime | None = Field(description="When the oldest of them was made.")


class SetupAnswer(AnswerModel):
    """The steps after connecting. Changes go by themselves once both imports are done or skipped."""

    import_customers: StepState
    import_items: StepState
    map_items: StepState


class OfferedCompanyAnswer(AnswerModel):
    """A remote company that the person's consent covers."""

    id: str
    name: str = Field(description="Empty where the provider did not tell it.")
    unavailable: str | None = Field(description="Why it cannot be chosen; null: it can.")


class PendingChoiceAnswer(AnswerModel):
    """A consent that waits for a decision: `POST` or `DELETE` of `organisation`."""

    offered: list[OfferedCompanyAnswer]
    connected: str | None = Field(
        description="The name of the company that is connected now and not among those offered."
    )
    start_afresh_needed: bool = Field(
        description="Whether choosing replaces the connected company, which `startAfresh` must say."
    )
    expires_at: datetime

    @classmethod
    def of(cls, choice: ShownChoice) -> PendingChoiceAnswer:
        return cls(
            offered=[
                OfferedCompanyAnswer(
                    id=one.remote_company_id,
                    name=one.name,
                    unavailable=TAKEN_BY_ANOTHER if one.remote_company_id in choice.taken else None,
                )
                for one in choice.offered
            ],
            connected=choice.connected or None,
            start_afresh_needed=bool(choice.connected),
            expires_at=choice.expires_at,
        )


class ConnectionAnswer(AnswerModel):
    """A provider, and the company's connection to it if there is one."""

    provider: str
    label: str = Field(description="The provider's own name, for people.")
    state: Literal["not_connected"] | ConnectionState
    health: HealthAnswer
    remote_company: RemoteCompanyAnswer | None
    settings: SettingsAnswer | None
    setup: SetupAnswer | None
    connected_at: datetime | None
    last_run: RunAnswer | None
    unsynced: UnsyncedAnswer
    pending_choice: PendingChoiceAnswer | None

    @classmethod
    def of(
        cls,
        profile: ProviderProfile,
        connection: Connection | None,
        health: Health,
        run: Run | None,
        waiting: Waiting,
        choice: ShownChoice | None,
    ) -> ConnectionAnswer:
        shown = HealthAnswer(colour=health.colour, reason=health.reason, action=health.action)
        unsynced = UnsyncedAnswer(count=waiting.count, oldest_since=waiting.oldest_since)
        pending = PendingChoiceAnswer.of(choice) if choice else None
        if connection is None:
            return cls(
                provider=profile.name,
                label=profile.label,
                state="not_connected",
                health=shown,
                remote_company=None,
                settings=None,
                setup=None,
                connected_at=None,
                last_run=None,
                unsynced=unsynced,
                pending_choice=pending,
            )
        company = connection.remote_company
        return cls(
            provider=profile.name,
            label=profile.label,
            state=connection.state,
            health=shown,
            remote_company=RemoteCompanyAnswer(
                id=company.remote_company_id,
                name=company.name,
                home_currency=company.home_currency,
                country=company.country,
                time_zone=company.time_zone,
            ),
            settings=SettingsAnswer(
                default_income_account_id=connection.settings.default_income_account_id or None,
                default_tax_code_id=connection.settings.default_tax_code_id or None,
                invoices_from=connection.settings.invoices_from,
                pacing_mode=connection.settings.pacing_mode,
                notify=connection.settings.notify,
                new_from_books=connection.settings.new_from_books,
                syncs_by_itself=[
                    kind for kind in RecordKind if kind in connection.settings.by_itself
                ],
            ),
            setup=SetupAnswer(
                import_customers=connection.setup.import_customers,
                import_items=connection.setup.import_items,
                map_items=connection.setup.map_items,
            ),
            connected_at=connection.connected_at,
            last_run=RunAnswer.of(run) if run else None,
            unsynced=unsynced,
            pending_choice=pending,
        )


class SetupBody(RequestModel):
    """Steps decided; what is left out stays as it is."""

    import_customers: Annotated[StepState | None, Field(strict=False)] = None
    import_items: Annotated[StepState | None, Field(strict=False)] = None
    map_items: Annotated[StepState | None, Field(strict=False)] = None


class ConnectionList(AnswerModel):
    """Every provider there is, connected or not."""

    connections: list[ConnectionAnswer]


class SettingsBody(RequestModel):
    """What is left out stays as it is."""

    default_income_account_id: (
        Annotated[str, StringConstraints(min_length=1, max_length=MAX_ACCOUNT_ID)] | None
    ) = Field(default=None, description="One of the connection's accounts.")
    default_tax_code_id: (
        Annotated[str, StringConstraints(min_length=1, max_length=MAX_ACCOUNT_ID)] | None
    ) = Field(default=None, description="One of the connection's tax codes, for invoices.")
    invoices_from: Annotated[date | None, Field(strict=False, ge=FIRST_DAY, le=LAST_DAY)] = Field(
        default=None,
        description="Go-live date: invoices issued before it are linked where the books have them, "
        "and never made there.",
    )
    pacing_mode: Annotated[PacingMode | None, Field(strict=False)] = None
    notify: bool | None = Field(
        default=None, description="False: notifications are listed, and not sent out."
    )
    new_from_books: Annotated[NewFromBooks | None, Field(strict=False)] = Field(
        default=None,
        description="`import`: customers and items that are new in the books come in by themselves, once a "
        "day; `review`: they wait for Review & Import.",
    )
    syncs_by_itself: list[Annotated[RecordKind, Field(strict=False)]] | None = Field(
        default=None,
        max_length=len(RecordKind),
        description="The kinds whose changes go by themselves; changes of the others wait until somebody "
        "asks, and the health says so. What another record depends on goes all the same.",
    )


class AccountAnswer(AnswerModel):
    """An account that items may be booked to."""

    id: str
    name: str
    number: str = Field(description="The office's own code for it, maybe empty.")
    type: str
    currency: str


class AccountListAnswer(AnswerModel):
    """Accounts by name, as the provider had them at `listedAt` (at most a minute ago)."""

    accounts: list[AccountAnswer]
    listed_at: datetime

    @classmethod
    def of(cls, listed: RemoteList[RemoteAccount]) -> AccountListAnswer:
        return cls(
            accounts=[
                AccountAnswer(
                    id=account.remote_id,
                    name=account.name,
                    number=account.number,
                    type=account.type_name,
                    currency=account.currency,
                )
                for account in listed.rows
            ],
            listed_at=listed.listed_at,
        )


class AuthorizeBody(RequestModel):
    """Where the browser goes when all is done: a path of this installation or an allowed origin."""

    return_to: Annotated[str, StringConstraints(max_length=MAX_RETURN_TO)] = ""


class AuthorizeAnswer(AnswerModel):
    """Send the person's browser there; the address works once, for some minutes."""

    authorize_url: str


class OrganisationBody(RequestModel):
    """Which of the offered companies is meant."""

    remote_company_id: Annotated[
        str, StringConstraints(min_length=1, max_length=MAX_REMOTE_COMPANY_ID)
    ]
    start_afresh: bool = Field(
        default=False,
        description="Replace the connected company: it is disconnected, settings begin anew.",
    )
