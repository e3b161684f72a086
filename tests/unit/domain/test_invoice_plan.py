"""What an invoice is in the books, when it is known again, and what moves it."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from shared.domain.due import Dependency
from shared.domain.ids import RecordKind, RemoteId, RemoteVersion, RunId, SourceId
from shared.domain.invoice_plan import InvoiceTerms, LineLink, LinkedInvoice
from shared.domain.invoice_rules import InvoiceRules
from shared.domain.invoices import InvoiceLine, InvoiceStatus
from shared.domain.names import NameRules
from shared.domain.record_plan import at_rest, changed_fields, linked_after_write
from shared.domain.totals import TotalRules

RULES = InvoiceRules(
    numbers=NameRules(21, frozenset("\t"), unique=True),
    max_lines=5,
    max_line_description=10,
    max_memo=10,
    max_amount=Decimal(1000),
    max_payment_number=21,
    max_note=100,
    totals=TotalRules(),
    marks_tax_in=frozenset({"US"}),
    request_limit=timedelta(seconds=120),
)
TERMS = InvoiceTerms(RULES, "QuickBooks", country="US")
BRITISH = replace(TERMS, country="GB", default_tax_code_id="20")
LINES = (
    InvoiceLine(
        SourceId("i1"), "Pipe, copper, 22 mm", Decimal(2), Decimal(50), tax_percent=Decimal(10)
    ),
    InvoiceLine(SourceId(""), "Thank you"),
)


def invoice(**changes: Any) -> LinkedInvoice:
    given: dict[str, Any] = {
        "source_id": SourceId("7"),
        "number": "1042",
        "customer_id": SourceId("c1"),
        "status": InvoiceStatus.SENT,
        "currency": "USD",
        "issued_on": date(2026, 11, 2),
        "lines": LINES,
        "version": 1,
        "customer_remote_id": RemoteId("r-c1"),
        "line_links": (LineLink(RemoteId("r-i1"), "own"), LineLink()),
    }
    return LinkedInvoice(**{**given, **changes})


def link(
    terms: InvoiceTerms = TERMS, answered: dict[str, Any] | None = None, **changes: Any
) -> Any:
    record = invoice(**changes)
    sent = terms.desired(record, record.number)
    return linked_after_write(
        None,
        record=record,
        sent=sent,
        answered=replace(sent, **(answered or {})),
        remote_id=RemoteId("r-7"),
        remote_version=RemoteVersion("0"),
        terms=terms,
        run_id=RunId("run-1"),
    )


def test_texts_are_cut_and_lines_of_text_have_no_amount() -> None:
    fields = TERMS.desired(invoice(memo="By the garden gate"), "1042")
    assert (fields.memo, fields.lines[0].description) == ("By the ga…", "Pipe, cop…")
    assert (fields.lines[1].item_id, fields.lines[1].amount) == ("", 0)


def test_where_lines_are_only_marked_no_code_is_sent_elsewhere_the_items_own_before_the_default() -> (
    None
):
    (marked, _), (coded, text) = (terms.desired(invoice(), "1").lines for terms in (TERMS, BRITISH))
    assert (marked.tax_code_id, marked.taxed) == ("", True)
    assert (coded.tax_code_id, text.tax_code_id) == ("own", "")
    unmapped = invoice(line_links=(LineLink(RemoteId("r-i1")), LineLink()))
    assert BRITISH.desired(unmapped, "1").lines[0].tax_code_id == "20"


def test_a_line_without_any_code_is_refused_where_codes_are_needed() -> None:
    unmapped = invoice(line_links=(LineLink(RemoteId("r-i1")), LineLink()))
    problem = replace(BRITISH, default_tax_code_id="").refusal(unmapped)
    assert problem is not None
    assert (problem.code, problem.field) == ("TAX_MAPPING_MISSING", "taxCodeId")
    assert TERMS.refusal(unmapped) is None


@pytest.mark.parametrize(
    "moved",
    [
        {"customer_remote_id": RemoteId("another")},
        {"line_links": (LineLink(RemoteId("another"), "own"), LineLink())},
    ],
)
def test_the_mapping_version_moves_with_what_the_invoice_names(moved: dict[str, Any]) -> None:
    assert BRITISH.mapping_version(invoice(**moved)) != BRITISH.mapping_version(invoice())


def test_another_tax_code_moves_nothing_that_was_sent() -> None:
    other = invoice(line_links=(LineLink(RemoteId("r-i1"), "other"), LineLink()))
    assert BRITISH.mapping_version(other) == BRITISH.mapping_version(invoice())


def test_it_lacks_what_has_no_link_each_once() -> None:
    lines = (LINES[0], LINES[0], LINES[1])
    bare = invoice(
        lines=lines,
        line_links=(LineLink(), LineLink(), LineLink()),
        customer_remote_id=RemoteId(""),
    )
    assert [each.written() for each in TERMS.lacking(bare)] == ["customer:c1", "item:i1"]
    assert Dependency.read("item:a:b") == Dependency(RecordKind.ITEM, SourceId("a:b"))
    assert TERMS.lacking(replace(bare, status=InvoiceStatus.VOID)) == ()


def test_a_void_bears_nothing_but_its_number_and_is_at_rest_once_there() -> None:
    void = invoice(status=InvoiceStatus.VOID)
    fields = TERMS.desired(void, "1042")
    said = {name: text for name, text in fields.canonical().items() if text}
    assert said == {"name": "1042", "active": "false"}
    assert "active" in changed_fields(fields, link())
    assert at_rest(void, link(status=InvoiceStatus.VOID))


@pytest.mark.parametrize(
    ("answered", "currency", "sentence"),
    [
        ({}, "USD", None),
        ({"total": Decimal("110.05")}, "USD", "110.05 USD, BlueClerk at 110.00 USD"),
        ({"total": Decimal("109")}, "JPY", "109 JPY, BlueClerk at 110 JPY"),
        ({"total": Decimal("110.0005")}, "KWD", "110.0005 KWD, BlueClerk at 110.000 KWD"),
    ],
)
def test_both_totals_are_told_to_the_smallest_unit(
    answered: dict[str, Any], currency: str, sentence: str | None
) -> None:
    problem = TERMS.disagreement(link(answered=answered, currency=currency))
    assert problem is None if sentence is None else sentence in getattr(problem, "message", "")


def test_an_invoice_of_ours_is_known_by_its_reference_whatever_its_total() -> None:
    made = replace(TERMS.desired(invoice(), "1042"), total=Decimal(1))
    assert TERMS.doubt(invoice(), made) is None
    copied = replace(made, customer_id=RemoteId("another"))
    foreign = replace(made, reference="BlueClerk invoice 77")
    assert TERMS.doubt(invoice(), copied) is not None
    assert TERMS.doubt(invoice(), foreign) is not None
