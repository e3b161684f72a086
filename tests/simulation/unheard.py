"""The rule that keeps everything single: what may have been carried out unheard is not sent anew.

A create whose answer never came may only be repeated as it was (same request key), or looked for in the
books before another request carries it. Unique names often save an engine that breaks this rule; this
watches the rule itself. Two exceptions, where the name alone protects: a single after a single of the same
record, whose tries are counted by each worker anew; and a request that a worker handed over and that went out
only after another one, that had taken over meanwhile, had asked the books for its name.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from shared.domain.ids import RequestKey, SourceId
from shared.domain.names import name_key
from shared.domain.outcomes import (
    Answered,
    CallOutcome,
    CallRejected,
    EntryUnknown,
    NoTrustworthyAnswer,
)
from shared.domain.runs import PushAction
from shared.providers.base import CallClass, WriteRequest


@dataclass(frozen=True, slots=True)
class _Open:
    key: RequestKey
    name: str
    single: bool
    sender: int


class Unheard:
    """Creates of one company that may have been carried out; `report` is told of broken rules.

    `sender` numbers processes by their birth: one that was born before whoever sent something unheard
    cannot know of it.
    """

    def __init__(self, report: Callable[[str], None], sender: Callable[[], int]) -> None:
        self._report = report
        self._sender = sender
        self._open: dict[SourceId, _Open] = {}
        self._heard: set[tuple[RequestKey, SourceId]] = set()
        self._events = 0
        self._begun: dict[RequestKey, int] = {}
        self._looked: dict[str, int] = {}
        self._listed = 0
        self._refused: set[RequestKey] = set()
        """Requests refused as a whole: what is malformed is so whenever it is sent."""

    def begins(self, request: WriteRequest, now: datetime) -> None:
        """The engine hands a request over; it goes out at once unless the caller is held up."""
        self._events += 1
        self._begun[request.request_key] = self._events

    def sending(self, request: WriteRequest) -> None:
        single = request.call_class is CallClass.SINGLE
        for source_id in _creates(request):
            known = self._open.get(source_id)
            if known is None or known.key == request.request_key:
                continue
            if not (single and known.single) and self._sender() >= known.sender:
                name = known.name
                self._report(f"{source_id} ({name!r}) went out unheard and is sent anew, unread")

    def heard(self, request: WriteRequest, outcome: CallOutcome | None) -> None:
        """None: whoever sent it died."""
        entries = outcome.entries if isinstance(outcome, Answered) else {}
        if isinstance(outcome, CallRejected):
            self._refused.add(request.request_key)
        for source_id in _creates(request):
            unknown = outcome is None or isinstance(outcome, NoTrustworthyAnswer)
            refused = request.request_key in self._refused
            heard = (request.request_key, source_id)
            if refused or heard in self._heard:
                if source_id in self._open and self._open[source_id].key == request.request_key:
                    del self._open[source_id]
            elif self._looked_meanwhile(request, source_id):
                continue
            elif unknown or isinstance(entries.get(source_id), EntryUnknown):
                self._open[source_id] = _Open(
                    request.request_key,
                    _name_of(request, source_id),
                    request.call_class is CallClass.SINGLE,
                    self._sender(),
                )
            elif source_id in entries:
                self._heard.add(heard)
                self._open.pop(source_id, None)

    def looked_for(self, names: Sequence[str]) -> None:
        """The books said what they have under these names."""
        keys = {name_key(name) for name in names}
        self._events += 1
        self._looked |= dict.fromkeys(keys, self._events)
        for source_id, known in list(self._open.items()):
            if name_key(known.name) in keys:
                del self._open[source_id]

    def paid(self, payments: Collection[SourceId], at: datetime) -> None:
        """The books said what they had of these at that instant."""

    def listed(self) -> None:
        """The books said everything they have."""
        self._events += 1
        self._listed = self._events
        self._open.clear()

    def _looked_meanwhile(self, request: WriteRequest, source_id: SourceId) -> bool:
        looked = self._looked.get(name_key(_name_of(request, source_id)), 0)
        return max(looked, self._listed) > self._begun.get(request.request_key, self._events)


def _creates(request: WriteRequest) -> Iterator[SourceId]:
    for (_, source_id), action in zip(request.entries, request.actions, strict=True):
        if action is PushAction.CREATE:
            yield source_id


def _name_of(request: WriteRequest, source_id: SourceId) -> str:
    entries = json.loads(request.body)
    return next(str(e["fields"]["name"]) for e in entries if e["source_id"] == source_id)
