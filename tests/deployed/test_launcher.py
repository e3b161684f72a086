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
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx2
import pytest

from local import aws, ports, processes, sandbox
from local.files import try_lock
from local.forms import first_form
from local.ports import HOST
from local.sandbox import Sandbox
from local.sign_in import sign_in
from local.stack import ROOT, start_stack
from local.trouble import LaunchFailed

pytestmark = [pytest.mark.deployed, pytest.mark.alone]

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


def publish(aws_url: str, text: str) -> None:
    """As a function does that notifies."""
    local = aws.LocalAws(aws_url)
    sns = local.session.client("sns", endpoint_url=aws_url, config=local.config)
    [topic] = sns.list_topics()["Topics"]
    sns.publish(TopicArn=topic["TopicArn"], Subject="Hello", Message=text)


def signed_in_at(console_url: str, person: str) -> str:
    """The page that somebody sees there after signing in with a browser."""
    with httpx2.Client(trust_env=False, timeout=30) as browser:
        page = sign_in(browser, console_url, person)
        assert str(page.url) == console_url
        return page.text


def answers(url: str) -> bool:
    try:
        return httpx2.get(url, trust_env=False).is_success
    except httpx2.TransportError:
        return False


def test_from_nothing_to_a_served_catalogue_and_again_with_nothing_written(launch: Start) -> None:
    first = launch()
    first.until("serving at")
    assert f"{ROWS} of {ROWS} settled" in first.said()
    assert f"{ROWS} created, 0 updated, 0 unchanged" in first.said()
    counts = [int(count) for count in re.findall(rf"(\d+) of {ROWS}\n", first.said())]
    assert counts == sorted(counts)
    assert counts[-1] == ROWS

    told = first.stack()
    assert set(told) == {
        *("api_url", "console_url", "sandbox_url", "aws_endpoint_url", "table_names"),
        *("mail_queue_url", "token", "company_id", "generation"),
    }
    assert set(told["table_names"]) == {"records", "sync_state", "grants"}
    assert stat.S_IMODE((first.data / "stack.json").stat().st_mode) == 0o600
    answer = httpx2.get(
        f"{told['api_url']}/v1/items/I-7",
        headers={"authorization": f"Bearer {told['token']}"},
        trust_env=False,
    )
    assert answer.json()["name"] == "Fitting 7"
    assert items_in_the_books(told["sandbox_url"]) == ROWS
    assert told["console_url"] in first.said()
    shown = signed_in_at(told["console_url"], "dana-whitfield")
    assert "Cedar Ridge Plumbing" in shown, "the company that was seeded is the one that Dana sees"
    assert "All synced" in shown

    publish(told["aws_endpoint_url"], "Some items could not be synced.\nLook at them.")
    first.until("e-mail   Hello: Some items could not be synced. Look at them.\n")

    first.process.send_signal(signal.SIGINT)  # Ctrl-C
    assert first.ended() == 0, first.said()
    assert "the state is saved" in first.said()
    assert not answers(f"{told['aws_endpoint_url']}/_ministack/ready"), "nothing stays behind"
    assert not answers(f"{told['sandbox_url']}/control/health")

    second = launch("--once")
    assert second.ended() == 0, second.said()
    assert f"0 created, 0 updated, {ROWS} unchanged" in second.said()
    assert second.stack()["generation"] == told["generation"]
    assert second.stack()["api_url"] == told["api_url"]


def test_whatever_is_killed_the_next_launch_recognises_it_and_completes(launch: Start) -> None:
    quickly = {"HEARTBEAT_SECONDS": "1", "ABANDONED_SECONDS": "3"}
    first = launch(**quickly)
    first.until("pushing")
    told = first.stack()
    first.kill()
    assert answers(f"{told['sandbox_url']}/control/health"), "its programs still run"

    second = launch(**quickly)
    second.until("serving at")
    assert "left running" in second.said()
    assert second.stack()["generation"] == told["generation"], "it goes on, not anew"
    assert items_in_the_books(second.stack()["sandbox_url"]) == ROWS
    assert f"{ROWS} of {ROWS} settled" in second.said()

    for name in (aws.NAME, sandbox.NAME):
        os.kill(int((second.data / f"{name}.lock").read_text()), signal.SIGKILL)
    assert second.ended() == 1
    assert "ended by itself" in second.said(), "a program that dies is told, not waited for"

    third = launch("--once")
    assert third.ended() == 0, third.said()
    assert third.stack()["generation"] != told["generation"], "nothing was saved: anew"
    assert f"{ROWS} created, 0 updated, 0 unchanged" in third.said()


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
    assert try_lock(tmp_path / "launch.lock") is not None
    with pytest.raises(LaunchFailed, match="another launch is using"), start_stack(tmp_path):
        pass


@pytest.fixture
def elsewhere(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """A provider that is not the launch's own sandbox."""
    with ExitStack() as closing:
        port = ports.any_free(closing)
        child, other = sandbox.start(tmp_path_factory.mktemp("other"), ROOT, port, "")
        closing.callback(processes.stop, child)
        yield other


def test_a_provider_elsewhere_that_consents_by_itself_replaces_the_sandbox(
    launch: Start, elsewhere: Sandbox
) -> None:
    elsewhere.configure({"quickbooks": {"autoConsent": True}})
    launched = launch("--once", **elsewhere.quickbooks_settings())
    assert launched.ended() == 0, launched.said()
    assert items_in_the_books(elsewhere.url) == ROWS


def test_a_provider_elsewhere_that_asks_a_person_is_waited_for(
    launch: Start, elsewhere: Sandbox
) -> None:
    launched = launch("--once", **elsewhere.quickbooks_settings())
    launched.until("open this address")
    launched.until("state=")
    [address] = re.findall(r"http\S+/connect/oauth2\S+", launched.said())
    with httpx2.Client(trust_env=False) as person:
        form = first_form(person.get(address).text)
        assert form is not None
        answer = person.post(address, data=form.fields, follow_redirects=True)
        assert answer.is_success
    assert launched.ended() == 0, launched.said()
    assert items_in_the_books(elsewhere.url) == ROWS


def test_a_provider_that_is_down_is_one_clear_line(launch: Start) -> None:
    launched = launch("--once", QUICKBOOKS_AUTHORIZE_URL=f"http://{HOST}:9/connect/oauth2")
    assert launched.ended() == 1
    assert f"make run: the consent at http://{HOST}:9 got no answer" in launched.said()
    assert "Traceback" not in launched.said()
