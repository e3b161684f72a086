"""Accounts: the chart a company starts with. Reading and querying only; control can plant more."""

from sandbox.jsontext import Json, JsonObject
from sandbox.quickbooks import refusals
from sandbox.quickbooks.entities.kind import Context, EntityKind
from sandbox.quickbooks.entities.schema import Property
from sandbox.quickbooks.records import Record

_CLASSIFICATIONS = {
    "Income": "Revenue",
    "Other Income": "Revenue",
    "Expense": "Expense",
    "Other Expense": "Expense",
    "Cost of Goods Sold": "Expense",
    "Bank": "Asset",
    "Accounts Receivable": "Asset",
    "Other Current Asset": "Asset",
    "Fixed Asset": "Asset",
    "Other Asset": "Asset",
    "Accounts Payable": "Liability",
    "Credit Card": "Liability",
    "Other Current Liability": "Liability",
    "Long Term Liability": "Liability",
    "Equity": "Equity",
}

_PROPERTIES: dict[str, Property] = {
    "Name": Property("text", longest=100, filterable=True),
    "Active": Property("boolean", empty=True, filterable=True),
    "AccountType": Property("text", longest=100, filterable=True),
    "AccountSubType": Property("text", longest=100, filterable=True),
    "AcctNum": Property("text", longest=20),
    "Description": Property("text", longest=100),
    "SubAccount": Property("boolean", empty=False, filterable=True),
    "ParentRef": Property("reference"),
    "CurrencyRef": Property("reference"),
    "CurrentBalance": Property("number", empty=0, filterable=True),
    "FullyQualifiedName": Property("ignored", filterable=True),
    "Classification": Property("ignored", filterable=True),
    "domain": Property("ignored"),
    "sparse": Property("ignored"),
    "Id": Property("ignored"),
    "SyncToken": Property("ignored"),
    "MetaData": Property("ignored"),
}


def _rules(context: Context, values: JsonObject, former: Record | None) -> JsonObject:
    books = context.books
    name, account_type = values.get("Name"), str(values.get("AccountType", ""))
    if not isinstance(name, str):
        raise refusals.missing("Name")
    if '"' in name or ":" in name:
        raise refusals.bad_characters("Name")
    if account_type not in _CLASSIFICATIONS:
        raise refusals.bad_enum("AccountType", account_type)
    for other in books.table("Account").named(name):
        if former is None or other.id != former.id:
            raise refusals.duplicate_name(f"Id={other.id}")
    full_name, parent = name, values.get("ParentRef")
    if isinstance(parent, dict):
        above = books.table("Account").get(str(parent["value"]))
        if above is None:
            raise refusals.bad_reference("ParentRef", str(parent["value"]))
        full_name = f"{above.values['FullyQualifiedName']}:{name}"
    return values | {
        "SubAccount": parent is not None,
        "FullyQualifiedName": full_name,
        "Classification": _CLASSIFICATIONS[account_type],
    }


ACCOUNT = EntityKind("Account", _PROPERTIES, _rules, writable=False)

# id, name, type, sub-type, active, parent's id
_CHART: tuple[tuple[int, str, str, str, bool, int | None], ...] = (
    (4, "Undeposited Funds", "Other Current Asset", "UndepositedFunds", True, None),
    (7, "Advertising", "Expense", "AdvertisingPromotional", True, None),
    (33, "Accounts Payable (A/P)", "Accounts Payable", "AccountsPayable", True, None),
    (34, "Opening Balance Equity", "Equity", "OpeningBalanceEquity", True, None),
    (35, "Checking", "Bank", "Checking", True, None),
    (45, "Plumbing Services", "Income", "ServiceFeeIncome", True, None),
    (46, "Labor", "Income", "ServiceFeeIncome", True, 45),
    (47, "Materials & Parts", "Income", "SalesOfProductIncome", True, 45),
    (53, "Septic Income (deleted)", "Income", "ServiceFeeIncome", False, None),
    (54, "Discounts given", "Income", "DiscountsRefundsGiven", True, None),
    (58, "Job Materials", "Expense", "SuppliesMaterials", True, None),
    (79, "Sales of Product Income", "Income", "SalesOfProductIncome", True, None),
    (80, "Cost of Goods Sold", "Cost of Goods Sold", "SuppliesMaterialsCogs", True, None),
    (81, "Inventory Asset", "Other Current Asset", "Inventory", True, None),
    (84, "Accounts Receivable (A/R)", "Accounts Receivable", "AccountsReceivable", True, None),
    (86, "Interest Earned", "Other Income", "InterestEarned", True, None),
    (89, "Sales Tax Payable", "Other Current Liability", "SalesTaxPayable", True, None),
)


def chart(currency: str, first_id: int) -> list[tuple[str, JsonObject]]:
    """The accounts of a new company with their ids, which differ from company to company."""
    rows: list[tuple[str, JsonObject]] = []
    names = {number: name for number, name, *_ in _CHART}
    for number, name, account_type, sub_type, active, parent in _CHART:
        reference: Json = (
            {"value": str(first_id + parent), "name": names[parent]} if parent else None
        )
        values: JsonObject = {
            "Name": name,
            "SubAccount": parent is not None,
            "FullyQualifiedName": f"{names[parent]}:{name}" if parent else name,
            "Active": active,
            "Classification": _CLASSIFICATIONS[account_type],
            "AccountType": account_type,
            "AccountSubType": sub_type,
            "CurrentBalance": 0,
            "CurrencyRef": {"value": currency},
        }
        if reference is not None:
            values["ParentRef"] = reference
        rows.append((str(first_id + number), values))
    return rows
