"""How one call goes through a provider: journal, fault, wait, commit, answer.

The provider gives the parts that differ: what the call does (``commit``) and how its gateway words a
failure (``Wording``). Everything here holds for any provider.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from sandbox.alarms import Alarms
from sandbox.delivery import (
    HTML,
    JSON,
    XML,
    Answer,
    CutOff,
    Delivery,
    Nothing,
    Padded,
    Trickle,
    Whole,
    Wire,
)
from sandbox.faults import Fault, FaultPlan, Strike, Subject
from sandbox.journal import Entry, Journal


class Wording(Protocol):
    """How a provider's gateway says what its API never sees."""

    def unauthorized(self, fault: Fault) -> Answer: ...

    def forbidden(self, fault: Fault) -> Answer: ...

    def throttled(self, fault: Fault) -> Answer: ...

    def internal_error(self, fault: Fault) -> Answer: ...

    def gateway_timeout(self, fault: Fault) -> Answer: ...

    def refused_whole(self, fault: Fault) -> Answer: ...


@dataclass(frozen=True)
class Work:
    """One call's effect. ``commit`` is given the strike, because some faults change single entries.

    ``postpone`` is told that the effect is put off, and gives what is called when its time comes; without
    it that is ``commit``.
    """

    commit: Callable[[Strike | None], Answer]
    milliseconds: int
    postpone: Callable[[Strike], Callable[[], None]] | None = None

    def put_off(self, strike: Strike) -> Callable[[], None]:
        if self.postpone is not None:
            return self.postpone(strike)

        def take_up() -> None:
            self.commit(strike)

        return take_up


class Pipeline:
    def __init__(self, journal: Journal, faults: FaultPlan, alarms: Alarms) -> None:
        self._journal = journal
        self._faults = faults
        self._alarms = alarms

    async def run(
        self, wire: Wire, entry: Entry, subject: Subject, work: Work, wording: Wording
    ) -> None:
        """Hold the call for its latency, let it take effect, answer; or go wrong as the plan says."""
        strike = self._faults.strike(subject)
        if strike is not None:
            entry.fault = strike.fault.type
            self._journal.count_fault(subject.realm, strike.fault.type)
        await asyncio.sleep(work.milliseconds / 1000)
        if strike is None:
            await self.deliver(wire, entry, work.commit(None), Whole())
            return
        await self._strike(wire, entry, strike, work, wording)

    async def deliver(self, wire: Wire, entry: Entry, answer: Answer, how: Delivery) -> None:
        if not isinstance(how, Nothing):
            entry.status = answer.status
        await wire.deliver(answer, how)

    async def _strike(
        self, wire: Wire, entry: Entry, strike: Strike, work: Work, wording: Wording
    ) -> None:
        fault = strike.fault
        if fault.type == "hang" and fault.when == "beforeCommit":
            await asyncio.sleep(fault.seconds)
        answer: Answer | None = None
        if fault.commits == "yes":
            answer = work.commit(strike)
        elif fault.commits == "late":
            self._alarms.after(fault.late_seconds, work.put_off(strike))
        if fault.type == "hang" and fault.when == "afterCommit":
            await asyncio.sleep(fault.seconds)
        shown, how = _outcome(fault, answer, wording)
        await self.deliver(wire, entry, shown, how)


def _outcome(fault: Fault, answer: Answer | None, wording: Wording) -> tuple[Answer, Delivery]:
    """What the caller gets instead of ``answer`` (None: nothing was committed, or not yet)."""
    real = answer or Answer(200, b"{}", JSON)
    if fault.type in _WORDED:
        return _WORDED[fault.type](wording, fault), Whole()
    if fault.type in _REPLACED:
        return _REPLACED[fault.type](fault), Whole()
    if fault.type in _DELIVERED:
        return _DELIVERED[fault.type](real, fault)
    return real, Whole()


def _truncated(real: Answer, fault: Fault) -> tuple[Answer, Delivery]:
    """Cut: fewer bytes than promised, then the end of the connection. Short: half a JSON, in good order."""
    if fault.how == "cut":
        return real, CutOff(fault.reset)
    return Answer(
        real.status, real.body[: len(real.body) // 2], real.media_type, real.headers
    ), Whole()


def _hanging(real: Answer, fault: Fault) -> tuple[Answer, Delivery]:
    return real, Nothing(fault.reset) if fault.then == "close" else Whole()


def throttle_body(fault_format: str, as_json: Answer, as_xml: Answer) -> Answer:
    """The body of a refusal for its rate, in the format that a rule asks for."""
    match fault_format:
        case "xml":
            return as_xml
        case "html":
            return Answer(as_json.status, _HTML_ERROR, HTML, as_json.headers)
        case "empty":
            return Answer(as_json.status, b"", XML, as_json.headers)
    return as_json


_HTML_ERROR = (
    b"<html><head><title>503 Service Temporarily Unavailable</title></head><body><center><h1>"
    b"Service Temporarily Unavailable</h1></center><hr></body></html>"
)
_HTML_MAINTENANCE = (
    b"<!DOCTYPE html><html><head><title>We'll be back soon</title></head><body><h1>We'll be back soon!</h1>"
    b"<p>The service is down for scheduled maintenance.</p></body></html>"
)

_WORDED: dict[str, Callable[[Wording, Fault], Answer]] = {
    "xml504": lambda wording, fault: wording.gateway_timeout(fault),
    "gateway500": lambda wording, fault: wording.internal_error(fault),
    "unauthorized401": lambda wording, fault: wording.unauthorized(fault),
    "forbidden403": lambda wording, fault: wording.forbidden(fault),
    "throttle429": lambda wording, fault: wording.throttled(fault),
    "batch400": lambda wording, fault: wording.refused_whole(fault),
}
_REPLACED: dict[str, Callable[[Fault], Answer]] = {
    "html500": lambda fault: Answer(fault.status or 500, _HTML_ERROR, HTML),
    "html200": lambda fault: Answer(fault.status or 200, _HTML_MAINTENANCE, HTML),
    "redirect302": lambda fault: Answer(302, b"", HTML, (("location", fault.location),)),
    "emptyBody": lambda fault: Answer(fault.status or 200, b"", JSON),
}
_DELIVERED: dict[str, Callable[[Answer, Fault], tuple[Answer, Delivery]]] = {
    "truncatedJson": _truncated,
    "hugeBody": lambda real, fault: (real, Padded(fault.megabytes)),
    "slowTrickle": lambda real, fault: (real, Trickle(fault.seconds)),
    "closedAfterCommit": lambda real, fault: (real, Nothing(fault.reset)),
    "closedBeforeCommit": lambda real, fault: (real, Nothing(fault.reset)),
    "hang": _hanging,
}
