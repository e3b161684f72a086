"""A file of 12,000 rows through its upload address on the deployed stack, its worker killed amid."""

from __future__ import annotations

import json
import signal
from typing import Any

import httpx2
import pytest

from shared.storage.file_ports import UploadForm
from tests.support.deployed.company import Company, until
from tests.support.deployed.functions import Functions

pytestmark = [pytest.mark.deployed, pytest.mark.alone]

ROWS = 12_000
BAD = {100: "much", 11_999: "-x"}
IMPORT_FILES = "ImportFilesFunction"


def big_file(rows: int = ROWS) -> bytes:
    """About 500 bytes a row: 6 MB, more than a request carries."""
    lines = ["id,code,name,description,unit,unit_price,currency"]
    for number in range(1, rows + 1):
        price = BAD.get(number, "2.50")
        text = f"Part number {number:06} of the large price book: " + "long text " * 40
        lines.append(f"I-{number:06},C-{number:06},Part {number:06},{text},pcs,{price},USD")
    return ("\n".join(lines) + "\n").encode()


def asked(company: Company) -> dict[str, Any]:
    found: dict[str, Any] = company.api.post(
        "/v1/imports", {"kind": "item", "format": "csv", "name": "large.csv"}
    )
    return found


def send(upload: dict[str, Any], content: bytes, **changes: str) -> httpx2.Response:
    form = UploadForm(upload["url"], {**upload["fields"], **changes})
    with httpx2.Client(trust_env=False, timeout=60) as client:
        return client.post(form.url, data=form.fields, files={"file": ("large.csv", content)})


def seen(company: Company, import_id: str) -> dict[str, Any]:
    found: dict[str, Any] = company.api.get(f"/v1/imports/{import_id}")
    return found


def ended(company: Company, import_id: str) -> dict[str, Any]:
    until(lambda: seen(company, import_id)["state"] in ("done", "failed"), "the import to end", 300)
    return seen(company, import_id)


def test_a_file_that_was_uploaded_is_imported_by_itself(company: Company) -> None:
    found = asked(company)
    content = b"id,name,unit_price\nI-1,Pipe,2.50\nI-2,,x\n"
    sent = send(found["upload"], content)
    assert sent.status_code == 204, sent.text
    done = ended(company, found["importId"])
    assert (done["state"], done["received"], done["created"], done["rejected"]) == ("done", 2, 1, 1)
    errors = company.api.get(f"/v1/imports/{found['importId']}/errors")["errors"]
    assert [(one["line"], one["field"]) for one in errors] == [(3, "name"), (3, "unitPrice")]


def test_the_address_is_good_for_its_own_key_and_signature_only(company: Company) -> None:
    found = asked(company)
    elsewhere = "imports/another-company/" + found["importId"]
    assert send(found["upload"], b"x", key=elsewhere).status_code == 403
    signature = "0" * len(found["upload"]["fields"]["x-amz-signature"])
    assert send(found["upload"], b"x", **{"x-amz-signature": signature}).status_code == 403
    answer = company.asked("POST", f"/v1/imports/{found['importId']}:start")
    assert (answer.status_code, answer.json()["code"]) == (409, "NOT_UPLOADED")


def test_killed_amid_a_large_file_it_ends_right(company: Company, functions: Functions) -> None:
    content = big_file()
    assert len(content) > 5_000_000
    found = asked(company)
    import_id = found["importId"]
    with (
        functions.settings("ApiFunction", ABANDONED_SECONDS="2"),
        functions.settings(IMPORT_FILES, ABANDONED_SECONDS="2"),
    ):
        assert send(found["upload"], content).status_code == 204
        for share in (0.1, 0.5):
            until(
                lambda goal=share * ROWS: seen(company, import_id)["received"] > goal,  # type: ignore[misc]  # bound now
                "some of the rows",
                120,
            )
            functions.signal_workers(IMPORT_FILES, signal.SIGKILL)
            killed_at = seen(company, import_id)["received"]
            assert killed_at < ROWS
            until(
                lambda: _goes_on(company, import_id, killed_at),  # noqa: B023 - used at once
                "another worker",
                60,
            )
        done = ended(company, import_id)
    assert done["state"] == "done", done["problem"]
    numbers = [done[name] for name in ("totalRows", "received", "created", "updated", "unchanged")]
    assert numbers == [ROWS, ROWS, ROWS - 2, 0, 0]
    errors = company.api.get(f"/v1/imports/{import_id}/errors")["errors"]
    assert [(one["line"], one["field"]) for one in errors] == [
        (101, "unitPrice"),
        (12_000, "unitPrice"),
    ]
    assert done["rejected"] == 2
    for number in (1, 6_000, 12_000):
        item = company.api.get(f"/v1/items/I-{number:06}")
        assert item["name"] == f"Part {number:06}"
    audit = company.api.get("/v1/audit")["entries"]
    [told] = [one for one in audit if one["what"] == "items.imported"]
    assert json.loads(json.dumps(told["about"]))["created"] == str(ROWS - 2)


def _goes_on(company: Company, import_id: str, after: int) -> bool:
    """Asked to go on by a person, as the queue does by itself once its message comes again."""
    company.asked("POST", f"/v1/imports/{import_id}:start")
    return bool(seen(company, import_id)["received"] > after + 500)
