"""What happened to an invoice, as far as it was written down: newest first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from functions.api.console.activity_words import ActivityWords
from functions.api.console.words import Words
from shared.auth.caller import Caller
from shared.domain.invoices import Invoice, Payment
from shared.sync.services import Services

_ENTRIES: Final = 50


@dataclass(frozen=True, slots=True)
class Happening:
    when: str
    what: str


def history_of(
    services: Services,
    caller: Caller,
    invoice: Invoice,
    payments: Sequence[Payment],
    words: Words,
) -> list[Happening]:
    told: list[tuple[datetime, str]] = []
    if invoice.updated_at:
        done = "entered" if invoice.version == 1 else f"changed (version {invoice.version})"
        told.append((invoice.updated_at, f"The invoice was {done}."))
    for payment in payments:
        if payment.updated_at:
            done = "recorded" if payment.active else "voided"
            told.append(
                (payment.updated_at, f"A payment of {words.money(payment.amount)} was {done}.")
            )
    speak = ActivityWords(caller, words, services.profile)
    entries = services.stores.audit.page_of_invoice(
        caller.company_id, invoice.source_id, _ENTRIES, None
    )
    for entry in entries.rows:
        deed = speak.of(entry)
        told.append((entry.at, f"{deed.who} {deed.did}."))
    told.sort(key=lambda one: one[0], reverse=True)
    return [Happening(words.moment(at), what) for at, what in told]
