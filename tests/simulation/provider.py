"""The fake books as a session of the suite reaches them: real tokens, real pace, real repeats of reads.

`shared.providers.session` is what is deployed; only the wire below it is replaced, by calls into the
fake books that travel beside an empty HTTP request.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from shared.domain.connections import RemoteCompany
from shared.domain.effects import Chance, Clock
from shared.domain.errors import ConnectionStopped, NeedsReauth, RateLimited, RetryLater
from shared.domain.ids import RecordKind, RemoteId, RequestKey, SourceId
from shared.domain.invoice_fields import PaymentFields
from shared.domain.outcomes import (
    Answered,
    CallOutcome,
    CallStopped,
    GrantDead,
    NoTrustworthyAnswer,
    Throttled,
)
from shared.providers.base import (
    RecordWrite,
    RemoteAccount,
    RemoteMethod,
    RemotePage,
    RemoteRecord,
    RemoteTaxCode,
    TokenSource,
    WriteRequest,
)
from shared.providers.http import HttpAnswer, HttpFailure, HttpRequest
from shared.providers.pacing import Pacer
from shared.providers.session import CallCounter, HttpCall, ProviderSession, TokenRefused
from tests.simulation.tokens import TokenServer
from tests.simulation.unheard import Unheard
from tests.support.fake_books import FakeBooks

T = TypeVar("T")

UNAUTHORISED = 401


class _Wire:
    """Carries calls into the books; 401 for a token that the server does not accept."""

    def __init__(self, books: FakeBooks, server: TokenServer) -> None:
        self._books = books
        self._server = server
        self._calls: dict[str, Callable[[], Any]] = {}
        self._ends: dict[str, Callable[[], Any]] = {}
        self._count = 0

    def add(self, work: Callable[[], Any]) -> str:
        self._count += 1
        url = f"https://books.example/{self._count}"
        self._calls[url] = work
        return url

    def end(self, url: str) -> Any:
        """What the call answered; raises what it raised."""
        return self._ends.pop(url)()

    def exchange(self, request: HttpRequest) -> HttpAnswer | HttpFailure:
        token = request.headers["authorization"].removeprefix("Bearer ")
        if not self._server.accepts(token, self._books.company.remote_company_id):
            return HttpAnswer(UNAUTHORISED, {}, b"")
        try:
            answer = self._calls[request.url]()
        except Exception as error:  # noqa: BLE001 - raised again where it is judged
            raised = error

            def fail() -> Any:
                raise raised

            self._ends[request.url] = fail
        else:
            self._ends[request.url] = lambda: answer
        return HttpAnswer(200, {}, b"")


class SessionBooks:
    """An `AccountingProvider`: what an adapter does, without a wire format of its own."""

    def __init__(
        self,
        books: FakeBooks,
        server: TokenServer,
        tokens: TokenSource,
        pacer: Pacer,
        clock: Clock,
        chance: Chance,
        calls: CallCounter,
        deadline: float,
        note: Callable[[str], None],
        unheard: Unheard,
    ) -> None:
        self.profile = books.profile
        self._books = books
        self._note = note
        self._clock = clock
        self._unheard = unheard
        self._wire = _Wire(books, server)
        self._session = ProviderSession(
            books.profile, tokens, self._wire, pacer, clock, chance, calls, deadline
        )

    def company_info(self) -> RemoteCompany:
        return self._read("company info", self._books.company_info)

    def income_accounts(self) -> Sequence[RemoteAccount]:
        return self._read("accounts", self._books.income_accounts)

    def tax_codes(self) -> Sequence[RemoteTaxCode]:
        return self._read("tax codes", self._books.tax_codes)

    def payment_methods(self) -> Sequence[RemoteMethod]:
        return self._read("payment methods", self._books.payment_methods)

    def deposit_accounts(self) -> Sequence[RemoteAccount]:
        return self._read("deposit accounts", self._books.deposit_accounts)

    def find_payments(
        self, wanted: Mapping[SourceId, PaymentFields]
    ) -> Mapping[SourceId, Sequence[RemoteRecord]]:
        def find() -> Mapping[SourceId, Sequence[RemoteRecord]]:
            found = self._books.find_payments(wanted)
            self._unheard.paid(wanted, self._clock.now())
            return found

        return self._read("payments", find)

    def page_records(self, kind: RecordKind, cursor: str | None) -> RemotePage:
        page = self._read("records", lambda: self._books.page_records(kind, cursor))
        if page.cursor is None:
            self._unheard.listed()
        return page

    def records_by_id(
        self, kind: RecordKind, remote_ids: Sequence[RemoteId]
    ) -> Sequence[RemoteRecord]:
        return self._read("by id", lambda: self._books.records_by_id(kind, remote_ids))

    def records_by_name(self, kind: RecordKind, names: Sequence[str]) -> Sequence[RemoteRecord]:
        rows = self._read("by name", lambda: self._books.records_by_name(kind, names))
        self._unheard.looked_for(names)
        return rows

    def records_by_email(self, kind: RecordKind, emails: Sequence[str]) -> Sequence[RemoteRecord]:
        return self._read("by e-mail", lambda: self._books.records_by_email(kind, emails))

    def write_request(
        self,
        kind: RecordKind,
        writes: Sequence[RecordWrite],
        request_key: RequestKey,
        *,
        single: bool,
    ) -> WriteRequest:
        return self._books.write_request(kind, writes, request_key, single=single)

    def send(self, request: WriteRequest) -> CallOutcome:
        self._unheard.begins(request, self._clock.now())
        outcome = self._sent(request)
        self._note(f"SENT {request.request_key[:6]} {_told(request, outcome)}")
        return outcome

    def _sent(self, request: WriteRequest) -> CallOutcome:
        url = self._wire.add(lambda: self._send_into_books(request))
        call = HttpCall("write", "POST", url, {})
        try:
            answer = self._session.write(call, renewable=lambda _: True)
        except NeedsReauth:
            return GrantDead()
        except ConnectionStopped as stopped:
            return CallStopped(stopped.problem)
        except RateLimited as limited:
            return Throttled(limited.after)
        except RetryLater as later:
            return NoTrustworthyAnswer(str(later))
        if isinstance(answer, HttpAnswer) and answer.status == UNAUTHORISED:
            return GrantDead()
        outcome: CallOutcome = self._wire.end(url)
        return outcome

    def _send_into_books(self, request: WriteRequest) -> CallOutcome:
        self._unheard.sending(request)
        outcome: CallOutcome | None = None
        try:
            outcome = self._books.send(request)
            return outcome
        finally:
            self._unheard.heard(request, outcome)

    def _read(self, what: str, work: Callable[[], T]) -> T:
        url = self._wire.add(work)

        def judge(answer: HttpAnswer) -> T:
            if answer.status == UNAUTHORISED:
                raise TokenRefused(renewable=True)
            read: T = self._wire.end(url)
            return read

        return self._session.read(HttpCall(what, "GET", url, {}), judge)


def _told(request: WriteRequest, outcome: CallOutcome) -> str:
    """An outcome for the trace: what became of each entry."""
    if not isinstance(outcome, Answered):
        return f"{[source_id for _, source_id in request.entries]} {outcome}"
    return " ".join(
        f"{source_id}={type(end).__name__}" for source_id, end in outcome.entries.items()
    )
