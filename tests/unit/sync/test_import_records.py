"""Importing rows: good ones are stored, bad ones answered, the same again changes nothing."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.price_book import csv_bytes
from local.price_book import rows as price_book
from shared.domain.ids import CompanyId, CorrelationId
from shared.domain.records import Address, Customer, Item
from shared.storage.memory import memory_stores
from shared.storage.ports import RecordStore
from shared.sync.import_records import (
    MAX_ERRORS_SHOWN,
    TIME_LIMIT,
    ImportResult,
    ImportUnfinished,
    import_records,
    importable_customers,
    importable_items,
)
from shared.sync.record_files import CUSTOMER_FILE, ITEM_FILE, RecordFile, open_csv, open_json_lines
from tests.support.contested import Contested
from tests.support.effects import VirtualClock
from tests.support.services import COMPANY

HEADER = "id,code,name,description,unit,unit_price,currency\n"
GOOD = "1,A,Pipe,Long,ft,2.50,USD\n"


def run(
    records: RecordStore, file: RecordFile, usual_currency: str | None = "USD", **ports: Any
) -> ImportResult:
    return import_records(
        records,
        ports.get("clock", VirtualClock()),
        COMPANY,
        file,
        importable_items(usual_currency),
        correlation_id=CorrelationId("c-1"),
    )


def run_csv(records: RecordStore, text: str, usual_currency: str | None = "USD") -> ImportResult:
    return run(records, open_csv(text.encode(), ITEM_FILE), usual_currency)


def counts(result: ImportResult) -> tuple[int, int, int, int, int]:
    return (
        result.received,
        result.created,
        result.updated,
        result.unchanged,
        result.rejected,
    )


def stored(records: RecordStore) -> dict[str, Item]:
    return {item.source_id: item for item in records.page(COMPANY, Item, 10_000, None).rows}


@pytest.fixture
def records() -> RecordStore:
    return memory_stores().records


def test_the_demo_price_book_comes_in_whole_and_to_the_byte(records: RecordStore) -> None:
    result = run(records, open_csv(csv_bytes(), ITEM_FILE))
    assert counts(result) == (3629, 3629, 0, 0, 0)
    items = stored(records)
    for row in price_book():
        item = items[row.id]
        assert (item.name, item.code, item.description, item.unit) == (
            row.name,
            row.code,
            row.description,
            row.unit,
        )
        assert (item.unit_price.amount, item.unit_price.currency) == (row.unit_price, row.currency)


def test_the_same_file_again_changes_nothing(records: RecordStore) -> None:
    run(records, open_csv(csv_bytes(), ITEM_FILE))
    before = stored(records)
    assert counts(run(records, open_csv(csv_bytes(), ITEM_FILE))) == (3629, 0, 0, 3629, 0)
    assert stored(records) == before


def test_only_the_rows_that_changed_get_a_new_version(records: RecordStore) -> None:
    run_csv(records, HEADER + GOOD + "2,B,Tube,,m,1,USD\n")
    result = run_csv(records, HEADER + GOOD + "2,B,Tube,,m,1.10,USD\n")
    assert counts(result) == (2, 0, 1, 1, 0)
    assert {source_id: item.version for source_id, item in stored(records).items()} == {
        "1": 1,
        "2": 2,
    }


BAD_ROWS = [
    ("9,A,,Long,ft,2.50,USD", "name", "EMPTY"),
    ("9,A,   ,Long,ft,2.50,USD", "name", "EMPTY"),
    (f"9,A,{'x' * 1001},Long,ft,2.50,USD", "name", "TOO_LONG"),
    ("9,A,Pi\x07pe,Long,ft,2.50,USD", "name", "FORBIDDEN_CHARACTER"),
    ("9,A,Pipe,Long,ft,,USD", "unitPrice", "EMPTY"),
    ("9,A,Pipe,Long,ft,-2.50,USD", "unitPrice", "NEGATIVE"),
    ("9,A,Pipe,Long,ft,two,USD", "unitPrice", "NOT_A_NUMBER"),
    ("9,A,Pipe,Long,ft,$2.50,USD", "unitPrice", "NOT_A_NUMBER"),
    (f"9,A,Pipe,Long,ft,{'1' * 30},USD", "unitPrice", "NOT_A_NUMBER"),
    (f"9,A,Pipe,Long,ft,{'1' * 16},USD", "unitPrice", "TOO_MANY_DIGITS"),
    ("9,A,Pipe,Long,ft,0.1234567,USD", "unitPrice", "TOO_MANY_DECIMALS"),
    ("9,A,Pipe,Long,ft,2.50,DOLLAR", "currency", "UNKNOWN_CURRENCY"),
    (f"9,{'x' * 101},Pipe,Long,ft,2.50,USD", "code", "TOO_LONG"),
    (f"9,A,Pipe,{'x' * 4001},ft,2.50,USD", "description", "TOO_LONG"),
    (f"9,A,Pipe,Long,{'x' * 101},2.50,USD", "unit", "TOO_LONG"),
    (",A,Pipe,Long,ft,2.50,USD", "id", "MISSING"),
    (f"{'x' * 129},A,Pipe,Long,ft,2.50,USD", "id", "INVALID_ID"),
    ("1,A,Other,Long,ft,2.50,USD", "id", "REPEATED_ID"),
    ("9,A,Pipe,Long,ft,2.50", "", "WRONG_COLUMN_COUNT"),
    ('9,A,"Pipe"s,Long,ft,2.50,USD', "", "MALFORMED_ROW"),
]


@pytest.mark.parametrize(("row", "field", "code"), BAD_ROWS)
def test_a_bad_row_is_answered_by_line_and_field_and_its_neighbours_are_kept(
    records: RecordStore, row: str, field: str, code: str
) -> None:
    result = run_csv(records, f"{HEADER}{GOOD}{row}\n2,B,Tube,,m,1,USD\n")
    assert counts(result) == (3, 2, 0, 0, 1)
    (error,) = result.errors
    assert (error.line, error.problem.field, error.problem.code) == (3, field, code)
    assert error.problem.message
    assert set(stored(records)) == {"1", "2"}
    assert stored(records)["1"].name == "Pipe"


def test_every_fault_of_a_row_is_told_and_the_row_counts_once(records: RecordStore) -> None:
    result = run_csv(records, HEADER + "1,A,,Long,ft,-1,ZZZ\n")
    assert [error.problem.field for error in result.errors] == ["name", "unitPrice", "currency"]
    assert [error.source_id for error in result.errors] == ["1", "1", "1"]
    assert result.rejected == 1


def test_codes_may_repeat_where_there_are_ids(records: RecordStore) -> None:
    result = run_csv(records, HEADER + GOOD + "2,A,Pipe,Long,ft,2.50,USD\n")
    assert counts(result) == (2, 2, 0, 0, 0)


def test_without_ids_the_code_says_which_item_it_is(records: RecordStore) -> None:
    text = "code,name,price\nCP-1/2,Pipe,1\nB,Tube,2\nCP-1/2,Other,3\n,None,4\n"
    result = run_csv(records, text)
    assert counts(result) == (4, 2, 0, 0, 2)
    assert [(one.line, one.problem.field, one.problem.code) for one in result.errors] == [
        (4, "code", "REPEATED_CODE"),
        (5, "code", "MISSING"),
    ]
    assert {item.source_id: item.code for item in stored(records).values()} == {
        "CP-1/2": "CP-1/2",
        "B": "B",
    }


def test_a_repeated_id_is_free_again_when_its_first_row_was_bad(records: RecordStore) -> None:
    result = run_csv(records, HEADER + "1,A,,,ft,1,USD\n" + GOOD)
    assert counts(result) == (2, 1, 0, 0, 1)


def test_an_id_is_told_apart_from_the_same_id_far_away_in_the_file(records: RecordStore) -> None:
    rows = "".join(f"{number},A,Pipe,,ft,1,USD\n" for number in range(1200))
    result = run_csv(records, HEADER + rows + "7,A,Other,,ft,1,USD\n")
    assert (result.rejected, result.errors[0].line) == (1, 1202)
    assert stored(records)["7"].name == "Pipe"


def test_columns_that_a_file_does_not_have_leave_what_is_stored(records: RecordStore) -> None:
    run_csv(records, HEADER.strip() + ",active\n1,A,Pipe,Long,ft,2.50,CAD,false\n")
    result = run_csv(records, "id,name,price\n1,Pipe,3\n")
    assert result.updated == 1
    item = stored(records)["1"]
    assert (item.code, item.description, item.unit, item.active) == ("A", "Long", "ft", False)
    assert (str(item.unit_price.amount), item.unit_price.currency) == ("3", "CAD")


def test_an_empty_cell_empties_what_is_stored(records: RecordStore) -> None:
    run_csv(records, HEADER + GOOD)
    run_csv(records, HEADER + "1,,Pipe,,,2.50,USD\n")
    item = stored(records)["1"]
    assert (item.code, item.description, item.unit) == ("", "", "")


def test_a_price_without_a_currency_is_in_the_usual_one_or_refused(records: RecordStore) -> None:
    assert run_csv(records, "id,name,price\n1,Pipe,3\n", "CAD").created == 1
    assert stored(records)["1"].unit_price.currency == "CAD"
    refused = run_csv(records, "id,name,price\n1,Pipe,3\n2,Tube,3\n", None)
    assert counts(refused) == (2, 0, 0, 1, 1)
    assert (refused.errors[0].line, refused.errors[0].problem.field) == (3, "currency")


def test_errors_are_in_order_of_lines_and_only_the_first_thousand_are_shown(
    records: RecordStore,
) -> None:
    rows = "".join(f"{number},A,,,ft,1,USD\n" for number in range(MAX_ERRORS_SHOWN + 200))
    result = run_csv(records, HEADER + rows)
    assert result.rejected == MAX_ERRORS_SHOWN + 200
    assert [error.line for error in result.errors] == list(range(2, MAX_ERRORS_SHOWN + 2))
    assert result.errors_not_shown == 200


def test_errors_found_late_stand_between_those_found_early(records: RecordStore) -> None:
    result = run_csv(records, "id,name,price\n1,Pipe,1\n2,,1\n3,Tube,1\n", None)
    assert [(error.line, error.problem.code) for error in result.errors] == [
        (2, "CURRENCY_REQUIRED"),
        (3, "EMPTY"),
        (4, "CURRENCY_REQUIRED"),
    ]


def test_json_lines_are_imported_like_csv(records: RecordStore) -> None:
    lines = [
        {"id": "1", "name": "Pi\tpe  ", "unitPrice": "2.50", "currency": "USD", "active": False},
        {"id": "2", "name": "Tube", "unitPrice": 0.1},
        {"id": "3", "name": "No price"},
        {"id": 4, "name": "Number", "unitPrice": 1},
        {"name": "No id", "unitPrice": 1},
    ]
    body = "\n".join(json.dumps(line) for line in lines)
    result = run(records, open_json_lines(body.encode(), ITEM_FILE))
    assert counts(result) == (5, 2, 0, 0, 3)
    assert [(one.line, one.problem.field, one.problem.code) for one in result.errors] == [
        (3, "unitPrice", "MISSING"),
        (4, "id", "WRONG_TYPE"),
        (5, "id", "MISSING"),
    ]
    first, second = stored(records).values()
    assert (first.name, first.active) == ("Pi\tpe  ", False)
    assert str(second.unit_price.amount) == "0.1"


def contested(records: RecordStore, losses: int) -> Any:
    """Somebody else changes the first item before each of some saves."""

    def change(inner: RecordStore, company_id: CompanyId, items: Sequence[Item]) -> None:
        theirs = replace(items[0], name=f"Theirs {items[0].version}")
        assert not inner.save(company_id, [theirs])

    return Contested(records, "save", change, losses)


def test_a_row_that_loses_a_race_is_compared_and_stored_again(records: RecordStore) -> None:
    result = run_csv(contested(records, losses=2), HEADER + GOOD + "2,B,Tube,,m,1,USD\n")
    assert counts(result) == (2, 1, 1, 0, 0)
    assert {item.name: item.version for item in stored(records).values()} == {"Pipe": 3, "Tube": 1}


def test_a_row_that_loses_every_race_is_a_bad_row(records: RecordStore) -> None:
    result = run_csv(contested(records, losses=99), HEADER + GOOD + "2,B,Tube,,m,1,USD\n")
    assert counts(result) == (2, 1, 0, 0, 1)
    assert (result.errors[0].line, result.errors[0].problem.code) == (2, "CHANGED_MEANWHILE")


def test_an_import_out_of_time_says_so_and_goes_on_when_sent_again(records: RecordStore) -> None:
    clock = VirtualClock()
    wait = TIME_LIMIT.total_seconds() / 2
    slow: Any = Contested(records, "get_many", lambda *_: clock.sleep(wait), losses=99)
    body = (HEADER + "".join(f"{n},A,Pipe,,ft,1,USD\n" for n in range(2000))).encode()
    with pytest.raises(ImportUnfinished) as unfinished:
        run(slow, open_csv(body, ITEM_FILE), clock=clock)
    assert unfinished.value.rows_done == 1500
    assert len(stored(records)) == 1500
    assert counts(run(records, open_csv(body, ITEM_FILE))) == (2000, 500, 0, 1500, 0)


# A cell that begins with a comma or a mark could close a mark that another row left open, and so
# make a row of the right width out of several: nobody can tell that from a text of several lines.
CELLS = st.text(st.characters(exclude_categories=["Cs"]), max_size=12).filter(
    lambda text: not text.startswith((",", '"'))
)
NEIGHBOURS = st.lists(CELLS, min_size=0, max_size=9)


def _line(cells: Sequence[str]) -> str:
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\n").writerow(cells)
    return text.getvalue()


@given(
    st.lists(
        st.one_of(
            NEIGHBOURS.map(_line),
            st.text(st.characters(exclude_characters='\r\n"\x00', exclude_categories=["Cs"])).map(
                lambda raw: f"{raw}\n"
            ),
            st.just('x,"never closed,1\n'),
        ),
        max_size=8,
    ),
    st.randoms(use_true_random=False),
)
def test_good_rows_survive_any_neighbours(bad: list[str], random: Any) -> None:
    """Whatever stands between them, the three good rows are stored as they are written."""
    good = [f"good-{n},A,Name\t{n}  ,,ft,{n}.50,USD\n" for n in range(3)]
    lines = [*good, *(line.replace("\x00", "") for line in bad)]
    random.shuffle(lines)
    store = memory_stores().records
    result = run_csv(store, HEADER + "".join(lines))
    assert {name: stored(store)[f"good-{n}"].name for n, name in enumerate("abc")} == {
        name: f"Name\t{n}  " for n, name in enumerate("abc")
    }
    assert result.received == result.created + result.updated + result.unchanged + result.rejected
    assert len({error.line for error in result.errors}) == result.rejected


CUSTOMERS = "name,email,phone,address_line1,city,region,postal_code,country\n"


def run_customers(records: RecordStore, text: str) -> ImportResult:
    return import_records(
        records,
        VirtualClock(),
        COMPANY,
        open_csv(text.encode(), CUSTOMER_FILE),
        importable_customers(),
        correlation_id=CorrelationId("c-1"),
    )


def customers(records: RecordStore) -> list[Customer]:
    return list(records.page(COMPANY, Customer, 10_000, None).rows)


def test_customers_without_ids_are_told_apart_by_name_and_address(records: RecordStore) -> None:
    rows = "Hill,a@b.example,1,2 Dock St,Rye,NY,10580,US\nHill,,2,9 Low St,Rye,NY,10580,US\n"
    assert counts(run_customers(records, CUSTOMERS + rows)) == (2, 2, 0, 0, 0)
    assert counts(run_customers(records, CUSTOMERS + rows)) == (2, 0, 0, 2, 0)
    edited = rows.replace(",1,2 Dock", ",77,2 DOCK").replace("Hill,a", " hill,a")
    assert counts(run_customers(records, CUSTOMERS + edited)) == (2, 0, 1, 1, 0)
    assert sorted(each.phone for each in customers(records)) == ["2", "77"]


def test_the_same_customer_twice_in_a_file_counts_once(records: RecordStore) -> None:
    result = run_customers(records, CUSTOMERS + "Hill,,1,,,,,\nHILL,,2,,,,,\n,,3,,,,,\n")
    assert counts(result) == (3, 1, 0, 0, 2)
    assert [error.problem.code for error in result.errors] == ["REPEATED_NAME", "MISSING"]


def test_what_a_file_of_customers_does_not_say_stays(records: RecordStore) -> None:
    run_customers(records, "id,name,email,city\n1,Hill,a@b.example,Rye\n")
    assert counts(run_customers(records, "id,name,phone\n1,Hill Co,5\n")) == (1, 0, 1, 0, 0)
    (customer,) = customers(records)
    assert (customer.name, customer.email, customer.phone) == ("Hill Co", "a@b.example", "5")
    assert customer.address == Address(city="Rye")
