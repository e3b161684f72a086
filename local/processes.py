"""Child processes that outlive nobody by mistake.

Each child inherits a lock on `<name>.lock`, which holds its process id. So a launcher that was killed
leaves a trace that cannot lie: as long as the lock is taken the child still runs under that id.
"""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from local.files import try_lock
from local.trouble import LaunchFailed

_SECONDS_TO_START = 30.0
_SECONDS_TO_STOP = 20.0
_LAST_LINES = 3


@dataclass(frozen=True, slots=True)
class Child:
    """A running program. `log` holds what it says."""

    name: str
    process: subprocess.Popen[bytes]
    log: Path

    def ended(self) -> bool:
        return self.process.poll() is not None

    def last_words(self) -> str:
        lines = self.log.read_text(encoding="utf-8", errors="replace").split("\n")
        said = [line.strip() for line in lines if line.strip()]
        return " / ".join(said[-_LAST_LINES:]) or "it said nothing"


def start(
    name: str,
    command: Sequence[str],
    *,
    environment: Mapping[str, str],
    folder: Path,
    working_folder: Path,
) -> Child:
    """Start a program in a session of its own (Ctrl-C reaches the launcher, which stops it in order).

    The lock of that name must be free (see `stop_left_over`).
    """
    log = folder / f"{name}.log"
    lock = try_lock(folder / f"{name}.lock")
    if lock is None:
        raise LaunchFailed(f"{name} is running already below {folder}")
    try:
        with log.open("wb") as output:
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=dict(environment),
                cwd=working_folder,
                start_new_session=True,
                pass_fds=(lock,),
            )
        os.ftruncate(lock, 0)
        os.pwrite(lock, str(process.pid).encode(), 0)
    finally:
        os.close(lock)
    return Child(name, process, log)


def wait_until_ready(child: Child, ready: Callable[[], bool]) -> None:
    """Raises `LaunchFailed` with the child's last words when it ends or stays silent.

    Whatever is raised, Ctrl-C included, the child is stopped first: nobody else knows of it yet.
    """
    try:
        _wait(child, ready)
    except BaseException:
        stop(child)
        raise


def _wait(child: Child, ready: Callable[[], bool]) -> None:
    give_up = time.monotonic() + _SECONDS_TO_START
    while not ready():
        if child.ended():
            raise LaunchFailed(
                f"{child.name} ended at once: {child.last_words()} (see {child.log})"
            )
        if time.monotonic() > give_up:
            raise LaunchFailed(
                f"{child.name} is not ready after {_SECONDS_TO_START:.0f} s, see {child.log}"
            )
        time.sleep(0.02)


def stop(child: Child) -> bool:
    """Ask it to end and wait. True: it ended by itself, with everything saved."""
    child.process.terminate()
    try:
        return child.process.wait(_SECONDS_TO_STOP) == 0
    except subprocess.TimeoutExpired:
        child.process.kill()
        child.process.wait()
        return False


def stop_left_over(folder: Path, name: str) -> bool:
    """End a child that a killed launcher left running. True: there was one and it ended by itself."""
    path = folder / f"{name}.lock"
    if _free(path):
        return False
    known = path.read_text(encoding="ascii")
    if not known:
        raise LaunchFailed(
            f"something of an earlier launch holds {path}: end it, or remove {folder}"
        )
    for number in (signal.SIGTERM, signal.SIGKILL):
        os.kill(int(known), number)
        give_up = time.monotonic() + _SECONDS_TO_STOP
        while time.monotonic() < give_up:
            if _free(path):
                return number == signal.SIGTERM
            time.sleep(0.05)
    raise LaunchFailed(f"process {known} of an earlier launch does not end")


def _free(path: Path) -> bool:
    lock = try_lock(path)
    if lock is None:
        return False
    os.close(lock)
    return True
