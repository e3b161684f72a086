"""QuickBooks against the contract, on the sandbox over real sockets."""

from __future__ import annotations

from typing import Any, ClassVar

import pytest

from shared.domain.customer_plan import CustomerFields
from shared.domain.ids import RecordKind, RemoteId
from shared.domain.links import Fields
from shared.domain.outcomes import Done, NameTaken
from shared.domain.records import Address
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
from tests.contract.providers.quickbooks_desk import QuickBooksDesk
from tests.support.sandbox_process import CEDAR_RIDGE, SandboxProcess


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
