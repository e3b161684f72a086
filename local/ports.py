"""Loopback ports: the one asked for, else the one of last time, else a preferred or any free one.

Whatever is chosen is held until the launch ends, seconds before its program listens there. Any free one
lies below those that systems give to outgoing connections (from 32768 on Linux, from 49152 elsewhere):
there, a client that asks whether a program answers yet can be given the very port that it asks for. It
then talks to itself, and the program finds its port taken.
"""

from __future__ import annotations

import os
import random
import socket
import tempfile
from contextlib import ExitStack
from pathlib import Path

from local.files import try_lock
from local.trouble import LaunchFailed

HOST = "127.0.0.1"
OURS = range(20_000, 21_000)


def choose(
    what: str,
    variable: str,
    asked: int | None,
    remembered: int | None,
    usual: int | None,
    closing: ExitStack,
) -> int:
    """A port that is free now, held until `closing`.

    Raises `LaunchFailed` where the asked one is taken, where none is left, or none can be held.
    """
    if asked is not None:
        if not _take(asked, closing):
            raise LaunchFailed(
                f"port {asked} is taken, so {what} cannot start: free it, or set {variable} to another"
            )
        return asked
    for port in (remembered, usual):
        if port is not None and _take(port, closing):
            return port
    return any_free(closing)


def any_free(closing: ExitStack) -> int:
    """One that nobody listens on and no other launch holds, held until `closing`."""
    for port in random.sample(OURS, len(OURS)):
        if _take(port, closing):
            return port
    raise LaunchFailed(
        f"every port from {OURS.start} to {OURS.stop - 1} is taken: end what holds them"
    )


def _take(port: int, closing: ExitStack) -> bool:
    """Whether nobody had it; held from now on, as a lock that ends with this process."""
    folder = Path(tempfile.gettempdir()) / f"blueclerk-ports-{os.getuid()}"
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        lock = try_lock(folder / f"{port}.lock")
    except OSError as error:
        raise LaunchFailed(
            f"no port can be held below {folder} ({error.strerror}): make it a folder that you can "
            "write to, or set TMPDIR to another"
        ) from None
    if lock is None:
        return False
    if not _is_free(port):
        os.close(lock)
        return False
    closing.callback(os.close, lock)
    return True


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        # Without it a connection of the run before, lingering in TIME_WAIT, would count as taken.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True
