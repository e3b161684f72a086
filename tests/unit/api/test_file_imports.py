"""`/v1/imports`: an upload address, a job to watch, and what was wrong with rows."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from shared.domain.file_imports import FileImportState
from shared.sync.uploads.messages import written
from shared.sync.uploads.places import key_of
from shared.sync.uploads.serving import serve_imports
from tests.support.api_client import ApiWorld
from tests.support.services import COMPANY

CSV = b"id,name,unit_price,currency,shade\nI-1,Pipe,2.50,USD,red\nI-2,,much,USD,red\nI-1,Tee,1,USD,red\n"
BODY = {"kind": "item", "format": "csv", "name": "Prices 2026.csv"}


def asked(world: ApiWorld, body: dict[str, Any] = BODY) -> dict[str, Any]:
    answer = world.call("POST", "/v1/imports", body)
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    assert answer.headers["location"] == f"/v1/imports/{found['importId']}"
    return found


def seen(world: ApiWorld, import_id: str) -> dict[str, Any]:
    answer = world.call("GET", f"/v1/imports/{import_id}")
    assert answer.status_code == 200
    found: dict[str, Any] = answer.json()
    return found


def work(world: ApiWorld, import_id: str) -> None:
    event = {"Records": [{"body": written(COMPANY, import_id)}]}
    serve_imports(world.services, event, remaining_seconds=300)


def test_a_new_import_says_where_to_upload_until_when_and_how_much(world: ApiWorld) -> None:
    found = asked(world)
    assert found["state"] == "waiting"
    assert (found["kind"], found["format"], found["name"]) == ("item", "csv", "Prices 2026.csv")
    assert found["startedBy"] == "office"
    upload = found["upload"]
    assert upload["fields"]["key"] == key_of(COMPANY, found["importId"])
    assert upload["maxBytes"] == 200_000_000
    assert upload["expiresAt"] == found["uploadUntil"]
    assert "upload" not in seen(world, found["importId"]), "an address is given once"


def test_from_upload_to_errors(world: ApiWorld) -> None:
    found = asked(world)
    import_id = found["importId"]
    world.files.put(found["upload"]["fields"]["key"], CSV)
    assert world.call("POST", f"/v1/imports/{import_id}:start").status_code == 202
    assert world.import_queue.woken == [(COMPANY, import_id)]
    assert seen(world, import_id)["state"] == "queued"
    work(world, import_id)
    done = seen(world, import_id)
    assert done["state"] == "done"
    assert [done[name] for name in ("totalRows", "received", "created", "updated")] == [3, 3, 1, 0]
    assert [done[name] for name in ("unchanged", "rejected", "errorsListed")] == [0, 2, 3]
    assert (done["bytes"], done["ignoredColumns"]) == (len(CSV), ["shade"])
    assert done["finishedAt"] >= done["startedAt"]
    errors = world.call("GET", f"/v1/imports/{import_id}/errors").json()
    inline = world.import_csv(CSV).json()
    assert errors == {"errors": inline["errors"], "nextCursor": None}
    assert {(one["line"], one["field"]) for one in errors["errors"]} == {
        (3, "name"),
        (3, "unitPrice"),
        (4, "id"),
    }
    assert world.call("GET", "/v1/items/I-1").json()["name"] == "Pipe"
    told = world.call("GET", "/v1/audit").json()["entries"][0]
    assert (told["what"], told["who"]) == ("items.imported", "office")


def test_errors_and_imports_come_in_pages(world: ApiWorld) -> None:
    ids = []
    for _ in range(3):
        ids.append(asked(world)["importId"])
        world.clock.sleep(1)
    world.files.put(key_of(COMPANY, ids[0]), CSV)
    work(world, ids[0])
    for address, name, count in (
        (f"/v1/imports/{ids[0]}/errors", "errors", 3),
        ("/v1/imports", "imports", 3),
    ):
        whole = world.call("GET", address).json()[name]
        assert len(whole) == count
        first = world.call("GET", address, params={"limit": 2}).json()
        rest = world.call("GET", address, params={"cursor": first["nextCursor"]}).json()
        assert first[name] + rest[name] == whole
        assert rest["nextCursor"] is None
    listed = world.call("GET", "/v1/imports").json()["imports"]
    assert [one["importId"] for one in listed] == ids[::-1]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"format": "csv"}, "kind"),
        ({"kind": "item"}, "format"),
        ({"kind": "invoice", "format": "csv"}, "kind"),
        ({"kind": "item", "format": "xlsx"}, "format"),
        ({"kind": "item", "format": "csv", "size": 1}, "size"),
        ({"kind": "item", "format": "csv", "name": 1}, "name"),
        ({"kind": "item", "format": "csv", "name": "x" * 201}, "name"),
        ({"kind": "item", "format": "csv", "name": "a\nb"}, "name"),
    ],
)
def test_what_is_no_import_is_refused_and_makes_none(
    world: ApiWorld, body: dict[str, Any], field: str
) -> None:
    answer = world.call("POST", "/v1/imports", body)
    assert (answer.status_code, answer.json()["field"]) == (400, field)
    assert world.call("GET", "/v1/imports").json()["imports"] == []


def test_started_before_the_file_is_there_it_says_so(world: ApiWorld) -> None:
    import_id = asked(world)["importId"]
    answer = world.call("POST", f"/v1/imports/{import_id}:start")
    assert (answer.status_code, answer.json()["code"]) == (409, "NOT_UPLOADED")
    assert seen(world, import_id)["state"] == "waiting"


def test_an_upload_that_never_came_is_said_in_the_list_too(world: ApiWorld) -> None:
    import_id = asked(world)["importId"]
    world.clock.sleep(timedelta(hours=2).total_seconds())
    [listed] = world.call("GET", "/v1/imports").json()["imports"]
    assert listed == seen(world, import_id)
    assert (listed["state"], listed["problem"]["code"]) == ("failed", "UPLOAD_NEVER_CAME")
    assert listed["problem"]["action"]


def test_a_file_refused_whole_says_why_and_what_to_do(world: ApiWorld) -> None:
    import_id = asked(world)["importId"]
    world.files.put(key_of(COMPANY, import_id), b"id,price\n1,2\n")
    work(world, import_id)
    failed = seen(world, import_id)
    assert (failed["state"], failed["problem"]["code"]) == ("failed", "MISSING_COLUMN")
    assert failed["problem"]["field"] == "name"
    assert failed["finishedAt"]
    assert world.call("GET", f"/v1/imports/{import_id}/errors").json()["errors"] == []


def test_how_far_it_is_and_that_it_lives_is_seen_while_it_runs(world: ApiWorld) -> None:
    import_id = asked(world)["importId"]
    store = world.services.stores.file_imports
    job = store.get(COMPANY, import_id)
    assert job is not None
    now = world.clock.now()
    running = replace(
        job, state=FileImportState.RUNNING, total_rows=9, beat_at=now, ended_at=now, version=2
    )
    assert store.save(running)
    found = seen(world, import_id)
    assert (found["state"], found["totalRows"], found["finishedAt"]) == ("running", 9, None)
    assert found["heartbeatAt"]


@pytest.mark.parametrize("import_id", ["absent", "%00", "x" * 1100, "%F0%9F%98%80"])
def test_an_unknown_import_is_not_found(world: ApiWorld, import_id: str) -> None:
    for method, tail in (("GET", ""), ("GET", "/errors"), ("POST", ":start")):
        answer = world.call(method, f"/v1/imports/{import_id}{tail}")
        assert (answer.status_code, answer.json()["code"]) == (404, "IMPORT_NOT_FOUND")
