"""`make run` from nothing to a synced catalogue, again, after a kill, and beside trouble."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from local import aws, processes, sandbox
from local.ports import HOST
from local.sandbox import Sandbox
from local.settings import StackOptions
from local.stack import ROOT, start_stack
from local.trouble import LaunchFailed

pytestmark = pytest.mark.deployed

ROWS = 400
_SECONDS = 120
_BOOKS = "9130347596842384"


class Launch:
    """A `python -m local` of its own, with ports of its own."""

    def __init__(self, folder: Path, *arguments: str, **environment: str) -> None:
        self.data = folder / "data"
        catalogue = folder / "catalogue.csv"
        if not catalogue.exists():
            rows = "".join(f"I-{number},Fitting {number},2.50\n" for number in range(ROWS))
            catalogue.write_text(f"id,name,unit_price\n{rows}")
        self.log = folder / f"launch-{time.monotonic_ns()}.log"
        with self.log.open("wb") as output:
            self.process = subprocess.Popen(
                [
                    *(sys.executable, "-m", "local", "--data", str(self.data)),
                    *("--catalog", str(catalogue), *arguments),
                ],
                cwd=ROOT,
                env={"PATH": os.environ["PATH"], **environment},
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def said(self) -> str:
        return self.log.read_text()

    def ended(self) -> int:
        return self.process.wait(_SECONDS)

    def until(self, text: str) -> None:
        give_up = time.monotonic() + _SECONDS
        while text not in self.said():
            assert self.process.poll() is None, self.said()
            assert time.monotonic() < give_up, self.said()
            time.sleep(0.05)

    def stack(self) -> dict[str, Any]:
        told: dict[str, Any] = json.loads((self.data / "stack.json").read_text())
        return told

    def kill(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()


Start = Callable[..., Launch]


@pytest.fixture
def launch(tmp_path: Path) -> Iterator[Start]:
    """Starts launches over one folder; whatever a test does, nothing of them stays behind."""
    started: list[Launch] = []

    def start(*arguments: str, **environment: str) -> Launch:
        started.append(Launch(tmp_path, *arguments, **environment))
        return started[-1]

    yield start
    for one in started:
        one.kill()
    for name in (aws.NAME, sandbox.NAME):
        if (tmp_path / "data" / f"{name}.lock").exists():
            processes.stop_left_over(tmp_path / "data", name)


def items_in_the_books(url: str) -> int:
    """How many items QuickBooks has, each name once."""
    books = Sandbox(url).control(f"state?realm={_BOOKS}&entity=Item&light=1")
    items = books["companies"][_BOOKS]["Item"]
    assert items["duplicates"] == {}
    return int(items["count"])


def answers(url: str) -> bool:
    try:
        return httpx2.get(url, trust_env=False).is_success
    except httpx2.TransportError:
        return False


def test_from_nothing_to_a_synced_catalogue_and_again_with_nothing_written(launch: Start) -> None:
    first = launch("--once")
    assert first.ended() == 0, first.said()
    assert f"{ROWS} of {ROWS} settled" in first.said()
    assert f"{ROWS} created, 0 updated, 0 unchanged" in first.said()
    counts = [int(count) for count in re.findall(rf"(\d+) of {ROWS}\n", first.said())]
    assert counts == sorted(counts)
    assert counts[-1] == ROWS

    told = first.stack()
    assert set(told) == {
        *("api_url", "console_url", "sandbox_url", "aws_endpoint_url", "table_names"),
        *("token", "company_id", "generation"),
    }
    assert set(told["table_names"]) == {"records", "sync_state", "grants"}
    assert stat.S_IMODE((first.data / "stack.json").stat().st_mode) == 0o600
    assert not answers(f"{told['sandbox_url']}/control/health"), "nothing stays behind"

    second = launch("--once")
    assert second.ended() == 0, second.said()
    assert f"0 created, 0 updated, {ROWS} unchanged" in second.said()
    assert second.stack()["generation"] == told["generation"]
    assert second.stack()["api_url"] == told["api_url"]


def test_ctrl_c_while_serving_stops_everything_with_its_state_saved(launch: Start) -> None:
    launched = launch()
    launched.until("serving at")
    told = launched.stack()
    answer = httpx2.get(
        f"{told['api_url']}/v1/items/I-7",
        headers={"authorization": f"Bearer {told['token']}"},
        trust_env=False,
    )
    assert answer.json()["name"] == "Fitting 7"
    launched.process.send_signal(signal.SIGINT)
    assert launched.ended() == 0, launched.said()
    assert "the state is saved" in launched.said()
    assert not answers(f"{told['aws_endpoint_url']}/_ministack/ready")
    assert not answers(f"{told['sandbox_url']}/control/health")


def test_a_launcher_killed_amid_a_sync_is_recognised_and_the_next_one_completes(
    launch: Start,
) -> None:
    first = launch(HEARTBEAT_SECONDS="1", ABANDONED_SECONDS="3")
    first.until("pushing")
    told = first.stack()
    first.kill()
    assert answers(f"{told['sandbox_url']}/control/health"), "its programs still run"

    second = launch(HEARTBEAT_SECONDS="1", ABANDONED_SECONDS="3")
    second.until("serving at")
    assert "left running" in second.said()
    assert second.stack()["generation"] == told["generation"], "it goes on, not anew"
    assert items_in_the_books(second.stack()["sandbox_url"]) == ROWS
    assert f"{ROWS} of {ROWS} settled" in second.said()
    second.process.send_signal(signal.SIGTERM)
    assert second.ended() == 0


def test_when_everything_was_killed_it_starts_anew(launch: Start) -> None:
    first = launch()
    first.until("serving at")
    told = first.stack()
    for name in ("aws", "sandbox"):
        os.kill(int((first.data / f"{name}.lock").read_text()), signal.SIGKILL)
    assert first.ended() == 1
    assert "ended by itself" in first.said(), "a program that dies is told, not waited for"

    second = launch("--once")
    assert second.ended() == 0, second.said()
    assert second.stack()["generation"] != told["generation"]
    assert f"{ROWS} created, 0 updated, 0 unchanged" in second.said()


def test_a_taken_port_is_one_clear_line(launch: Start) -> None:
    with socket.socket() as listener:
        listener.bind((HOST, 0))
        listener.listen()
        port = listener.getsockname()[1]
        launched = launch(API_PORT=str(port))
        assert launched.ended() == 1
    [line] = launched.said().splitlines()
    assert line == (
        f"make run: port {port} is taken, so the api cannot start: free it, or set API_PORT to another"
    )


def test_two_launches_over_one_folder_are_refused(tmp_path: Path) -> None:
    options = StackOptions(usual_ports=False)
    with (
        start_stack(tmp_path, options),
        pytest.raises(LaunchFailed, match="another launch is using"),
        start_stack(tmp_path, options),
    ):
        pass


def test_a_provider_elsewhere_that_consents_by_itself_is_used_instead(
    launch: Start, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """QUICKBOOKS_* of the environment replace the sandbox; here another sandbox plays the other place."""
    other_data = tmp_path_factory.mktemp("other")
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port = probe.getsockname()[1]
    child, other = sandbox.start(other_data, ROOT, port, "")
    try:
        other.configure({"quickbooks": {"autoConsent": True}})
        launched = launch("--once", **other.quickbooks_settings())
        assert launched.ended() == 0, launched.said()
        assert items_in_the_books(other.url) == ROWS
    finally:
        processes.stop(child)


def test_a_provider_that_is_down_is_one_clear_line(launch: Start) -> None:
    launched = launch("--once", QUICKBOOKS_AUTHORIZE_URL=f"http://{HOST}:9/connect/oauth2")
    assert launched.ended() == 1
    assert "make run: the consent at http://127.0.0.1 got no answer" in launched.said()
    assert "Traceback" not in launched.said()
