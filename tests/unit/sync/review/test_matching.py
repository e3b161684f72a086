"""Who of ours a remote record may be: exactly by id, address and name; similar names with a score."""

from __future__ import annotations

import pytest

from shared.domain.ids import RemoteId, SourceId
from shared.domain.imports import Proposal, Reason
from shared.sync.review.matching import SIMILAR_FROM, Known, Matcher

REMOTE = RemoteId("7")


def proposed(remote: Known, **ours: Known) -> tuple[Proposal, ...]:
    matcher = Matcher(
        [(SourceId(source_id), known) for source_id, known in ours.items()],
        lambda remote_id: SourceId(f"imported_{remote_id}"),
    )
    return matcher.proposals(REMOTE, remote)


def test_the_surest_reason_comes_first() -> None:
    remote = Known("Ann Hill", "ann@x.example")
    found = proposed(
        remote,
        a=Known("ann hill "),
        b=Known("Somebody Else", "ANN@x.example "),
        imported_7=Known("Quite Another"),
        c=Known("Ann Hilt"),
    )
    assert [(one.source_id, one.reason) for one in found] == [
        ("imported_7", Reason.REMOTE_ID),
        ("b", Reason.EMAIL),
        ("a", Reason.NAME),
    ]
    assert {one.score for one in found} == {100}


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        ("A & S Refuse, LLC", "A and S REFUSE"),
        ("Bramble Plumbing Co.", "Bramble Plumbng Company"),
        ("Hill, Robert", "Robert Hill"),
        ("Cedar Ridge Services Inc", "Cedar Ridge Service"),
    ],
)
def test_other_spellings_are_proposed_below_100(theirs: str, ours: str) -> None:
    (one,) = proposed(Known(theirs), a=Known(ours), b=Known("Maple Street Bakery"))
    assert (one.source_id, one.reason) == ("a", Reason.SIMILAR)
    assert SIMILAR_FROM <= one.score < 100


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        ("Cedar Ridge Plumbing", "Maple Ridge Roofing"),
        ("John Smith", "Jane Smith"),
        ("123", "456"),
        ("---", "Ann Hill"),
    ],
)
def test_what_only_looks_alike_is_not(theirs: str, ours: str) -> None:
    assert proposed(Known(theirs), a=Known(ours)) == ()


def test_phone_and_place_decide_between_similar_names() -> None:
    remote = Known("Ann Hill Bakery", phone="(914) 555-0101", place="10580")
    found = proposed(
        remote,
        a=Known("Anne Hill Bakery", phone="914 555 9999"),
        b=Known("Anne Hill Bakery", phone="+1 914 555 0101"),
    )
    assert found[0].source_id == "b"


def test_no_address_matches_no_address() -> None:
    assert proposed(Known("Ann Hill"), a=Known("Maple Street Bakery")) == ()


def test_at_most_three_are_proposed() -> None:
    ours = {f"a{number}": Known("Ann Hill") for number in range(5)}
    assert [one.source_id for one in proposed(Known("Ann Hill"), **ours)] == ["a0", "a1", "a2"]
