"""Programs that were started are always found again, and stopped in order."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from local import processes
from local.trouble import LaunchFailed

OBEDIENT = """
import signal, sys, time
def end(*_):
    open("saved", "w").close()
    sys.exit(0)
signal.signal(signal.SIGTERM, end)
print("ready", flush=True)
time.sleep(60)
"""
# A launcher that dies at once and leaves its child behind.
LAUNCHER = f"""
import os
from pathlib import Path
from local import processes
folder = Path({{folder!r}})
child = processes.start("thing", [{sys.executable!r}, "-c", {OBEDIENT!r}], environment={{{{}}}},
                        folder=folder, working_folder=folder)
processes.wait_until_ready(child, lambda: "ready" in child.log.read_text())
os._exit(9)
"""


def start(folder: Path, program: str) -> processes.Child:
    return processes.start(
        "thing",
        [sys.executable, "-c", program],
        environment={},
        folder=folder,
        working_folder=folder,
    )


def test_a_child_is_asked_to_end_and_may_save(tmp_path: Path) -> None:
    child = start(tmp_path, OBEDIENT)
    processes.wait_until_ready(child, lambda: "ready" in child.log.read_text())
    assert processes.stop(child)
    assert (tmp_path / "saved").exists()


def test_a_child_that_ends_at_once_is_told_with_its_last_words(tmp_path: Path) -> None:
    child = start(tmp_path, "import sys; sys.exit('no such port')")
    with pytest.raises(LaunchFailed, match="thing ended at once: no such port"):
        processes.wait_until_ready(child, lambda: False)


def test_an_interrupt_while_waiting_leaves_no_child_behind(tmp_path: Path) -> None:
    child = start(tmp_path, OBEDIENT)

    def interrupted() -> bool:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        processes.wait_until_ready(child, interrupted)
    assert child.ended()


def test_what_a_killed_launcher_left_running_is_found_and_ended_in_order(tmp_path: Path) -> None:
    launched = subprocess.run(
        [sys.executable, "-c", LAUNCHER.format(folder=str(tmp_path))], check=False, timeout=30
    )
    assert launched.returncode == 9
    with pytest.raises(LaunchFailed, match="thing is running already"):
        start(tmp_path, OBEDIENT)
    assert processes.stop_left_over(tmp_path, "thing")
    assert (tmp_path / "saved").exists()
    assert not processes.stop_left_over(tmp_path, "thing"), "there is none any more"


def test_a_child_that_was_killed_leaves_nothing_to_stop(tmp_path: Path) -> None:
    child = start(tmp_path, OBEDIENT)
    child.process.kill()
    child.process.wait()
    assert not processes.stop_left_over(tmp_path, "thing")
    after = start(tmp_path, OBEDIENT)
    processes.wait_until_ready(after, lambda: "ready" in after.log.read_text())
    assert processes.stop(after), "and the next one starts"
