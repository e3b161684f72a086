"""Control: counters, the journal, planting, settings, and state that outlives the process."""

import hashlib
import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.sandbox.books import Books, content, creation, creations, service
from tests.support.sandbox_process import (
    CEDAR_RIDGE,
    HARBOR,
    ControlClient,
    SandboxProcess,
    plain_client,
)


def test_counters_tell_calls_commits_and_refreshes_by_realm(
    books: Books, control: ControlClient
) -> None:
    books.batch([*creations(3), creation("4", "Item 1")], requestid="r")
    books.batch([*creations(3), creation("4", "Item 1")], requestid="r")
    books.item({"sparse": True, "Id": "1", "SyncToken": "0", "Sku": "S"})
    books.refresh(books.tokens["refresh_token"])
    counters = control.counters()

    assert (counters["batches"], counters["batchEntries"], counters["singleWrites"]) == (2, 8, 1)
    assert (counters["created"], counters["updated"]) == ({"Item": 3}, {"Item": 1})
    assert (counters["replayedEntries"], counters["maxInFlight"]) == (4, 1)
    assert (counters["refreshes"], counters["rotations"]) == (1, 0)
    assert counters["byRealm"][CEDAR_RIDGE]["created"] == {"Item": 3}
    assert HARBOR not in counters["byRealm"]
    control.post("/counters/reset")
    assert control.counters()["batches"] == 0


def test_whatever_was_issued_can_be_asked_for(books: Books, control: ControlClient) -> None:
    """Dead ones too: a test looks for them where they must not be."""
    control.settings(rotationSeconds=0)
    first = books.tokens
    second = books.refresh(first["refresh_token"]).json()
    control.connect(HARBOR)
    issued = control.get("/grants/issued", realm=CEDAR_RIDGE)["secrets"]
    pairs = {pair[name] for pair in (first, second) for name in ("access_token", "refresh_token")}
    assert pairs < set(issued)
    [code] = set(issued) - pairs
    assert code.startswith("XAB11")
    assert set(issued) < set(control.get("/grants/issued")["secrets"])


def test_the_journal_tells_each_call(books: Books, control: ControlClient) -> None:
    control.fault("html500", kind="batch", nth=[1])
    body = {"BatchItemRequest": creations(2)}
    for _ in range(2):
        books.post("batch", body, requestid="r")
    first, second = control.requests(kind="batch", realm=CEDAR_RIDGE, names=1)

    assert (first["status"], first["fault"], first["committed"]) == (500, "html500", 0)
    assert (second["status"], second["fault"], second["committed"]) == (200, None, 2)
    assert second["bodySha256"] == first["bodySha256"] == hashlib.sha256(_sent(body)).hexdigest()
    assert (second["requestId"], second["entries"], second["names"]) == (
        "r",
        2,
        ["Item 1", "Item 2"],
    )
    assert (second["method"], second["path"]) == (
        "POST",
        f"/quickbooks/v3/company/{CEDAR_RIDGE}/batch",
    )
    assert second["seq"] > first["seq"]
    assert control.requests(kind="batch", after=first["seq"])[0]["seq"] == second["seq"]
    assert len(control.requests(limit=1)) == 1
    assert "names" not in control.requests(kind="batch")[0]


def _sent(body: object) -> bytes:
    return json.dumps(body, separators=(",", ":"), ensure_ascii=False).encode()


def test_a_cut_call_has_no_status_in_the_journal(books: Books, control: ControlClient) -> None:
    control.fault("closedAfterCommit", kind="batch")
    with pytest.raises(Exception, match="disconnected"):
        books.post("batch", {"BatchItemRequest": creations(1)})

    assert control.requests(kind="batch")[0]["status"] is None


def test_a_person_can_make_change_and_deactivate_items_past_the_api(
    books: Books, control: ControlClient
) -> None:
    (planted,) = control.post("/entities", {"realm": CEDAR_RIDGE, "values": [service("By hand")]})[
        "entities"
    ]
    (changed,) = control.post(
        "/entities", {"realm": CEDAR_RIDGE, "values": [{"Id": planted["Id"], "UnitPrice": 5}]}
    )["entities"]

    assert (changed["SyncToken"], changed["UnitPrice"]) == ("1", 5)
    assert books.refused("item", service("by hand"))["code"] == "6240"
    assert control.counters()["created"] == {}


def test_planting_many_is_one_call_and_raw_goes_past_the_rules(
    books: Books, control: ControlClient
) -> None:
    values = [
        {"Name": f"Odd: {number % 900}", "Type": "Service", "Sku": "same"} for number in range(1000)
    ]
    control.post("/entities", {"realm": CEDAR_RIDGE, "values": values, "raw": True})
    light = control.get("/state", realm=CEDAR_RIDGE, entity="Item", light=1)["companies"][
        CEDAR_RIDGE
    ]["Item"]

    assert (light["count"], light["active"], len(light["duplicates"])) == (1000, 1000, 100)
    assert light["duplicates"]["odd: 5"] == 2
    assert light["duplicateSkus"] == {"same": 1000}
    assert "rows" not in light
    assert books.query("select * from Item where Name = 'odd: 5'")["maxResults"] == 2


def test_planting_what_the_books_refuse_is_an_error(control: ControlClient) -> None:
    with pytest.raises(AssertionError, match="2020"):
        control.post("/entities", {"realm": CEDAR_RIDGE, "values": [{"Name": ""}]})
    with pytest.raises(AssertionError, match="no realm"):
        control.post("/entities", {"realm": "1", "values": []})


def test_an_account_can_be_planted_and_used(books: Books, control: ControlClient) -> None:
    account = {
        "Name": "Drain Income",
        "AccountType": "Income",
        "AccountSubType": "ServiceFeeIncome",
    }
    (planted,) = control.post(
        "/entities", {"realm": CEDAR_RIDGE, "entity": "Account", "values": [account]}
    )["entities"]

    item = books.item(service("Drain", IncomeAccountRef={"value": planted["Id"]}))
    assert item["IncomeAccountRef"]["name"] == "Drain Income"


@pytest.mark.parametrize(
    "given",
    [
        {"quickbooks": {"thrttle": "off"}},
        {"quickbooks": {"throttle": "sometimes"}},
        {"quickbooks": {"latency": {"batch": "long"}}},
        {"quickbooks": {"collisions": 1}},
        {"xero": {}},
    ],
)
def test_a_wrong_setting_is_refused_and_changes_nothing(
    control: ControlClient, given: dict[str, object]
) -> None:
    before = control.get("/settings")
    with pytest.raises(AssertionError, match="error"):
        control.post("/settings", given)

    assert control.get("/settings") == before


def test_settings_change_only_what_is_named(control: ControlClient) -> None:
    control.settings(latency={"batch": 1})
    settings = control.settings(latency={"write": 2})

    assert settings["latency"] == {"batch": 1, "write": 2, "read": 0, "query": 0, "token": 0}


def test_every_setting_fault_and_control_call_stands_in_the_readme(control: ControlClient) -> None:
    readme = (Path(__file__).parents[2] / "sandbox" / "README.md").read_text(encoding="utf-8")
    settings = control.get("/settings")["quickbooks"]
    names = [*settings, *settings["latency"], *settings["limits"], *control.counters()]

    assert [name for name in names if f"`{name}`" not in readme] == []


def test_reset_brings_everything_back(books: Books, control: ControlClient) -> None:
    books.item(service("Faucet"))
    control.settings(throttle="sliding")
    control.fault("html500")
    control.advance(5000)
    control.reset()

    assert control.rows() == []
    assert control.get("/settings")["quickbooks"]["throttle"] == "off"
    assert control.get("/faults") == {"rules": []}
    assert control.get("/grants") == {"grants": []}
    assert control.counters()["calls"] == {}


def test_a_company_can_be_added_once(control: ControlClient) -> None:
    added = control.post("/companies", {"realm": "1234567890", "name": "Third"})
    assert added["name"] == "Third"
    assert len(control.get("/companies")["companies"]) == 3
    for realm in ("1234567890", "12", "letters1234"):
        with pytest.raises(AssertionError, match="realm"):
            control.post("/companies", {"realm": realm, "name": "Again"})


# The process


def test_state_outlives_a_stop_when_the_generation_is_the_same(tmp_path: Path) -> None:
    raw = b'{"Name":"Pipe","Type":"Service","IncomeAccountRef":{"value":"45"},"UnitPrice":300.00}'
    with SandboxProcess(data=tmp_path, generation="g1") as sandbox, Books(sandbox) as books:
        health = sandbox.control.get("/health")
        assert (health["ready"], health["generation"], health["loaded"]) == (True, "g1", False)
        headers = {"Content-Type": "application/json"}
        books.http.post(f"{books.base}/item?requestid=r", content=raw, headers=headers)
        sandbox.control.settings(latency={"batch": 1})
        sandbox.control.advance(100)
        token = sandbox.control.issuer_token()
        tokens, keys = books.tokens, _keys(sandbox)
        assert sandbox.stop() == 0

    with SandboxProcess(data=tmp_path, generation="g1") as sandbox, Books(sandbox) as books:
        assert sandbox.control.get("/health")["loaded"] is True
        books.use(tokens)
        answer = books.http.post(f"{books.base}/item?requestid=r", content=raw, headers=headers)
        assert b'"UnitPrice":300.00' in answer.content
        assert content(books.get("item/1"))["Item"]["Name"] == "Pipe"
        assert books.item(service("Next"))["Id"] == "2"
        assert books.refresh(tokens["refresh_token"]).status_code == 200
        assert sandbox.control.get("/settings")["quickbooks"]["latency"]["batch"] == 1
        assert _keys(sandbox) == keys
        assert token

    with SandboxProcess(data=tmp_path, generation="g2") as sandbox:
        assert sandbox.control.get("/health")["loaded"] is False
        assert sandbox.control.rows() == []


def _keys(sandbox: SandboxProcess) -> object:
    with plain_client() as client:
        return client.get(f"{sandbox.issuer_url}/jwks").json()


def test_after_a_crash_it_begins_anew_instead_of_going_on_from_an_old_state(tmp_path: Path) -> None:
    SandboxProcess(data=tmp_path, generation="g").start().stop()
    SandboxProcess(data=tmp_path, generation="g").start().kill()

    with SandboxProcess(data=tmp_path, generation="g") as sandbox:
        assert sandbox.control.get("/health")["loaded"] is False


def test_an_interrupt_ends_it_at_once_although_a_call_hangs(tmp_path: Path) -> None:
    sandbox = SandboxProcess(data=tmp_path).start()
    sandbox.control.fault({"type": "hang", "seconds": 60}, kind="read")
    with Books(sandbox) as books, pytest.raises(Exception, match="timed out"):
        books.http.get(f"{books.base}/preferences", timeout=0.1)
    assert sandbox._process is not None
    os.kill(sandbox._process.pid, signal.SIGINT)

    assert sandbox._process.wait(5) == 0
    sandbox.stop()


def test_a_busy_port_is_one_clear_line() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        command = [sys.executable, "-m", "sandbox", "--port", port]
        ended = subprocess.run(
            command,
            cwd=Path(__file__).parents[2],
            capture_output=True,
            text=True,
            timeout=20,
            check=False,
        )

    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr.splitlines() == [
        f"sandbox: port {port} cannot be used: Address already in use"
    ]


def test_it_imports_nothing_of_the_suite() -> None:
    folder = Path(__file__).parents[2] / "sandbox"
    imports = [
        line
        for path in folder.rglob("*.py")
        for line in path.read_text(encoding="utf-8").splitlines()
        if line.startswith(("import ", "from "))
    ]
    foreign = [
        line
        for line in imports
        if line.split()[1].split(".")[0] in ("shared", "functions", "local", "tests")
    ]

    assert len(imports) > 100
    assert foreign == []
