"""The Accounting API below ``/v3/company/{realm}``: who may call, how often, and what each path does."""

import hashlib
import secrets
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from http import HTTPStatus

from starlette.requests import Request
from starlette.types import Receive, Scope, Send

from sandbox.delivery import Answer, Whole, Wire
from sandbox.faults import Strike, Subject
from sandbox.forms import bearer_token
from sandbox.journal import Entry
from sandbox.jsontext import InvalidJson, Json, Raw, loads
from sandbox.pipeline import Work
from sandbox.quickbooks import query, refusals
from sandbox.quickbooks.batch import (
    Batch,
    BatchEntry,
    lists_written,
    memory_keys,
    read_entries,
)
from sandbox.quickbooks.companies import Company
from sandbox.quickbooks.entities import KINDS_BY_PATH
from sandbox.quickbooks.entities.kind import EntityKind
from sandbox.quickbooks.envelopes import Envelope
from sandbox.quickbooks.grants import ACCOUNTING_SCOPE, Grant
from sandbox.quickbooks.memory import LONGEST
from sandbox.quickbooks.refusals import Refusal
from sandbox.quickbooks.state import QuickBooksState
from sandbox.quickbooks.wording import QuickBooksWording, planted_refusal
from sandbox.quickbooks.writing import Writer
from sandbox.throttle import Limit

_MINUTE = 60


@dataclass(frozen=True)
class Call:
    """One request as the API reads it."""

    request: Request
    realm: str
    path: tuple[str, ...]
    kind: str
    body: bytes
    request_id: str | None
    envelope: Envelope
    wording: QuickBooksWording


@dataclass(frozen=True)
class _Prepared:
    """The entries of a batch, or the one of a single write; or what makes the request unusable."""

    entries: tuple[BatchEntry, ...]
    refusal: Refusal | None = None


class CompanyEndpoint:
    """The one ASGI endpoint for everything below a company."""

    def __init__(self, state: QuickBooksState) -> None:
        self._state = state

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        wire = Wire(scope, receive, send, _response_headers())
        request = Request(scope)
        call = self._read(request, await wire.read_body())
        state = self._state
        with state.journal.recording(
            call.kind, request.method, request.url.path, call.realm
        ) as entry:
            entry.request_id = call.request_id
            entry.body_sha256 = hashlib.sha256(call.body).hexdigest()
            admitted = self._admit(call)
            if isinstance(admitted, Answer):
                entry.throttled = admitted.status == HTTPStatus.TOO_MANY_REQUESTS
                await state.pipeline.deliver(wire, entry, admitted, Whole())
                return
            place, throttle = _place(admitted), state.throttle
            if not throttle.enter(place, self._most_in_flight()):
                entry.throttled = True
                await state.pipeline.deliver(wire, entry, self._throttled(call, 1.0), Whole())
                return
            try:
                await self._run(wire, entry, call, admitted)
            finally:
                throttle.leave(place)

    def _read(self, request: Request, body: bytes) -> Call:
        realm, *path = request.path_params["rest"].split("/")
        accept = request.headers.get("accept", "")
        return Call(
            request=request,
            realm=realm,
            path=tuple(path),
            kind=_kind(request.method, path),
            body=body,
            request_id=request.query_params.get("requestid"),
            envelope=Envelope(accept, self._state.clock.now()),
            wording=QuickBooksWording(self._state, accept, bearer_token(request.headers)),
        )

    def _admit(self, call: Call) -> Grant | Answer:
        """The grant behind the call, or the gateway's refusal: 401, 403, 429."""
        state, now = self._state, self._state.clock.seconds()
        text = bearer_token(call.request.headers)
        known = state.grants.bearer(text)
        if known is None:
            return call.wording.unauthorized(detail="Token invalid" if text else "Token missing")
        token, grant = known
        if grant.revoked:
            return call.wording.unauthorized(detail=f"Token revoked: {text}")
        if token.expires <= now:
            return call.wording.unauthorized()
        if (
            grant.realm != call.realm
            or call.realm not in state.companies
            or ACCOUNTING_SCOPE not in grant.scopes
        ):
            return call.wording.forbidden()
        if state.settings.throttle != "off":
            wait = state.throttle.wait(
                self._limits(call, grant),
                now,
                state.settings.throttle,
                count_refused=state.settings.refused_calls_count,
            )
            if wait > 0:
                return self._throttled(call, wait)
        return grant

    def _limits(self, call: Call, grant: Grant) -> list[Limit]:
        most, pair = self._state.settings.limits, _place(grant)
        limits = [
            Limit(f"calls {pair}", most.per_second, 1),
            Limit(f"calls {grant.realm}", most.per_minute, _MINUTE),
        ]
        if call.kind == "batch":
            limits.append(Limit(f"batches {pair}", most.batches_per_minute, _MINUTE))
            limits.append(
                Limit(f"batches {grant.realm}", most.batches_per_minute_per_company, _MINUTE)
            )
        return limits

    def _most_in_flight(self) -> int | None:
        settings = self._state.settings
        return None if settings.throttle == "off" else settings.limits.in_flight

    def _throttled(self, call: Call, wait: float) -> Answer:
        return call.wording.throttled(
            wait_seconds=wait if self._state.settings.retry_after_header else None
        )

    async def _run(self, wire: Wire, entry: Entry, call: Call, grant: Grant) -> None:
        state = self._state
        company = state.companies[call.realm]
        milliseconds: int = getattr(state.settings.latency, call.kind)
        try:
            prepared = self._prepare(call)
        except Refusal as refusal:
            prepared = _Prepared((), refusal)
        entry.entries = len(prepared.entries) if call.kind == "batch" else 0
        entry.names = tuple(one.name for one in prepared.entries)
        with ExitStack() as held:
            busy = held.enter_context(company.writing_to_lists(self._lists(call, prepared)))

            def writer(*, late: bool = False) -> Writer:
                return Writer(
                    company,
                    state.settings,
                    state.clock.now(),
                    state.journal,
                    entry,
                    grant.client_id,
                    late=late,
                )

            def commit(strike: Strike | None, by: Writer | None = None) -> Answer:
                try:
                    return self._execute(call, prepared, company, by or writer(), busy, strike)
                except Refusal as refusal:
                    return call.envelope.refused(refusal)

            def postpone(strike: Strike) -> Callable[[], None]:
                keys = memory_keys(prepared.entries, call.request_id)
                writer().postpone(keys)

                def take_up() -> None:
                    by = writer(late=True)
                    by.take_up(keys)
                    commit(strike, by)

                return take_up

            work = Work(commit, milliseconds, postpone)
            await state.pipeline.run(wire, entry, _subject(call, prepared), work, call.wording)

    def _lists(self, call: Call, prepared: _Prepared) -> frozenset[str]:
        """The name lists that the call holds against others while it runs."""
        settings = self._state.settings
        collides = settings.collisions and (
            call.kind == "batch" or (call.kind == "write" and settings.single_writes_collide)
        )
        return lists_written(list(prepared.entries)) if collides else frozenset()

    def _prepare(self, call: Call) -> _Prepared:
        """Everything that can be told from the request alone. Raises ``Refusal``."""
        if call.request_id is not None and not 1 <= len(call.request_id) <= LONGEST:
            raise refusals.bad_request_id()
        try:
            text = call.body.decode()
        except UnicodeDecodeError:
            raise refusals.not_utf8() from None
        if call.kind == "batch":
            return _Prepared(tuple(read_entries(_json_body(call, text), self._state.settings)))
        if call.kind == "write":
            kind = KINDS_BY_PATH.get(call.path[0]) if len(call.path) == 1 else None
            if kind is None:
                raise refusals.unsupported("/".join(call.path))
            return _Prepared((_single_entry(call, kind, _json_body(call, text)),))
        return _Prepared(())

    def _execute(
        self,
        call: Call,
        prepared: _Prepared,
        company: Company,
        writer: Writer,
        busy: frozenset[str],
        strike: Strike | None,
    ) -> Answer:
        if prepared.refusal is not None:
            raise prepared.refusal
        match call.kind:
            case "batch":
                batch = Batch(company, writer, self._state.settings, self._state.clock.now())
                return call.envelope.success(
                    batch.answer(list(prepared.entries), call.request_id, busy, strike)
                )
            case "write":
                return self._write(call, prepared.entries[0], writer, busy, strike)
            case "query":
                return self._query(call, company)
        return self._get(call, company)

    def _write(
        self,
        call: Call,
        entry: BatchEntry,
        writer: Writer,
        busy: frozenset[str],
        strike: Strike | None,
    ) -> Answer:
        kind = entry.kind
        body = entry.body[kind.name] if kind is not None else None
        if kind is None or not isinstance(body, dict):
            raise refusals.invalid_property("The body must be a JSON object")

        def write() -> tuple[str, Raw]:
            if strike is not None and strike.fault.type == "entryFault":
                raise planted_refusal(strike.fault, "6000")
            if kind.name in busy:
                raise refusals.list_busy()
            return writer.write(kind, entry.operation, entry.options, body)

        name, text = writer.once(call.request_id, write)
        answer = call.envelope.success({name: text})
        return answer if name != "Fault" else Answer(400, answer.body, answer.media_type)

    def _query(self, call: Call, company: Company) -> Answer:
        if call.request.method == "POST":
            if _media_type(call) != "application/text":
                raise refusals.unsupported(f"query as {_media_type(call) or 'nothing'}")
            text = call.body.decode()
        else:
            text = call.request.query_params.get("query", "")
        statement = query.parse(text, self._state.settings)
        found = query.answer(statement, company, self._state.settings, self._state.clock.now())
        return call.envelope.success({"QueryResponse": found})

    def _get(self, call: Call, company: Company) -> Answer:
        if call.request.method == "GET":
            match call.path:
                case ("companyinfo", one) if one in (call.realm, "1"):
                    return call.envelope.success({"CompanyInfo": company.company_info().wire})
                case ("preferences",):
                    return call.envelope.success({"Preferences": company.shown_preferences().wire})
                case (path, row_id) if path in KINDS_BY_PATH:
                    return self._get_one(call, company, KINDS_BY_PATH[path].name, row_id)
        raise refusals.unsupported("/".join(call.path))

    def _get_one(self, call: Call, company: Company, entity: str, row_id: str) -> Answer:
        if not row_id.isdecimal():
            raise refusals.bad_id("Id", row_id)
        row = company.table(entity).get(row_id)
        if row is None or (not row.active and self._state.settings.inactive_reads == "610"):
            raise refusals.not_found()
        return call.envelope.success({entity: row.wire})


def _kind(method: str, path: list[str]) -> str:
    if path == ["query"]:
        return "query"
    if method == "POST":
        return "batch" if path == ["batch"] else "write"
    return "read"


def _subject(call: Call, prepared: _Prepared) -> Subject:
    url = f"{call.request.url.path}?{call.request.url.query}"
    identity = f"{call.realm} {call.request_id}"
    if call.request_id is None:
        identity = f"{call.request.method} {url} {hashlib.sha256(call.body).hexdigest()}"
    return Subject(
        kind=call.kind,
        realm=call.realm,
        path=url,
        identity=identity,
        body=call.body.decode("utf-8", "replace"),
        entries=[(one.b_id, one.name) for one in prepared.entries],
    )


def _single_entry(call: Call, kind: EntityKind, body: Json) -> BatchEntry:
    """A single write as an entry: without ``operation`` an ``Id`` tells an update from a create."""
    asked = call.request.query_params
    operation = asked.get("operation", "update")
    if operation == "update" and not (isinstance(body, dict) and body.get("Id")):
        operation = "create"
    return BatchEntry(
        "",
        {kind.name: body, "operation": operation, "optionsData": asked.get("include", "")},
    )


def _json_body(call: Call, text: str) -> Json:
    if _media_type(call) != "application/json":
        raise refusals.unsupported(f"{'/'.join(call.path)} as {_media_type(call) or 'nothing'}")
    try:
        return loads(text)
    except InvalidJson as error:
        raise refusals.invalid_property(f"Invalid JSON: {error}") from None


def _media_type(call: Call) -> str:
    return call.request.headers.get("content-type", "").partition(";")[0].strip().lower()


def _place(grant: Grant) -> str:
    """A company and an app: what most limits are counted by."""
    return f"{grant.realm} {grant.client_id}"


def _response_headers() -> list[tuple[str, str]]:
    return [
        ("intuit_tid", f"1-{secrets.token_hex(4)}-{secrets.token_hex(12)}"),
        ("QBO-Version", "1999.146"),
    ]
