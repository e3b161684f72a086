"""What goes out: bytes that depend on the writes alone, exact prices, statements that cannot break."""

from __future__ import annotations

import json
import re
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.domain.customer_plan import CustomerFields
from shared.domain.ids import (
    RecordKind,
    RemoteCompanyId,
    RemoteId,
    RemoteVersion,
    RequestKey,
    SourceId,
)
from shared.domain.links import ItemFields
from shared.domain.records import Address
from shared.domain.runs import PushAction
from shared.providers.base import CallClass, RecordWrite, WriteRequest
from shared.providers.quickbooks import query
from shared.providers.quickbooks.batch import write_request
from shared.providers.quickbooks.customers import customer_object

COMPANY = RemoteCompanyId("9130347596842384")
KEY = RequestKey("0af1" * 8)


def create(name: str = "Elbow", price: str = "1.50", **more: object) -> RecordWrite:
    values: dict[str, object] = {"description": "An elbow", "code": "E1", "income_account_id": "79"}
    fields = ItemFields(name=name, unit_price=Decimal(price), **values | more)  # type: ignore[arg-type]  # a test's own overrides
    return RecordWrite(SourceId("s1"), PushAction.CREATE, fields)


def update(*changed: str, **more: object) -> RecordWrite:
    fields = create(**more).fields  # type: ignore[arg-type]  # a test's own overrides
    return RecordWrite(
        SourceId("s1"),
        PushAction.UPDATE,
        fields,
        frozenset(changed),
        RemoteId("19"),
        RemoteVersion("3"),
    )


def built(*writes: RecordWrite, single: bool = False) -> WriteRequest:
    return write_request(COMPANY, RecordKind.ITEM, writes, KEY, single=single)


def test_a_batch_is_what_the_documentation_shows() -> None:
    request = built(create(), update("description", "unit_price"))
    assert request.call_class is CallClass.BATCH
    assert (request.method, request.path) == ("POST", f"/v3/company/{COMPANY}/batch")
    assert request.query == (("requestid", KEY), ("minorversion", "75"))
    assert dict(request.headers) == {
        "accept": "application/json",
        "content-type": "application/json",
    }
    assert request.entries == (("1", "s1"), ("2", "s1"))
    assert request.actions == (PushAction.CREATE, PushAction.UPDATE)
    assert json.loads(request.body) == {
        "BatchItemRequest": [
            {
                "bId": "1",
                "operation": "create",
                "Item": {
                    "Type": "Service",
                    "Name": "Elbow",
                    "Description": "An elbow",
                    "UnitPrice": 1.5,
                    "Sku": "E1",
                    "IncomeAccountRef": {"value": "79"},
                    "Active": True,
                },
            },
            {
                "bId": "2",
                "operation": "update",
                "Item": {
                    "Id": "19",
                    "SyncToken": "3",
                    "sparse": True,
                    "Description": "An elbow",
                    "UnitPrice": 1.5,
                },
            },
        ]
    }


def test_a_single_write_is_the_record_alone() -> None:
    request = built(update("active", active=False), single=True)
    assert request.call_class is CallClass.SINGLE
    assert request.path == f"/v3/company/{COMPANY}/item"
    assert json.loads(request.body) == {
        "Id": "19",
        "SyncToken": "3",
        "sparse": True,
        "Active": False,
    }


def test_empty_texts_are_left_out_of_a_create_and_sent_with_an_update() -> None:
    made = json.loads(built(create(description="", code=""), single=True).body)
    assert "Description" not in made
    assert "Sku" not in made
    emptied = json.loads(built(update("code", code=""), single=True).body)
    assert emptied["Sku"] == ""


@settings(deadline=None)
@given(
    st.decimals(
        min_value=Decimal("-99999999999"), max_value=Decimal("99999999999"), places=6
    ).filter(Decimal.is_finite)
)
def test_a_price_is_written_with_exactly_its_digits(price: Decimal) -> None:
    body = built(create(price=str(price)), single=True).body
    (text,) = re.findall(rb'"UnitPrice":([^,]+)', body)
    assert Decimal(text.decode()) == price
    assert b"E" not in text
    assert b"e" not in text


@settings(deadline=None)
@given(st.text(), st.text(), st.text())
def test_every_text_arrives_as_it_was_whatever_it_holds(name: str, code: str, account: str) -> None:
    request = built(create(name, code=code, income_account_id=account), update("name", name=name))
    first, second = (row["Item"] for row in json.loads(request.body)["BatchItemRequest"])
    assert first["Name"] == second["Name"] == name
    assert first.get("Sku", "") == code
    assert first["IncomeAccountRef"] == {"value": account}
    assert request == built(
        create(name, code=code, income_account_id=account), update("name", name=name)
    )


def test_a_request_key_of_another_length_is_refused() -> None:
    for key in ("", "x" * 37):
        with pytest.raises(ValueError, match="request key"):
            write_request(COMPANY, RecordKind.ITEM, [create()], RequestKey(key), single=False)


def test_a_company_cannot_leave_its_path() -> None:
    request = write_request(
        RemoteCompanyId("1/../2?x"), RecordKind.ITEM, [create()], KEY, single=False
    )
    assert request.path == "/v3/company/1%2F..%2F2%3Fx/batch"


def test_quotes_and_backslashes_are_escaped() -> None:
    assert query.quoted("O'Brien") == r"'O\'Brien'"
    assert query.quoted("a\\b") == r"'a\\b'"
    assert query.quoted("\\'") == r"'\\\''"
    assert query.quoted('&+%"') == "'&+%\"'"


@pytest.mark.parametrize("odd", ["é", "\u2019", "\t", "\n", "\x00", "\x7f", "½", "\U0001f6b0"])
def test_values_that_a_statement_cannot_carry_are_refused(odd: str) -> None:
    assert not query.queryable(odd)
    with pytest.raises(ValueError, match="ASCII"):
        query.quoted(odd)


PRINTABLE = st.text(alphabet=[chr(code) for code in range(32, 127)])
LITERAL = re.compile(r"'((?:[^'\\]|\\.)*)'")


@settings(deadline=None)
@given(st.lists(PRINTABLE, min_size=1))
def test_no_value_can_end_its_quotes(values: list[str]) -> None:
    text = query.one_of(values)
    assert text == "(" + ",".join(match.group(0) for match in LITERAL.finditer(text)) + ")"
    read = [re.sub(r"\\(.)", r"\1", match.group(1)) for match in LITERAL.finditer(text)]
    assert read == values


def customer_write(action: PushAction, *changed: str, **values: object) -> str:
    fields = CustomerFields("Hill's", **values)  # type: ignore[arg-type]  # a test's own values
    write = RecordWrite(
        SourceId("c1"), action, fields, frozenset(changed), RemoteId("19"), RemoteVersion("3")
    )
    return customer_object(write)


def test_a_new_customer_has_what_there_is_and_nothing_empty() -> None:
    assert json.loads(customer_write(PushAction.CREATE)) == {
        "DisplayName": "Hill's",
        "Active": True,
    }
    address = Address("12 Ocean Dr.", "Rye", country="US")
    text = customer_write(PushAction.CREATE, email="a@b.c", phone="1", address=address)
    assert json.loads(text) == {
        "DisplayName": "Hill's",
        "PrimaryEmailAddr": {"Address": "a@b.c"},
        "PrimaryPhone": {"FreeFormNumber": "1"},
        "BillAddr": {"Line1": "12 Ocean Dr.", "City": "Rye", "Country": "US"},
        "Active": True,
    }


def test_a_changed_customer_sends_that_field_alone_but_an_address_with_all_its_parts() -> None:
    head = {"Id": "19", "SyncToken": "3", "sparse": True}
    assert json.loads(customer_write(PushAction.UPDATE, "email", phone="1")) == {
        **head,
        "PrimaryEmailAddr": {"Address": ""},
    }
    text = customer_write(PushAction.UPDATE, "address", address=Address(city="Rye"))
    assert json.loads(text) == {
        **head,
        "BillAddr": {
            "Line1": "",
            "City": "Rye",
            "CountrySubDivisionCode": "",
            "PostalCode": "",
            "Country": "",
        },
    }
