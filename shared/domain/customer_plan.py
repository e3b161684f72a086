"""Pure: what a customer is in the books. `CustomerTerms` is what the engine is given of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from shared.domain.ids import RecordKind
from shared.domain.names import NameRules
from shared.domain.record_plan import PlainTerms, cut
from shared.domain.records import Address, Customer
from shared.domain.runs import Problem

_NOWHERE: Final = Address()


@dataclass(frozen=True, slots=True)
class CustomerFields:
    """The fields of a customer as they are kept in step; the provider-neutral shape of both sides.

    The address is one field: providers write it as a whole, so an edit of a part on one side and of
    another part on the other side is a conflict that a person must see.
    """

    name: str
    email: str = ""
    phone: str = ""
    address: Address = _NOWHERE
    active: bool = True

    def canonical(self) -> dict[str, str]:
        """Field name to comparable text."""
        address = self.address
        parts = (address.line1, address.city, address.region, address.postal_code, address.country)
        return {
            "name": self.name,
            "email": self.email,
            "phone": self.phone,
            "address": "\n".join(parts).rstrip("\n"),
            "active": "true" if self.active else "false",
        }

    def remembered(self) -> dict[str, str]:
        return {}


@dataclass(frozen=True, slots=True)
class CustomerRules:
    """What the provider can take of a customer; in its profile. Lengths are in characters.

    `email_holds`: texts without which the provider refuses an e-mail address.
    """

    names: NameRules
    max_email: int
    email_holds: tuple[str, ...]
    max_phone: int
    max_line1: int
    max_city: int
    max_region: int
    max_postal_code: int
    max_country: int


def email_key(email: str) -> str:
    """Equal for addresses that are the same to a person; empty for none."""
    return email.strip().casefold()


@dataclass(frozen=True, slots=True)
class CustomerTerms(PlainTerms):
    """`record_plan.Terms` of a connection's customers."""

    rules: CustomerRules
    provider_label: str

    @property
    def kind(self) -> RecordKind:
        return RecordKind.CUSTOMER

    @property
    def noun(self) -> str:
        return "customer"

    @property
    def label(self) -> str:
        return self.provider_label

    @property
    def names(self) -> NameRules:
        return self.rules.names

    def name_of(self, record: Customer) -> str:
        return record.name

    def called(self, record: Customer, remote_name: str) -> Customer:
        return replace(record, name=remote_name)

    def remote_name_of(self, fields: CustomerFields) -> str:
        return fields.name

    def email_key_of(self, either: Customer | CustomerFields) -> str:
        return email_key(either.email)

    def refusal(self, record: Customer) -> Problem | None:
        email, phone = record.email.strip(), record.phone.strip()
        if len(email) > self.rules.max_email:
            return self._too_long("e-mail address", self.rules.max_email, "email")
        if len(phone) > self.rules.max_phone:
            return self._too_long("phone number", self.rules.max_phone, "phone")
        if email and not all(text in email for text in self.rules.email_holds):
            return Problem(
                "EMAIL_MALFORMED",
                f"{self.provider_label} does not take this customer's e-mail address: it is not "
                "complete.",
                "Write it like name@example.com, or leave it empty.",
                "email",
            )
        return None

    def _too_long(self, what: str, longest: int, field: str) -> Problem:
        return Problem(
            f"{field.upper()}_TOO_LONG",
            f"The customer's {what} is longer than the {longest} characters that "
            f"{self.provider_label} takes.",
            f"Shorten the {what}.",
            field,
        )

    def desired(self, record: Customer, remote_name: str) -> CustomerFields:
        """What the books should say. A part of the address that is too long is cut."""
        rules, address = self.rules, record.address
        return CustomerFields(
            name=remote_name,
            email=record.email.strip(),
            phone=record.phone.strip(),
            address=Address(
                line1=cut(address.line1.strip(), rules.max_line1),
                city=cut(address.city.strip(), rules.max_city),
                region=cut(address.region.strip(), rules.max_region),
                postal_code=cut(address.postal_code.strip(), rules.max_postal_code),
                country=cut(address.country.strip(), rules.max_country),
            ),
            active=record.active,
        )

    def mapping_version(self, record: Customer) -> str:  # noqa: ARG002 - nothing is mapped
        return ""

    def choice(
        self,
        record: Customer,  # noqa: ARG002 - see below
        remotes: Sequence[CustomerFields],  # noqa: ARG002 - see below
    ) -> int | None:
        """A person's: two people of one name are two customers, and the wrong one would be billed."""
        return None
