"""How an invoice and its payments stand in the books, in words and a colour."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from functions.api.console.words import Words
from shared.domain.invoices import InvoiceStatus
from shared.sync.automatic.dependencies import GOES_FIRST
from shared.sync.invoice_standing import Did, InBooks, InvoiceInBooks, PaymentInBooks

STATUSES: Final[Mapping[InvoiceStatus, tuple[str, str]]] = {
    InvoiceStatus.DRAFT: ("plain", "Draft"),
    InvoiceStatus.SENT: ("plain", "Sent"),
    InvoiceStatus.PAID: ("green", "Paid"),
    InvoiceStatus.VOID: ("plain", "Void"),
}
"""Colour and words."""


@dataclass(frozen=True, slots=True)
class Said:
    """A state in words, its colour, why and what to do; the last two may be empty."""

    colour: str
    words: str
    reason: str = ""
    action: str = ""


NOT_BY_ITSELF: Final = "{kinds} do not go by themselves: that is switched off in the settings."


def said_of_invoice(there: InvoiceInBooks, status: InvoiceStatus) -> Said:
    """Of the invoice alone."""
    reason = there.reason.message if there.reason else ""
    action = there.reason.action if there.reason else ""
    colour, words = _INVOICES[there.state]
    if there.state is InBooks.NOT_SENT and status is InvoiceStatus.VOID:
        colour, words = _VOID_IN_BOOKS if there.remote_id else _VOID_BEFORE
    return Said(colour, words.format(label=there.label), reason, action)


def said_in_list(there: InvoiceInBooks, status: InvoiceStatus, words: Words) -> Said:
    """Of the invoice and its payments, in one line. The action stands on the invoice's page."""
    said = said_of_invoice(there, status)
    if said.colour != "green":
        return Said(said.colour, said.words, said.reason)
    states = [payment.state for payment in there.payments]
    failed = states.count(InBooks.FAILED) + states.count(InBooks.DIFFERS)
    waiting = states.count(InBooks.WAITING) + states.count(InBooks.UNKNOWN)
    if failed:
        return Said("red", f"Synced; a problem with {words.count(failed, 'payment')}")
    if waiting:
        verb = "waits" if waiting == 1 else "wait"
        return Said("amber", f"Synced; {words.count(waiting, 'payment')} {verb}")
    return said


def said_of_payment(there: PaymentInBooks, label: str, *, kept_back: bool) -> Said:
    """`kept_back`: payments do not go by themselves, and nobody has just asked for it."""
    reason = there.reason.message if there.reason else ""
    action = there.reason.action if there.reason else ""
    colour, words = _PAYMENTS[there.state]
    if kept_back and there.state is InBooks.WAITING and not reason:
        reason = NOT_BY_ITSELF.format(kinds="Payments")
    return Said(colour, words.format(label=label), reason, action)


_INVOICES: Final[Mapping[InBooks, tuple[str, str]]] = {
    InBooks.IN_STEP: ("green", "Synced to {label}"),
    InBooks.DIFFERS: ("amber", "Another total in {label}"),
    InBooks.FAILED: ("red", "Not synced to {label}"),
    InBooks.VOIDED: ("plain", "Void in {label} too"),
    InBooks.UNKNOWN: ("amber", "Being looked for in {label}"),
    InBooks.WAITING: ("amber", "Waits for {label}"),
    InBooks.NOT_SENT: ("plain", "Draft: not in {label}"),
}
_VOID_IN_BOOKS: Final = ("amber", "Void here, not in {label}")
_VOID_BEFORE: Final = ("plain", "Void before it was in {label}")

_PAYMENTS: Final[Mapping[InBooks, tuple[str, str]]] = {
    InBooks.IN_STEP: ("green", "Synced to {label}"),
    InBooks.DIFFERS: ("amber", "In {label}, but otherwise than here"),
    InBooks.FAILED: ("red", "A problem in {label}"),
    InBooks.VOIDED: ("plain", "Not counted in {label}"),
    InBooks.UNKNOWN: ("amber", "Being looked for in {label}"),
    InBooks.WAITING: ("amber", "Waits for {label}"),
    InBooks.NOT_SENT: ("plain", "Not sent to {label}"),
}


_DID: Final[Mapping[Did, str]] = {
    Did.CREATED: "The invoice was created in {label}.",
    Did.LINKED: "The invoice was found in {label} and linked.",
    Did.UPDATED: "The invoice was updated in {label}.",
    Did.VOIDED: "The invoice was voided in {label}.",
    Did.UNCHANGED: "The invoice in {label} was in step already: nothing had to be changed.",
}


def what_it_did(there: InvoiceInBooks, words: Words) -> str:
    """Since the instant that the standing was asked for; empty while nothing is known."""
    told = []
    if there.did is not None:
        told.append(_DID[there.did].format(label=there.label))
    elif there.state is InBooks.FAILED:
        told.append(f"{there.label} did not take the invoice.")
    for posted, done in ((there.posted, "recorded"), (there.voided, "voided")):
        if posted:
            was = "was" if len(posted) == 1 else "were"
            told.append(f"{words.count(len(posted), 'payment')} {was} {done} there.")
    return " ".join(told)


def comes_by_itself(payments: Sequence[PaymentInBooks]) -> bool:
    """Whether a payment is about to go: one that waits for nothing but its turn."""
    return any(
        one.state is InBooks.WAITING
        and (one.reason is None or one.reason.code in (GOES_FIRST, "WAITS_FOR_INVOICE"))
        for one in payments
    )
