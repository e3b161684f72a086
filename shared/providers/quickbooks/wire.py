"""QuickBooks' JSON to and from the suite's types: items, accounts, company; `customers.py` has its own.

Unknown fields are normal and ignored; an attribute without a value is left out (quickbooks.md 2.2, 5.1).
Money is read as Decimal and written as a JSON number from its exact digits (2.3).
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from decimal import Decimal
from json.encoder import encode_basestring_ascii
from typing import Any, Final

from shared.domain.connections import RemoteCompany
from shared.domain.ids import RemoteCompanyId, RemoteId, RemoteVersion
from shared.domain.links import Fields, ItemFields
from shared.domain.money import canonical_amount
from shared.domain.runs import PushAction
from shared.providers.base import RecordWrite, RemoteAccount, RemoteRecord, RemoteTaxCode

NEW_ITEM_TYPE: Final = "Service"
"""What new items become: it needs nothing but an income account (6.2)."""

LINKABLE_TYPES: Final = frozenset({"Service", "NonInventory", "Inventory"})
"""6.2: categories, groups and bundles cannot stand on an invoice as an item."""

PREFERRED_ACCOUNTS: Final = ("SalesOfProductIncome", "ServiceFeeIncome")
"""6.3: what the item page asks for; offered first."""

_FIELDS: Final = {
    "name": "Name",
    "description": "Description",
    "unit_price": "UnitPrice",
    "code": "Sku",
    "income_account_id": "IncomeAccountRef",
    "active": "Active",
}
ITEM_ELEMENTS: Final = {
    "Name": "name",
    "Description": "description",
    "UnitPrice": "unitPrice",
    "Sku": "code",
    "IncomeAccountRef": "incomeAccountId",
}
"""Which field of our API an error's `element` is about."""
UNDEPOSITED: Final = "UndepositedFunds"
"""6.5: the sub-type of the account that payments go to where none is named."""

_LONGEST_NUMBER: Final = 60
_CURRENCY: Final = re.compile(r"[A-Z]{3}", re.ASCII)
_COUNTRY: Final = re.compile(r"[A-Z]{2}", re.ASCII)


class ShapeUnknown(ValueError):
    """An answer that does not have what we need; the text names the attribute, never its value."""


def _refused_constant(_name: str) -> None:
    raise ShapeUnknown("not a JSON number")


_DECODER: Final = json.JSONDecoder(parse_float=Decimal, parse_constant=_refused_constant)


def decoded(body: bytes) -> Any:  # noqa: ANN401 - JSON of somebody else
    """Raises ValueError for whatever is not JSON in UTF-8."""
    try:
        return _DECODER.decode(body.decode("utf-8"))
    except RecursionError as error:
        raise ShapeUnknown("JSON nested too deeply") from error


def item_object(write: RecordWrite) -> str:
    """The entity of a create or sparse update as JSON text; the same write gives the same text.

    ASCII only: bytes that are not UTF-8 are refused with code 500 (2.3), so none can come about.
    """
    if write.action is PushAction.CREATE:
        # Type always: its default is not certain (6.2). Empty texts are left out.
        parts = [f'"Type":"{NEW_ITEM_TYPE}"']
        parts += [
            _attribute(name, write.fields)
            for name in _FIELDS
            if name not in ("description", "code") or getattr(write.fields, name)
        ]
    else:
        parts = [update_head(write)]
        parts += [_attribute(name, write.fields) for name in _FIELDS if name in write.changed]
    return "{" + ",".join(parts) + "}"


def update_head(write: RecordWrite) -> str:
    """What a sparse update begins with: the record and the version that was read (2.5)."""
    return (
        f'"Id":{encode_basestring_ascii(write.remote_id)},'
        f'"SyncToken":{encode_basestring_ascii(write.remote_version)},"sparse":true'
    )


def _attribute(name: str, fields: Fields) -> str:
    value = getattr(fields, name)
    if name == "unit_price":
        text = canonical_amount(value)
    elif name == "active":
        text = "true" if value else "false"
    elif name == "income_account_id":
        text = f'{{"value":{encode_basestring_ascii(value)}}}'
    else:
        text = encode_basestring_ascii(value)
    return f'"{_FIELDS[name]}":{text}'


def identity(row: Mapping[str, Any]) -> tuple[RemoteId, RemoteVersion]:
    """Raises `ShapeUnknown`: without both the record cannot be linked."""
    return RemoteId(text_of(row, "Id", needed=True)), RemoteVersion(
        text_of(row, "SyncToken", needed=True)
    )


def item_fields(row: Mapping[str, Any]) -> ItemFields:
    """An item as QuickBooks has it. Raises `ShapeUnknown`."""
    account = row.get("IncomeAccountRef")
    return ItemFields(
        name=text_of(row, "Name", needed=True),
        description=text_of(row, "Description"),
        unit_price=number_of(row, "UnitPrice"),
        code=text_of(row, "Sku"),
        income_account_id=text_of(account, "value") if isinstance(account, dict) else "",
        active=row.get("Active", True) is not False,
    )


def remote_item(row: Mapping[str, Any]) -> RemoteRecord:
    """Raises `ShapeUnknown`."""
    remote_id, remote_version = identity(row)
    return RemoteRecord(
        remote_id, remote_version, item_fields(row), linkable=row.get("Type") in LINKABLE_TYPES
    )


def income_account(row: Mapping[str, Any]) -> RemoteAccount | None:
    """None for an account that items cannot be booked to: another type, or inactive (6.3)."""
    if row.get("AccountType") != "Income" or row.get("Active", True) is False:
        return None
    return _account(row, "Income")


def _account(row: Mapping[str, Any], type_name: str) -> RemoteAccount:
    currency = row.get("CurrencyRef")
    return RemoteAccount(
        remote_id=RemoteId(text_of(row, "Id", needed=True)),
        name=text_of(row, "FullyQualifiedName") or text_of(row, "Name", needed=True),
        number=text_of(row, "AcctNum"),
        type_name=text_of(row, "AccountSubType") or type_name,
        currency=text_of(currency, "value") if isinstance(currency, dict) else "",
    )


def tax_code(row: Mapping[str, Any]) -> RemoteTaxCode | None:
    """None for an inactive one. US companies have the ids `TAX` and `NON`, others numbers (6.6)."""
    if row.get("Active", True) is False:
        return None
    return RemoteTaxCode(
        remote_id=RemoteId(text_of(row, "Id", needed=True)),
        name=text_of(row, "Name", needed=True),
        description=text_of(row, "Description"),
        taxable=row.get("Taxable", True) is not False,
    )


def deposit_account(row: Mapping[str, Any]) -> RemoteAccount | None:
    """None for an account that payments are not deposited to, or that is inactive (6.5).

    Of the other current assets only undeposited funds are meant for it.
    """
    banked = row.get("AccountType") == "Bank"
    if not (banked or row.get("AccountSubType") == UNDEPOSITED):
        return None
    return _account(row, "Bank") if row.get("Active", True) is not False else None


def deposit_order(account: RemoteAccount) -> tuple[bool, str, str]:
    """What QuickBooks takes by itself first, then by name."""
    return account.type_name != UNDEPOSITED, account.name.casefold(), account.remote_id


def account_order(account: RemoteAccount) -> tuple[int, str, str]:
    """Preferred sub-types first, then by name."""
    ranks = {name: rank for rank, name in enumerate(PREFERRED_ACCOUNTS)}
    rank = ranks.get(account.type_name, len(PREFERRED_ACCOUNTS))
    return rank, account.name.casefold(), account.remote_id


def remote_company(
    remote_company_id: RemoteCompanyId, info: Mapping[str, Any], preferences: Mapping[str, Any]
) -> RemoteCompany:
    """From `CompanyInfo` and `Preferences`: only these have the home currency (6.7).

    Raises `ShapeUnknown` when the home currency is missing: amounts would mean nothing.
    """
    currency_preferences = preferences.get("CurrencyPrefs")
    home = (
        currency_preferences.get("HomeCurrency") if isinstance(currency_preferences, dict) else None
    )
    currency = text_of(home, "value") if isinstance(home, dict) else ""
    if not _CURRENCY.fullmatch(currency):
        raise ShapeUnknown("Preferences.CurrencyPrefs.HomeCurrency")
    country = text_of(info, "Country")
    return RemoteCompany(
        remote_company_id=remote_company_id,
        name=text_of(info, "CompanyName", needed=True),
        home_currency=currency,
        country=country if _COUNTRY.fullmatch(country) else "",
        time_zone=text_of(info, "DefaultTimeZone"),
    )


def text_of(row: Mapping[str, Any], attribute: str, *, needed: bool = False) -> str:
    """A text attribute; ids are strings, but a number is taken too. Raises `ShapeUnknown`."""
    value = row.get(attribute)
    if isinstance(value, str) and value:
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if value is None:
        value = ""
    if not isinstance(value, str) or (needed and not value):
        raise ShapeUnknown(attribute)
    return value


def number_of(row: Mapping[str, Any], attribute: str) -> Decimal:
    """A number, or its digits in a string; 0 when it is missing. Raises `ShapeUnknown`."""
    value = row.get(attribute, 0)
    try:
        number = value if isinstance(value, Decimal) else Decimal(str(value))
    except ArithmeticError as error:
        raise ShapeUnknown(attribute) from error
    if (
        isinstance(value, bool)
        or not number.is_finite()
        or abs(number.adjusted()) > _LONGEST_NUMBER
    ):
        raise ShapeUnknown(attribute)
    return number
