"""What a customer may say, field by field (see `field_rules`).

An e-mail address is taken as it is written: which form it must have is the provider's rule, told when
the customer is synced (`shared.domain.customer_plan`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from shared.domain.records import MAX_ADDRESS_PART, MAX_EMAIL, MAX_PHONE
from shared.sync.field_rules import ACTIVE_FIELD, FieldRule, name_field, read_fields, text_field


@dataclass(frozen=True, slots=True)
class CustomerValues:
    """A customer as a caller said it, each value within its rule; None means: not said."""

    name: str
    email: str | None = None
    phone: str | None = None
    address_line1: str | None = None
    city: str | None = None
    region: str | None = None
    postal_code: str | None = None
    country: str | None = None
    active: bool | None = None


def read_values(said: Mapping[str, object]) -> CustomerValues:
    """Check what was said of a customer, its id apart; the name must be said.

    Raises `FieldsInvalid` with every problem.
    """
    return CustomerValues(**read_fields(said, _RULES))


_RULES: Final[Mapping[str, FieldRule]] = {
    "name": name_field("customer"),
    "email": text_field("email", "e-mail address", MAX_EMAIL),
    "phone": text_field("phone", "phone number", MAX_PHONE),
    "addressLine1": text_field("address_line1", "first line of the address", MAX_ADDRESS_PART),
    "city": text_field("city", "city", MAX_ADDRESS_PART),
    "region": text_field("region", "region", MAX_ADDRESS_PART),
    "postalCode": text_field("postal_code", "postal code", MAX_ADDRESS_PART),
    "country": text_field("country", "country", MAX_ADDRESS_PART),
    "active": ACTIVE_FIELD,
}
"""By field as the API spells it; problems name them so."""
