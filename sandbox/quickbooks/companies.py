"""A company: its books, its request-id memory, and what it says about itself."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from sandbox.jsontext import Json, JsonObject, as_object
from sandbox.quickbooks.entities import KINDS
from sandbox.quickbooks.entities.accounts import chart
from sandbox.quickbooks.entities.tax_codes import tax_codes_of
from sandbox.quickbooks.envelopes import stamp
from sandbox.quickbooks.memory import RequestMemory
from sandbox.quickbooks.records import Record, Table


@dataclass(frozen=True)
class CompanyProfile:
    """What makes a company. Realm ids are digits, up to 19 of them: more than a double holds."""

    realm: str
    name: str
    currency: str = "USD"
    country: str = "US"
    first_account_id: int = 0


DEMO_COMPANIES = (
    CompanyProfile("9130347596842384", "Cedar Ridge Plumbing (Sandbox)"),
    CompanyProfile("9341453172908345127", "Harbor Electric (Sandbox)", first_account_id=1000),
)


class Company:
    def __init__(self, profile: CompanyProfile, started: datetime) -> None:
        self.profile = profile
        self.country = profile.country
        self.started = started
        self.memory = RequestMemory()
        self._tables = {name: Table(name) for name in KINDS}
        self._held_lists: set[str] = set()
        for account_id, values in chart(profile.currency, profile.first_account_id):
            self.table("Account").insert(values, started, account_id)
        for tax_code_id, values in tax_codes_of(profile.country):
            self.table("TaxCode").insert(values, started, tax_code_id)

    def table(self, entity: str) -> Table:
        return self._tables[entity]

    def rows(self, entity: str) -> list[Record] | None:
        """The rows to query, None for an unknown entity. CompanyInfo and Preferences are lists of one."""
        if entity in self._tables:
            return self._tables[entity].rows()
        singles = {"CompanyInfo": self.company_info, "Preferences": self.preferences}
        return [singles[entity]()] if entity in singles else None

    @contextmanager
    def writing_to_lists(self, entities: frozenset[str]) -> Iterator[frozenset[str]]:
        """Those of ``entities`` that another write holds already; the others are held meanwhile."""
        busy = entities & self._held_lists
        held = entities - busy
        self._held_lists |= held
        try:
            yield frozenset(busy)
        finally:
            self._held_lists -= held

    def company_info(self) -> Record:
        return self._single(
            {
                "CompanyName": self.profile.name,
                "LegalName": self.profile.name.removesuffix(" (Sandbox)"),
                "CompanyAddr": {
                    "Id": "1",
                    "Line1": "123 Sierra Way",
                    "City": "San Pablo",
                    "PostalCode": "87999",
                },
                "CompanyStartDate": self.started.date().isoformat(),
                "FiscalYearStartMonth": "January",
                "Country": self.country,
                "SupportedLanguages": "en",
                "NameValue": [{"Name": "NeoEnabled", "Value": "true"}],
            }
        )

    def preferences(self) -> Record:
        return self._single(
            {
                "AccountingInfoPrefs": {"UseAccountNumbers": False, "BookCloseDate": ""},
                "ProductAndServicesPrefs": {"ForSales": True, "ForPurchase": True},
                "SalesFormsPrefs": {"CustomTxnNumbers": False, "AllowDiscount": True},
                "TaxPrefs": {"UsingSalesTax": False},
                "CurrencyPrefs": {
                    "MultiCurrencyEnabled": False,
                    "HomeCurrency": {"value": self.profile.currency},
                },
            }
        )

    def dump(self) -> JsonObject:
        return {
            "profile": {
                "realm": self.profile.realm,
                "name": self.profile.name,
                "currency": self.profile.currency,
                "country": self.profile.country,
                "firstAccountId": self.profile.first_account_id,
            },
            "started": self.started.isoformat(),
            "tables": {name: table.dump() for name, table in self._tables.items()},
            "memory": self.memory.dump(),
        }

    def load(self, saved: JsonObject) -> None:
        self._tables = {name: Table(name) for name in KINDS}
        for name, rows in as_object(saved["tables"]).items():
            self._tables[name].load(rows)
        self.memory.load(saved["memory"])

    def _single(self, values: JsonObject) -> Record:
        table = Table("single")
        return table.insert(values, self.started, "1")


def contents(company: Company, entity: str, *, light: bool) -> Json:
    """What control shows of an entity: every row, or only counts and what is there more than once."""
    rows = company.table(entity).rows()
    shown: JsonObject = {
        "count": len(rows),
        "active": sum(row.active for row in rows),
        "duplicates": _repeated([row.name.casefold() for row in rows]),
        "duplicateSkus": _repeated([str(row.values["Sku"]) for row in rows if "Sku" in row.values]),
    }
    if not light:
        shown["rows"] = [row.wire for row in rows]
    return shown


def _repeated(values: list[str]) -> JsonObject:
    seen: dict[str, int] = {}
    for value in values:
        seen[value] = seen.get(value, 0) + 1
    return {value: count for value, count in seen.items() if count > 1}


def described(company: Company) -> JsonObject:
    return {
        "realm": company.profile.realm,
        "name": company.profile.name,
        "currency": company.profile.currency,
        "country": company.country,
        "started": stamp(company.started),
    }
