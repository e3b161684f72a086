"""Addresses stay the same where they can, and a taken port is a clear line where it was asked for."""

from __future__ import annotations

import os
import socket
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from local import ports
from local.settings import from_environment
from local.trouble import LaunchFailed


def _outgoing_from() -> int:
    try:
        return int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    except OSError:
        return 49_152  # RFC 6335, and macOS


@pytest.fixture
def taken() -> Iterator[int]:
    with socket.socket() as listener:
        listener.bind((ports.HOST, 0))
        listener.listen()
        yield listener.getsockname()[1]


@pytest.fixture
def free() -> int:
    with ExitStack() as closing:
        return ports.any_free(closing)


@pytest.fixture
def launch() -> Iterator[ExitStack]:
    with ExitStack() as closing:
        yield closing


@pytest.fixture
def another() -> Iterator[ExitStack]:
    """A launch beside this one."""
    with ExitStack() as closing:
        yield closing


def test_a_port_asked_for_that_is_taken_says_which_and_what_to_do(
    taken: int, launch: ExitStack
) -> None:
    with pytest.raises(LaunchFailed, match=f"port {taken} is taken.*set API_PORT to another"):
        ports.choose("the api", "API_PORT", taken, None, None, launch)


def test_the_one_asked_for_comes_before_the_remembered_one(free: int, launch: ExitStack) -> None:
    assert ports.choose("the api", "API_PORT", free, 1, 2, launch) == free


def test_the_remembered_one_comes_before_the_usual_one(
    free: int, taken: int, launch: ExitStack
) -> None:
    assert ports.choose("the api", "API_PORT", None, free, 1, launch) == free
    launch.close()
    assert ports.choose("the api", "API_PORT", None, taken, free, launch) == free


def test_where_all_are_taken_it_is_any_free_one(taken: int, launch: ExitStack) -> None:
    chosen = ports.choose("the api", "API_PORT", None, taken, taken, launch)
    assert chosen != taken
    with socket.socket() as listener:
        listener.bind((ports.HOST, chosen))


def test_what_one_launch_chose_is_not_given_to_another_though_nothing_listens_yet(
    free: int, launch: ExitStack, another: ExitStack
) -> None:
    assert ports.choose("the api", "API_PORT", None, free, None, launch) == free
    assert ports.choose("the api", "API_PORT", None, free, None, another) != free
    with pytest.raises(LaunchFailed, match=f"port {free} is taken"):
        ports.choose("the api", "API_PORT", free, None, None, another)

    launch.close()
    assert ports.choose("the api", "API_PORT", free, None, None, another) == free


def test_a_temporary_folder_that_cannot_be_used_is_one_clear_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, launch: ExitStack
) -> None:
    (tmp_path / f"blueclerk-ports-{os.getuid()}").write_text("somebody's file")
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with pytest.raises(LaunchFailed, match=r"no port can be held below .* make it a folder"):
        ports.any_free(launch)


@pytest.mark.skipif(
    _outgoing_from() < ports.OURS.stop,
    reason="here outgoing connections are given these: none is safe from them",
)
def test_a_free_one_is_none_that_an_outgoing_connection_could_be_given(launch: ExitStack) -> None:
    several = [ports.any_free(launch) for _ in range(20)]
    assert len(set(several)) == len(several)
    with socket.socket() as probe:
        probe.bind((ports.HOST, 0))
        assert max(several) < probe.getsockname()[1]


@pytest.mark.parametrize("text", ["0", "65536", "http", "-1"])
def test_what_is_no_port_is_refused_by_name(text: str) -> None:
    with pytest.raises(LaunchFailed, match=f"AWS_PORT is '{text}', which is no port"):
        from_environment({"AWS_PORT": text})


def test_the_environment_replaces_the_sandbox_setting_by_setting() -> None:
    options = from_environment(
        {
            "QUICKBOOKS_API_URL": "http://127.0.0.1:9000",
            "QUICKBOOKS_CLIENT_ID": "",
            "SLICE_SECONDS": "5",
            "API_PORT": "8090",
        }
    )
    assert options.quickbooks == {"QUICKBOOKS_API_URL": "http://127.0.0.1:9000"}
    assert options.parameters == {"SliceSeconds": "5"}
    assert (options.api_port, options.aws_port) == (8090, None)
    assert not options.elsewhere
    assert from_environment({"QUICKBOOKS_AUTHORIZE_URL": "https://x"}).elsewhere
