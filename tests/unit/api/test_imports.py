"""POST /v1/items:import: what the route adds to shared.sync.import_items."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from local.price_book import csv_bytes
from shared.domain.ids import ProviderName
from tests.support.api_client import ApiWorld

HEADER = "id,code,name,description,unit,unit_price,currency\n"


def test_the_demo_price_book_twice(world: ApiWorld) -> None:
    first = world.import_csv(csv_bytes())
    assert first.status_code == 200
    assert first.json() == {
        "received": 3629,
        "created": 3629,
        "updated": 0,
        "unchanged": 0,
        "rejected": 0,
        "errors": [],
        "errorsNotShown": 0,
        "ignoredColumns": [],
    }
    again = world.import_csv(csv_bytes()).json()
    assert (again["unchanged"], again["created"], again["updated"]) == (3629, 0, 0)


def test_a_bad_row_is_answered_with_line_field_code_message_and_id(world: ApiWorld) -> None:
    answer = world.import_csv(HEADER + "1,A,Pipe,,ft,-1,USD\n2,B,Tube,,m,1,USD\n").json()
    assert (answer["received"], answer["created"], answer["rejected"]) == (2, 1, 1)
    assert answer["errors"] == [
        {
            "line": 2,
            "field": "unitPrice",
            "code": "NEGATIVE",
            "message": "The unit price is below zero.",
            "action": "Write 0 or more.",
            "id": "1",
        }
    ]


@pytest.mark.parametrize("media_type", ["application/x-ndjson", "application/jsonl"])
def test_json_lines_are_told_by_their_media_type(world: ApiWorld, media_type: str) -> None:
    answer = world.client.post(
        "/v1/items:import",
        content='{"id": "1", "name": "Pipe", "unitPrice": 2.50}\n',
        headers={**world.as_("office"), "Content-Type": f"{media_type}; charset=utf-8"},
    )
    assert answer.json()["created"] == 1
    assert world.call("GET", "/v1/items/1").json()["unitPrice"] == "2.50"


@pytest.mark.parametrize(
    "media_type", ["application/json", "multipart/form-data; boundary=x", "text/plain", ""]
)
def test_any_other_media_type_is_refused(world: ApiWorld, media_type: str) -> None:
    answer = world.client.post(
        "/v1/items:import",
        content=HEADER,
        headers={**world.as_("office"), "Content-Type": media_type},
    )
    assert (answer.status_code, answer.json()["code"]) == (415, "UNSUPPORTED_MEDIA_TYPE")
    assert "text/csv" in answer.json()["action"]


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "EMPTY_FILE"),
        (b"\x00\x01", "NOT_TEXT"),
        ("id,name,price\n1,Café,1\n".encode("latin-1"), "WRONG_ENCODING"),
        (b"id,name\n1,Pipe\n", "MISSING_COLUMN"),
    ],
)
def test_a_file_refused_whole_stores_nothing(world: ApiWorld, content: bytes, code: str) -> None:
    answer = world.import_csv(content)
    assert (answer.status_code, answer.json()["code"]) == (400, code)
    assert world.call("GET", "/v1/items").json()["items"] == []


def test_four_mebibytes_are_read_and_one_byte_more_is_too_large(world: ApiWorld) -> None:
    start = b"id,name,price,note\n1,Pipe,1,"
    fits = start + b"x" * (4 * 2**20 - len(start))
    # One cell of 4 MB is more than a reader of CSV takes: the file is read, its row is not.
    assert world.import_csv(fits).json()["rejected"] == 1
    answer = world.import_csv(fits + b"x")
    assert (answer.status_code, answer.json()["code"]) == (413, "BODY_TOO_LARGE")


def test_a_body_that_does_not_say_its_length_is_bounded_too(world: ApiWorld) -> None:
    def chunks() -> Any:
        for _ in range(5):
            yield b"x" * 2**20

    answer = world.client.post(
        "/v1/items:import",
        content=chunks(),
        headers={**world.as_("office"), "Content-Type": "text/csv"},
    )
    assert answer.status_code == 413


def test_reading_alone_may_not_import(world: ApiWorld) -> None:
    assert world.import_csv(HEADER + "1,A,Pipe,,ft,1,USD\n", who="clerk").status_code == 403
    assert world.call("GET", "/v1/items").json()["items"] == []


def test_an_import_that_stored_something_is_in_the_audit_trail(world: ApiWorld) -> None:
    row = HEADER + "1,A,Pipe,,ft,1,USD\n2,B,,,m,1,USD\n"
    world.import_csv(row)
    world.import_csv(row)
    (entry,) = world.call("GET", "/v1/audit").json()["entries"]
    assert (entry["who"], entry["what"]) == ("office", "items.imported")
    assert entry["about"] == {"created": "1", "updated": "0", "rejected": "1"}


def test_a_file_without_currencies_is_in_the_home_currency_of_the_books(world: ApiWorld) -> None:
    canadian = replace(world.books.company, home_currency="CAD")
    connection = world.connect(remote_company=canadian)
    world.import_csv("id,name,price\n1,Pipe,2\n")
    assert world.call("GET", "/v1/items/1").json()["currency"] == "CAD"
    world.connect(key=replace(connection.key, provider=ProviderName("xero")))
    answer = world.import_csv("id,name,price\n1,Pipe,3\n2,Tube,2\n").json()
    assert [(one["line"], one["code"]) for one in answer["errors"]] == [(3, "CURRENCY_REQUIRED")]
    put = world.call("PUT", "/v1/items/2", {"name": "Tube", "unitPrice": "2"})
    assert (put.status_code, put.json()["code"]) == (400, "CURRENCY_REQUIRED")
