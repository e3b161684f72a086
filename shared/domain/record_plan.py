"""Pure: what one record needs, given its link and the terms. The engine streams a catalogue through it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from shared.domain.due import Dependency
from shared.domain.ids import RecordKind, RemoteId, RemoteVersion, RunId
from shared.domain.links import Fields, Link, LinkOrigin, base_of, base_value
from shared.domain.names import NameRules, fits, name_key, plain_name
from shared.domain.records import Record
from shared.domain.runs import Problem

NAME_FIELD = "name"
ACTIVE_FIELD = "active"


class Terms(Protocol):
    """What syncing one kind of record is measured by, for one connection: rules and mappings in one.

    Methods take records and fields of their own kind only; the engine never mixes kinds.
    """

    @property
    def kind(self) -> RecordKind: ...

    @property
    def noun(self) -> str:
        """The kind in a sentence for a person: "item"."""

    @property
    def names(self) -> NameRules: ...

    @property
    def chooses_names(self) -> bool:
        """Whether a name that does not fit, or is taken, may be changed by the stated rule."""

    @property
    def voids(self) -> bool:
        """Whether what is no longer active is voided for good: then that goes only when a person asks."""

    def name_of(self, record: Any) -> str:  # noqa: ANN401 - of this kind, see above
        """The text that its remote name is chosen from."""

    def called(self, record: Any, remote_name: str) -> Any:  # noqa: ANN401 - of this kind, see above
        """The record as if its name were that, as far as the remote name is concerned."""

    def remote_name_of(self, fields: Any) -> str:  # noqa: ANN401 - of this kind, see above
        """The remote name in a remote record's fields."""

    def begins(self, record: Any) -> bool:  # noqa: ANN401 - of this kind, see above
        """Whether it is to go where it has no link: what was archived unseen is not."""

    def refusal(self, record: Any) -> Problem | None:  # noqa: ANN401 - of this kind, see above
        """Why it cannot go at all, told without asking the provider; None when it can."""

    def not_created(self, record: Any) -> Problem | None:  # noqa: ANN401 - of this kind, see above
        """Why it may be linked where the books have it, but not be made there; None when it may."""

    def taken(self, name: str) -> Problem:
        """The refusal of a record whose name something else in the books has."""

    def lacking(self, record: Any) -> Sequence[Dependency]:  # noqa: ANN401 - see above
        """What must have a link before it can go."""

    def desired(self, record: Any, remote_name: str) -> Any:  # noqa: ANN401 - of this kind, see above
        """What the books should say."""

    def mapping_version(self, record: Any) -> str:  # noqa: ANN401 - of this kind, see above
        """Changes whenever what is sent would change though the record does not."""

    def email_key_of(self, either: Any) -> str:  # noqa: ANN401 - of this kind, see above
        """What tells a record, ours or a remote one's fields, before its name does; empty: nothing."""

    def made_for(self, record: Any, remote: Any) -> bool:  # noqa: ANN401 - see above
        """Whether the remote record's fields tell that it was made for this record, by us."""

    def doubt(self, record: Any, remote: Any) -> Problem | None:  # noqa: ANN401 - see above
        """Why a remote record of its name cannot be taken for it; None when it can."""

    def choice(self, record: Any, remotes: Sequence[Any]) -> int | None:  # noqa: ANN401 - see above
        """Which of several remote records that fit is adopted; None where only a person can say."""

    def disagreement(self, link: Link) -> Problem | None:
        """What a person must see of a record though it is linked and in step; None: nothing."""


class PlainTerms(ABC):
    """What holds of kinds whose records stand by themselves and are called as the books can take it."""

    __slots__ = ()

    @property
    @abstractmethod
    def noun(self) -> str: ...

    @property
    @abstractmethod
    def label(self) -> str:
        """The provider's own name."""

    @property
    def chooses_names(self) -> bool:
        return True

    @property
    def voids(self) -> bool:
        return False

    def begins(self, record: Any) -> bool:  # noqa: ANN401 - see `Terms`
        return bool(record.active)

    def not_created(self, record: Any) -> Problem | None:  # noqa: ANN401, ARG002 - see `Terms`
        return None

    def taken(self, name: str) -> Problem:
        return Problem(
            "NAME_TAKEN",
            f"{self.label} already has another record of the name “{name}”.",
            f"Rename that record in {self.label}, or this {self.noun} in BlueClerk.",
            "name",
        )

    def lacking(self, record: Any) -> Sequence[Dependency]:  # noqa: ANN401, ARG002 - see `Terms`
        return ()

    def made_for(self, record: Any, remote: Any) -> bool:  # noqa: ANN401, ARG002 - see `Terms`
        return False

    def doubt(self, record: Any, remote: Any) -> Problem | None:  # noqa: ANN401, ARG002 - see `Terms`
        return None

    def disagreement(self, link: Link) -> Problem | None:  # noqa: ARG002 - see `Terms`
        return None


def cut(text: str, limit: int) -> str:
    """At most so many characters, the last one an ellipsis where something is gone."""
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "…"


def kept_name(record: Record, link: Link, terms: Terms) -> str | None:
    """The remote name that a linked record keeps; None when its own name changed and one must be chosen.

    A link that holds the plain name follows changes that do not change the key ("pipe" to "Pipe").
    """
    name = terms.name_of(record)
    key = name_key(name)
    if key != link.name_key:
        return None
    plain = plain_name(name)
    if name_key(link.remote_name) == key and fits(plain, terms.names):
        return plain
    return link.remote_name


def is_renamed(remote_name: str, record: Record, terms: Terms) -> bool:
    """Whether that is another name than the record's own, chosen by the stated rule."""
    return remote_name != plain_name(terms.name_of(record))


def goes_when_asked(record: Record, link: Link | None, terms: Terms) -> bool:
    """Whether all that is left to do is to void it, which only a person can ask for."""
    return terms.voids and link is not None and not record.active and not at_rest(record, link)


def at_rest(record: Record, link: Link) -> bool:
    """Archived on both sides. Providers take no edit of an inactive record, so it waits, and goes with
    the reactivation: the base is not moved meanwhile.
    """
    return not record.active and link.base.get(ACTIVE_FIELD) == "false"


def as_linked(record: Record, link: Link, terms: Terms) -> bool:
    """Whether neither the record nor what it is mapped to has changed since the link was stored."""
    same_mapping = link.mapping_version == terms.mapping_version(record)
    return link.source_version == record.version and same_mapping


def in_step(record: Record | None, link: Link | None, terms: Terms) -> bool:
    """Whether nothing is to be sent for this record: it is as linked, or was archived unseen, or is gone."""
    if record is None:
        return True
    if link is None:
        return not terms.begins(record)
    return as_linked(record, link, terms)


def changed_fields(desired: Fields, link: Link) -> frozenset[str]:
    """The fields that differ from what was last sent; only these go, so others' edits survive."""
    wanted = base_of(desired.canonical())
    changed = {name for name, value in wanted.items() if link.base.get(name) != value}
    if ACTIVE_FIELD in changed and desired.active:
        changed.add(NAME_FIELD)  # providers rename what is made inactive and do not rename it back
    return frozenset(changed)


def differing_fields(desired: Fields, remote: Fields) -> tuple[str, ...]:
    """Fields in which the books are not what we would send, in a fixed order; the name by its key."""
    ours, theirs = desired.canonical(), remote.canonical()
    return tuple(
        name
        for name in sorted(ours)
        if (
            name_key(ours[name]) != name_key(theirs[name])
            if name == NAME_FIELD
            else ours[name] != theirs[name]
        )
    )


def answered_otherwise(sent: Fields, answered: Fields) -> dict[str, str]:
    """Per field what the provider made of it, where that is not what we sent."""
    if sent == answered:
        return {}
    ours, theirs = sent.canonical(), answered.canonical()
    return {name: base_value(theirs[name]) for name in ours if ours[name] != theirs[name]}


def changed_in_books(link: Link, changed: frozenset[str], remote: Fields) -> tuple[str, ...]:
    """Of the fields we want to change, those that somebody else changed meanwhile."""
    theirs: Mapping[str, str] = base_of(remote.canonical())
    return tuple(
        sorted(
            name
            for name in changed
            if theirs[name] not in (link.base.get(name), link.answered.get(name))
        )
    )


def linked_after_write(
    link: Link | None,
    *,
    record: Record,
    sent: Fields,
    answered: Fields,
    remote_id: RemoteId,
    remote_version: RemoteVersion,
    terms: Terms,
    run_id: RunId,
    origin: LinkOrigin = LinkOrigin.CREATED,
    differing: tuple[str, ...] = (),
) -> Link:
    """The link to store after a write (or a read back) showed the record in the books."""
    return Link(
        source_id=record.source_id,
        remote_id=remote_id,
        remote_version=remote_version,
        remote_name=terms.remote_name_of(sent),
        name_key=name_key(terms.name_of(record)),
        source_version=record.version,
        mapping_version=terms.mapping_version(record),
        base=base_of(sent.canonical()),
        answered={**answered_otherwise(sent, answered), **answered.remembered()},
        origin=origin,
        differing=differing,
        run_id=run_id,
        correlation_id=record.correlation_id,
        row_version=(link.row_version if link else 0) + 1,
    )
