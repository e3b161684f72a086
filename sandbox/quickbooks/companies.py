"""A company: its books, its request-id memory, and what it says about itself."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from sandbox import options
from sandbox.jsontext import Json, JsonObject, as_object
from sandbox.quickbooks import preferences
from sandbox.quickbooks.entities import KINDS
from sandbox.quickbooks.entities.accounts import chart
from sandbox.quickbooks.entities.payment_methods import payment_methods
from sandbox.quickbooks.entities.tax_codes import tax_codes_of
from sandbox.quickbooks.entities.tax_rates import tax_rates_of
from sandbox.quickbooks.envelopes import stamp
from sandbox.quickbooks.memory import RequestMemory
from sandbox.quickbooks.money import amount_in
from sandbox.quickbooks.preferences import CompanyPreferences
from sandbox.quickbooks.records import Ids, Record, Table, label_in


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


_DISCOUNTS_GIVEN = 54
_BEFORE_FIRST_NUMBER = 1000


class Company:
    def __init__(self, profile: CompanyProfile, started: datetime) -> None:
        self.profile = profile
        self.country = profile.country
        self.currency = profile.currency
        self.preferences = CompanyPreferences(
            default_discount_account=str(profile.first_account_id + _DISCOUNTS_GIVEN)
        )
        self.started = started
        self.memory = RequestMemory()
        self._transaction_ids = Ids()
        self._last_number = _BEFORE_FIRST_NUMBER
        self._tables = {name: self._empty_table(name) for name in KINDS}
        self._held_lists: set[str] = set()
        for entity, rows in (
            ("Account", chart(profile.currency, profile.first_account_id)),
            ("TaxRate", tax_rates_of(profile.country)),
            ("TaxCode", tax_codes_of(profile.country)),
            ("PaymentMethod", payment_methods()),
        ):
            for row_id, values in rows:
                self.table(entity).insert(values, started, row_id)

    def table(self, entity: str) -> Table:
        return self._tables[entity]

    def rows(self, entity: str) -> list[Record] | None:
        """The rows to query, None for an unknown entity. CompanyInfo and Preferences are lists of one."""
        if entity in self._tables:
            return self._tables[entity].rows()
        singles = {"CompanyInfo": self.company_info, "Preferences": self.shown_preferences}
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

    def shown_preferences(self) -> Record:
        chosen = self.preferences
        return self._single(
            preferences.shown(chosen, self.currency, self.country, chosen.default_discount_account)
        )

    def next_document_number(self) -> str:
        """One more than the last that was given out, past those that somebody has chosen."""
        while True:
            self._last_number += 1
            if not self.table("Invoice").found("DocNumber", str(self._last_number)):
                return str(self._last_number)

    def next_transaction_id(self) -> str:
        """An id for a transaction that has no table here, a deposit."""
        row_id = self._transaction_ids.next()
        self._transaction_ids.took(row_id)
        return row_id

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
            "preferences": preferences.described(self.preferences),
            "lastTransactionId": self._transaction_ids.last,
            "lastNumber": self._last_number,
            "tables": {name: table.dump() for name, table in self._tables.items()},
            "memory": self.memory.dump(),
        }

    def load(self, saved: JsonObject) -> None:
        """What a version before transactions saved has no preferences and fewer tables."""
        self.change_preferences(as_object(saved.get("preferences", {})))
        self._last_number = int(str(saved.get("lastNumber", _BEFORE_FIRST_NUMBER)))
        for name, rows in as_object(saved["tables"]).items():
            self._tables[name] = self._empty_table(name)
            self._tables[name].load(rows)
        self._transaction_ids.took(str(saved.get("lastTransactionId", 0)))
        self.memory.load(saved["memory"])

    def change_preferences(self, given: JsonObject) -> None:
        """Raises :class:`sandbox.options.InvalidOption`, and then nothing has changed."""
        self.preferences = options.patched(self.preferences, given, "preferences.")

    def _empty_table(self, entity: str) -> Table:
        kind = KINDS[entity]
        ids = self._transaction_ids if kind.transaction is not None else None
        return Table(entity, kind.indexed, ids)

    def _single(self, values: JsonObject) -> Record:
        table = Table("single")
        return table.insert(values, self.started, "1")


def contents(company: Company, entity: str, *, light: bool) -> Json:
    """What control shows of an entity: every row, or only counts, sums and what is there more than once."""
    rows = company.table(entity).rows()
    shown: JsonObject = {
        "count": len(rows),
        "active": sum(row.active for row in rows),
        "duplicates": _repeated(
            [label.casefold() for row in rows if (label := label_in(row.values))]
        ),
        "duplicateSkus": _repeated([str(row.values["Sku"]) for row in rows if "Sku" in row.values]),
    }
    for name in KINDS[entity].summed:
        shown[name] = sum((amount_in(row.values, name) for row in rows), Decimal(0))
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
