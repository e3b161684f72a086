"""The fields of a payment as somebody typed them, and what is wrong with them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from functions.api.console.forms import Form
from functions.api.console.words import Words
from shared.domain.connections import Connection
from shared.domain.effects import Ids
from shared.domain.errors import RequestInvalid
from shared.domain.runs import Problem
from shared.sync.field_rules import FieldsInvalid

FIELDS: Final = ("amount", "paidOn", "method", "reference")
_RECORDED: Final = "PAYMENT_RECORDED_OTHERWISE"
_ABOVE: Final = "PAYMENT_ABOVE_BALANCE"
_USUAL_METHODS: Final = ("Cash", "Check", "Credit card", "Bank transfer")


@dataclass(frozen=True, slots=True)
class PaymentForm:
    """`payment_id` is made with the form: sent twice, it is one payment.

    `wrong` says what is wrong with a field, `trouble` what is wrong with the whole; `may_exceed`: whether
    keeping the rest as a credit is offered.
    """

    payment_id: str
    amount: str = ""
    paid_on: str = ""
    method: str = ""
    reference: str = ""
    overpayment: bool = False
    may_exceed: bool = False
    wrong: Mapping[str, str] = field(default_factory=dict)
    trouble: str = ""

    @classmethod
    def empty(cls, ids: Ids, words: Words) -> PaymentForm:
        return cls(payment_id=f"console-{ids.new()}", paid_on=words.today().isoformat())

    @classmethod
    def typed(cls, form: Form) -> PaymentForm:
        return cls(
            payment_id=form.text("paymentId"),
            amount=form.text("amount"),
            paid_on=form.text("paidOn"),
            method=form.text("method"),
            reference=form.text("reference"),
            overpayment=form.ticked("overpayment"),
        )

    @property
    def said(self) -> dict[str, object]:
        """As the API takes it; what was left empty was not said."""
        texts = {
            "amount": self.amount,
            "paidOn": self.paid_on,
            "method": self.method,
            "reference": self.reference,
        }
        said: dict[str, object] = {name: text for name, text in texts.items() if text}
        return {**said, "overpayment": True} if self.overpayment else said

    def refused(self, error: RequestInvalid, ids: Ids) -> PaymentForm:
        """The same values with the messages of their fields."""
        problems = error.problems if isinstance(error, FieldsInvalid) else (error.problem,)
        first = problems[0]
        if first.code == _RECORDED:
            # Sent once before, with other values; what is typed now would be another payment.
            told = (
                "This form was sent before, and that payment is recorded below with other values. To "
                "record another payment, send it once more."
            )
            return replace(self, payment_id=f"console-{ids.new()}", trouble=told)
        wrong = {one.field: _sentence(one) for one in problems if one.field in FIELDS}
        others = [one for one in problems if one.field not in FIELDS]
        return replace(
            self,
            wrong=wrong,
            trouble=" ".join(map(_sentence, others)),
            may_exceed=self.overpayment or first.code == _ABOVE,
        )


def methods_known(connections: Sequence[Connection]) -> list[str]:
    """What is offered while a method is typed: the office's own words first."""
    chosen = [word for one in connections for word, _, _ in one.settings.payment_methods]
    by_folded = {word.casefold(): word for word in (*chosen, *_USUAL_METHODS)}
    return list(by_folded.values())


def _sentence(problem: Problem) -> str:
    if problem.code == _ABOVE:
        return (
            f"{problem.message} Correct the amount, or tick below that the rest stays as a credit."
        )
    return f"{problem.message} {problem.action}".strip()
