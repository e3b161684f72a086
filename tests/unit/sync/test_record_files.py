"""Files that are refused whole, and how the lines of a CSV file are told apart."""

from __future__ import annotations

import time

import pytest

from shared.domain.errors import RequestInvalid, TooLarge
from shared.sync.record_files import ITEM_FILE, MAX_ROWS, FileRow, open_csv, open_json_lines

HEADER = b"id,code,name,unit_price\n"


def rows(text: str) -> list[FileRow]:
    return list(open_csv(text.encode(), ITEM_FILE).rows)


REFUSED = [
    (b"", "EMPTY_FILE", ""),
    (b"\n\n \n", "MISSING_COLUMN", "name"),
    (b"\xef\xbb\xbf", "EMPTY_FILE", ""),
    (b"PK\x03\x04\x14\x00", "NOT_TEXT", ""),
    (b"%PDF-1.7", "NOT_TEXT", ""),
    (b"id,name,price\n1,Pi\x00pe,1\n", "NOT_TEXT", ""),
    ("id,name,price\n1,Pipe,1\n".encode("utf-16"), "WRONG_ENCODING", ""),
    ("id,name,price\n1,Café,1\n".encode("latin-1"), "WRONG_ENCODING", ""),
    (b"id,price\n1,2\n", "MISSING_COLUMN", "name"),
    (b"id,name\n1,Pipe\n", "MISSING_COLUMN", "unitPrice"),
    (b"name,price\nPipe,2\n", "MISSING_COLUMN", "id"),
    (b"id;name;price\n1;Pipe;2\n", "MISSING_COLUMN", "name"),
    (b"id,name,price,unit_price\n1,Pipe,2,3\n", "REPEATED_COLUMN", "unitPrice"),
    (b"code,sku,name,price\n1,2,Pipe,3\n", "REPEATED_COLUMN", "code"),
    (b'"id,name,price\n', "NOT_CSV", ""),
    (b"just some words\nand more of them\n", "MISSING_COLUMN", "name"),
]


@pytest.mark.parametrize(("body", "code", "field"), REFUSED)
def test_a_file_that_is_no_item_file_is_refused_whole_with_the_reason(
    body: bytes, code: str, field: str
) -> None:
    with pytest.raises(RequestInvalid) as refused:
        open_csv(body, ITEM_FILE)
    problem = refused.value.problem
    assert (problem.code, problem.field) == (code, field)
    assert problem.message
    assert problem.action


def test_the_line_with_the_wrong_encoding_is_named() -> None:
    with pytest.raises(RequestInvalid, match="Line 3 "):
        open_csv(HEADER + b"1,a,Pipe,1\n2,b,Caf\xe9,1\n", ITEM_FILE)


def test_more_rows_than_may_be_are_refused_whole() -> None:
    open_csv(HEADER + b"1,a,Pipe,1\n" * MAX_ROWS, ITEM_FILE)
    with pytest.raises(TooLarge):
        open_csv(HEADER + b"1,a,Pipe,1\n" * (MAX_ROWS + 1), ITEM_FILE)
    with pytest.raises(TooLarge):
        open_json_lines(b'{"id": "1"}\n' * (MAX_ROWS + 1), ITEM_FILE)


@pytest.mark.parametrize(
    "header",
    [
        "id,code,name,description,unit,unit_price,currency,active",
        "ID,SKU,Name,Description,UNIT,Unit Price,Currency,Active",
        "Id,resource_code,NAME,description,unit,unitPrice,currency,active",
        "id,Resource Code,name,description,unit,price,currency,active",
    ],
)
def test_columns_are_known_by_several_spellings(header: str) -> None:
    (row,) = rows(f"{header}\n1,A,Pipe,Long,ft,2.50,USD,true\n")
    assert row.said == {
        "id": "1",
        "code": "A",
        "name": "Pipe",
        "description": "Long",
        "unit": "ft",
        "unitPrice": "2.50",
        "currency": "USD",
        "active": "true",
    }


def test_columns_in_any_order_and_unknown_ones_are_told() -> None:
    file = open_csv(b"colour,price,name,id,\nred,1,Pipe,7,\n", ITEM_FILE)
    assert next(file.rows).said == {"unitPrice": "1", "name": "Pipe", "id": "7"}
    assert file.ignored_columns == ("colour", "")


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_each_row_knows_the_physical_line_it_begins_on(end: str) -> None:
    text = end.join(
        ["id,name,price", "1,one,1", "", '2,"two', 'and more",1', ",,", '3,"a ""3""",1', ""]
    )
    assert [(row.line, row.said["id"]) for row in rows(text)] == [(2, "1"), (4, "2"), (7, "3")]


def test_a_byte_order_mark_is_no_part_of_the_first_column() -> None:
    file = open_csv(b"\xef\xbb\xbfid,name,price\n1,Pipe,2\n", ITEM_FILE)
    assert (file.has_ids, next(file.rows).said["id"]) == (True, "1")


def test_a_quotation_mark_that_is_never_closed_costs_its_own_row_only() -> None:
    read = rows('id,name,price\n1,one,1\n2,"two,1\n3,three,1\n4,"four",1\n5,five,1\n')
    assert [(row.line, row.problem.code if row.problem else "") for row in read] == [
        (2, ""),
        (3, "MALFORMED_ROW"),
        (4, ""),
        (5, ""),
        (6, ""),
    ]


def test_a_mark_closed_by_another_row_is_seen_by_the_number_of_cells() -> None:
    read = rows('id,name,price\n1,one,1\n2,"two,1\n3,three,1\n4,",four",1\n5,five,1\n')
    assert [(row.line, row.problem.code if row.problem else "") for row in read] == [
        (2, ""),
        (3, "MALFORMED_ROW"),
        (4, ""),
        (5, ""),
        (6, ""),
    ]


def test_a_quotation_mark_inside_an_unquoted_cell_is_a_letter_like_any_other() -> None:
    (row,) = rows('id,name,price\n1,12" pipe,1\n')
    assert row.said["name"] == '12" pipe'


def test_a_row_of_another_width_is_a_bad_row() -> None:
    read = rows("id,name,price\n1,Pipe\n2,Pipe,1,000\n3,Pipe,1\n")
    assert [(row.line, row.problem.code if row.problem else "") for row in read] == [
        (2, "WRONG_COLUMN_COUNT"),
        (3, "WRONG_COLUMN_COUNT"),
        (4, ""),
    ]


@pytest.mark.parametrize("line", ['"x', '"""x""', '1,"a', '"', '"a"b', "'"])
def test_broken_lines_are_read_in_linear_time(line: str) -> None:
    """Each may swallow what follows and be given up; 40,000 of them take about as long as 40,000 rows."""
    began = time.perf_counter()
    for _ in open_csv(HEADER + f"{line}\n".encode() * 40_000, ITEM_FILE).rows:
        pass
    assert time.perf_counter() - began < 5


def test_json_lines_say_fields_in_any_spelling() -> None:
    file = open_json_lines(
        b'{"id": "1", "Name": "Pipe", "unit_price": 2.50, "x": 1}\n\n{"id": "2"}\n', ITEM_FILE
    )
    assert (file.has_ids, file.ignored_columns) == (True, ("x",))
    first, second = file.rows
    assert (first.line, str(first.said["unitPrice"]), first.said["name"]) == (1, "2.50", "Pipe")
    assert (second.line, second.said) == (3, {"id": "2"})


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ('{"id": "1"', "delimiter"),
        ("[1]", "not an object"),
        ('{"id": "1", "id": "2"}', "twice"),
        ('{"price": 1, "unitPrice": 2}', "twice"),
        ('{"unitPrice": NaN}', "NaN"),
        ('{"unitPrice": 1e99999999999999999999}', "number"),
        ("[" * 100_000, "deep"),
        ('{"name": "\x01"}', "control character"),
    ],
)
def test_a_line_that_is_no_json_object_is_a_bad_row(line: str, why: str) -> None:
    first, bad, last = open_json_lines(
        f'{{"id": "1"}}\n{line}\n{{"id": "3"}}\n'.encode(), ITEM_FILE
    ).rows
    assert bad.problem is not None
    assert (bad.line, bad.problem.code) == (2, "MALFORMED_ROW")
    assert why in bad.problem.message
    assert first.problem is None
    assert last.problem is None


@pytest.mark.parametrize("body", [b"[1, 2]\n", b"id,name\n1,Pipe\n", b'{"id": "1"\n'])
def test_a_file_whose_first_line_is_no_object_is_refused_whole(body: bytes) -> None:
    with pytest.raises(RequestInvalid, match="NOT_JSON_LINES"):
        open_json_lines(body, ITEM_FILE)
