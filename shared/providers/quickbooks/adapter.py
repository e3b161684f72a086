"""QuickBooks Online behind the suite's protocol: records, the lists they are mapped to, the company.

Reads are queries in the body of a POST (`query.py`); writes are batches or single records
(`batch.py`). What an answer means is decided in `faults.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date
from functools import partial
from http import HTTPStatus
from typing import Any, Final, ParamSpec, TypeVar
from urllib.parse import quote, urlencode

from shared.domain.connections import RemoteCompany
from shared.domain.customer_plan import CustomerFields, email_key
from shared.domain.errors import (
    ConnectionStopped,
    InvalidCursor,
    NeedsReauth,
    ProviderContractBroken,
    ProviderUnavailable,
    RateLimited,
)
from shared.domain.ids import RecordKind, RemoteCompanyId, RemoteId, RequestKey, SourceId
from shared.domain.invoice_fields import PaymentFields
from shared.domain.names import name_key
from shared.domain.outcomes import (
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
    WriteRequest,
)
from shared.providers.http import HttpAnswer, HttpFailure
from shared.providers.quickbooks import batch, payments, query, wire
from shared.providers.quickbooks.entities import ENTITIES, Entity
from shared.providers.quickbooks.errors import ErrorEntry, described, errors_of, fault_of
from shared.providers.quickbooks.faults import refused_call, renewable, whole_call
from shared.providers.quickbooks.profile import PROFILE
from shared.providers.session import HttpCall, ProviderSession, TokenRefused

P = ParamSpec("P")
T = TypeVar("T")

VALUES_PER_QUERY: Final = 30
"""How long an IN list may be is written nowhere; a batch's worth of names is some kilobytes."""

_READ_HEADERS: Final = {"accept": "application/json"}
_QUERY_HEADERS: Final = {"accept": "application/json", "content-type": "application/text"}
_MINOR_VERSION: Final = urlencode({"minorversion": batch.MINOR_VERSION})


class QuickBooksProvider:
    """`AccountingProvider` of one QuickBooks company. `send` is safe to call from several threads."""

    profile = PROFILE

    def __init__(
        self,
        session: ProviderSession,
        api_url: str,
        remote_company_id: RemoteCompanyId,
        country: str = "",
    ) -> None:
        """`country` of the books (ISO 3166), by which invoices tell tax; empty: unknown."""
        self._session = session
        self._country = country
        self._api_url = api_url.rstrip("/")
        self._remote_company_id = remote_company_id
        self._company_url = self._api_url + batch.company_path(remote_company_id)

    def company_info(self) -> RemoteCompany:
        """Two reads: only the preferences have the home currency (6.7)."""
        info = self._entity("CompanyInfo", f"companyinfo/{quote(self._remote_company_id, safe='')}")
        preferences = self._entity("Preferences", "preferences")
        return self._shaped(
            "CompanyInfo", wire.remote_company, self._remote_company_id, info, preferences
        )

    def income_accounts(self) -> Sequence[RemoteAccount]:
        rows = self._all_rows("Account", query.page_of_income_accounts)
        found = [self._shaped("Account", wire.income_account, row) for row in rows]
        return sorted((account for account in found if account), key=wire.account_order)

    def tax_codes(self) -> Sequence[RemoteTaxCode]:
        rows = self._rows("TaxCode", query.tax_codes())
        found = (self._shaped("TaxCode", wire.tax_code, row) for row in rows)
        return [tax_code for tax_code in found if tax_code]

    def payment_methods(self) -> Sequence[RemoteMethod]:
        rows = self._rows("PaymentMethod", query.payment_methods())
        found = (self._shaped("PaymentMethod", payments.payment_method, row) for row in rows)
        return [method for method in found if method]

    def deposit_accounts(self) -> Sequence[RemoteAccount]:
        rows = self._all_rows("Account", query.page_of_deposit_accounts)
        found = [self._shaped("Account", wire.deposit_account, row) for row in rows]
        return sorted((account for account in found if account), key=wire.deposit_order)

    def find_payments(
        self, wanted: Mapping[SourceId, PaymentFields]
    ) -> Mapping[SourceId, Sequence[RemoteRecord]]:
        """The note cannot be asked for (6.4), so all payments of the customer and day are looked at."""
        entity = ENTITIES[RecordKind.PAYMENT]
        found: dict[SourceId, list[RemoteRecord]] = {}
        days: dict[tuple[RemoteId, date], list[SourceId]] = {}
        for source_id, fields in wanted.items():
            days.setdefault((fields.customer_id, fields.paid_on), []).append(source_id)
        for (customer_id, paid_on), source_ids in days.items():
            statement = partial(query.page_of_payments, customer_id, paid_on)
            for row in self._all_rows(entity.name, statement):
                for source_id in source_ids:
                    if self._shaped(entity.name, payments.carries, row, wanted[source_id].name):
                        found.setdefault(source_id, []).append(self._record(entity, row))
        return {source_id: sorted(rows, key=payments.age_key) for source_id, rows in found.items()}

    def page_records(self, kind: RecordKind, cursor: str | None) -> RemotePage:
        """A cursor is the position of the next row. Inactive rows are fetched and left out here."""
        entity = ENTITIES[kind]
        start = _position(cursor)
        rows = self._rows(
            entity.name, query.page_of(entity.name, start, has_inactive=entity.is_list)
        )
        records = (self._record(entity, row) for row in rows)
        more = len(rows) >= query.PAGE  # 5.1: a short page is the last one
        return RemotePage(
            tuple(record for record in records if record.fields.active),
            str(start + len(rows)) if more else None,
        )

    def records_by_id(
        self, kind: RecordKind, remote_ids: Sequence[RemoteId]
    ) -> Sequence[RemoteRecord]:
        entity = ENTITIES[kind]
        askable = [remote_id for remote_id in remote_ids if query.queryable(remote_id)]
        return [self._record(entity, row) for row in self._rows_among(entity, "Id", askable)]

    def records_by_name(self, kind: RecordKind, names: Sequence[str]) -> Sequence[RemoteRecord]:
        """Inactive ones included. Compared by `name_key`; QuickBooks ignores case too (5.1).

        Where a statement cannot carry one of the names (5.1), or nothing holds the name that could be
        asked for (payments), the whole list is looked through.
        """
        entity = ENTITIES[kind]
        wanted = {name_key(name) for name in names}
        if entity.name_attribute and all(query.queryable(name) for name in names):
            stripped = [name.strip() for name in names]
            rows = self._rows_among(entity, entity.name_attribute, stripped)
        else:
            rows = self._all_rows(
                entity.name, partial(query.page_of, entity.name, has_inactive=entity.is_list)
            )
        found = {one.remote_id: one for one in (self._record(entity, row) for row in rows)}
        return [one for one in found.values() if name_key(one.fields.name) in wanted]

    def records_by_email(self, kind: RecordKind, emails: Sequence[str]) -> Sequence[RemoteRecord]:
        """One query each: that `PrimaryEmailAddr` can be asked for stands in no documentation, but
        several unrelated clients do so, with `=` [uncertain: public code].
        """
        entity = ENTITIES[kind]
        wanted = {email_key(email) for email in emails}
        rows: list[Mapping[str, Any]] = []
        if all(query.queryable(email) for email in wanted):
            for email in sorted(wanted):
                rows += self._rows(
                    entity.name, query.active_with(entity.name, "PrimaryEmailAddr", email)
                )
        else:
            rows += self._all_rows(entity.name, partial(query.page_of, entity.name))
        found = {one.remote_id: one for one in (self._record(entity, row) for row in rows)}
        return [
            one
            for one in found.values()
            if isinstance(one.fields, CustomerFields)
            and one.fields.active
            and email_key(one.fields.email) in wanted
        ]

    def write_request(
        self,
        kind: RecordKind,
        writes: Sequence[RecordWrite],
        request_key: RequestKey,
        *,
        single: bool,
    ) -> WriteRequest:
        return batch.write_request(
            self._remote_company_id,
            kind,
            writes,
            request_key,
            single=single,
            country=self._country,
        )

    def send(self, request: WriteRequest) -> CallOutcome:
        """Raises what the token source raises but `NeedsReauth` and `ConnectionStopped`: not written."""
        call = HttpCall(
            request.call_class.value,
            request.method,
            f"{self._api_url}{request.path}?{urlencode(request.query)}",
            dict(request.headers),
            request.body,
        )
        try:
            answer = self._session.write(call, renewable)
        except NeedsReauth:
            return GrantDead()
        except ConnectionStopped as stopped:
            return CallStopped(stopped.problem)
        if isinstance(answer, HttpFailure):
            return NoTrustworthyAnswer(answer.reason)
        return batch.outcome_of(request, answer)

    def _record(self, entity: Entity, row: Mapping[str, Any]) -> RemoteRecord:
        return self._shaped(entity.name, entity.record, row)

    def _shaped(self, entity: str, build: Callable[P, T], *given: P.args, **named: P.kwargs) -> T:
        try:
            return build(*given, **named)
        except wire.ShapeUnknown as error:
            raise ProviderContractBroken(
                f"{PROFILE.name}: {entity} without a usable {error}", PROFILE.name
            ) from error

    def _entity(self, entity: str, path: str) -> Mapping[str, Any]:
        call = HttpCall(
            f"read {entity}", "GET", f"{self._company_url}/{path}?{_MINOR_VERSION}", _READ_HEADERS
        )
        body = self._session.read(call, lambda answer: self._judged(call, answer))
        row = body.get(entity)
        if not isinstance(row, dict):
            text = self._session.message(call, f"an answer without {entity}")
            raise ProviderContractBroken(text, PROFILE.name)
        return row

    def _all_rows(
        self, entity: str, statement: Callable[[int], str]
    ) -> Iterator[Mapping[str, Any]]:
        start = 1
        while True:
            rows = self._rows(entity, statement(start))
            yield from rows
            if len(rows) < query.PAGE:
                return
            start += len(rows)

    def _rows_among(
        self, entity: Entity, attribute: str, values: Sequence[str]
    ) -> Iterator[Mapping[str, Any]]:
        """Rows whose attribute has one of these values, asked for some at a time."""
        distinct = list(dict.fromkeys(values))
        for start in range(0, len(distinct), VALUES_PER_QUERY):
            some = distinct[start : start + VALUES_PER_QUERY]
            yield from self._rows(
                entity.name,
                query.among(entity.name, attribute, some, has_inactive=entity.is_list),
            )

    def _rows(self, entity: str, statement: str) -> list[Mapping[str, Any]]:
        """5.1: nothing found is an empty `QueryResponse`."""
        call = HttpCall(
            f"query {entity}",
            "POST",
            f"{self._company_url}/query?{_MINOR_VERSION}",
            _QUERY_HEADERS,
            statement.encode("ascii"),
        )
        body = self._session.read(call, lambda answer: self._judged(call, answer))
        response = body.get("QueryResponse")
        rows = response.get(entity, []) if isinstance(response, dict) else None
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            text = self._session.message(call, "an answer without rows")
            raise ProviderContractBroken(text, PROFILE.name)
        return rows

    def _judged(self, call: HttpCall, answer: HttpAnswer) -> dict[str, Any]:
        """The JSON object of a good answer. Raises as `ProviderSession.read` wants it."""
        if answer.status == HTTPStatus.OK:
            try:
                body = wire.decoded(answer.body)
            except ValueError:  # 2.7 e: a page that says "back soon" with 200
                text = self._session.message(call, "no JSON in HTTP 200")
                raise ProviderUnavailable(text) from None
            errors = fault_of(body)
            if errors is None and isinstance(body, dict):
                return body
            outcome = refused_call(answer, errors or (ErrorEntry(0),))
        else:
            errors = errors_of(answer)
            outcome = whole_call(answer)
        raise self._read_error(
            self._session.message(call, described(answer, errors)), outcome, answer
        )

    @staticmethod
    def _read_error(text: str, outcome: CallOutcome, answer: HttpAnswer) -> Exception:
        match outcome:
            case GrantDead():
                return TokenRefused(renewable=renewable(answer))
            case Throttled(after):
                return RateLimited(text, after or 0.0)
            case CallStopped(problem):
                return ConnectionStopped(problem)
            case NoTrustworthyAnswer():
                return ProviderUnavailable(text)
            case _:
                return ProviderContractBroken(text, PROFILE.name)


def _position(cursor: str | None) -> int:
    if cursor is None:
        return 1
    if not (cursor.isascii() and cursor.isdigit() and int(cursor[:12]) > 0 and len(cursor) <= 12):  # noqa: PLR2004 - far beyond any list
        raise InvalidCursor
    return int(cursor)
