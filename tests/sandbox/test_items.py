"""Items on the wire: creating, full and sparse updates, names, accounts, and each refusal with its code."""

from typing import Any

import pytest

from tests.sandbox.books import (
    COST_OF_GOODS,
    INTEREST,
    INVENTORY_ASSET,
    PLUMBING,
    SEPTIC_INACTIVE,
    Books,
    content,
    only_error,
    service,
)
from tests.support.sandbox_process import CEDAR_RIDGE, HARBOR, ControlClient


def test_a_created_item_has_what_was_sent_the_defaults_and_nothing_empty(books: Books) -> None:
    answer = books.post("item", service("Drain cleaning", UnitPrice=19, Sku="", Description=None))
    item = content(answer)["Item"]

    assert {name: item[name] for name in item if name != "MetaData"} == {
        "Name": "Drain cleaning",
        "Active": True,
        "SubItem": False,
        "Taxable": False,
        "UnitPrice": 19,
        "Type": "Service",
        "IncomeAccountRef": {"value": PLUMBING, "name": "Plumbing Services"},
        "PurchaseCost": 0,
        "TrackQtyOnHand": False,
        "FullyQualifiedName": "Drain cleaning",
        "domain": "QBO",
        "sparse": False,
        "Id": item["Id"],
        "SyncToken": "0",
    }
    assert item["MetaData"]["CreateTime"] == item["MetaData"]["LastUpdatedTime"]
    assert answer.headers["intuit_tid"]
    assert answer.headers["qbo-version"]


def test_decimals_keep_their_digits(books: Books) -> None:
    raw = b'{"Name":"Pipe","Type":"Service","IncomeAccountRef":{"value":"45"},"UnitPrice":300.00}'
    answer = books.http.post(
        f"{books.base}/item", content=raw, headers={"Content-Type": "application/json"}
    )

    assert b'"UnitPrice":300.00,' in answer.content
    assert str(content(books.get("item/1"))["Item"]["UnitPrice"]) == "300.00"


def test_a_full_update_empties_what_it_leaves_out(books: Books) -> None:
    item = books.item(service("Faucet", Sku="F-1", Description="Chrome", UnitPrice=12))
    updated = books.item(service("Faucet", Id=item["Id"], SyncToken="0"))

    assert "Sku" not in updated
    assert "Description" not in updated
    assert (updated["UnitPrice"], updated["SyncToken"]) == (0, "1")


def test_a_sparse_update_changes_only_what_it_names(books: Books) -> None:
    item = books.item(service("Faucet", Sku="F-1", Description="Chrome", UnitPrice=12))
    updated = books.item(
        {"sparse": True, "Id": item["Id"], "SyncToken": "0", "UnitPrice": 13, "Sku": None}
    )

    assert (updated["Name"], updated["Description"], updated["UnitPrice"]) == (
        "Faucet",
        "Chrome",
        13,
    )
    assert "Sku" not in updated


def test_an_update_that_changes_nothing_keeps_token_and_time(books: Books) -> None:
    item = books.item(service("Faucet", UnitPrice=12))
    books.sandbox.control.advance(60)
    again = books.item(service("Faucet", UnitPrice=12, Id=item["Id"], SyncToken="0"))

    assert (again["SyncToken"], again["MetaData"]) == ("0", item["MetaData"])
    assert books.sandbox.control.counters()["updated"] == {}


def test_a_stale_sync_token_is_5010_and_changes_nothing(books: Books) -> None:
    item = books.item(service("Faucet", UnitPrice=12))
    books.item(service("Faucet", UnitPrice=13, Id=item["Id"], SyncToken="0"))

    assert (
        books.refused("item", service("Faucet", UnitPrice=14, Id=item["Id"], SyncToken="0"))["code"]
        == "5010"
    )
    assert content(books.get(f"item/{item['Id']}"))["Item"]["UnitPrice"] == 13


def test_a_deactivated_item_is_renamed_hidden_from_queries_and_frees_its_name(books: Books) -> None:
    item = books.item(service("Faucet"))
    inactive = books.item({"sparse": True, "Id": item["Id"], "SyncToken": "0", "Active": False})

    assert (inactive["Name"], inactive["Active"]) == ("Faucet (deleted)", False)
    assert books.query("select * from Item where Name like 'Faucet%'") == {}
    assert books.item(service("Faucet"))["Id"] != item["Id"]


def test_a_second_deactivated_item_of_one_name_gets_a_number(books: Books) -> None:
    for expected in ("Faucet (deleted)", "Faucet (deleted 2)"):
        item = books.item(service("Faucet"))
        inactive = books.item({"sparse": True, "Id": item["Id"], "SyncToken": "0", "Active": False})
        assert inactive["Name"] == expected


def test_the_suffix_is_given_once_for_each_deactivation(books: Books) -> None:
    item = books.item(service("Faucet"))
    books.item({"sparse": True, "Id": item["Id"], "SyncToken": "0", "Active": False})
    edited = books.item({"sparse": True, "Id": item["Id"], "SyncToken": "1", "UnitPrice": 3})
    books.item({"sparse": True, "Id": item["Id"], "SyncToken": "2", "Active": True})
    again = books.item({"sparse": True, "Id": item["Id"], "SyncToken": "3", "Active": False})

    assert edited["Name"] == "Faucet (deleted)"
    assert again["Name"] == "Faucet (deleted) (deleted)"


def test_activating_again_does_not_bring_the_name_back_by_itself(books: Books) -> None:
    item = books.item(service("Faucet"))
    books.item({"sparse": True, "Id": item["Id"], "SyncToken": "0", "Active": False})
    active = books.item({"sparse": True, "Id": item["Id"], "SyncToken": "1", "Active": True})
    renamed = books.item({"sparse": True, "Id": item["Id"], "SyncToken": "2", "Name": "Faucet"})

    assert (active["Name"], renamed["Name"]) == ("Faucet (deleted)", "Faucet")


def test_whether_an_inactive_item_can_be_read_by_id_is_a_switch(
    books: Books, control: ControlClient
) -> None:
    item = books.item(service("Faucet"))
    books.item({"sparse": True, "Id": item["Id"], "SyncToken": "0", "Active": False})
    assert books.get(f"item/{item['Id']}").status_code == 200
    control.settings(inactiveReads="610")

    assert only_error(books.get(f"item/{item['Id']}"))["code"] == "610"


REFUSED: list[tuple[str, dict[str, Any], str, str]] = [
    ("an unknown property", {"Colour": "red"}, "2010", "Colour"),
    ("no name", {"Name": ""}, "2020", "Name"),
    ("a blank name", {"Name": "   "}, "2020", "Name"),
    ("no type", {"Type": None}, "2020", "Type"),
    ("no income account", {"IncomeAccountRef": None}, "2020", "IncomeAccountRef"),
    ("a colon in the name", {"Name": "A:B"}, "2040", "Name"),
    ("a tab in the name", {"Name": "A\tB"}, "2040", "Name"),
    ("a newline in the name", {"Name": "A\nB"}, "2040", "Name"),
    ("a control character in a text", {"Description": "\x00"}, "2040", "Description"),
    ("a name of 101", {"Name": "n" * 101}, "2050", "Name"),
    ("a name of 51 emoji, 102 units", {"Name": "\N{WRENCH}" * 51}, "2050", "Name"),
    ("a description of 4001", {"Description": "d" * 4001}, "2050", "Description"),
    ("a SKU of 101", {"Sku": "s" * 101}, "2050", "Sku"),
    ("a price beyond the largest", {"UnitPrice": 100_000_000_000}, "2050", "UnitPrice"),
    ("a price that is no number", {"UnitPrice": "cheap"}, "2010", "UnitPrice"),
    ("a price that is a boolean", {"UnitPrice": True}, "2010", "UnitPrice"),
    ("a name that is a number", {"Name": 5}, "2010", "Name"),
    ("an unknown type", {"Type": "Gift"}, "2170", "Type"),
    ("a category, which the API does not create", {"Type": "Category"}, "2170", "Type"),
    (
        "an account that is not there",
        {"IncomeAccountRef": {"value": "9999"}},
        "2500",
        "IncomeAccountRef",
    ),
    ("an inactive account", {"IncomeAccountRef": {"value": SEPTIC_INACTIVE}}, "610", ""),
    (
        "an account of another type",
        {"IncomeAccountRef": {"value": COST_OF_GOODS}},
        "6430",
        "IncomeAccountRef",
    ),
    ("other income", {"IncomeAccountRef": {"value": INTEREST}}, "6430", "IncomeAccountRef"),
    (
        "a parent that is not there",
        {"SubItem": True, "ParentRef": {"value": "77"}},
        "2500",
        "ParentRef",
    ),
    ("a sub-item without a parent", {"SubItem": True}, "2020", "ParentRef"),
    ("an inventory item without its accounts", {"Type": "Inventory"}, "2020", "ExpenseAccountRef"),
]


@pytest.mark.parametrize(
    ("changes", "code", "element"), [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED]
)
def test_what_is_refused_has_its_code_and_creates_nothing(
    books: Books, changes: dict[str, Any], code: str, element: str
) -> None:
    error = books.refused("item", {**service("Faucet"), **changes})

    assert (error["code"], error["element"]) == (code, element)
    assert books.query("select count(*) from Item") == {"totalCount": 0}


@pytest.mark.parametrize(
    "changes",
    [
        {"Name": "n" * 100},
        {"Name": "\N{WRENCH}" * 50},
        {"Name": 'Pipe 1/2" & more'},
        {"Description": "d" * 4000},
        {"Description": "two\nlines"},
        {"UnitPrice": 99_999_999_999},
        {"UnitPrice": "12.50"},
        {"FullyQualifiedName": "ignored", "MetaData": {}, "domain": "QBO", "SyncToken": 0},
    ],
)
def test_what_is_just_within_the_rules_is_taken(books: Books, changes: dict[str, Any]) -> None:
    books.item({**service("Faucet"), **changes})


def test_an_inventory_item_needs_all_its_parts_and_never_changes_its_type(books: Books) -> None:
    whole = {
        "Name": "Valve",
        "Type": "Inventory",
        "IncomeAccountRef": {"value": "79"},
        "ExpenseAccountRef": {"value": COST_OF_GOODS},
        "AssetAccountRef": {"value": INVENTORY_ASSET},
        "TrackQtyOnHand": True,
        "QtyOnHand": 10,
        "InvStartDate": "2026-01-01",
    }
    for part in (
        "ExpenseAccountRef",
        "AssetAccountRef",
        "TrackQtyOnHand",
        "QtyOnHand",
        "InvStartDate",
    ):
        assert books.refused("item", {**whole, part: None})["code"] == "2020"
    item = books.item(whole)

    assert (
        books.refused("item", {**whole, "Type": "Service", "Id": item["Id"], "SyncToken": "0"})[
            "code"
        ]
        == "6000"
    )


def test_a_name_is_taken_whatever_its_case_and_the_detail_names_the_owner(books: Books) -> None:
    owner = books.item(service("Faucet"))
    error = books.refused("item", service("FAUCET "))

    assert (error["code"], error["Detail"]) == (
        "6240",
        f"The name supplied already exists. : Id={owner['Id']}",
    )


def test_the_name_of_an_inactive_item_with_its_suffix_is_taken_too(books: Books) -> None:
    item = books.item(service("Faucet"))
    books.item({"sparse": True, "Id": item["Id"], "SyncToken": "0", "Active": False})

    assert books.refused("item", service("faucet (DELETED)"))["code"] == "6240"


def test_renaming_onto_a_taken_name_is_6240(books: Books) -> None:
    books.item(service("Faucet"))
    other = books.item(service("Valve"))

    assert books.refused("item", service("Faucet", Id=other["Id"], SyncToken="0"))["code"] == "6240"


@pytest.mark.parametrize(("form", "ending"), [("null", ": null"), ("prose", "different name.")])
def test_the_detail_of_6240_has_other_forms_too(books: Books, form: str, ending: str) -> None:
    books.sandbox.control.settings(duplicateNameDetail=form)
    books.item(service("Faucet"))

    assert books.refused("item", service("Faucet"))["Detail"].endswith(ending)


def test_an_item_below_a_category_has_its_full_name_and_names_are_unique_over_categories(
    books: Books,
) -> None:
    control = books.sandbox.control
    category = {"Name": "Fittings", "Type": "Category"}
    (parent,) = control.post(
        "/entities", {"realm": CEDAR_RIDGE, "values": [category], "raw": True}
    )["entities"]
    below = {"SubItem": True, "ParentRef": {"value": parent["Id"]}}

    assert books.item(service("Elbow", **below))["FullyQualifiedName"] == "Fittings:Elbow"
    assert books.refused("item", service("Elbow"))["code"] == "6240"
    control.settings(nameUniqueness="category")
    books.item(service("Elbow"))
    assert books.refused("item", service("Elbow", **below))["code"] == "6240"


def test_switches_of_names_types_and_accounts(books: Books, control: ControlClient) -> None:
    control.settings(
        forbiddenNameCharacters='"', requireItemType=False, otherIncomeAllowed=True, trimNames=False
    )

    assert books.refused("item", service('1/2" pipe'))["code"] == "2040"
    item = books.item({"Name": " A:B ", "IncomeAccountRef": {"value": INTEREST}})
    assert (item["Name"], item["Type"]) == (" A:B ", "Service")
    control.settings(numbersAsStrings=False)
    assert books.refused("item", service("Faucet", UnitPrice="12"))["code"] == "2010"


def test_a_canadian_company_needs_both_accounts(books: Books, control: ControlClient) -> None:
    control.post(
        "/companies", {"realm": "1111111111", "name": "Maple", "currency": "CAD", "country": "CA"}
    )
    with Books(books.sandbox, "1111111111") as maple:
        assert maple.refused("item", service("Faucet"))["element"] == "ExpenseAccountRef"
        maple.item(service("Faucet", ExpenseAccountRef={"value": "58"}))


@pytest.mark.parametrize(
    ("method", "path", "code"),
    [
        ("GET", "item/999", "610"),
        ("GET", "item/abc", "2030"),
        ("GET", "Item/1", "500"),
        ("GET", "nothing", "500"),
        ("POST", "item?operation=delete", "500"),
        ("POST", "account", "500"),
        ("POST", "vendor", "500"),
        ("DELETE", "item/1", "500"),
    ],
)
def test_a_missing_object_is_a_400_and_a_wrong_path_is_code_500(
    books: Books, method: str, path: str, code: str
) -> None:
    body: dict[str, Any] = (
        {"json": {"Name": "x", "AccountType": "Income"}} if method == "POST" else {}
    )
    answer = books.http.request(method, f"{books.base}/{path}", **body)

    assert only_error(answer)["code"] == code


@pytest.mark.parametrize(
    ("raw", "media_type", "code"),
    [
        (b'{"Name": "caf\xe9"}', "application/json", "500"),
        (b'{"Name": ', "application/json", "2010"),
        (b'{"Name": NaN}', "application/json", "2010"),
        (b'["Name"]', "application/json", "2010"),
        (b"[" * 100_000, "application/json", "2010"),
        (b'{"Name": "x"}', "text/plain", "500"),
        (b"", "application/json", "2010"),
    ],
)
def test_a_body_that_is_not_json_in_utf8_is_refused(
    books: Books, raw: bytes, media_type: str, code: str
) -> None:
    answer = books.http.post(
        f"{books.base}/item", content=raw, headers={"Content-Type": media_type}
    )

    assert only_error(answer)["code"] == code


def test_the_answer_is_xml_unless_json_is_asked_for(books: Books) -> None:
    books.http.headers["Accept"] = "*/*"
    created = books.post("item", service("Pipe & <fitting>"))
    refused = books.post("item", service("Pipe & <fitting>"))

    assert created.headers["content-type"].startswith("application/xml")
    assert "<Name>Pipe &amp; &lt;fitting&gt;</Name>" in created.text
    assert '<Error code="6240"' in refused.text
    assert refused.status_code == 400


def test_the_time_of_an_answer_has_an_offset(books: Books) -> None:
    assert content(books.get("preferences"))["time"][-6:] in ("-07:00", "-08:00")


def test_companies_do_not_see_each_others_items(books: Books) -> None:
    books.item(service("Faucet"))

    with Books(books.sandbox, HARBOR) as other:
        (plumbing,) = other.query("select * from Account where Name = 'Plumbing Services'")[
            "Account"
        ]
        assert other.query("select count(*) from Item") == {"totalCount": 0}
    assert plumbing["Id"] == "1045"
