"""The audit trail in sentences: who did what. What is of a kind not known here is told by its code."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from functions.api.console.addresses import integration_address, invoice_address
from functions.api.console.words import Words
from shared.auth.caller import Caller
from shared.domain.errors import NotFound
from shared.domain.ids import ProviderName
from shared.providers.base import ProviderProfile
from shared.storage.ports import AuditEntry


@dataclass(frozen=True, slots=True)
class Deed:
    """`who` "You" for the person who looks; `subject` is what stands behind the sentence, linked where
    there is an address.
    """

    when: str
    who: str
    did: str
    subject: str = ""
    address: str = ""


@dataclass(frozen=True, slots=True)
class ActivityWords:
    caller: Caller
    words: Words
    profile: Callable[[ProviderName], ProviderProfile]

    def of(self, entry: AuditEntry) -> Deed:
        provider = entry.about.get("provider", "")
        label = self._label(provider)
        did = self._did(entry.what, entry.about, label)
        subject, address = "", ""
        if entry.what == "invoice.sync_asked":
            subject = entry.about.get("invoice", "")
            address = invoice_address(subject) if subject else ""
        elif entry.about.get("run_id") and provider:
            subject = "See the import"
            address = integration_address(provider, "imports", entry.about["run_id"])
        elif entry.what.endswith(".unlinked"):
            subject = entry.about.get("source_id", "")
        return Deed(self.words.moment(entry.at), self._who(entry.who), did, subject, address)

    def _who(self, person_id: str) -> str:
        if person_id == self.caller.person_id:
            return "You"
        return person_id or "BlueClerk"

    def _label(self, provider: str) -> str:
        try:
            return self.profile(ProviderName(provider)).label if provider else ""
        except NotFound:  # one that is not offered any more
            return provider

    def _did(self, what: str, about: Mapping[str, str], label: str) -> str:
        if what in _PLAIN:
            return _PLAIN[what].format(label=label)
        if what in _COUNTED:
            noun, sentence = _COUNTED[what]
            many = self._many(about.get("count") or about.get("methods") or "", noun)
            return sentence.format(many=many, label=label)
        noun, _, verb = what.partition(".")
        if verb == "imported" and noun in _NOUNS:
            return self._imported(_NOUNS[noun], about, label)
        if what == "connection.setup_changed":
            steps = [_STEPS[name].format(about[name]) for name in _STEPS if name in about]
            return f"decided on the setup of {label}: {', '.join(steps)}"
        return _generic(what, about, label)

    def _imported(self, noun: str, about: Mapping[str, str], label: str) -> str:
        if label:
            said = about.get("records", "")
            many = f"all new {noun}s" if said == "all" else self._many(said, noun)
            return f"imported {many} from {label}"
        parts = [
            f"{self._number(about[name])} {words}"
            for name, words in (("created", "new"), ("updated", "changed"), ("rejected", "refused"))
            if about.get(name, "0") != "0"
        ]
        return f"imported a file of {noun}s: {', '.join(parts) or 'nothing new'}"

    def _many(self, count: str, noun: str) -> str:
        return self.words.count(int(count), noun) if count.isdecimal() else f"some {noun}s"

    def _number(self, text: str) -> str:
        return self.words.number(int(text)) if text.isdecimal() else text


_PLAIN: Final[Mapping[str, str]] = {
    "connection.connected": "connected {label}",
    "connection.chosen": "chose the company and connected {label}",
    "connection.reconnected": "reconnected {label}",
    "connection.started_afresh": "connected another company in {label} instead of the former one",
    "connection.disconnected": "disconnected {label}",
    "connection.choice_cancelled": "left {label} as it was instead of choosing a company",
    "connection.settings_changed": "changed the settings of {label}",
    "invoice.sync_asked": "synced the invoice to {label}",
    "customer.unlinked": "separated a customer from its counterpart in {label}",
    "item.unlinked": "separated an item from its counterpart in {label}",
}
_COUNTED: Final[Mapping[str, tuple[str, str]]] = {
    "failures.retried": ("record", "tried {many} again with {label}"),
    "items.mapped": ("item", "chose accounts or tax codes in {label} for {many}"),
    "payments.mapped": ("payment method", "chose where money of {many} goes in {label}"),
    "customers.sent": ("customer", "sent {many} to {label} ahead of the others"),
    "items.sent": ("item", "sent {many} to {label} ahead of the others"),
    "invoices.sent": ("invoice", "sent {many} to {label} ahead of the others"),
    "payments.sent": ("payment", "sent {many} to {label} ahead of the others"),
}
_STEPS: Final[Mapping[str, str]] = {
    "import_customers": "import of customers {}",
    "import_items": "import of items {}",
    "map_items": "mapping of items {}",
}
_NOUNS: Final[Mapping[str, str]] = {
    "customers": "customer",
    "items": "item",
    "invoices": "invoice",
    "payments": "payment",
}


def _generic(what: str, about: Mapping[str, str], label: str) -> str:
    """`tax_rules.copied` by its own words: "tax rules copied (QuickBooks; count: 3)"."""
    told = [
        f"{_plain(name)}: {value}" for name, value in about.items() if name != "provider" and value
    ]
    inside = "; ".join([label, *told] if label else told)
    return f"{_plain(what)} ({inside})" if inside else _plain(what)


def _plain(code: str) -> str:
    return code.replace(".", " ").replace("_", " ")
