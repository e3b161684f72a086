"""The sandbox's books as a person sees them: `Desk` of QuickBooks' items, over real sockets."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, ClassVar

from shared.config import ProviderEndpoints
from shared.domain.connections import PacingMode
from shared.domain.errors import NeedsReauth
from shared.domain.ids import RecordKind, RemoteCompanyId, RemoteId
from shared.domain.links import Fields, ItemFields
from shared.providers import registry
from shared.providers.base import AccountingProvider, IssuedTokens, ProviderOAuth
from shared.providers.pacing import Pacer
from shared.providers.quickbooks.profile import NAME, PROFILE
from shared.providers.transport import HttpxTransport
from tests.contract.providers.desk import Booked, Issued, Trouble
from tests.support.effects import SeededChance, VirtualClock
from tests.support.sandbox_process import (
    CEDAR_RIDGE,
    CLIENT_ID,
    CLIENT_SECRET,
    SandboxProcess,
)
from tests.unit.providers.virtual_world import CONNECTION, MemoryPacing

_FAULTS: dict[Trouble, str | dict[str, Any]] = {
    Trouble.SERVER_ERROR: "html500",
    Trouble.GATEWAY_TIMEOUT: "xml504",
    Trouble.PAGE_INSTEAD_OF_DATA: "html200",
    Trouble.CUT_OFF: "truncatedJson",
    Trouble.EMPTY: "emptyBody",
    Trouble.HUGE: {"type": "hugeBody", "megabytes": 9},
    Trouble.NO_ANSWER: "closedAfterCommit",
    Trouble.REDIRECT: {"type": "redirect302", "location": "/elsewhere"},
    Trouble.THROTTLED: "throttle429",
    Trouble.THROTTLED_UNUSUALLY: {"type": "throttle429", "format": "xml"},
    Trouble.WHOLE_REFUSED: "batch400",
    Trouble.COMPANY_REFUSED: "forbidden403",
    Trouble.TOKEN_REFUSED: "unauthorized401",
    Trouble.ACCESS_LOST: {"type": "unauthorized401", "code": "120"},
}
_WRITES = ["batch", "write"]
_READS = ["query", "read"]


class SandboxTokens:
    """A `TokenSource` over the real token endpoint, without storage or lease."""

    def __init__(self, oauth: ProviderOAuth, access: str, refresh: str, issued: Issued) -> None:
        self._oauth = oauth
        self._refresh = refresh
        self._version = 1
        self._issued = issued
        issued.access_tokens.append(access)

    def access_token(self) -> tuple[str, int]:
        return self._issued.access_tokens[-1], self._version

    def renew(self, *, after_version: int) -> tuple[str, int]:
        if after_version == self._version:
            self._issued.renewals += 1
            tokens = self._oauth.refresh(self._refresh, datetime.now(UTC))
            if not isinstance(tokens, IssuedTokens):
                raise NeedsReauth(NAME)
            self._refresh = tokens.refresh_token
            self._issued.access_tokens.append(tokens.access_token)
            self._version += 1
        return self.access_token()


class QuickBooksDesk:
    company = RemoteCompanyId(CEDAR_RIDGE)
    company_name = "Cedar Ridge Plumbing (Sandbox)"
    home_currency = "USD"
    country = "US"
    kind = RecordKind.ITEM
    entity, name_attribute = "Item", "Name"
    names_are_unique = True
    plain_field = "unit_price"
    other_value: ClassVar[dict[str, Any]] = {"description": "New"}
    empty_values: ClassVar[dict[str, Any]] = {"description": "", "code": ""}
    bad_value: ClassVar[dict[str, Any]] = {"income_account_id": "99999999"}

    def __init__(self, sandbox: SandboxProcess, transport: HttpxTransport) -> None:
        self._sandbox = sandbox
        self._transport = transport
        self.issued = Issued()

    def open(self, *, deadline: float = 10.0) -> AccountingProvider:
        base = self._sandbox.quickbooks_url
        endpoints = ProviderEndpoints(
            api_url=base,
            authorize_url=f"{base}/connect/oauth2",
            token_url=f"{base}/oauth2/v1/tokens/bearer",
            revoke_url=f"{base}/v2/oauth2/tokens/revoke",
        )
        clock = VirtualClock()
        oauth = registry.open_oauth(
            NAME,
            endpoints,
            client_id=CLIENT_ID,
            client_secret=CLIENT_SECRET,
            transport=self._transport,
            clock=clock,
            deadline=deadline,
        )
        given = self._sandbox.control.connect(self.company)
        return registry.open_provider(
            NAME,
            endpoints,
            remote_company_id=self.company,
            country=self.country,
            tokens=SandboxTokens(oauth, given["access_token"], given["refresh_token"], self.issued),
            transport=self._transport,
            pacer=Pacer(
                MemoryPacing(),
                CONNECTION,
                PROFILE.limits,
                PacingMode.ADAPTIVE,
                RecordKind.ITEM,
                clock,
                "contract",
            ),
            clock=clock,
            chance=SeededChance(),
            deadline=deadline,
        )

    def plant(self, *names: str, sellable: bool = True) -> list[RemoteId]:
        kind = {"Type": "Service", "IncomeAccountRef": {"value": "79"}}
        rows = [{"Name": name, **(kind if sellable else {"Type": "Category"})} for name in names]
        return self._planted(rows, raw=not sellable)

    def edit(self, remote_id: RemoteId, *, active: bool | None = None, plain: str = "") -> None:
        change: dict[str, Any] = {"Id": remote_id}
        if active is not None:
            change["Active"] = active
        if plain:
            change |= self._plain(plain)
        self._planted([change])

    def records(self) -> list[Booked]:
        return [
            Booked(RemoteId(row["Id"]), row[self.name_attribute], row.get("Active", True))
            for row in self._sandbox.control.rows(CEDAR_RIDGE, self.entity)
        ]

    def fields(self, name: str, plain: str) -> Fields:
        return ItemFields(
            name=name,
            description=f"About {name}",
            unit_price=Decimal(plain),
            code=f"C-{len(name)}",
            income_account_id=self.account_id(),
        )

    def _plain(self, value: str) -> dict[str, Any]:
        return {"UnitPrice": float(value)}

    def _planted(self, rows: list[dict[str, Any]], *, raw: bool = False) -> list[RemoteId]:
        order = {"realm": CEDAR_RIDGE, "entity": self.entity, "values": rows, "raw": raw}
        made = self._sandbox.control.post("/entities", order)
        return [RemoteId(row["Id"]) for row in made["entities"]]

    def trouble(self, trouble: Trouble, *, writes: bool, times: int) -> None:
        self._sandbox.control.delete("/faults")
        self._sandbox.control.fault(
            _FAULTS[trouble], kind=_WRITES if writes else _READS, atMost=times, repeats=True
        )

    def drop_entries(self, *positions: int) -> None:
        labels = {"bIds": [str(position) for position in positions]}
        self._sandbox.control.fault("missingEntries", kind="batch", atMost=1, entries=labels)

    def shuffle_entries(self) -> None:
        self._sandbox.control.fault("reorderedEntries", kind="batch", atMost=1)

    def refuse_entry(self, name: str, *, passing: bool) -> None:
        fault = {"type": "entryFault", "code": "6000" if passing else "2010"}
        self._sandbox.control.fault(fault, atMost=1, entries={"names": [name]})

    def trickle(self, seconds: float, *, writes: bool) -> None:
        self._sandbox.control.fault(
            {"type": "slowTrickle", "seconds": seconds},
            kind=_WRITES if writes else _READS,
            atMost=1,
            repeats=True,
        )

    def expire_access(self) -> None:
        self._sandbox.control.post("/grants/expire-access", {"realm": CEDAR_RIDGE})

    def withdraw(self) -> None:
        self._sandbox.control.post("/grants/revoke", {"realm": CEDAR_RIDGE})

    def writes_seen(self) -> int:
        requests = self._sandbox.control.requests(limit=1000)
        return sum(1 for request in requests if request["kind"] in _WRITES)

    def account_id(self) -> str:
        return "79"
