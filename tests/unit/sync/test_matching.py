"""Which customer of ours is paired with which in the books: a table of both sides and what comes of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.customer_plan import CustomerFields, CustomerTerms
from shared.domain.ids import RemoteId, RemoteVersion, SourceId
from shared.domain.names import KeyHashes, key_hash, name_key
from shared.domain.records import Customer
from shared.domain.runs import Problem
from shared.providers.base import RemoteRecord
from shared.sync.engine.matching import Candidates
from tests.support.fake_profile import fake_profile

TERMS = CustomerTerms(fake_profile().customers, "QuickBooks")
AMBIGUOUS = "?"


@dataclass(frozen=True)
class Case:
    """`ours` and `theirs` as "Name <e-mail>", numbered by place; `pairs`: for each of ours the place of
    the remote one, None for none, or AMBIGUOUS.
    """

    what: str
    ours: Sequence[str]
    theirs: Sequence[str]
    pairs: Sequence[int | str | None]


TABLE = [
    Case("nobody is there", ["Ann <a@x.y>"], [], [None]),
    Case("one name", ["Ann"], ["Ann"], [0]),
    Case("one name in another spelling", ["Café Ann "], ["CAFE\u0301 ANN"], [0]),
    Case("another name", ["Ann"], ["Anna"], [None]),
    Case("one address under two names", ["Ann <a@x.y>"], ["Smith <a@x.y>"], [0]),
    Case("one address in another spelling", ["Ann <A@X.y>"], ["Smith <a@x.Y >"], [0]),
    Case("the address before the name", ["Ann <a@x.y>"], ["Ann <b@x.y>", "Smith <a@x.y>"], [1]),
    Case("no address here: the name", ["Ann"], ["Ann <a@x.y>"], [0]),
    Case("another address: the name", ["Ann <a@x.y>"], ["Ann <b@x.y>"], [0]),
    Case("two of ours share it: names", ["A <s@x.y>", "B <s@x.y>"], ["B <s@x.y>"], [None, 0]),
    Case(
        "two of ours share it, no name",
        ["A <s@x.y>", "B <s@x.y>"],
        ["C <s@x.y>"],
        [AMBIGUOUS, AMBIGUOUS],
    ),
    Case("two of theirs share it: the name", ["A <s@x.y>"], ["B <s@x.y>", "A <s@x.y>"], [1]),
    Case("two of theirs share it, no name", ["A <s@x.y>"], ["B <s@x.y>", "C <s@x.y>"], [AMBIGUOUS]),
    Case(
        "what a name decides for another is not meant",
        ["A <s@x.y>", "B <s@x.y>"],
        ["A <s@x.y>", "C <s@x.y>"],
        [0, AMBIGUOUS],
    ),
    Case(
        "who is paired by address is nobody's name",
        ["Ann", "Zoe <a@x.y>"],
        ["Ann <a@x.y>"],
        [None, 0],
    ),
    Case("two of theirs of one name", ["Ann"], ["Ann", "ANN"], [AMBIGUOUS]),
    Case(
        "of two of one name the one with the address", ["Ann <a@x.y>"], ["Ann", "Ann <a@x.y>"], [1]
    ),
    Case(
        "name and shared address together",
        ["Ann <s@x.y>"],
        ["Ann", "Ann <s@x.y>", "Bob <s@x.y>"],
        [1],
    ),
    Case("two of ours of one name: the first", ["Ann", "Ann"], ["Ann"], [0, None]),
]


def split(text: str) -> tuple[str, str]:
    name, _, email = text.partition("<")
    return name.strip(), email.removesuffix(">")


def our_customer(place: int, text: str) -> Customer:
    name, email = split(text)
    return Customer(SourceId(str(place)), name, email)


def their_customer(place: int, text: str) -> RemoteRecord:
    fields = CustomerFields(*split(text))
    return RemoteRecord(RemoteId(str(place)), RemoteVersion("0"), fields, linkable=True)


def matched(
    ours: Sequence[Customer], theirs: Sequence[RemoteRecord]
) -> dict[str, RemoteRecord | Problem | None]:
    emails = KeyHashes(key_hash(key) for each in ours if (key := TERMS.email_key_of(each)))
    names = KeyHashes(key_hash(name_key(each.name)) for each in ours)
    candidates = Candidates(TERMS, names, emails)
    for row in theirs:
        candidates.offer(row)
    return {
        each.source_id: candidates.match(each, key_hash(name_key(each.name)), "QuickBooks")
        for each in ours
    }


def told(match: RemoteRecord | Problem | None) -> int | str | None:
    if isinstance(match, Problem):
        return AMBIGUOUS
    return int(match.remote_id) if match else None


@pytest.mark.parametrize("case", TABLE, ids=lambda case: case.what)
def test_pairs(case: Case) -> None:
    ours = [our_customer(place, text) for place, text in enumerate(case.ours)]
    theirs = [their_customer(place, text) for place, text in enumerate(case.theirs)]
    for listed in permutations(theirs):  # the books list them in any order
        found = matched(ours, listed)
        assert [told(found[each.source_id]) for each in ours] == list(case.pairs)


def test_the_sentence_names_three_candidates_at_most_and_the_action() -> None:
    theirs = [their_customer(place, f"C {place} <s@x.y>") for place in range(5)]
    problem = matched([our_customer(0, "A <s@x.y>")], theirs)["0"]
    assert isinstance(problem, Problem)
    assert problem.code == "AMBIGUOUS_MATCH"
    assert problem.message == (
        "It is not clear which customer in QuickBooks this one is: it could be "
        "“C 0” or “C 1” or “C 2” or another one."
    )
    assert problem.action == "Choose the right one in Review & Import."


texts = st.builds(
    "{} <{}>".format, st.sampled_from(["A", "B", "C"]), st.sampled_from(["", "s@x", "t@x", "u@x"])
)


@given(st.lists(texts, max_size=5), st.lists(texts, max_size=5))
def test_a_remote_record_is_given_once_and_only_to_who_has_its_name_or_address(
    ours: list[str], theirs: list[str]
) -> None:
    customers = [our_customer(place, text) for place, text in enumerate(ours)]
    found = matched(customers, [their_customer(place, text) for place, text in enumerate(theirs)])
    given_rows = [row for row in found.values() if isinstance(row, RemoteRecord)]
    assert len({row.remote_id for row in given_rows}) == len(given_rows)
    for customer in customers:
        row = found[customer.source_id]
        if isinstance(row, RemoteRecord):
            assert customer.name == row.fields.name or customer.email == row.fields.email  # type: ignore[attr-defined]  # customers all


@given(st.lists(texts, max_size=5), st.lists(texts, max_size=5))
def test_whom_an_address_decides_for_does_not_depend_on_who_asks_first(
    ours: list[str], theirs: list[str]
) -> None:
    customers = [our_customer(place, text) for place, text in enumerate(ours)]
    rows = [their_customer(place, text) for place, text in enumerate(theirs)]
    emails = [TERMS.email_key_of(each) for each in customers]
    their_emails = [TERMS.email_key_of(row.fields) for row in rows]
    for asked in (customers, customers[::-1]):
        found = matched(asked, rows)
        for customer, email in zip(customers, emails, strict=True):
            if email and emails.count(email) == their_emails.count(email) == 1:
                assert told(found[customer.source_id]) == their_emails.index(email)
