"""What a customer is in the books, and why one cannot go."""

from __future__ import annotations

from typing import Any

import pytest

from shared.domain.customer_plan import CustomerFields, CustomerRules, CustomerTerms, email_key
from shared.domain.ids import RecordKind, SourceId
from shared.domain.names import NameRules
from shared.domain.record_plan import differing_fields
from shared.domain.records import Address, Customer

RULES = CustomerRules(
    names=NameRules(100, frozenset(":"), unique=True),
    max_email=20,
    email_holds=("@", "."),
    max_phone=10,
    max_line1=12,
    max_city=6,
    max_region=6,
    max_postal_code=6,
    max_country=6,
)
TERMS = CustomerTerms(RULES, "QuickBooks")


def customer(**values: Any) -> Customer:
    return Customer(SourceId("c-1"), values.pop("name", "Hill"), **values)


def test_what_is_wanted_is_trimmed_under_the_chosen_name() -> None:
    wanted = TERMS.desired(
        customer(email=" a@b.example ", phone=" 1 ", address=Address(" 1 Dock ", "Rye")), "Hill ~x"
    )
    assert wanted == CustomerFields("Hill ~x", "a@b.example", "1", Address("1 Dock", "Rye"))


def test_a_part_of_the_address_that_is_too_long_is_cut_and_says_so() -> None:
    wanted = TERMS.desired(customer(address=Address("12345 Long Street", "Rye")), "Hill")
    assert wanted.address == Address("12345 Long…", "Rye")


@pytest.mark.parametrize(
    ("values", "code", "field"),
    [
        ({"email": "a@b.example"}, None, ""),
        ({"email": " "}, None, ""),
        ({"email": "x" * 16 + "@b.c" + " "}, None, ""),
        ({"email": "x" * 17 + "@b.c"}, "EMAIL_TOO_LONG", "email"),
        ({"email": "none"}, "EMAIL_MALFORMED", "email"),
        ({"email": "a@b"}, "EMAIL_MALFORMED", "email"),
        ({"phone": "1" * 10}, None, ""),
        ({"phone": "1" * 11}, "PHONE_TOO_LONG", "phone"),
    ],
)
def test_what_the_provider_would_refuse_is_refused_with_the_field(
    values: dict[str, Any], code: str | None, field: str
) -> None:
    problem = TERMS.refusal(customer(**values))
    assert (problem.code if problem else None) == code
    if problem:
        assert problem.field == field
        assert "QuickBooks" in problem.message
        assert problem.action.endswith(".")


def test_an_address_is_one_field() -> None:
    ours = CustomerFields("Hill", address=Address("1 Dock", "Rye"))
    theirs = CustomerFields("HILL", address=Address("1 Dock", "Rye", country="US"))
    assert differing_fields(ours, theirs) == ("address",)


def test_parts_do_not_run_into_each_other() -> None:
    first = CustomerFields("Hill", address=Address("A", "", "B"))
    second = CustomerFields("Hill", address=Address("A", "B"))
    assert first.canonical() != second.canonical()


def test_addresses_are_compared_trimmed_and_without_case() -> None:
    assert email_key(" Ann@X.Example ") == email_key("ann@x.example")
    assert TERMS.email_key_of(customer()) == ""


def test_the_terms_speak_of_customers() -> None:
    assert (TERMS.kind, TERMS.noun) == (RecordKind.CUSTOMER, "customer")
    assert TERMS.called(customer(), "Other").name == "Other"
    assert TERMS.choice(customer(), [CustomerFields("Hill"), CustomerFields("Hill")]) is None
