"""Invoices on the wire: numbers, lines and their ids, updates, void, delete, queries, refusals."""

from decimal import Decimal
from typing import Any

import pytest

from tests.sandbox.books import Books, content, entry_error
from tests.sandbox.trade import Shop, discount, line, link, priced, sums
from tests.support.sandbox_process import ControlClient


@pytest.fixture
def shop(books: Books) -> Shop:
    return Shop(books)


def line_ids(invoice: dict[str, Any]) -> list[str | None]:
    return [one.get("Id") for one in invoice["Line"]]


def test_the_smallest_invoice_is_answered_as_the_reference_does(shop: Shop) -> None:
    made = shop.invoice(TxnDate="2026-07-24")

    assert {name: made[name] for name in made if name not in ("MetaData", "Id")} == {
        "CustomerRef": {"value": shop.customer, "name": "Hill's Bakery"},
        "TxnDate": "2026-07-24",
        "DueDate": "2026-08-23",
        "DocNumber": "1001",
        "CurrencyRef": {"value": "USD"},
        "Line": [
            {
                "Id": "1",
                "LineNum": 1,
                "Amount": Decimal("100.0"),
                "DetailType": "SalesItemLineDetail",
                "SalesItemLineDetail": {
                    "ItemRef": {"value": shop.item, "name": "Labor"},
                    "TaxCodeRef": {"value": "NON"},
                },
            },
            {"DetailType": "SubTotalLineDetail", "Amount": 100, "SubTotalLineDetail": {}},
        ],
        "TxnTaxDetail": {"TotalTax": 0},
        "TotalAmt": 100,
        "Balance": 100,
        "LinkedTxn": [],
        "ApplyTaxAfterDiscount": False,
        "EmailStatus": "NotSet",
        "PrintStatus": "NotSet",
        "domain": "QBO",
        "sparse": False,
        "SyncToken": "0",
    }


@pytest.mark.parametrize(
    ("quantity", "price", "amount"),
    [
        ("3", "33.335", "100.01"),
        ("2.5", "0.01", "0.03"),
        ("1.005", "100", "100.5"),
        ("-1", "20", "-20"),
        ("0.3333", "1.5", "0.5"),
    ],
)
def test_an_amount_is_quantity_times_price_rounded_half_up(
    shop: Shop, quantity: str, price: str, amount: str
) -> None:
    made = shop.invoice(line(shop.item), priced(shop.item, quantity, price, amount))

    assert made["TotalAmt"] == 100 + Decimal(amount)
    near = str(Decimal(amount) + Decimal("0.01"))
    assert shop.refused(line(shop.item), priced(shop.item, quantity, price, near)) == "6070"


def test_a_currency_without_decimals_rounds_to_whole_amounts(
    control: ControlClient, books: Books
) -> None:
    control.post(
        "/companies",
        {"realm": "1234567890", "name": "Kyoto", "currency": "JPY", "country": "JP"},
    )
    with Books(books.sandbox, "1234567890") as kyoto:
        shop = Shop(kyoto)
        made = shop.invoice(
            priced(shop.item, "0.5", "333", "167", tax="4"), GlobalTaxCalculation="TaxExcluded"
        )
        assert made["TotalAmt"] == 167
        refused = shop.refused(
            priced(shop.item, "0.5", "333", "166.5", tax="4"), GlobalTaxCalculation="TaxExcluded"
        )
        assert refused == "6070"


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ({"CustomerRef": None}, "2020"),
        ({"CustomerRef": {"value": "99"}}, "2500"),
        ({"Line": []}, "2020"),
        ({"Line": [{"DetailType": "DescriptionOnly", "Description": "Only words"}]}, "2020"),
        ({"Line": [{"Amount": 1}]}, "2020"),
        ({"Line": [{"Amount": 1, "DetailType": "Odd"}]}, "2170"),
        ({"Line": [{"Amount": 1, "DetailType": "SalesItemLineDetail"}]}, "2020"),
        ({"Line": [line("99")]}, "2500"),
        ({"Line": [line("1", Colour="red")]}, "2010"),
        ({"Line": [line("1", "1.005")]}, "6000"),
        ({"Line": [line("1", "-1.00")]}, "6000"),
        ({"Line": [line("1", tax="2")]}, "6100"),
        ({"Line": "one"}, "2010"),
        ({"DocNumber": "1" * 22}, "2050"),
        ({"PrivateNote": "1" * 4001}, "2050"),
        ({"CustomerMemo": {"value": "1" * 1001}}, "2050"),
        ({"TxnDate": "2026-02-30"}, "2010"),
        ({"CurrencyRef": {"value": "CAD"}}, "6000"),
        ({"EmailStatus": "NeedToSend"}, "2020"),
        ({"EmailStatus": "Perhaps"}, "2170"),
        ({"BillEmail": {"Address": "nobody"}}, "2210"),
        ({"Paid": True}, "2010"),
    ],
)
def test_each_refusal_has_its_code_and_makes_nothing(
    shop: Shop, values: dict[str, Any], code: str
) -> None:
    assert shop.refused(**values) == code
    assert shop.books.query("select count(*) from Invoice")["totalCount"] == 0


def test_inactive_customers_and_items_and_categories_are_refused(shop: Shop) -> None:
    (category,) = shop.books.plant("Item", {"Name": "Parts", "Type": "Category"}, raw=True)
    assert shop.refused(line(category["Id"])) == "2500"
    shop.books.plant("Item", {"Id": shop.item, "Active": False})
    assert shop.refused() == "610"
    shop.books.plant("Item", {"Id": shop.item, "Active": True})
    shop.books.plant("Customer", {"Id": shop.customer, "Active": False})
    assert shop.refused() == "610"


# Numbers


def test_a_number_that_is_taken_names_its_owner(shop: Shop, control: ControlClient) -> None:
    owner = shop.invoice(DocNumber="INV-7")
    error = shop.books.refused("invoice", shop.invoice_body(DocNumber="inv-7"))

    assert error["code"] == "6140"
    assert error["Detail"].endswith(
        f"DocNumber=inv-7 is assigned to TxnType=Invoice with TxnId={owner['Id']}"
    )
    let_through = shop.books.made(
        "Invoice", shop.invoice_body(DocNumber="INV-7"), include="allowduplicatedocnum"
    )
    assert let_through["DocNumber"] == "INV-7"
    assert shop.change("Invoice", let_through, PrivateNote="Twin")["SyncToken"] == "1"
    shop.books.prefer(duplicateDocNumbers="allow")
    assert shop.invoice(DocNumber="INV-7")["DocNumber"] == "INV-7"


def test_a_number_sent_in_an_update_is_checked_too(shop: Shop) -> None:
    shop.invoice(DocNumber="A")
    second = shop.invoice(DocNumber="B")

    assert shop.change_refused("Invoice", second, DocNumber="A") == "6140"
    assert shop.change("Invoice", second, DocNumber="B")["SyncToken"] == "0"


def test_numbers_are_given_out_unless_the_company_numbers_by_hand(shop: Shop) -> None:
    assert [shop.invoice()["DocNumber"] for _ in range(2)] == ["1001", "1002"]
    shop.invoice(DocNumber="1003")
    assert shop.invoice()["DocNumber"] == "1004"
    shop.books.prefer(customTxnNumbers=True)
    assert "DocNumber" not in shop.invoice()
    assert shop.invoice(DocNumber="AUTO_GENERATE")["DocNumber"] == "1005"
    preferences = content(shop.books.get("preferences"))["Preferences"]
    assert preferences["SalesFormsPrefs"]["CustomTxnNumbers"] is True


# Updates


def test_a_full_update_empties_what_it_does_not_name(shop: Shop) -> None:
    made = shop.invoice(PrivateNote="Note", CustomerMemo={"value": "Thanks"}, DocNumber="7")
    body = {**shop.invoice_body(line(shop.item, "50")), "Id": made["Id"], "SyncToken": "0"}
    updated = shop.books.made("Invoice", body)

    assert {"PrivateNote", "CustomerMemo", "DocNumber"} & set(updated) == set()
    assert (sums(updated), updated["SyncToken"]) == ((50, 50), "1")


def test_a_sparse_update_without_lines_keeps_them_and_one_of_nothing_changes_nothing(
    shop: Shop,
) -> None:
    made = shop.invoice(line(shop.item), discount("10"))
    noted = shop.change("Invoice", made, PrivateNote="Note")

    assert (noted["Line"], noted["SyncToken"]) == (made["Line"], "1")
    assert shop.change("Invoice", noted, PrivateNote="Note") == noted
    assert shop.change_refused("Invoice", made, PrivateNote="Late") == "5010"
    assert shop.change_refused("Invoice", {"Id": "99", "SyncToken": "0"}) == "610"
    assert shop.change_refused("Invoice", noted, Line=[]) == "2020"


def test_lines_with_their_ids_are_changed_the_others_go_and_new_ones_come(shop: Shop) -> None:
    made = shop.invoice(line(shop.item, "1"), line(shop.item, "2"), line(shop.item, "4"))
    assert line_ids(made) == ["1", "2", "3", None]
    kept, changed, _gone, _subtotal = made["Line"]
    sent = [{**line(shop.item, "20"), "Id": changed["Id"]}, line(shop.item, "40"), _plain(kept)]
    updated = shop.change("Invoice", made, Line=sent)

    assert line_ids(updated) == ["2", "4", "1", None]
    assert [one.get("LineNum") for one in updated["Line"]] == [1, 2, 3, None]
    assert sums(updated) == (61, 61)
    assert shop.change_refused("Invoice", updated, Line=[{**line(shop.item), "Id": "9"}]) == "2030"


def test_lines_without_ids_are_added_or_replace_as_the_setting_says(
    shop: Shop, control: ControlClient
) -> None:
    made = shop.invoice(line(shop.item, "1"))
    doubled = shop.change("Invoice", made, Line=[line(shop.item, "2")])
    assert (line_ids(doubled), doubled["TotalAmt"]) == (["1", "2", None], 3)

    control.settings(linesWithoutId="replace")
    replaced = shop.change("Invoice", doubled, Line=[line(shop.item, "4")])
    assert (line_ids(replaced), replaced["TotalAmt"]) == (["3", None], 4)


def test_what_was_read_can_be_sent_back_and_changes_nothing(shop: Shop) -> None:
    made = shop.invoice(
        priced(shop.item, "2", "10", "20"),
        {"DetailType": "DescriptionOnly", "Description": "As agreed"},
        discount(percent="10"),
    )
    body = {name: _jsonable(value) for name, value in made.items()}

    assert shop.books.made("Invoice", body) == made
    assert shop.books.made("Invoice", {**body, "sparse": True}) == made


def _plain(value: dict[str, Any]) -> dict[str, Any]:
    plain: dict[str, Any] = _jsonable(value)
    return plain


def _jsonable(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _jsonable(one) for name, one in value.items()}
    if isinstance(value, list):
        return [_jsonable(one) for one in value]
    return float(value) if isinstance(value, Decimal) else value


# Void and delete


def test_a_void_keeps_the_invoice_at_nothing(shop: Shop) -> None:
    made = shop.invoice(priced(shop.item, "2", "10", "20"), PrivateNote="Wrong address")
    voided = shop.change("Invoice", made, "void")

    assert (sums(voided), voided["SyncToken"]) == ((0, 0), "1")
    assert voided["PrivateNote"] == "Voided - Wrong address"
    assert [one["Amount"] for one in voided["Line"]] == [0, 0]
    assert shop.change_refused("Invoice", made, "void") == "5010"
    assert shop.change("Invoice", voided, "void") == voided
    noted = shop.change("Invoice", voided, PrivateNote="Voided, twice billed")
    assert sums(noted) == (0, 0)


@pytest.mark.parametrize(
    "how",
    [
        {"operation": "update", "optionsData": "void"},
        {"operation": "void"},
    ],
)
def test_a_batch_voids_in_two_ways(shop: Shop, control: ControlClient, how: dict[str, str]) -> None:
    made = shop.invoice()
    body = {"Id": made["Id"], "SyncToken": "0", "sparse": True}
    answered = shop.books.batch([{"bId": "1", "Invoice": body, **how}])

    assert answered["1"]["Invoice"]["PrivateNote"] == "Voided"
    assert control.counters()["voided"] == {"Invoice": 1}


def test_an_update_with_include_void_is_a_void(shop: Shop) -> None:
    made = shop.invoice()
    body = {"Id": made["Id"], "SyncToken": "0", "sparse": True}

    assert sums(shop.books.made("Invoice", body, operation="update", include="void")) == (0, 0)


def test_a_deleted_invoice_is_gone_and_its_id_too(shop: Shop, control: ControlClient) -> None:
    made = shop.invoice()
    gone = shop.change("Invoice", made, "delete")

    assert gone == {"domain": "QBO", "status": "Deleted", "Id": made["Id"]}
    assert shop.books.get(f"invoice/{made['Id']}").status_code == 400
    assert "Invoice" not in shop.books.query("select * from Invoice")
    assert shop.change_refused("Invoice", made, "delete") == "610"
    assert int(shop.invoice()["Id"]) > int(made["Id"])
    assert control.counters()["deleted"] == {"Invoice": 1}


def test_names_are_neither_voided_nor_deleted(shop: Shop) -> None:
    row = {"Id": shop.customer, "SyncToken": "0"}
    for operation in ("void", "delete", "merge"):
        assert shop.change_refused("Customer", row, operation) == "500"


def test_closed_books_refuse_create_update_void_and_delete(shop: Shop) -> None:
    made = shop.invoice(TxnDate="2026-03-31")
    later = shop.invoice(TxnDate="2026-04-01")
    shop.books.prefer(booksClosedUntil="2026-03-31")

    assert shop.refused(TxnDate="2026-03-31") == "6200"
    assert shop.change_refused("Invoice", made, PrivateNote="x") == "6200"
    assert shop.change_refused("Invoice", later, TxnDate="2026-03-30") == "6200"
    assert shop.change_refused("Invoice", made, "void") == "6200"
    assert shop.change_refused("Invoice", made, "delete") == "6200"
    assert shop.change("Invoice", later, PrivateNote="x")["PrivateNote"] == "x"
    shop.books.prefer(booksClosedPassword=True)
    assert shop.refused(TxnDate="2026-03-31") == "6210"
    preferences = content(shop.books.get("preferences"))["Preferences"]
    assert preferences["AccountingInfoPrefs"]["BookCloseDate"] == "2026-03-31"


# Batches, request ids, faults, queries


def test_each_invoice_of_a_batch_stands_alone(shop: Shop) -> None:
    bodies = [
        shop.invoice_body(DocNumber="A"),
        shop.invoice_body(DocNumber="A"),
        shop.invoice_body(line("99")),
    ]
    entries = [
        {"bId": str(number), "operation": "create", "Invoice": body}
        for number, body in enumerate(bodies)
    ]
    answered = shop.books.batch(entries, requestid="r" * 32)

    assert answered["0"]["Invoice"]["DocNumber"] == "A"
    assert [entry_error(answered[b_id])["code"] for b_id in ("1", "2")] == ["6140", "2500"]
    assert shop.books.batch(entries, requestid="r" * 32) == answered
    duplicate = {**entries[1], "optionsData": "allowduplicatedocnum"}
    assert "Invoice" in shop.books.batch([duplicate])["1"]


def test_a_void_is_done_once_for_its_request_id(shop: Shop) -> None:
    made = shop.invoice()
    body = {"Id": made["Id"], "SyncToken": "0"}
    first, again = (
        shop.books.made("Invoice", body, operation="void", requestid="v") for _ in range(2)
    )

    assert first == again


def test_fault_rules_and_the_journal_know_an_invoice_by_its_number(
    shop: Shop, control: ControlClient
) -> None:
    control.fault({"type": "entryFault", "code": "6200"}, entries={"names": ["INV-2"]})
    entries = [
        {"bId": name, "operation": "create", "Invoice": shop.invoice_body(DocNumber=name)}
        for name in ("INV-1", "INV-2")
    ]
    answered = shop.books.batch(entries)

    assert "Invoice" in answered["INV-1"]
    assert entry_error(answered["INV-2"])["code"] == "6200"
    assert control.requests(kind="batch", names=1)[-1]["names"] == ["INV-1", "INV-2"]


def test_queries_filter_by_what_the_reference_lists(shop: Shop) -> None:
    dates = ("2026-01-05", "2026-02-05", "2026-03-05")
    made = [shop.invoice(DocNumber=f"N{number}", TxnDate=date) for number, date in enumerate(dates)]

    def numbers(rest: str) -> list[str]:
        rows = shop.books.query(f"select * from Invoice {rest}").get("Invoice", [])  # noqa: S608
        return [row["DocNumber"] for row in rows]

    assert numbers("where DocNumber = 'n1'") == ["N1"]
    assert numbers("where DocNumber in ('N0','N2','N9') orderby Id") == ["N0", "N2"]
    assert numbers(f"where CustomerRef = '{shop.customer}' orderby TxnDate desc") == [
        "N2",
        "N1",
        "N0",
    ]
    assert numbers("where TxnDate >= '2026-02-01' orderby TxnDate") == ["N1", "N2"]
    assert numbers("where TxnDate = '2026-02-05'") == ["N1"]
    assert numbers(f"where Id = '{made[2]['Id']}'") == ["N2"]
    assert numbers("where MetaData.LastUpdatedTime > '2099-01-01'") == []
    assert numbers("where Balance > '0' and TotalAmt = '100.0' orderby Id maxresults 1") == ["N0"]
    assert shop.books.query("select count(*) from Invoice where CustomerRef = '99'") == {
        "totalCount": 0
    }
    for field in ("PrivateNote", "UnappliedAmt", "BillEmail"):
        refused = shop.books.query_refused(f"select * from Invoice where {field} = 'x'")  # noqa: S608
        assert refused["code"] == "4001"


def test_a_customer_who_owes_something_stays_active(shop: Shop, control: ControlClient) -> None:
    made = shop.invoice()
    row = shop.books.read("Customer", shop.customer)
    assert shop.change_refused("Customer", row, Active=False) == "6000"
    control.settings(openBalanceCode="6220")
    assert shop.change_refused("Customer", row, Active=False) == "6220"
    paid = shop.payment("100", link(made["Id"], "100"))
    assert paid["UnappliedAmt"] == 0
    assert shop.change("Customer", row, Active=False)["Active"] is False
