"""Pure: which of our records a remote one may be. Nothing here links: a person chooses.

By remote id (an earlier import's record), e-mail address and exact name; else by similar names, with a
score. Similar ones are sought among those that share rare trigrams, so that the work grows with the
lists and not with their product.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from shared.domain.customer_plan import email_key
from shared.domain.ids import RemoteId, SourceId
from shared.domain.imports import Proposal, Reason
from shared.domain.names import name_key

SIMILAR_FROM: Final = 90
"""Score from which a similar name is proposed (measured: docs/bench.md, `matching`)."""

MOST_PROPOSED: Final = 3

_RARE_TRIGRAMS: Final = 8
"""Of a name, the ones that are looked up."""
_MOST_NEIGHBOURS: Final = 20
"""Records compared with one name; the ones that share most trigrams."""

_NO_LETTERS: Final = re.compile(r"[\W_]+")
_LEGAL_FORMS: Final = frozenset(
    (
        *("inc", "incorporated", "corp", "corporation", "co", "company", "ltd", "limited", "plc"),
        *("llc", "lc", "lp", "llp", "pllc", "pc", "the", "and"),
    )
)


@dataclass(frozen=True, slots=True)
class Known:
    """What a record of either side is known by. `phone` and `place` (postal code) may be empty."""

    name: str
    email: str = ""
    phone: str = ""
    place: str = ""


class Matcher:
    """Our records that have no link yet, ready to be compared with remote ones.

    `ours` in order of source id; `imported` gives the source id that an import of a remote id makes.
    """

    def __init__(
        self,
        ours: Iterable[tuple[SourceId, Known]],
        imported: Callable[[RemoteId], SourceId],
    ) -> None:
        self._ours = dict(ours)
        self._imported = imported
        self._by_email = _grouped(self._ours, lambda known: email_key(known.email))
        self._by_name = _grouped(self._ours, lambda known: name_key(known.name))
        self._similar: _SimilarNames | None = None

    def proposals(self, remote_id: RemoteId, remote: Known) -> tuple[Proposal, ...]:
        """The best first, at most `MOST_PROPOSED`; similar names only where nothing is exact."""
        found: dict[SourceId, Reason] = {}
        own = self._imported(remote_id)
        if own in self._ours:
            found[own] = Reason.REMOTE_ID
        email = email_key(remote.email)
        for source_id in self._by_email.get(email, ()) if email else ():
            found.setdefault(source_id, Reason.EMAIL)
        for source_id in self._by_name.get(name_key(remote.name), ()):
            found.setdefault(source_id, Reason.NAME)
        if not found:
            return self._similar_ones(remote)
        rank = list(Reason)
        ordered = sorted(found.items(), key=lambda one: (rank.index(one[1]), one[0]))
        return tuple(
            Proposal(source_id, self._ours[source_id].name, reason)
            for source_id, reason in ordered[:MOST_PROPOSED]
        )

    def _similar_ones(self, remote: Known) -> tuple[Proposal, ...]:
        if self._similar is None:
            self._similar = _SimilarNames(self._ours)
        return tuple(
            Proposal(source_id, self._ours[source_id].name, Reason.SIMILAR, score)
            for source_id, score in self._similar.best(remote)[:MOST_PROPOSED]
        )


class _SimilarNames:
    def __init__(self, ours: Mapping[SourceId, Known]) -> None:
        self._ids = list(ours)
        self._known = list(ours.values())
        self._words = [plain_words(known.name) for known in self._known]
        self._places: dict[str, list[int]] = defaultdict(list)
        for place, words in enumerate(self._words):
            for trigram in _trigrams(words):
                self._places[trigram].append(place)

    def best(self, remote: Known) -> list[tuple[SourceId, int]]:
        from rapidfuzz import fuzz  # noqa: PLC0415 - only Review & Import compares names

        words = plain_words(remote.name)
        if not words:
            return []
        scored = []
        compact = words.replace(" ", "")
        for place in self._neighbours(words):
            theirs = self._words[place]
            score = max(
                fuzz.token_sort_ratio(words, theirs, score_cutoff=SIMILAR_FROM - _MOST_AGREEMENT),
                fuzz.ratio(
                    compact, theirs.replace(" ", ""), score_cutoff=SIMILAR_FROM - _MOST_AGREEMENT
                ),
            )
            score = min(99, round(score + _agreement(remote, self._known[place])))
            if score >= SIMILAR_FROM:
                scored.append((self._ids[place], score))
        return sorted(scored, key=lambda one: (-one[1], one[0]))

    def _neighbours(self, words: str) -> Sequence[int]:
        found = [trigram for trigram in _trigrams(words) if trigram in self._places]
        rarest = sorted(found, key=lambda trigram: (len(self._places[trigram]), trigram))
        shared = Counter[int]()
        for trigram in rarest[:_RARE_TRIGRAMS]:
            shared.update(self._places[trigram])
        return [place for place, _ in shared.most_common(_MOST_NEIGHBOURS)]


_MOST_AGREEMENT: Final = 8


def _agreement(one: Known, other: Known) -> int:
    """What phone and postal code say for or against two similar names being one and the same."""
    ours, theirs = _digits(one.phone), _digits(other.phone)
    if ours and theirs:
        return _MOST_AGREEMENT if ours == theirs else -4
    if one.place and other.place:
        return 4 if one.place[:5] == other.place[:5] else -6
    return 0


def plain_words(name: str) -> str:
    """A name without case, punctuation and legal form: "A & S Refuse, LLC" is "a s refuse"."""
    words = _NO_LETTERS.sub(" ", name_key(name).replace("'", "")).split()
    kept = [word for word in words if word not in _LEGAL_FORMS]
    return " ".join(kept or words)


def _trigrams(words: str) -> set[str]:
    text = f" {words} "
    return {text[start : start + 3] for start in range(len(text) - 2)}


def _digits(phone: str) -> str:
    """The last ten: with and without the country's code it is the same number."""
    return re.sub(r"\D", "", phone)[-10:]


def _grouped(
    ours: Mapping[SourceId, Known], key_of: Callable[[Known], str]
) -> Mapping[str, Sequence[SourceId]]:
    groups: dict[str, list[SourceId]] = defaultdict(list)
    for source_id, known in ours.items():
        if key := key_of(known):
            groups[key].append(source_id)
    return groups
