"""python-quickbooks, a real client written against the real service, must work through its own code."""

import pytest
from intuitlib.client import AuthClient
from quickbooks import QuickBooks
from quickbooks.batch import batch_create, batch_delete, batch_update
from quickbooks.exceptions import AuthorizationException, QuickbooksException, ValidationException
from quickbooks.objects.account import Account
from quickbooks.objects.base import Address, EmailAddress, PhoneNumber, Ref
from quickbooks.objects.company_info import CompanyInfo
from quickbooks.objects.customer import Customer
from quickbooks.objects.detailline import (
    DiscountLine,
    DiscountLineDetail,
    SalesItemLine,
    SalesItemLineDetail,
)
from quickbooks.objects.invoice import Invoice
from quickbooks.objects.item import Item
from quickbooks.objects.payment import Payment, PaymentLine
from quickbooks.objects.paymentmethod import PaymentMethod
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


def sales_line(item: Item, amount: float, quantity: float = 0, price: float = 0) -> SalesItemLine:
    """Its defaults stand for what is not set: Qty and UnitPrice 0."""
    line = SalesItemLine()
    line.Amount = amount
    line.SalesItemLineDetail = SalesItemLineDetail()
    line.SalesItemLineDetail.ItemRef = item.to_ref()
    line.SalesItemLineDetail.Qty = quantity
    line.SalesItemLineDetail.UnitPrice = price
    return line


def percent_off(percent: float) -> DiscountLine:
    line = DiscountLine()
    line.DiscountLineDetail = DiscountLineDetail()
    line.DiscountLineDetail.PercentBased = True
    line.DiscountLineDetail.DiscountPercent = percent
    return line


class Trade:
    """A customer, an item, and what python-quickbooks makes of them."""

    def __init__(self, client: QuickBooks) -> None:
        self.client = client
        self.customer = new_customer("Hill's Bakery").save(qb=client)
        self.item = new_item("Labor").save(qb=client)

    def invoice(self, number: str | None = None, amount: float = 100) -> Invoice:
        invoice = Invoice()
        invoice.CustomerRef = self.customer.to_ref()
        invoice.DocNumber = number
        invoice.Line = [sales_line(self.item, amount)]
        return invoice

    def payment(self, total: float, *invoices: Invoice) -> Payment:
        payment = Payment()
        payment.CustomerRef = self.customer.to_ref()
        payment.TotalAmt = total
        for invoice in invoices:
            line = PaymentLine()
            line.Amount = total / len(invoices)
            line.LinkedTxn = [invoice.to_linked_txn()]
            payment.Line.append(line)
        return payment


@pytest.fixture
def trade(client: QuickBooks) -> Trade:
    return Trade(client)


def test_it_creates_updates_and_reads_an_invoice(trade: Trade, client: QuickBooks) -> None:
    invoice = trade.invoice("INV-1")
    invoice.Line = [sales_line(trade.item, 50.03, 2.5, 20.01), percent_off(10)]
    created = invoice.save(qb=client)
    assert (created.TotalAmt, created.Balance, created.SyncToken) == (45.03, 45.03, "0")

    created.PrivateNote = "By the back door"
    created.Line.append(sales_line(trade.item, 10))
    updated = created.save(qb=client)
    read = Invoice.get(updated.Id, qb=client)

    assert (read.SyncToken, read.PrivateNote, read.DocNumber) == ("1", "By the back door", "INV-1")
    assert read.TotalAmt == 54.03
    assert [line.Id for line in read.Line] == ["1", "3", None, "2"]
    (found,) = Invoice.filter(DocNumber="INV-1", qb=client)
    assert found.Id == read.Id
    assert [one.Id for one in Invoice.choose(["INV-1"], field="DocNumber", qb=client)] == [read.Id]
    assert Invoice.count(qb=client) == 1


def test_a_taken_number_is_its_6140_exception(trade: Trade, client: QuickBooks) -> None:
    trade.invoice("INV-1").save(qb=client)
    with pytest.raises(QuickbooksException) as refused:
        trade.invoice("INV-1").save(qb=client)

    assert refused.value.error_code == 6140
    params = {"include": "allowduplicatedocnum"}
    assert trade.invoice("INV-1").save(qb=client, params=params).DocNumber == "INV-1"


def test_it_pays_updates_and_reads_a_payment(trade: Trade, client: QuickBooks) -> None:
    first, second = (trade.invoice().save(qb=client) for _ in range(2))
    paid = trade.payment(120, first, second).save(qb=client)
    assert (paid.TotalAmt, paid.UnappliedAmt) == (120, 0)
    assert Invoice.get(first.Id, qb=client).Balance == 40

    paid.PaymentRefNum = "1042"
    paid.Line = paid.Line[:1]
    paid.save(qb=client)
    read = Payment.get(paid.Id, qb=client)
    assert (read.UnappliedAmt, read.PaymentRefNum, read.SyncToken) == (60, "1042", "1")
    assert Invoice.get(second.Id, qb=client).Balance == 100
    (found,) = Payment.filter(PaymentRefNum="1042", CustomerRef=trade.customer.Id, qb=client)
    assert found.Line[0].LinkedTxn[0].TxnId == first.Id


def test_it_voids_and_deletes_payments_and_invoices(trade: Trade, client: QuickBooks) -> None:
    invoice = trade.invoice().save(qb=client)
    voided, deleted = (trade.payment(10, invoice).save(qb=client) for _ in range(2))
    voided.void(qb=client)
    deleted.delete(qb=client)
    assert Payment.get(voided.Id, qb=client).PrivateNote == "Voided"
    assert Payment.count(qb=client) == 1

    Invoice.get(invoice.Id, qb=client).void(qb=client)
    now = Invoice.get(invoice.Id, qb=client)
    assert (now.TotalAmt, now.Balance, now.PrivateNote) == (0, 0, "Voided")
    now.delete(qb=client)
    with pytest.raises(QuickbooksException) as gone:
        Invoice.get(invoice.Id, qb=client)
    assert gone.value.error_code == 610


def test_its_batches_write_invoices_and_payments(trade: Trade, client: QuickBooks) -> None:
    made = batch_create([trade.invoice(f"N{number}") for number in range(35)], qb=client)
    assert (len(made.successes), made.faults) == (35, [])
    paid = batch_create([trade.payment(100, one) for one in made.successes], qb=client)
    assert (len(paid.successes), paid.faults) == (35, [])
    assert [one.Balance for one in Invoice.all(qb=client)] == [0] * 35

    for payment in paid.successes:
        payment.PrivateNote = "Checked"
    changed = batch_update(paid.successes, qb=client)
    assert {payment.PrivateNote for payment in changed.successes} == {"Checked"}
    stale = batch_delete(paid.successes, qb=client)
    assert {fault.Error[0].code for fault in stale.faults} == {"5010"}
    assert len(batch_delete(changed.successes, qb=client).faults) == 0
    assert [one.Balance for one in Invoice.all(qb=client)] == [100] * 35


def test_it_lists_payment_methods_and_preferences_of_sales(client: QuickBooks) -> None:
    assert "Visa" in {method.Name for method in PaymentMethod.all(qb=client)}
    preferences = Preferences.get(qb=client)
    assert preferences.SalesFormsPrefs.CustomTxnNumbers is False
    assert preferences.TaxPrefs.PartnerTaxEnabled is True


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
