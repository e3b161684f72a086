"""What each answer means: by status and numeric code together, in all six envelopes."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.domain.ids import (
    RecordKind,
    RemoteCompanyId,
    RemoteId,
    RemoteVersion,
    RequestKey,
    SourceId,
)
from shared.domain.links import ItemFields
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
from shared.domain.runs import PushAction
from shared.providers.base import RecordWrite, WriteRequest
from shared.providers.http import HttpAnswer
from shared.providers.quickbooks.batch import outcome_of, write_request
from shared.providers.quickbooks.faults import renewable
from tests.unit.providers.quickbooks.payloads import (
    HTML,
    TOKEN,
    batch,
    fault,
    gateway,
    item,
    xml,
)
from tests.unit.providers.scripted import replied

FIELDS = ItemFields("Elbow", "An elbow", Decimal("1.50"), "E1", "79")


def write(number: int, action: PushAction = PushAction.CREATE) -> RecordWrite:
    return RecordWrite(
        SourceId(f"s{number}"),
        action,
        FIELDS,
        frozenset({"name"}),
        RemoteId(str(number)),
        RemoteVersion("0"),
    )


def request(
    size: int = 2, action: PushAction = PushAction.CREATE, *, single: bool = False
) -> WriteRequest:
    writes = [write(number, action) for number in range(1, size + 1)]
    return write_request(
        RemoteCompanyId("123"), RecordKind.ITEM, writes, RequestKey("0" * 32), single=single
    )


BATCH = request()
SINGLE = request(1, single=True)


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (replied(fault(2010), 400), CallRejected),
        (
            replied(fault(500, kind="SystemFault"), 400),
            CallRejected,
        ),  # code 500 comes with HTTP 400
        (replied(fault(1040), 400), CallRejected),
        (replied(fault(2130), 400), CallRejected),
        (replied(fault(4000), 400), CallRejected),
        (replied(HTML, 400), CallRejected),
        (replied(b"", 413), CallRejected),
        (replied(fault(99999), 400), CallRejected),
        (replied(fault(2010), 200), CallRejected),  # a fault inside HTTP 200
        (replied(gateway("003200", f"Token expired: {TOKEN}"), 401), GrantDead),
        (replied(xml("3200"), 401), GrantDead),
        (replied(gateway("000120"), 401), GrantDead),
        (replied(HTML, 401), GrantDead),
        (replied(gateway("000130"), 401), NoTrustworthyAnswer),  # wrong cluster: not the token
        (replied(gateway("003100"), 403), CallStopped),
        (replied(xml("3100"), 403), CallStopped),
        (replied(gateway("003100"), 500), NoTrustworthyAnswer),  # the same number, passing
        (replied(gateway("003001"), 429), Throttled),
        (replied(gateway("003001"), 403), Throttled),
        (replied(xml("3001"), 403), Throttled),
        (replied(fault(3001), 400), Throttled),
        (replied(fault("003001"), 200), Throttled),
        (replied(b"", 429), Throttled),
        (replied(HTML, 429), Throttled),
        (replied(HTML, 403), NoTrustworthyAnswer),
        (replied(fault(6190), 400), CallStopped),
        (replied(fault(6190), 200), CallStopped),
        (replied(fault(5020), 400), CallStopped),
        (replied(fault(5020), 403), CallStopped),
        (replied(fault(140), 400), NoTrustworthyAnswer),
        (replied(fault(150), 200), NoTrustworthyAnswer),
        (replied(fault(10000), 400), NoTrustworthyAnswer),
        (replied(fault(600), 400), NoTrustworthyAnswer),  # sent before: read back
        (replied(xml("6002"), 504), NoTrustworthyAnswer),
        (replied(HTML, 503), NoTrustworthyAnswer),
        (replied(fault(2010), 500), NoTrustworthyAnswer),
        (replied(HTML, 200), NoTrustworthyAnswer),
        (replied(b"", 200), NoTrustworthyAnswer),
        (replied(b'{"BatchItemResponse":[{"bId":"1","It', 200), NoTrustworthyAnswer),
        (replied(b"[]", 200), NoTrustworthyAnswer),
        (replied({"time": "now"}, 200), NoTrustworthyAnswer),
        (replied({"BatchItemResponse": None}, 200), NoTrustworthyAnswer),
        (replied(b'{"BatchItemResponse":NaN}', 200), NoTrustworthyAnswer),
        (replied(b"[" * 100_000, 200), NoTrustworthyAnswer),
        (replied(b"\xff\xfe{}", 200), NoTrustworthyAnswer),
        (replied(b"", 302), NoTrustworthyAnswer),
        (replied(b"", 204), NoTrustworthyAnswer),
        (replied(HTML, 404), NoTrustworthyAnswer),
        (replied(fault(500), 404), CallRejected),
        (replied(fault(2010), 408), NoTrustworthyAnswer),
        (replied({"code": "3100", "type": "X", "message": "m", "detail": "d"}, 403), CallStopped),
        (replied({"code": "AUTH", "message": "m"}, 400), CallRejected),
    ],
)
def test_an_answer_to_a_whole_batch(answer: HttpAnswer, expected: type[CallOutcome]) -> None:
    outcome = outcome_of(BATCH, answer)
    assert type(outcome) is expected, outcome
    assert TOKEN not in repr(outcome)
    assert "Message" not in repr(outcome)


@pytest.mark.parametrize(
    ("answer", "cured"),
    [
        (replied(gateway("003200"), 401), True),
        (replied(gateway("100"), 401), True),
        (replied(xml("3200"), 401), True),
        (replied(HTML, 401), True),
        (replied(gateway("000120"), 401), False),
        (replied(xml("130"), 401), False),
    ],
)
def test_which_refusals_a_new_token_may_cure(answer: HttpAnswer, *, cured: bool) -> None:
    assert renewable(answer) is cured


@pytest.mark.parametrize(
    ("header", "after"),
    [("7", 7.0), (" 60 ", 60.0), ("", None), ("soon", None), ("-1", None), ("9" * 9, None)],
)
def test_retry_after_is_honoured_where_it_makes_sense(header: str, after: float | None) -> None:
    assert outcome_of(BATCH, replied(b"", 429, retry_after=header)) == Throttled(after)


ENTRY = [
    (fault(6240, detail="Duplicate Name Exists Error : Id=41"), NameTaken(RemoteId("41"))),
    (fault(6240, detail="Name exists : null"), NameTaken(None)),
    (fault(6240, detail="Un autre client utilise ce nom."), NameTaken(None)),
    (fault(6000), EntryBusy),
    (fault(140), EntryBusy),
    (fault(3001), EntryBusy),
    (fault(600), EntryUnknown),
    (fault(10000), EntryUnknown),
    (fault(6190), EntryRefused),
    (fault(2500), EntryRefused),
    (fault(6430), EntryRefused),
    (fault(2040), EntryRefused),
    (fault("no number"), EntryRefused),
    ({"Fault": {"type": "ValidationFault", "Error": []}}, EntryRefused),
    ({"Fault": {"Error": [None, 3]}}, EntryRefused),
    ({"Fault": {"Error": True}}, EntryRefused),
    ({"Fault": {"Error": {"code": "6240"}}}, EntryRefused),
]


def _is(outcome: EntryOutcome, expected: EntryOutcome | type[EntryOutcome]) -> bool:
    return isinstance(outcome, expected) if isinstance(expected, type) else outcome == expected


@pytest.mark.parametrize(("body", "expected"), ENTRY)
def test_a_fault_of_one_entry(
    body: dict[str, Any], expected: EntryOutcome | type[EntryOutcome]
) -> None:
    answer = replied(batch({"bId": "1", "Item": item("Elbow", "7")}, {"bId": "2", **body}))
    outcome = outcome_of(BATCH, answer)
    assert isinstance(outcome, Answered)
    assert isinstance(outcome.entries[SourceId("s1")], Done)
    assert _is(outcome.entries[SourceId("s2")], expected), outcome


@pytest.mark.parametrize(
    ("action", "code", "expected"),
    [
        (PushAction.UPDATE, 5010, Stale()),
        (PushAction.CREATE, 5010, Stale()),
        (PushAction.UPDATE, 610, Stale()),
        (PushAction.CREATE, 610, EntryRefused),  # nothing of ours to be gone: its account is
    ],
)
def test_stale_and_missing_records(
    action: PushAction, code: int, expected: EntryOutcome | type[EntryOutcome]
) -> None:
    answer = replied(batch({"bId": "1", **fault(code)}))
    outcome = outcome_of(request(1, action), answer)
    assert isinstance(outcome, Answered)
    assert _is(outcome.entries[SourceId("s1")], expected)


def test_a_known_code_decides_among_several() -> None:
    answer = replied(batch({"bId": "1", **fault(99999, 6240)}))
    outcome = outcome_of(request(1), answer)
    assert isinstance(outcome, Answered)
    assert outcome.entries[SourceId("s1")] == NameTaken(None)


@pytest.mark.parametrize(
    ("code", "field"), [(2040, "unitPrice"), (2500, "incomeAccountId"), (2020, "unitPrice")]
)
def test_a_refusal_names_the_field_and_says_what_to_do(code: int, field: str) -> None:
    answer = replied(batch({"bId": "1", **fault(code, element="UnitPrice")}))
    outcome = outcome_of(request(1), answer)
    assert isinstance(outcome, Answered)
    refused = outcome.entries[SourceId("s1")]
    assert isinstance(refused, EntryRefused)
    assert refused.problem.field == field
    assert refused.problem.message.endswith(".")
    assert refused.problem.action.endswith(".")
    assert refused.cause == refused.problem.code


def test_refusals_for_unknown_reasons_are_grouped_by_number() -> None:
    answer = replied(batch({"bId": "1", **fault(7777)}, {"bId": "2", **fault(8888)}))
    outcome = outcome_of(BATCH, answer)
    assert isinstance(outcome, Answered)
    causes = [e.cause for e in outcome.entries.values() if isinstance(e, EntryRefused)]
    assert causes == ["REFUSED_7777", "REFUSED_8888"]


@pytest.mark.parametrize(
    ("code", "expected"), [(6190, CallStopped), (5020, CallStopped), (3001, Throttled)]
)
def test_what_every_entry_says_concerns_the_connection(
    code: int, expected: type[CallOutcome]
) -> None:
    both = batch({"bId": "1", **fault(code)}, {"bId": "2", **fault(code)})
    assert isinstance(outcome_of(BATCH, replied(both)), expected)
    one_missing = batch({"bId": "1", **fault(code)})
    assert isinstance(outcome_of(BATCH, replied(one_missing)), Answered)


@pytest.mark.parametrize(
    "row",
    [
        {},
        {"Item": None},
        {"Item": []},
        {"Item": {"Id": "1"}},
        {"Item": {"SyncToken": "0", "Name": "x"}},
        {"Item": {**item("x", "1"), "UnitPrice": "twelve"}},
        {"Item": {**item("x", "1"), "UnitPrice": True}},
        {"Item": {**item("x", "1"), "Name": ["x"]}},
        {"Customer": {"Id": "1"}},
        {"QueryResponse": {}},
    ],
)
def test_an_entry_that_is_neither_a_record_nor_a_fault_is_unknown(row: dict[str, Any]) -> None:
    outcome = outcome_of(request(1), replied(batch({"bId": "1", **row})))
    assert isinstance(outcome, Answered)
    assert isinstance(outcome.entries[SourceId("s1")], EntryUnknown)


def test_entries_are_matched_by_label_extra_ones_ignored_and_doubles_not_believed() -> None:
    rows = (
        {"bId": "3", "Item": item("C", "13")},
        {"bId": "99", "Item": item("Z", "99")},
        {"Item": item("no label", "98")},
        {"bId": "1", "Item": item("A", "11")},
        {"bId": "2", "Item": item("B", "12")},
        {"bId": "2", **fault(6240)},
        "nonsense",
    )
    outcome = outcome_of(request(4), replied({"BatchItemResponse": list(rows)}))
    assert isinstance(outcome, Answered)
    first, second, third, fourth = outcome.entries.values()
    assert isinstance(first, Done)
    assert first.remote_id == "11"
    assert second == EntryUnknown("answered twice")
    assert isinstance(third, Done)
    assert third.fields.name == "C"
    assert fourth == EntryUnknown("not in the answer")


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (replied({"Item": item("Elbow", "7"), "time": "t"}), Done),
        (replied(fault(6240, detail="Id=41"), 400), NameTaken),
        (replied(fault(5010), 400), Stale),
        (replied(fault(6000), 400), EntryBusy),
        (replied(fault(2500), 400), EntryRefused),
        (replied(fault(2500), 200), EntryRefused),
        (replied(fault(500), 400), EntryRefused),
        (replied(b"", 400), EntryRefused),
        (replied({"time": "t"}), EntryUnknown),
    ],
)
def test_a_single_write_has_the_outcome_of_its_one_entry(
    answer: HttpAnswer, expected: type[EntryOutcome]
) -> None:
    outcome = outcome_of(SINGLE, answer)
    assert isinstance(outcome, Answered)
    assert type(outcome.entries[SourceId("s1")]) is expected


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (replied(fault(6190), 400), CallStopped),
        (replied(fault(3001), 400), Throttled),
        (replied(fault(10000), 400), NoTrustworthyAnswer),
        (replied(fault(140), 400), NoTrustworthyAnswer),
        (replied(HTML, 500), NoTrustworthyAnswer),
        (replied(HTML, 200), NoTrustworthyAnswer),
        (replied(gateway("3100"), 403), CallStopped),
        (replied(gateway("3200"), 401), GrantDead),
    ],
)
def test_a_single_write_may_also_fail_as_a_whole(
    answer: HttpAnswer, expected: type[CallOutcome]
) -> None:
    assert type(outcome_of(SINGLE, answer)) is expected


KEYS = ["BatchItemResponse", "bId", "Item", "Fault", "fault", "Error", "error", "code", "Id"]
KEYS += ["SyncToken", "Name", "UnitPrice", "message", "Detail", "element", "IncomeAccountRef"]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=5)
    ),
    max_leaves=25,
)


@settings(deadline=None)
@given(body=JSON, status=st.sampled_from([200, 400, 401, 403, 404, 429, 500]), single=st.booleans())
def test_no_answer_breaks_the_reading_and_every_entry_has_an_outcome(
    *, body: object, status: int, single: bool
) -> None:
    asked = SINGLE if single else BATCH
    for whole in (body, {"BatchItemResponse": [body, {"bId": "1", "Item": body}]}):
        outcome = outcome_of(asked, replied(whole, status))
        if isinstance(outcome, Answered):
            assert set(outcome.entries) == {source_id for _, source_id in asked.entries}


@settings(deadline=None)
@given(st.binary(max_size=200), st.integers(100, 599))
def test_no_bytes_break_the_reading(body: bytes, status: int) -> None:
    outcome_of(BATCH, replied(body, status))
