"""Items: products and services, and the categories above them."""

from sandbox.jsontext import Json, JsonObject
from sandbox.quickbooks import refusals
from sandbox.quickbooks.entities.kind import Books, Context, EntityKind
from sandbox.quickbooks.entities.naming import checked_name, stored_name
from sandbox.quickbooks.entities.schema import Property
from sandbox.quickbooks.records import Record
from sandbox.quickbooks.settings import QuickBooksSettings

_SELLABLE = ("Service", "NonInventory", "Inventory")
_LONGEST_NAME = 100
_DEEPEST = 5
_NEEDS_EXPENSE_ACCOUNT = ("CA", "GB")

_PROPERTIES: dict[str, Property] = {
    "Name": Property("text", longest=_LONGEST_NAME, filterable=True),
    "Sku": Property("text", longest=100, filterable=True),
    "Description": Property("text", longest=4000),
    "Active": Property("boolean", empty=True, filterable=True),
    "FullyQualifiedName": Property("ignored", filterable=True),
    "SubItem": Property("boolean", empty=False, filterable=True),
    "ParentRef": Property("reference"),
    "Level": Property("ignored"),
    "Taxable": Property("boolean", empty=False, filterable=True),
    "SalesTaxIncluded": Property("boolean"),
    "UnitPrice": Property("number", empty=0, filterable=True),
    "Type": Property("text", longest=30, filterable=True),
    "IncomeAccountRef": Property("reference"),
    "PurchaseDesc": Property("text", longest=1000),
    "PurchaseTaxIncluded": Property("boolean"),
    "PurchaseCost": Property("number", empty=0),
    "ExpenseAccountRef": Property("reference"),
    "AssetAccountRef": Property("reference"),
    "PrefVendorRef": Property("reference"),
    "TrackQtyOnHand": Property("boolean", empty=False),
    "QtyOnHand": Property("number"),
    "ReorderPoint": Property("number"),
    "InvStartDate": Property("date"),
    "SalesTaxCodeRef": Property("reference"),
    "PurchaseTaxCodeRef": Property("reference"),
    "ClassRef": Property("reference"),
    "TaxClassificationRef": Property("reference"),
    "AbatementRate": Property("number"),
    "ReverseChargeRate": Property("number"),
    "ServiceType": Property("text", longest=100),
    "ItemCategoryType": Property("text", longest=100),
    "Source": Property("ignored"),
    "AvgCost": Property("ignored"),
    "domain": Property("ignored"),
    "status": Property("ignored"),
    "sparse": Property("ignored"),
    "Id": Property("ignored"),
    "SyncToken": Property("ignored"),
    "MetaData": Property("ignored"),
}


def _rules(context: Context, values: JsonObject, former: Record | None) -> JsonObject:
    books, settings = context.books, context.settings
    values = values | {
        "Name": checked_name(values, "Name", settings),
        "Type": _type(values, former, settings),
    }
    values |= _accounts(books, values, settings)
    if values["Type"] == "Inventory":
        _check_inventory(values)
    category = _category(books, values, former)
    values["SubItem"] = category is not None
    values["Name"] = stored_name(
        str(values["Name"]),
        former,
        lambda name: _owner(books, values | {"Name": name}, former, settings),
        settings,
        active=values["Active"] is not False,
    )
    above = category.values["FullyQualifiedName"] if category is not None else ""
    values["FullyQualifiedName"] = f"{above}:{values['Name']}" if above else values["Name"]
    return values


def _type(values: JsonObject, former: Record | None, settings: QuickBooksSettings) -> str:
    kind = str(values.get("Type", ""))
    before = str(former.values.get("Type", "")) if former is not None else ""
    if not kind:
        if settings.require_item_type:
            raise refusals.missing("Type")
        kind = before or "Service"
    if kind not in _SELLABLE and kind != before:
        raise refusals.bad_enum("Type", kind)
    if before == "Inventory" and kind != before:
        raise refusals.business_rule(
            "Business Validation Error: An inventory item cannot change its type.", "Type"
        )
    return kind


def _accounts(books: Books, values: JsonObject, settings: QuickBooksSettings) -> JsonObject:
    kind = values["Type"]
    income = ("Income", "Other Income") if settings.other_income_allowed else ("Income",)
    expense = (
        ("Cost of Goods Sold",)
        if kind == "Inventory"
        else ("Expense", "Other Expense", "Cost of Goods Sold")
    )
    sellable = kind in _SELLABLE
    inventory = kind == "Inventory"
    rules = (
        ("IncomeAccountRef", income, sellable),
        (
            "ExpenseAccountRef",
            expense,
            inventory or (sellable and books.country in _NEEDS_EXPENSE_ACCOUNT),
        ),
        ("AssetAccountRef", ("Other Current Asset",), inventory),
    )
    return {
        element: reference
        for element, types, required in rules
        if (reference := _account(books, values, element, types, required=required)) is not None
    }


def _account(
    books: Books, values: JsonObject, element: str, types: tuple[str, ...], *, required: bool
) -> Json:
    reference = values.get(element)
    if not isinstance(reference, dict):
        if required:
            raise refusals.missing(element)
        return None
    account_id = str(reference["value"])
    account = books.table("Account").get(account_id)
    if account is None:
        raise refusals.bad_reference(element, account_id)
    if not account.active:
        raise refusals.not_found()
    if account.values.get("AccountType") not in types:
        raise refusals.wrong_account_type(element)
    return {"value": account_id, "name": account.values["FullyQualifiedName"]}


def _check_inventory(values: JsonObject) -> None:
    if values.get("TrackQtyOnHand") is not True:
        raise refusals.missing("TrackQtyOnHand")
    for element in ("QtyOnHand", "InvStartDate"):
        if element not in values:
            raise refusals.missing(element)


def _category(books: Books, values: JsonObject, former: Record | None) -> Record | None:
    reference = values.get("ParentRef")
    if not isinstance(reference, dict):
        if values.get("SubItem") is True:
            raise refusals.missing("ParentRef")
        return None
    parent_id = str(reference["value"])
    category = books.table("Item").get(parent_id)
    if (
        category is None
        or category.values.get("Type") != "Category"
        or (former is not None and former.id == parent_id)
    ):
        raise refusals.bad_reference("ParentRef", parent_id)
    if str(category.values["FullyQualifiedName"]).count(":") + 2 > _DEEPEST:
        raise refusals.business_rule(
            f"Business Validation Error: Items go {_DEEPEST} levels deep.", "ParentRef"
        )
    return category


def _owner(
    books: Books, values: JsonObject, former: Record | None, settings: QuickBooksSettings
) -> Record | None:
    for other in books.table("Item").named(str(values["Name"])):
        if former is not None and other.id == former.id:
            continue
        if settings.name_uniqueness == "company" or _parent_id(other.values) == _parent_id(values):
            return other
    return None


def _parent_id(values: JsonObject) -> Json:
    reference = values.get("ParentRef")
    return reference.get("value") if isinstance(reference, dict) else None


ITEM = EntityKind("Item", _PROPERTIES, _rules)
