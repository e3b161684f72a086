"""Reading: statements, paging and shapes, over scripted answers."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from shared.domain.errors import (
    ConnectionStopped,
    InvalidCursor,
    NeedsReauth,
    ProviderContractBroken,
    ProviderUnavailable,
    RateLimited,
    RetryLater,
)
from shared.domain.ids import RecordKind, RemoteCompanyId, RemoteId, RequestKey
from shared.domain.outcomes import CallStopped, GrantDead, NoTrustworthyAnswer
from shared.domain.runs import Problem
from shared.providers.base import RemoteTaxCode
from shared.providers.http import HttpAnswer
from shared.providers.quickbooks.adapter import QuickBooksProvider
from shared.providers.quickbooks.profile import NAME, PROFILE
from shared.providers.session import CallCounter, ProviderSession
from tests.support.effects import SeededChance, VirtualClock
from tests.unit.providers.quickbooks.payloads import (
    ACCOUNT,
    HTML,
    TOKEN,
    fault,
    gateway,
    item,
    rows,
    xml,
)
from tests.unit.providers.quickbooks.test_requests import create
from tests.unit.providers.scripted import (
    TIMEOUT,
    CountingTokens,
    Reply,
    ScriptedTransport,
    replied,
)

INFO = {"CompanyInfo": {"CompanyName": "Cedar Ridge", "Country": "US", "Id": "1", "SyncToken": "4"}}
PREFERENCES = {"Preferences": {"CurrencyPrefs": {"HomeCurrency": {"value": "USD"}}, "TaxPrefs": {}}}


def opened(
    *replies: Reply, tokens: CountingTokens | None = None
) -> tuple[QuickBooksProvider, ScriptedTransport]:
    transport = ScriptedTransport(*replies)
    session = ProviderSession(
        PROFILE,
        tokens or CountingTokens(),
        transport,
        None,
        VirtualClock(),
        SeededChance(),
        CallCounter(),
        10.0,
    )
    return QuickBooksProvider(session, "http://books/", RemoteCompanyId("123")), transport


def statements(transport: ScriptedTransport) -> list[str]:
    return [request.body.decode() for request in transport.requests]


def test_company_info_takes_the_home_currency_from_the_preferences() -> None:
    provider, transport = opened(replied(INFO), replied(PREFERENCES))
    company = provider.company_info()
    assert (company.remote_company_id, company.name) == ("123", "Cedar Ridge")
    assert (company.home_currency, company.country) == ("USD", "US")
    assert [(r.method, r.url) for r in transport.requests] == [
        ("GET", "http://books/v3/company/123/companyinfo/123?minorversion=75"),
        ("GET", "http://books/v3/company/123/preferences?minorversion=75"),
    ]


@pytest.mark.parametrize(
    ("info", "preferences"),
    [
        (INFO, {"Preferences": {}}),
        (INFO, {"Preferences": {"CurrencyPrefs": {"HomeCurrency": {"value": "dollars"}}}}),
        (INFO, {}),
        ({"CompanyInfo": {"CompanyName": 7.5}}, PREFERENCES),
        ({"CompanyInfo": {}}, PREFERENCES),
    ],
)
def test_a_company_without_name_or_currency_is_not_guessed(
    info: object, preferences: object
) -> None:
    provider, _ = opened(replied(info), replied(preferences))
    with pytest.raises(ProviderContractBroken):
        provider.company_info()


def test_income_accounts_are_active_of_the_type_and_the_preferred_come_first() -> None:
    def account(number: str, **more: object) -> dict[str, Any]:
        return {**ACCOUNT, "Id": number, "FullyQualifiedName": f"A{number}", **more}

    provider, transport = opened(
        replied(
            rows(
                "Account",
                account("4", AccountSubType="OtherPrimaryIncome"),
                account("3", AccountSubType="ServiceFeeIncome", AcctNum="400"),
                account("2"),
                account("5", AccountType="Other Income"),
                account("6", Active=False),
            )
        )
    )
    found = provider.income_accounts()
    assert [one.remote_id for one in found] == ["2", "3", "4"]
    assert (found[1].name, found[1].number, found[1].currency) == ("A3", "400", "USD")
    assert "AccountType = 'Income'" in statements(transport)[0]


def test_tax_codes_are_the_active_ones_words_for_ids_included() -> None:
    provider, transport = opened(
        replied(
            rows(
                "TaxCode",
                {"Id": "NON", "Name": "NON", "Taxable": False, "Active": True},
                {"Id": "2", "Name": "California", "Description": "State tax", "Taxable": True},
                {"Id": "3", "Name": "Closed", "Active": False},
            )
        )
    )
    assert provider.tax_codes() == [
        RemoteTaxCode(RemoteId("NON"), "NON", "", taxable=False),
        RemoteTaxCode(RemoteId("2"), "California", "State tax", taxable=True),
    ]
    assert statements(transport) == ["select * from TaxCode maxresults 1000"]


def test_a_tax_code_without_a_name_is_an_answer_we_do_not_know() -> None:
    provider, _ = opened(replied(rows("TaxCode", {"Id": "2"})))
    with pytest.raises(ProviderContractBroken):
        provider.tax_codes()


def test_a_statement_travels_in_the_body_so_that_no_name_stands_in_an_address() -> None:
    provider, transport = opened(replied(rows("Item")))
    assert provider.records_by_name(RecordKind.ITEM, ["O'Brien & Sons"]) == []
    (request,) = transport.requests
    assert request.method == "POST"
    assert request.url == "http://books/v3/company/123/query?minorversion=75"
    assert request.headers["content-type"] == "application/text"
    assert r"Name in ('O\'Brien & Sons')" in request.body.decode()


def test_items_are_read_whatever_is_missing() -> None:
    bare = {"Id": 7, "SyncToken": 0, "Name": "Bare", "Type": "Category"}
    full = item("Full", "8", UnitPrice=12.30, Sku="S", Description="D", Active=False)
    text_price = item("Text", "9", UnitPrice="0.10", IncomeAccountRef=None)
    provider, _ = opened(replied(rows("Item", bare, full, text_price)))
    first, second, third = provider.records_by_id(
        RecordKind.ITEM, [RemoteId("7"), RemoteId("8"), RemoteId("9")]
    )
    assert (first.remote_id, first.remote_version, first.linkable) == ("7", "0", False)
    assert (first.fields.unit_price, first.fields.active) == (0, True)
    assert second.fields.unit_price == Decimal("12.3")
    assert (second.fields.code, second.fields.active, second.linkable) == ("S", False, True)
    assert third.fields.unit_price == Decimal("0.10")
    assert third.fields.income_account_id == ""


def test_prices_are_read_to_the_last_digit() -> None:
    row = b'{"Id":"1","SyncToken":"0","Name":"x","UnitPrice":0.12345678901234567890}'
    body = b'{"QueryResponse":{"Item":[' + row + b"]}}"
    provider, _ = opened(replied(body))
    (read,) = provider.page_records(RecordKind.ITEM, None).rows
    assert read.fields.unit_price == Decimal("0.12345678901234567890")


def test_pages_go_on_while_they_are_full() -> None:
    full = [item(f"I{n}", str(n), Active=n != 5) for n in range(1, 1001)]
    provider, transport = opened(
        replied(rows("Item", *full)), replied(rows("Item", item("L", "2000")))
    )
    first = provider.page_records(RecordKind.ITEM, None)
    assert len(first.rows) == 999
    assert first.cursor == "1001"
    last = provider.page_records(RecordKind.ITEM, first.cursor)
    assert [row.remote_id for row in last.rows] == ["2000"]
    assert last.cursor is None
    assert "startposition 1 maxresults 1000" in statements(transport)[0]
    assert "startposition 1001 maxresults 1000" in statements(transport)[1]


@pytest.mark.parametrize("cursor", ["", "0", "-1", "abc", "1; drop", "٣", "9" * 13])
def test_a_cursor_that_is_not_ours_is_refused(cursor: str) -> None:
    provider, transport = opened(replied(rows("Item")))
    with pytest.raises(InvalidCursor):
        provider.page_records(RecordKind.ITEM, cursor)
    assert transport.requests == []


def test_names_that_cannot_be_asked_for_are_looked_for_in_the_list() -> None:
    listed = [item("Größe", "1"), item("GRÖSSE", "2"), item("Elbow", "3"), item("Other", "4")]
    provider, transport = opened(replied(rows("Item", *listed)))
    found = provider.records_by_name(RecordKind.ITEM, ["größe", "elbow"])
    assert [row.remote_id for row in found] == ["1", "2", "3"]
    assert "Name in" not in statements(transport)[0]


def test_an_id_that_is_none_of_theirs_is_not_asked_for() -> None:
    provider, transport = opened(replied(rows("Item")))
    assert provider.records_by_id(RecordKind.ITEM, [RemoteId("é")]) == []
    assert transport.requests == []


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (replied(gateway("003100"), 403), ConnectionStopped),
        (replied(fault(6190), 400), ConnectionStopped),
        (replied(fault(5020), 403), ConnectionStopped),
        (replied(gateway("120"), 401), NeedsReauth),
        (replied(gateway("3200", f"Token expired: {TOKEN}"), 401), NeedsReauth),
        (replied(gateway("130"), 401), ProviderUnavailable),
        (replied(xml("3001"), 403), RateLimited),
        (replied(b"", 429), RateLimited),
        (replied(HTML, 200), ProviderUnavailable),
        (replied(HTML, 503), ProviderUnavailable),
        (replied(fault(150), 400), ProviderUnavailable),
        (replied(fault(10000), 200), ProviderUnavailable),
        (TIMEOUT, ProviderUnavailable),
        (replied(fault(4000), 400), ProviderContractBroken),
        (replied(fault(4001), 200), ProviderContractBroken),
        (replied([]), ProviderContractBroken),
        (replied({}), ProviderContractBroken),
        (replied({"QueryResponse": {"Item": {}}}), ProviderContractBroken),
        (replied({"QueryResponse": {"Item": [7]}}), ProviderContractBroken),
        (replied(rows("Item", {"Id": "1"})), ProviderContractBroken),
        (replied(rows("Item", item("x", "1", UnitPrice=[]))), ProviderContractBroken),
        (
            replied(
                b'{"QueryResponse":{"Item":[{"Id":"1","SyncToken":"0","Name":"x","UnitPrice":1e999}]}}'
            ),
            ProviderContractBroken,
        ),
    ],
)
def test_what_a_read_raises(answer: Reply, error: type[Exception]) -> None:
    provider, _ = opened(answer)
    with pytest.raises(error) as raised:
        provider.page_records(RecordKind.ITEM, None)
    assert TOKEN not in str(raised.value)


def test_a_failure_names_status_codes_and_the_id_support_asks_for() -> None:
    for header in ("intuit_tid", "intuit-tid"):
        answer = HttpAnswer(
            500, {header: "1-5f72e2c3-77"}, b'{"fault":{"error":[{"code":"3100"}]}}'
        )
        provider, _ = opened(answer)
        with pytest.raises(ProviderUnavailable) as raised:
            provider.page_records(RecordKind.ITEM, None)
        assert str(raised.value) == (
            "quickbooks: query Item: HTTP 500, codes 3100, request id 1-5f72e2c3-77"
        )


def test_sending_says_what_the_tokens_say_as_an_outcome() -> None:
    class Gone(CountingTokens):
        def access_token(self) -> tuple[str, int]:
            raise NeedsReauth(NAME)

    class Disconnected(CountingTokens):
        def access_token(self) -> tuple[str, int]:
            raise ConnectionStopped(Problem("NOT_CONNECTED", "x"))

    class Later(CountingTokens):
        def access_token(self) -> tuple[str, int]:
            raise RetryLater("renewing")

    def sent(tokens: CountingTokens) -> object:
        provider, _ = opened(replied({}), tokens=tokens)
        return provider.send(
            provider.write_request(RecordKind.ITEM, [create()], RequestKey("k" * 32), single=False)
        )

    assert sent(Gone()) == GrantDead()
    assert isinstance(sent(Disconnected()), CallStopped)
    with pytest.raises(RetryLater):
        sent(Later())


def test_a_call_without_an_answer_is_not_trustworthy() -> None:
    provider, transport = opened(TIMEOUT)
    request = provider.write_request(
        RecordKind.ITEM, [create()], RequestKey("k" * 32), single=False
    )
    assert provider.send(request) == NoTrustworthyAnswer("ReadTimeout")
    (sent,) = transport.requests
    assert sent.url == f"http://books/v3/company/123/batch?requestid={'k' * 32}&minorversion=75"
    assert sent.body == request.body
