"""QuickBooks against the contract, on the sandbox over real sockets."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, ClassVar

import pytest

from shared.config import ProviderEndpoints
from shared.domain.connections import PacingMode
from shared.domain.customer_plan import CustomerFields
from shared.domain.errors import NeedsReauth
from shared.domain.ids import RecordKind, RemoteCompanyId, RemoteId
from shared.domain.links import Fields, ItemFields
from shared.domain.outcomes import Done, NameTaken
from shared.domain.records import Address
from shared.providers import registry
from shared.providers.base import AccountingProvider, IssuedTokens, ProviderOAuth
from shared.providers.pacing import Pacer
from shared.providers.quickbooks.profile import NAME, PROFILE
from shared.providers.transport import HttpxTransport
from tests.contract.providers.contract import (
    ProviderContract,
    RecordContract,
    create,
    entries,
    one,
    push,
    update,
)
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
        given = self._sandbox.control.connect(CEDAR_RIDGE)
        return registry.open_provider(
            NAME,
            endpoints,
            remote_company_id=self.company,
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


class CustomersDesk(QuickBooksDesk):
    kind = RecordKind.CUSTOMER
    entity, name_attribute = "Customer", "DisplayName"
    plain_field = "phone"
    other_value: ClassVar[dict[str, Any]] = {"email": "new@hill.example"}
    empty_values: ClassVar[dict[str, Any]] = {"email": "", "phone": "", "address": Address()}
    bad_value: ClassVar[dict[str, Any]] = {"phone": "1" * 31}

    def plant(self, *names: str, sellable: bool = True) -> list[RemoteId]:
        return self._planted([{"DisplayName": name} for name in names])

    def plant_elsewhere(self, entity: str, name: str) -> None:
        order = {"realm": CEDAR_RIDGE, "entity": entity, "values": [{"DisplayName": name}]}
        self._sandbox.control.post("/entities", order)

    def fields(self, name: str, plain: str) -> Fields:
        address = Address("12 Ocean Dr.", "Half Moon Bay", "CA", "94213", "US")
        return CustomerFields(name, f"c{len(name)}@hill.example", plain, address)

    def _plain(self, value: str) -> dict[str, Any]:
        return {"PrimaryPhone": {"FreeFormNumber": value}}


@pytest.fixture(scope="module")
def sandbox() -> Iterator[SandboxProcess]:
    with SandboxProcess() as running:
        yield running


@pytest.fixture(scope="module")
def transport() -> Iterator[HttpxTransport]:
    made = HttpxTransport()
    yield made
    made.close()


@pytest.fixture
def desk(sandbox: SandboxProcess, transport: HttpxTransport) -> QuickBooksDesk:
    sandbox.control.reset()
    return QuickBooksDesk(sandbox, transport)


class TestQuickBooks(ProviderContract):
    """Everything of the contract."""


class TestQuickBooksCustomers(RecordContract):
    """What holds for every kind of record, and what is the customers' own."""

    @pytest.fixture
    def desk(self, sandbox: SandboxProcess, transport: HttpxTransport) -> CustomersDesk:
        sandbox.control.reset()
        return CustomersDesk(sandbox, transport)

    @pytest.mark.parametrize("entity", ["Vendor", "Employee"])
    def test_a_name_that_a_vendor_or_employee_has_is_taken_and_found_nowhere(
        self, desk: CustomersDesk, entity: str
    ) -> None:
        desk.plant_elsewhere(entity, "Robertson")
        provider = desk.open()
        writes = [create(desk, "Robertson")]
        (entry,) = entries(push(provider, writes), writes)
        assert isinstance(entry, NameTaken)
        assert provider.records_by_name(RecordKind.CUSTOMER, ["Robertson"]) == []

    def test_an_edited_address_goes_as_a_whole(self, desk: CustomersDesk) -> None:
        provider = desk.open()
        writes = [create(desk, "Hill")]
        (made,) = entries(push(provider, writes), writes)
        assert isinstance(made, Done)
        row = one(desk, provider, made.remote_id)
        change = [update(row, address=Address("9 Low St", "Rye", "NY"))]
        (entry,) = entries(push(provider, change, 2), change)
        assert isinstance(entry, Done)
        assert entry.fields.canonical()["address"] == "9 Low St\nRye\nNY"

    def test_customers_are_found_by_address_whatever_its_case(self, desk: CustomersDesk) -> None:
        provider = desk.open()
        writes = [create(desk, name, email=f"{name}@x.example") for name in ("a", "b", "gone")]
        made = entries(push(provider, writes), writes)
        assert all(isinstance(entry, Done) for entry in made)
        gone = next(row.remote_id for row in desk.records() if row.name == "gone")
        desk.edit(gone, active=False)
        asked = ["A@X.example ", "gone@x.example", "nobody@x.example"]
        for emails in (asked, [*asked, "größe@x.example"]):
            rows = provider.records_by_email(RecordKind.CUSTOMER, emails)
            assert [row.fields.name for row in rows] == ["a"]
