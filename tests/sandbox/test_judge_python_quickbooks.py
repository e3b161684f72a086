"""python-quickbooks, a real client written against the real service, must work through its own code."""

import pytest
from intuitlib.client import AuthClient
from quickbooks import QuickBooks
from quickbooks.batch import batch_create
from quickbooks.exceptions import AuthorizationException, QuickbooksException, ValidationException
from quickbooks.objects.account import Account
from quickbooks.objects.base import Address, EmailAddress, PhoneNumber, Ref
from quickbooks.objects.company_info import CompanyInfo
from quickbooks.objects.customer import Customer
from quickbooks.objects.item import Item
from quickbooks.objects.preferences import Preferences

from tests.sandbox.books import PLUMBING
from tests.support.sandbox_process import (
    CEDAR_RIDGE,
    CLIENT_ID,
    CLIENT_SECRET,
    REDIRECT_URI,
    ControlClient,
    SandboxProcess,
)


@pytest.fixture
def client(sandbox: SandboxProcess, monkeypatch: pytest.MonkeyPatch) -> QuickBooks:
    """Its base URL is a class attribute, its session refuses plain http unless this variable is set."""
    monkeypatch.setenv("OAUTHLIB_INSECURE_TRANSPORT", "1")
    monkeypatch.setattr(QuickBooks, "api_url_v3", f"{sandbox.quickbooks_url}/v3")
    discovery = f"{sandbox.quickbooks_url}/.well-known/openid_configuration"
    auth = AuthClient(CLIENT_ID, CLIENT_SECRET, REDIRECT_URI, discovery)
    refresh_token = sandbox.control.connect(CEDAR_RIDGE)["refresh_token"]
    return QuickBooks(
        auth_client=auth, refresh_token=refresh_token, company_id=CEDAR_RIDGE, minorversion=75
    )


def new_item(name: str) -> Item:
    item = Item()
    item.Name = name
    item.Type = "Service"
    item.UnitPrice = 19.95
    item.IncomeAccountRef = Ref()
    item.IncomeAccountRef.value = PLUMBING
    return item


def test_it_creates_updates_and_reads_an_item(client: QuickBooks) -> None:
    created = new_item("Drain cleaning").save(qb=client)
    created.UnitPrice = 25
    created.Description = "Snake the drain"
    updated = created.save(qb=client)
    read = Item.get(created.Id, qb=client)

    assert (created.SyncToken, updated.SyncToken) == ("0", "1")
    assert (read.UnitPrice, read.Description) == (25, "Snake the drain")
    assert read.IncomeAccountRef.name == "Plumbing Services"


def test_it_deactivates_an_item_and_finds_it_only_when_it_asks_for_inactive_ones(
    client: QuickBooks,
) -> None:
    item = new_item("Old service").save(qb=client)
    item.Active = False
    item.save(qb=client)

    assert Item.filter(Name="Old service", qb=client) == []
    (found,) = Item.where("Active = false", qb=client)
    assert found.Name == "Old service (deleted)"


def test_a_taken_name_is_its_6240_exception(client: QuickBooks) -> None:
    owner = new_item("Faucet").save(qb=client)

    with pytest.raises(QuickbooksException) as refused:
        new_item("FAUCET").save(qb=client)

    assert refused.value.error_code == 6240
    assert refused.value.detail.endswith(f": Id={owner.Id}")


def test_an_unknown_account_is_its_validation_exception(client: QuickBooks) -> None:
    item = new_item("Faucet")
    item.IncomeAccountRef.value = "99999"

    with pytest.raises(ValidationException) as refused:
        item.save(qb=client)

    assert refused.value.error_code == 2500


def test_its_batches_of_thirty_report_each_item_for_itself(client: QuickBooks) -> None:
    new_item("Item 7").save(qb=client)

    result = batch_create([new_item(f"Item {number}") for number in range(35)], qb=client)

    assert len(result.successes) == 34
    (fault,) = result.faults
    assert fault.Error[0].code == "6240"
    assert fault.original_object.Name == "Item 7"


def test_its_pages_give_every_item_once(client: QuickBooks) -> None:
    batch_create([new_item(f"Item {number}") for number in range(25)], qb=client)

    pages = [
        Item.where("", order_by="Id", start_position=start, max_results=10, qb=client)
        for start in (1, 11, 21, 31)
    ]

    assert [len(page) for page in pages] == [10, 10, 5, 0]
    assert len({item.Id for page in pages for item in page}) == 25
    assert Item.count(qb=client) == 25
    assert len(Item.all(qb=client)) == 25


def test_it_escapes_a_quote_in_a_name_and_finds_it(client: QuickBooks) -> None:
    new_item("Plumber's putty").save(qb=client)

    (found,) = Item.filter(Name="Plumber's putty", qb=client)

    assert found.Name == "Plumber's putty"


def new_customer(name: str) -> Customer:
    customer = Customer()
    customer.DisplayName = name
    customer.PrimaryEmailAddr = EmailAddress()
    customer.PrimaryEmailAddr.Address = "office@example.com"
    customer.PrimaryPhone = PhoneNumber()
    customer.PrimaryPhone.FreeFormNumber = "(415) 444-6538"
    customer.BillAddr = Address()
    customer.BillAddr.Line1 = "12 Ocean Dr."
    customer.BillAddr.City = "Half Moon Bay"
    return customer


def test_it_creates_updates_and_reads_a_customer(client: QuickBooks) -> None:
    created = new_customer("Hill's Bakery").save(qb=client)
    created.BillAddr.PostalCode = "94213"
    created.save(qb=client)
    read = Customer.get(created.Id, qb=client)

    assert read.SyncToken == "1"
    assert (read.BillAddr.City, read.BillAddr.PostalCode) == ("Half Moon Bay", "94213")
    assert read.PrimaryEmailAddr.Address == "office@example.com"
    assert read.PrimaryPhone.FreeFormNumber == "(415) 444-6538"
    (found,) = Customer.filter(DisplayName="Hill's Bakery", qb=client)
    assert found.Id == created.Id


def test_its_batches_report_a_customer_whose_name_a_vendor_has(
    client: QuickBooks, control: ControlClient
) -> None:
    vendor = {"realm": CEDAR_RIDGE, "entity": "Vendor", "values": [{"DisplayName": "Customer 7"}]}
    control.post("/entities", vendor)

    result = batch_create([new_customer(f"Customer {number}") for number in range(35)], qb=client)

    assert len(result.successes) == 34
    (fault,) = result.faults
    assert fault.Error[0].code == "6240"


def test_it_lists_the_income_accounts(client: QuickBooks) -> None:
    names = {account.Name for account in Account.filter(AccountType="Income", qb=client)}

    assert {"Plumbing Services", "Sales of Product Income"} <= names
    assert "Interest Earned" not in names
    assert not any("(deleted)" in name for name in names)


def test_it_reads_company_and_preferences(client: QuickBooks) -> None:
    assert CompanyInfo.get(CEDAR_RIDGE, qb=client).CompanyName == "Cedar Ridge Plumbing (Sandbox)"
    (listed,) = CompanyInfo.all(qb=client)
    assert listed.CompanyName == "Cedar Ridge Plumbing (Sandbox)"
    assert Preferences.get(qb=client).CurrencyPrefs.HomeCurrency.value == "USD"


def test_an_expired_token_is_its_authorization_exception(
    client: QuickBooks, control: ControlClient
) -> None:
    control.advance(3601)

    with pytest.raises(AuthorizationException, match="authentication failed"):
        CompanyInfo.get(CEDAR_RIDGE, qb=client)
