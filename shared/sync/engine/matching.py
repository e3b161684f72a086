"""Which remote record one of ours is paired with when it has no link yet: by e-mail address, then by name.

An address decides where one unlinked record of ours and one unlinked remote record have it, and nobody
else; whoever is paired by it is no candidate for anybody's name. Then the name decides. Several that
fit are the terms' choice, or a person's. The answers do not depend on the order of asking, but that one
remote record is given to one record only.

Memory holds the remote records that one of ours may be paired with, and no others.
"""

from __future__ import annotations

from collections.abc import Sequence

from shared.domain.ids import RemoteId
from shared.domain.names import KeyHashes, key_hash, name_key
from shared.domain.record_plan import Terms
from shared.domain.records import Record
from shared.domain.runs import Problem
from shared.providers.base import RemoteRecord

_SHOWN = 3
"""Candidates whose names a sentence can hold."""


class Candidates:
    """Remote records without a link. `names` and `emails` are the hashes that our unlinked records have,
    each as often as they have it.
    """

    def __init__(self, terms: Terms, names: KeyHashes, emails: KeyHashes) -> None:
        self._terms = terms
        self._names, self._emails = names, emails
        self._repeated_emails = emails.repeated()
        self._by_name: dict[int, list[RemoteRecord]] = {}
        self._by_email: dict[int, list[RemoteRecord]] = {}
        self._given: set[RemoteId] = set()

    def offer(self, row: RemoteRecord) -> bool:
        """Keep it if one of ours may be paired with it. True: by its name, which then is not just taken."""
        email = self._email_hash(row.fields)
        if email is not None and email in self._emails:
            self._by_email.setdefault(email, []).append(row)
        name = self._name_hash(row)
        if name not in self._names:
            return False
        self._by_name.setdefault(name, []).append(row)
        return True

    def have_name(self, hashed: int) -> bool:
        """Whether one of them, given or not, has the name."""
        return hashed in self._by_name

    def match(self, record: Record, name: int, label: str) -> RemoteRecord | Problem | None:
        """The remote record that this one is paired with from now on; a problem where only a person can
        tell; None: there is none. `name` is its name's hash, `label` the provider's own name.
        """
        email = self._email_hash(record)
        addressed = self._by_email.get(email, []) if email is not None else []
        if email is not None and self._decides(email) and addressed[0].remote_id not in self._given:
            return self._give(addressed[0])
        named = self._free(self._by_name.get(name, ()))
        named = [row for row in named if not self._is_spoken_for(row)]
        both = [row for row in named if row in addressed]
        named = both or named
        doubts = [self._terms.doubt(record, row.fields) for row in named]
        if named and None not in doubts:
            return doubts[0]
        named = [row for row, doubt in zip(named, doubts, strict=True) if doubt is None]
        if len(named) == 1:
            return self._give(named[0])
        if named:
            choice = self._terms.choice(record, [row.fields for row in named])
            return (
                self._give(named[choice]) if choice is not None else self._ambiguous(named, label)
            )
        # An address that several have: those whose names decide for others of ours are not meant.
        left = [row for row in self._free(addressed) if self._name_hash(row) not in self._names]
        return self._ambiguous(left, label) if left else None

    def _decides(self, email: int) -> bool:
        return len(self._by_email.get(email, ())) == 1 and email not in self._repeated_emails

    def _is_spoken_for(self, row: RemoteRecord) -> bool:
        """Whether another record of ours is paired with it by its address."""
        email = self._email_hash(row.fields)
        return email is not None and email in self._emails and self._decides(email)

    def _free(self, rows: Sequence[RemoteRecord]) -> list[RemoteRecord]:
        return [row for row in rows if row.remote_id not in self._given]

    def _give(self, row: RemoteRecord) -> RemoteRecord:
        self._given.add(row.remote_id)
        return row

    def _name_hash(self, row: RemoteRecord) -> int:
        return key_hash(name_key(self._terms.remote_name_of(row.fields)))

    def _email_hash(self, either: object) -> int | None:
        key = self._terms.email_key_of(either)
        return key_hash(key) if key else None

    def _ambiguous(self, rows: Sequence[RemoteRecord], label: str) -> Problem:
        names = [f"“{self._terms.remote_name_of(row.fields)}”" for row in rows[:_SHOWN]]
        if len(rows) > _SHOWN:
            names.append("another one")
        return Problem(
            "AMBIGUOUS_MATCH",
            f"It is not clear which {self._terms.noun} in {label} this one is: "
            f"it could be {' or '.join(names)}.",
            "Choose the right one in Review & Import.",
        )
