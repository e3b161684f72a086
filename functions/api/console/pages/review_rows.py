"""A row of Review & Import: the record of the books, who of ours it may be, and what is chosen for it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from functions.api.console.forms import Form
from functions.api.console.pages.reviewing import checked_remote_id
from functions.api.console.words import Words
from shared.domain.customer_plan import CustomerFields
from shared.domain.ids import CompanyId, RecordKind, SourceId
from shared.domain.imports import Proposal, Reason, Wanted
from shared.domain.links import Fields, ItemFields
from shared.domain.records import Customer, Item, Record, class_of
from shared.storage.ports import RecordStore
from shared.sync.field_rules import checked_source_id
from shared.sync.review.browse import RemoteRow, RowStatus

TICKS: Final = "chosen"
CHOICE: Final = "choice:"
"""Before a remote id: the name of the field that says what becomes of it."""
LEAVE_OUT: Final = ""
AS_NEW: Final = "new"
LINK: Final = "link:"
MATCHED: Final = "matched:"
"""As `link:`, chosen by us: it counts only where the row is ticked."""

_SHORT: Final = 60
"""Characters of a name within an option: the whole name stands beside it."""

_REASONS: Final = {
    Reason.REMOTE_ID: "Was imported from this one before",
    Reason.EMAIL: "Same e-mail address",
    Reason.NAME: "Same name",
    Reason.SIMILAR: "Similar name",
}
_STATUSES: Final = {
    RowStatus.NEW: ("plain", "New"),
    RowStatus.MATCHED: ("amber", "May be one of yours"),
    RowStatus.IMPORTED: ("green", "Imported"),
}


@dataclass(frozen=True, slots=True)
class Side:
    """A record as it stands on one side: its name, and what tells it from others."""

    name: str
    facts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ProposedSide:
    side: Side
    reason: str
    score: int


@dataclass(frozen=True, slots=True)
class Option:
    value: str
    label: str
    chosen: bool


@dataclass(frozen=True, slots=True)
class ReviewRow:
    """`options` is empty where there is nothing to decide but whether it comes in."""

    remote_id: str
    books: Side
    colour: str
    state: str
    imported: bool
    linked: Side | None
    proposals: tuple[ProposedSide, ...]
    options: tuple[Option, ...]
    ticked: bool


@dataclass(frozen=True, slots=True)
class Chosen:
    """What a form says; `left_out` were ticked and are left out, as nothing was decided for them."""

    wanted: Sequence[Wanted] = ()
    left_out: int = 0
    ticks: frozenset[str] = frozenset()
    choices: Mapping[str, str] = field(default_factory=dict)


def chosen_in(form: Form) -> Chosen:
    """A choice that a person made counts without the tick too. Raises `RequestInvalid`."""
    ticks = dict.fromkeys(form.texts(TICKS))
    choices = {
        name.removeprefix(CHOICE): values[0]
        for name, values in form.fields.items()
        if name.startswith(CHOICE)
    }
    wanted, left_out = [], 0
    for text in dict.fromkeys([*ticks, *choices]):
        remote_id, choice, ticked = checked_remote_id(text), choices.get(text), text in ticks
        if choice is None:
            wanted.append(Wanted(remote_id))
        elif choice == AS_NEW:
            wanted.append(Wanted(remote_id, as_new=True))
        elif choice.startswith(LINK) or (ticked and choice.startswith(MATCHED)):
            wanted.append(Wanted(remote_id, checked_source_id(choice.partition(":")[2], "linkTo")))
        elif ticked:
            left_out += 1
    return Chosen(wanted, left_out, frozenset(ticks), choices)


def review_rows(
    records: RecordStore,
    company_id: CompanyId,
    kind: RecordKind,
    rows: Sequence[RemoteRow],
    words: Words,
    currency: str,
    chosen: Chosen,
) -> list[ReviewRow]:
    """`currency` is the one that the books' prices are in."""
    ids = {one.source_id for row in rows for one in row.proposals}
    ids |= {row.source_id for row in rows if row.source_id}
    ours = records.get_many(company_id, class_of(kind), sorted(ids))
    return [_row(row, ours, words, currency, chosen) for row in rows]


def _row(
    row: RemoteRow,
    ours: Mapping[SourceId, Record],
    words: Words,
    currency: str,
    chosen: Chosen,
) -> ReviewRow:
    remote_id = row.remote.remote_id
    colour, state = _STATUSES[row.status]
    linked = ours.get(row.source_id) if row.source_id else None
    sides = {
        one.source_id: _of_ours(ours[one.source_id], words)
        for one in row.proposals
        if one.source_id in ours
    }
    return ReviewRow(
        remote_id=remote_id,
        books=_of_books(row.remote.fields, words, currency),
        colour=colour,
        state=state,
        imported=row.status is RowStatus.IMPORTED,
        linked=_of_ours(linked, words) if linked else None,
        proposals=tuple(
            ProposedSide(sides[one.source_id], _REASONS[one.reason], one.score)
            for one in row.proposals
            if one.source_id in sides
        ),
        options=_options(row.proposals, sides, chosen.choices.get(remote_id)),
        ticked=remote_id in chosen.ticks,
    )


def _options(
    proposals: Sequence[Proposal], sides: Mapping[SourceId, Side], said: str | None
) -> tuple[Option, ...]:
    """The one of ours that is surely meant is chosen already; never one whose name is only similar."""
    if not proposals:
        return ()
    sure = len(proposals) == 1 and proposals[0].reason.exact
    links = [
        (f"{MATCHED if sure else LINK}{one.source_id}", _told_apart(one, sides, proposals))
        for one in proposals
    ]
    usual = links[0][0] if sure else LEAVE_OUT
    offered = [(LEAVE_OUT, "Leave out"), *links, (AS_NEW, "Import as new")]
    selected = said if said in {value for value, _ in offered} else usual
    return tuple(Option(value, label, value == selected) for value, label in offered)


def _told_apart(
    one: Proposal, sides: Mapping[SourceId, Side], proposals: Sequence[Proposal]
) -> str:
    """Namesakes by what else is known of them."""
    label = f"Link to “{_short(one.name)}”"
    if sum(_short(other.name) == _short(one.name) for other in proposals) == 1:
        return label
    facts = sides[one.source_id].facts if one.source_id in sides else ()
    return f"{label} ({facts[0] if facts else one.source_id})"


def _short(name: str) -> str:
    return name if len(name) <= _SHORT else f"{name[:_SHORT]}…"


def _of_books(fields: Fields, words: Words, currency: str) -> Side:
    if isinstance(fields, CustomerFields):
        return _side(fields.name, fields.email, fields.phone, fields.address.city)
    if isinstance(fields, ItemFields):
        return _side(fields.name, fields.code, words.amount(fields.unit_price, currency))
    raise TypeError(f"{type(fields).__name__} is not imported")


def _of_ours(record: Record, words: Words) -> Side:
    if isinstance(record, Customer):
        return _side(record.name, record.email, record.phone, record.address.city)
    if isinstance(record, Item):
        return _side(record.name, record.code, words.money(record.unit_price))
    raise TypeError(f"{type(record).__name__} is not imported")


def _side(name: str, *facts: str) -> Side:
    return Side(name, tuple(fact for fact in facts if fact))
