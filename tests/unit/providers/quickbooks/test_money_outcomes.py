"""A table: code, what becomes of an invoice and of a payment, the sentence's code and field.

What is sure of a payment is what it is about: a payment that was written and counted as refused would
be written twice.
"""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.domain.ids import RecordKind, RemoteCompanyId, RemoteId, RequestKey, SourceId
from shared.domain.outcomes import (
    Answered,
    CallOutcome,
    CallRejected,
    CallStopped,
    Done,
    EntryBusy,
    EntryOutcome,
    EntryRefused,
    EntryUnknown,
    GrantDead,
    NameTaken,
    NoTrustworthyAnswer,
    Stale,
    Throttled,
)
from shared.domain.runs import Problem, PushAction
from shared.providers.base import WriteRequest
from shared.providers.http import HttpAnswer
from shared.providers.quickbooks.batch import outcome_of, write_request
from tests.unit.providers.quickbooks.money import (
    INVOICE,
    PAYMENT,
    VOID_PAYMENT,
    invoice,
    payment,
    write,
)
from tests.unit.providers.quickbooks.payloads import HTML, TOKEN, batch, fault, gateway, xml
from tests.unit.providers.scripted import replied

BILL, MONEY = RecordKind.INVOICE, RecordKind.PAYMENT
CREATE, UPDATE, VOID = PushAction.CREATE, PushAction.UPDATE, PushAction.VOID
BOTH = (BILL, MONEY)
FIRST, SECOND = SourceId("s1"), SourceId("s2")


def request(
    kind: RecordKind, action: PushAction = CREATE, size: int = 2, *, single: bool = False
) -> WriteRequest:
    fields = invoice() if kind is BILL else payment()
    writes = [write(fields, action, "memo", number=number) for number in range(1, size + 1)]
    company, key = RemoteCompanyId("123"), RequestKey("0" * 32)
    return write_request(company, kind, writes, key, single=single, country="US")


def good(kind: RecordKind) -> dict[str, Any]:
    return {"Invoice": INVOICE} if kind is BILL else {"Payment": PAYMENT}


def entry(
    body: dict[str, Any], kind: RecordKind, action: PushAction = CREATE, *, single: bool = False
) -> EntryOutcome:
    """What becomes of one entry that is answered so; in a batch another one is written beside it."""
    if single:
        outcome = outcome_of(request(kind, action, 1, single=True), replied(body, 400))
    else:
        rows = batch({"bId": "1", **body}, {"bId": "2", **good(kind)})
        outcome = outcome_of(request(kind, action), replied(rows))
    assert isinstance(outcome, Answered), outcome
    return outcome.entries[FIRST]


CLOSED = "BOOKS_CLOSED"
# code, kinds, action, outcome, code of the problem, field by kind
TABLE: list[tuple[int, tuple[RecordKind, ...], PushAction, type, str, dict[RecordKind, str]]] = [
    (6240, BOTH, CREATE, EntryRefused, "REFUSED", {}),  # names are none of theirs
    (6140, (BILL,), CREATE, NameTaken, "", {}),
    (6140, (BILL,), UPDATE, NameTaken, "", {}),
    (6140, (MONEY,), CREATE, EntryRefused, "REFUSED", {}),
    (5010, (BILL,), UPDATE, Stale, "PERIOD_CLOSED", {BILL: "issuedOn"}),
    (5010, BOTH, VOID, Stale, "PERIOD_CLOSED", {BILL: "issuedOn", MONEY: "paidOn"}),
    (6000, BOTH, CREATE, EntryBusy, "REFUSED_BY_A_RULE", {}),
    (6070, BOTH, CREATE, EntryRefused, "AMOUNT_MISMATCH", {BILL: "lines", MONEY: "amount"}),
    (610, BOTH, CREATE, EntryRefused, "REFERENCE_MISSING", {}),
    (610, (BILL,), UPDATE, Stale, "", {}),
    (610, BOTH, VOID, Stale, "", {}),
    (620, (BILL,), CREATE, EntryRefused, "REFERENCE_MISSING", {}),
    (620, (MONEY,), CREATE, EntryRefused, "INVOICE_NOT_LINKABLE", {MONEY: "invoiceId"}),
    (2500, BOTH, CREATE, EntryRefused, "REFERENCE_MISSING", {}),
    (6100, (BILL,), CREATE, EntryRefused, "TAX_CODE_UNSUITABLE", {BILL: "lines"}),
    (6190, BOTH, CREATE, EntryRefused, "SUBSCRIPTION_ENDED", {}),
    (5020, BOTH, CREATE, EntryRefused, "NOT_PERMITTED", {}),
    (6200, BOTH, CREATE, EntryRefused, CLOSED, {BILL: "issuedOn", MONEY: "paidOn"}),
    (6210, BOTH, CREATE, EntryRefused, CLOSED, {BILL: "issuedOn", MONEY: "paidOn"}),
    (6200, BOTH, VOID, EntryRefused, CLOSED, {BILL: "issuedOn", MONEY: "paidOn"}),
    (6270, (BILL,), CREATE, EntryRefused, "BEFORE_INVENTORY", {BILL: "issuedOn"}),
    (6430, (MONEY,), CREATE, EntryRefused, "ACCOUNT_UNSUITABLE", {MONEY: "depositAccountId"}),
    (6540, BOTH, VOID, EntryRefused, "DEPOSITED", {}),
    (2020, BOTH, CREATE, EntryRefused, "VALUE_REFUSED", {}),
    (2050, BOTH, CREATE, EntryRefused, "VALUE_REFUSED", {}),
    (2010, BOTH, CREATE, EntryRefused, "REQUEST_NOT_UNDERSTOOD", {}),
    (500, BOTH, CREATE, EntryRefused, "REQUEST_NOT_UNDERSTOOD", {}),
    (6999, BOTH, CREATE, EntryRefused, "REFUSED", {}),
    (600, BOTH, CREATE, EntryUnknown, "", {}),  # sent before: maybe written then
    (99999, (BILL,), CREATE, EntryRefused, "REFUSED", {}),
    (99999, (MONEY,), CREATE, EntryUnknown, "", {}),
    (0, (BILL,), CREATE, EntryRefused, "REFUSED", {}),
    (0, (MONEY,), CREATE, EntryUnknown, "", {}),
]
ROWS = [
    (code, kind, action, expected, problem, fields.get(kind, ""))
    for code, kinds, action, expected, problem, fields in TABLE
    for kind in kinds
]


def _problem(outcome: EntryOutcome) -> Problem | None:
    if isinstance(outcome, Stale):
        return outcome.if_current
    return outcome.problem if isinstance(outcome, EntryRefused | EntryBusy) else None


def _name(row: object) -> str:
    return row.__name__ if isinstance(row, type) else str(row)


@pytest.mark.parametrize(
    ("code", "kind", "action", "expected", "problem", "field"), ROWS, ids=_name
)
def test_the_table_of_codes(
    code: int, kind: RecordKind, action: PushAction, expected: type, problem: str, field: str
) -> None:
    outcome = entry(fault(code), kind, action)
    assert type(outcome) is expected, outcome
    said = _problem(outcome)
    assert (said.code if said else "") == problem
    if said:
        assert said.field == field
        noun = "invoice" if kind is BILL else "payment"
        for sentence in (said.message, said.action):
            assert sentence.endswith(".")
            assert "{" not in sentence
            assert "item's" not in sentence or kind is BILL
        if problem.startswith(("REFERENCE", "DEPOSITED", "VALUE", "PERIOD")):
            assert noun in said.message
    if isinstance(outcome, EntryRefused):
        assert outcome.cause in (problem, f"{problem}_{code}")


@pytest.mark.parametrize(
    ("code", "kind", "action", "expected", "problem"),
    [row[:5] for row in ROWS if row[0] not in (6190, 5020, 600)],
    ids=_name,
)
def test_a_single_write_is_told_the_same(
    code: int, kind: RecordKind, action: PushAction, expected: type, problem: str
) -> None:
    outcome = entry(fault(code), kind, action, single=True)
    assert type(outcome) is expected, outcome
    said = _problem(outcome)
    assert (said.code if said else "") == problem


RECORDED_6140 = (
    "Duplicate Document Number Error : You must specify a different number. This number has already "
    "been used. DocNumber=18696 is assigned to TxnType=Invoice with TxnId=6575"
)
"""T-6140, a public test file with an answer of September 2026."""


@pytest.mark.parametrize(
    ("detail", "owner"),
    [
        (RECORDED_6140, RemoteId("6575")),
        ("DocNumber=7 is assigned to TxnType=Estimate with TxnId=6575", None),
        ("Le numéro est déjà utilisé.", None),
        ("", None),
    ],
)
def test_a_taken_number_names_its_owner_where_that_is_an_invoice(
    detail: str, owner: RemoteId | None
) -> None:
    assert entry(fault(6140, detail=detail), BILL) == NameTaken(owner)
    assert entry(fault(6140, detail=detail), BILL, single=True) == NameTaken(owner)


@pytest.mark.parametrize(
    ("kind", "element", "field"),
    [
        (BILL, "DocNumber", "number"),
        (BILL, "TxnDate", "issuedOn"),
        (BILL, "Line.Amount", "lines"),
        (BILL, "CustomerMemo.value", "memo"),
        (BILL, "Sku", ""),
        (MONEY, "TxnDate", "paidOn"),
        (MONEY, "PaymentRefNum", "reference"),
        (MONEY, "PaymentMethodRef", "method"),
    ],
)
def test_a_refused_value_names_the_field_of_our_api(
    kind: RecordKind, element: str, field: str
) -> None:
    refused = entry(fault(2050, element=element), kind)
    assert isinstance(refused, EntryRefused)
    assert refused.problem.field == field


ANSWERS: list[tuple[HttpAnswer, type[CallOutcome], type[CallOutcome]]] = [
    # answer, of an invoice, of a payment
    (replied(fault(2010), 400), CallRejected, CallRejected),
    (replied(fault(1040), 400), CallRejected, CallRejected),
    (replied(fault(500, kind="SystemFault"), 400), CallRejected, CallRejected),
    (replied(fault(2010), 200), CallRejected, CallRejected),
    (replied(fault(99999), 400), CallRejected, NoTrustworthyAnswer),
    (replied(fault(2010, 99999), 400), CallRejected, NoTrustworthyAnswer),
    (replied(fault(99999), 200), CallRejected, NoTrustworthyAnswer),
    (replied(HTML, 400), CallRejected, NoTrustworthyAnswer),
    (replied(b"", 413), CallRejected, NoTrustworthyAnswer),
    (replied(fault(600), 400), NoTrustworthyAnswer, NoTrustworthyAnswer),
    (replied(fault(10000), 400), NoTrustworthyAnswer, NoTrustworthyAnswer),
    (replied(gateway("003100"), 403), CallStopped, CallStopped),
    (replied(gateway("003100"), 500), NoTrustworthyAnswer, NoTrustworthyAnswer),
    (replied(gateway("003200", f"Token expired: {TOKEN}"), 401), GrantDead, GrantDead),
    (replied(fault(6190), 400), CallStopped, CallStopped),
    (replied(fault(5020), 403), CallStopped, CallStopped),
    (replied(b"", 429), Throttled, Throttled),
    (replied(xml("3001"), 403), Throttled, Throttled),
    (replied(xml("6002"), 504), NoTrustworthyAnswer, NoTrustworthyAnswer),
    (replied(HTML, 503), NoTrustworthyAnswer, NoTrustworthyAnswer),
    (replied(HTML, 200), NoTrustworthyAnswer, NoTrustworthyAnswer),
    (replied(b"", 200), NoTrustworthyAnswer, NoTrustworthyAnswer),
    (replied(b'{"BatchItemResponse":[{"bId":"1","Pa', 200), NoTrustworthyAnswer, NoTrustworthyAnswer),
]  # fmt: skip


@pytest.mark.parametrize(("answer", "of_invoices", "of_payments"), ANSWERS)
def test_an_answer_to_a_whole_batch(
    answer: HttpAnswer, of_invoices: type[CallOutcome], of_payments: type[CallOutcome]
) -> None:
    for kind, expected in ((BILL, of_invoices), (MONEY, of_payments)):
        for action in (CREATE, VOID):
            outcome = outcome_of(request(kind, action), answer)
            assert type(outcome) is expected, outcome
            assert TOKEN not in repr(outcome)


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (replied(gateway("003100"), 403), CallStopped),
        (replied(gateway("003100"), 500), NoTrustworthyAnswer),
        (replied(gateway("003200"), 401), GrantDead),
        (replied(fault(6190), 400), CallStopped),
        (replied(fault(600), 400), NoTrustworthyAnswer),
        (replied(fault(10000), 400), NoTrustworthyAnswer),
        (replied(fault(140), 400), NoTrustworthyAnswer),
        (replied(HTML, 500), NoTrustworthyAnswer),
        (replied(HTML, 200), NoTrustworthyAnswer),
    ],
)
def test_a_single_payment_may_fail_as_a_whole(
    answer: HttpAnswer, expected: type[CallOutcome]
) -> None:
    assert type(outcome_of(request(MONEY, size=1, single=True), answer)) is expected


def test_a_single_payment_that_a_page_refuses_is_unknown() -> None:
    outcome = outcome_of(request(MONEY, size=1, single=True), replied(HTML, 400))
    assert isinstance(outcome, Answered)
    assert isinstance(outcome.entries[FIRST], EntryUnknown)


def test_a_doubtful_code_beside_a_sure_one_leaves_a_payment_unknown() -> None:
    for codes in itertools.permutations((6000, 10000, 2010)):
        assert isinstance(entry(fault(*codes), MONEY), EntryUnknown)


def test_a_payment_that_is_not_in_the_answer_is_unknown() -> None:
    answered = outcome_of(request(MONEY), replied(batch({"bId": "2", **good(MONEY)})))
    assert isinstance(answered, Answered)
    assert isinstance(answered.entries[FIRST], EntryUnknown)
    assert isinstance(answered.entries[SECOND], Done)


SURE = {140, 150, 500, 610, 620, 1040, 3001}


@settings(deadline=None, max_examples=300)
@given(code=st.integers(0, 20000), single=st.booleans(), action=st.sampled_from([CREATE, VOID]))
def test_no_number_that_nobody_documented_refuses_a_payment(
    *, code: int, single: bool, action: PushAction
) -> None:
    if code in SURE or 2000 <= code < 3000 or 4000 <= code < 7000:
        return
    asked = request(MONEY, action, 1 if single else 2, single=single)
    rows = (
        fault(code) if single else batch({"bId": "1", **fault(code)}, {"bId": "2", **good(MONEY)})
    )
    outcome = outcome_of(asked, replied(rows, 400 if single else 200))
    if isinstance(outcome, Answered):
        assert isinstance(outcome.entries[FIRST], EntryUnknown)
    else:
        assert isinstance(outcome, NoTrustworthyAnswer)


def test_a_void_that_came_back_as_it_was_is_not_done() -> None:
    answered = outcome_of(request(MONEY, VOID, 1), replied({"Payment": PAYMENT}))
    assert isinstance(answered, Answered)
    refused = answered.entries[FIRST]
    assert isinstance(refused, EntryRefused)
    assert refused.cause == "NOT_VOIDED"
    done = outcome_of(request(MONEY, VOID, 1), replied({"Payment": VOID_PAYMENT}))
    assert isinstance(done, Answered)
    assert isinstance(done.entries[FIRST], Done)


def test_a_void_whose_word_is_another_one_is_done() -> None:
    row = INVOICE | {"TotalAmt": 0, "Balance": 0, "PrivateNote": "Annulé"}
    answered = outcome_of(request(BILL, VOID, 1), replied({"Invoice": row}))
    assert isinstance(answered, Answered)
    assert isinstance(answered.entries[FIRST], Done)
