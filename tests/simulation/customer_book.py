"""Customers of a simulated company: few names and e-mail addresses for many, so that they meet."""

from __future__ import annotations

from dataclasses import replace
from random import Random

from shared.domain.ids import CompanyId
from shared.domain.records import Address, Customer
from tests.simulation.catalogue import NAMES, ODD, odd, source_id

EMAILS = ("", "", "office@hill.example", "Office@Hill.example", "ann@x.example", "b@y.example")


def new_customer(random: Random, company_id: CompanyId, number: int) -> Customer:
    customer = Customer(
        source_id=source_id(company_id, number),
        name=random.choice(NAMES) if random.random() < 0.5 else f"Item {number}",
        email=_email(random, number),
        phone=random.choice(("", "1", "2")),
        address=Address("12 Ocean Dr.", "Rye") if random.random() < 0.5 else Address(),
        active=random.random() > 0.03,
        version=1,
    )
    return odd(random, customer, number, malformed="phone", refused="phone")


def edited(random: Random, customer: Customer, number: int) -> Customer:
    """The next version of a customer: one edit as an office makes them."""
    match random.choice(
        ("phone", "address", "email", "name", "name", "clash", "case", "archive", "cure", "touch")
    ):
        case "phone":
            customer = replace(customer, phone=str(random.randrange(99)))
        case "address":
            customer = replace(customer, address=Address(f"{number} Low St", "Rye"))
        case "email":
            customer = replace(customer, email=_email(random, number))
        case "name":
            customer = replace(customer, name=f"Item {number} new")
        case "clash":
            customer = replace(customer, name=random.choice(NAMES))
        case "case":
            customer = replace(customer, name=customer.name.swapcase())
        case "archive":
            customer = replace(customer, active=not customer.active)
        case "cure":
            customer = replace(customer, email="", phone="7")
    return replace(customer, version=customer.version + 1)


def _email(random: Random, number: int) -> str:
    if random.random() < ODD:
        return "none"  # malformed, refused before any call
    return random.choice((*EMAILS, f"c{number}@x.example"))
