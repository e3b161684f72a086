"""The rule that no payment is made twice: what may have been made unheard waits for a look-up.

A payment that went out and was not heard of may go again as it was (same request key). Under another
one it goes only when a look-up found nothing at an instant at which no request with the former key
could be under way any more (`LedgerRow.over_at`). Nothing in the books would stop whoever breaks this.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from shared.domain.ids import RequestKey, SourceId
from shared.domain.outcomes import (
    Answered,
    CallOutcome,
    Done,
    EntryRefused,
    EntryUnknown,
    NoTrustworthyAnswer,
)
from shared.domain.runs import PushAction
from shared.providers.base import WriteRequest
from tests.simulation.unheard import Unheard


@dataclass(slots=True)
class _Out:
    """`under_way` requests with this key of that payment; `unheard`: one of them had no answer."""

    sender: int
    under_way: int = 0
    unheard: bool = False


class PaymentsUnheard(Unheard):
    """`over_at`: by payment and request key, as stored when it was marked. `room`: how long a request
    may be under way that begins now.
    """

    def __init__(self, report: Callable[[str], None], sender: Callable[[], int]) -> None:
        super().__init__(report, sender)
        self._out: dict[SourceId, dict[RequestKey, _Out]] = {}
        self._looked_at: dict[SourceId, datetime] = {}
        self.over_at: dict[tuple[SourceId, RequestKey], datetime] = {}
        self.room = timedelta(0)

    def begins(self, request: WriteRequest, now: datetime) -> None:
        for source_id in _posts(request):
            over_at = self.over_at.get((source_id, request.request_key))
            if over_at is None:
                self._report(f"{source_id} is sent though it was never marked")
            elif now + self.room > over_at:
                self._report(f"{source_id} is sent too late to be over at {over_at:%X}")

    def sending(self, request: WriteRequest) -> None:
        for source_id in _posts(request):
            keys = self._out.setdefault(source_id, {})
            for key, out in keys.items():
                if self._looked_for(source_id, key):
                    continue
                if key != request.request_key and self._sender() >= out.sender:
                    self._report(f"{source_id} went out unheard and is sent under another key")
            out = keys.setdefault(request.request_key, _Out(self._sender()))
            out.under_way += 1

    def heard(self, request: WriteRequest, outcome: CallOutcome | None) -> None:
        entries = outcome.entries if isinstance(outcome, Answered) else {}
        no_answer = outcome is None or isinstance(outcome, NoTrustworthyAnswer)
        for source_id in _posts(request):
            end = entries.get(source_id)
            out = self._out[source_id].get(request.request_key)
            if out is None:
                continue
            out.under_way -= 1
            if isinstance(end, Done | EntryRefused):
                out.unheard = False
            elif no_answer or isinstance(end, EntryUnknown):
                out.unheard = True
            # Busy, stale, throttled and the like say of that try alone that it was not carried out.
            self._forget(source_id, request.request_key)

    def paid(self, payments: Collection[SourceId], at: datetime) -> None:
        for source_id in payments:
            self._looked_at[source_id] = at

    def _looked_for(self, source_id: SourceId, key: RequestKey) -> bool:
        """Whether it was, when no request with that key could be under way; one that is all the same is
        of a machine that froze on its way to the wire, or late by the provider's doing.
        """
        looked_at = self._looked_at.get(source_id)
        return looked_at is not None and self.over_at[source_id, key] <= looked_at

    def _forget(self, source_id: SourceId, key: RequestKey) -> None:
        out = self._out[source_id][key]
        if not out.unheard and out.under_way == 0:
            del self._out[source_id][key]


def _posts(request: WriteRequest) -> Iterator[SourceId]:
    for (_, source_id), action in zip(request.entries, request.actions, strict=True):
        if action is PushAction.CREATE:
            yield source_id
