"""The stated rule for remote names: plain where possible, else replaced, cut and marked with a hash.

The provider may forbid characters and lengths, and may insist that names are unique. Two names are
*equal* when their keys are: NFC, trimmed, case folded. The plain name stays with the link that has
it, else it goes to the smallest unlinked source id; every other claimant, and every name that the
provider cannot take as it is, gets the marked form. The mark comes from the source id alone, so the
same record gets the same name whatever else is in the catalogue and in whichever order it came.
"""

from __future__ import annotations

import base64
import hashlib
import unicodedata
from array import array
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise

from shared.domain.ids import SourceId

MARK = " ~"
MARK_HASH_LENGTH = 8
"""40 bits: among 1,000 records of one cut name two equal marks are a matter of one in two million."""


@dataclass(frozen=True, slots=True)
class NameRules:
    """What a remote name may look like. `unique` False: equal names may stand side by side.

    `max_length` counts UTF-16 units, the strictest of the ways in which providers count.
    """

    max_length: int
    forbidden: frozenset[str]
    unique: bool


def plain_name(name: str) -> str:
    """The name as it is sent when nothing speaks against it."""
    return unicodedata.normalize("NFC", name).strip()


def name_key(name: str) -> str:
    """Equal for names that a person would call the same."""
    return unicodedata.normalize("NFC", plain_name(name).casefold())


def fits(name: str, rules: NameRules) -> bool:
    return (
        bool(name)
        and _utf16_length(name) <= rules.max_length
        and rules.forbidden.isdisjoint(name)
        and name.isprintable()
    )


def marked_name(name: str, source_id: SourceId, rules: NameRules) -> str:
    """Forbidden characters replaced, cut, then a short hash of our id."""
    replaced = "".join(_replacement(character, rules) for character in plain_name(name))
    mark = MARK + _short_hash(source_id)
    room = rules.max_length - len(mark)
    kept = " ".join(replaced.split())
    while _utf16_length(kept) > room:
        kept = kept[: -max(1, (_utf16_length(kept) - room) // 2)]
    # Where nothing printable is left the mark stands alone; providers trim a blank before it.
    return (kept.rstrip() + mark).lstrip()


def _replacement(character: str, rules: NameRules) -> str:
    if not character.isprintable():
        return " "
    return "-" if character in rules.forbidden else character


def _short_hash(source_id: SourceId) -> str:
    digest = hashlib.blake2b(source_id.encode(), digest_size=5).digest()
    return base64.b32encode(digest).decode().lower()[:MARK_HASH_LENGTH]


def _utf16_length(text: str) -> int:
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def key_hash(key: str) -> int:
    """64 bits that stand for a name key where a whole catalogue of keys would not fit in memory."""
    return int.from_bytes(hashlib.blake2b(key.encode(), digest_size=8).digest(), "big")


class KeyHashes:
    """A set of key hashes in 8 bytes each: filled once, then asked."""

    def __init__(self, hashes: Iterable[int] = ()) -> None:
        self._filling: array[int] = array("Q", hashes)
        self._sorted: array[int] | None = None

    def add(self, value: int) -> None:
        self._filling.append(value)
        self._sorted = None

    def __iter__(self) -> Iterator[int]:
        return iter(self._filling)

    def __contains__(self, value: int) -> bool:
        rows = self._rows()
        place = bisect_left(rows, value)
        return place < len(rows) and rows[place] == value

    def __len__(self) -> int:
        return len(self._filling)

    def repeated(self) -> KeyHashes:
        """The hashes that were added more than once."""
        rows = self._rows()
        return KeyHashes(b for a, b in pairwise(rows) if a == b)

    def _rows(self) -> array[int]:
        if self._sorted is None:
            self._sorted = self._filling = array("Q", sorted(self._filling))
        return self._sorted


class NameDesk:
    """Hands out remote names of one plan; ask in ascending order of source id.

    `taken` holds the keys of names that somebody has already: links of ours, and remote records that
    cannot be adopted; `contested` those that several of the coming records claim: the first one gets
    it. (Only contested names are remembered when given, so that memory does not grow with a catalogue.)
    """

    def __init__(self, rules: NameRules, taken: KeyHashes, contested: KeyHashes) -> None:
        self._rules = rules
        self._taken = taken
        self._contested = contested
        self._given: set[int] = set()

    def choose(self, name: str, source_id: SourceId) -> str:
        """The plain name if it fits and is free, else the marked one."""
        plain = plain_name(name)
        if not fits(plain, self._rules):
            return marked_name(name, source_id, self._rules)
        if not self._rules.unique:
            return plain
        hashed = key_hash(name_key(plain))
        if hashed in self._taken or hashed in self._given:
            return marked_name(name, source_id, self._rules)
        if hashed in self._contested:
            self._given.add(hashed)
        return plain

    def choose_other(self, name: str, source_id: SourceId) -> str:
        """For a record whose plain name somebody else has: plain only where names need not be unique."""
        plain = plain_name(name)
        if not self._rules.unique and fits(plain, self._rules):
            return plain
        return marked_name(name, source_id, self._rules)
