"""Fault plans: which calls go wrong, and how.

A rule has a ``match`` and a ``fault``. Rules are asked in order, each counts the calls it matches, and the
first one that is due decides. A call that a rule has seen before (same requestid, or same path and body
where there is none) is neither counted nor faulted again unless the rule says ``repeats``, so the usual
plan "every seventh batch fails" lets the repeat of a failed batch through.
"""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from sandbox import options
from sandbox.jsontext import Json, JsonObject

FaultType: TypeAlias = Literal[
    "html500",
    "html200",
    "xml504",
    "gateway500",
    "unauthorized401",
    "forbidden403",
    "throttle429",
    "redirect302",
    "batch400",
    "entryFault",
    "missingEntries",
    "reorderedEntries",
    "truncatedJson",
    "emptyBody",
    "hugeBody",
    "slowTrickle",
    "closedAfterCommit",
    "closedBeforeCommit",
    "hang",
]
Commit: TypeAlias = Literal["yes", "no", "late"]

_COMMITS: dict[str, Commit] = {
    "xml504": "yes",
    "missingEntries": "yes",
    "reorderedEntries": "yes",
    "truncatedJson": "yes",
    "emptyBody": "yes",
    "hugeBody": "yes",
    "slowTrickle": "yes",
    "closedAfterCommit": "yes",
    "entryFault": "yes",
    "hang": "yes",
}
_ABOUT_ENTRIES = ("batch400", "entryFault")


@dataclass(frozen=True)
class EntryMatch:
    """Which entries of a batch, or which single writes. All given conditions must hold."""

    b_ids: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    name_contains: str = ""
    name_pattern: str = ""
    times_each: int | None = None

    def selects(self, b_id: str, name: str) -> bool:
        if self.b_ids and b_id not in self.b_ids:
            return False
        if self.names and name not in self.names:
            return False
        return self.name_contains in name and re.search(self.name_pattern, name) is not None


@dataclass(frozen=True)
class Match:
    """Which calls. ``every`` and ``nth`` count the calls that meet all the other conditions."""

    kind: tuple[str, ...] = ()
    realm: str = ""
    path_contains: str = ""
    body_contains: str = ""
    every: int | None = None
    nth: tuple[int, ...] = ()
    at_most: int | None = None
    repeats: bool | None = None
    entries: EntryMatch | None = None


@dataclass(frozen=True)
class Fault:
    """What goes wrong. Only the fields that the type speaks of matter; see the README's table."""

    type: FaultType
    commit: Commit | None = None
    late_seconds: float = 1.0
    seconds: float = 1.0
    when: Literal["beforeCommit", "afterCommit"] = "afterCommit"
    then: Literal["answer", "close"] = "answer"
    status: int | None = None
    code: str = ""
    message: str = ""
    detail: str = ""
    format: Literal["", "json", "xml", "html", "empty"] = ""
    retry_after: int | None = None
    how: Literal["cut", "short"] = "cut"
    count: int = 1
    order: Literal["reversed", "rotated"] = "reversed"
    megabytes: int = 16
    location: str = "/elsewhere"
    reset: bool = False

    @property
    def commits(self) -> Commit:
        return self.commit or _COMMITS.get(self.type, "no")


@dataclass(frozen=True)
class Rule:
    fault: Fault
    match: Match = field(default_factory=Match)
    id: str = ""


@dataclass(frozen=True)
class Subject:
    """A call as the rules see it."""

    kind: str
    realm: str
    path: str
    identity: str
    body: str
    entries: Sequence[tuple[str, str]] = ()


@dataclass(frozen=True)
class Strike:
    """A fault that hits one call, and the entries (bId, name) it is about: all, unless ``selective``."""

    fault: Fault
    entries: frozenset[tuple[str, str]] = frozenset()
    selective: bool = False


class _ArmedRule:
    """A rule with its memory."""

    def __init__(self, rule: Rule) -> None:
        self.rule = rule
        self.matched = 0
        self.given = 0
        self._seen: set[str] = set()
        self._times: Counter[str] = Counter()

    def consider(self, call: Subject) -> Strike | None:
        """Count the call if it matches; the strike that is due for it, not yet given."""
        match = self.rule.match
        selected = self._selected(call)
        if not self._concerns(call) or (match.entries is not None and not selected):
            return None
        if not self._repeats and call.identity in self._seen:
            return None
        self._seen.add(call.identity)
        self.matched += 1
        if not self._due():
            return None
        if match.entries is not None:
            return Strike(self.rule.fault, selected, selective=True)
        return Strike(self.rule.fault, frozenset(call.entries))

    def give(self, strike: Strike) -> None:
        self.given += 1
        self._times.update(name for _, name in strike.entries)

    @property
    def _repeats(self) -> bool:
        """A planted entry is bad each time it comes, unless the rule says otherwise."""
        if self.rule.match.repeats is None:
            return self.rule.match.entries is not None
        return self.rule.match.repeats

    def _concerns(self, call: Subject) -> bool:
        match = self.rule.match
        kinds = match.kind or (("batch", "write") if self.rule.fault.type in _ABOUT_ENTRIES else ())
        return (
            (not kinds or call.kind in kinds)
            and (not match.realm or call.realm == match.realm)
            and match.path_contains in call.path
            and match.body_contains in call.body
        )

    def _selected(self, call: Subject) -> frozenset[tuple[str, str]]:
        entries = self.rule.match.entries
        if entries is None:
            return frozenset()
        return frozenset(
            (b_id, name)
            for b_id, name in call.entries
            if entries.selects(b_id, name)
            and (entries.times_each is None or self._times[name] < entries.times_each)
        )

    def _due(self) -> bool:
        match = self.rule.match
        if match.at_most is not None and self.given >= match.at_most:
            return False
        if match.every is not None and self.matched % match.every:
            return False
        return not match.nth or self.matched in match.nth

    def described(self) -> JsonObject:
        shown = options.need_object(options.described(self.rule))
        return shown | {"matched": self.matched, "given": self.given}


class FaultPlan:
    def __init__(self) -> None:
        self._rules: list[_ArmedRule] = []

    def add(self, rules: Sequence[Json]) -> None:
        """Append rules. Raises :class:`sandbox.options.InvalidOption`, and then none is added."""
        read = [options.read(Rule, options.need_object(rule, "a rule"), "rule.") for rule in rules]
        for rule in read:
            if rule.match.entries is not None:
                _check_pattern(rule.match.entries.name_pattern)
        self._rules.extend(_ArmedRule(rule) for rule in read)

    def clear(self) -> None:
        self._rules.clear()

    def strike(self, call: Subject) -> Strike | None:
        """The fault due for this call. Every rule counts the call, the first one that is due decides."""
        due = [
            (armed, strike) for armed in self._rules if (strike := armed.consider(call)) is not None
        ]
        if not due:
            return None
        armed, strike = due[0]
        armed.give(strike)
        return strike

    def described(self) -> list[Json]:
        return [armed.described() for armed in self._rules]


def _check_pattern(pattern: str) -> None:
    try:
        re.compile(pattern)
    except re.error as error:
        raise options.InvalidOption(f"namePattern: {error}") from error
