"""Loopback ports: the one asked for, else the one of last time, else a preferred or any free one."""

from __future__ import annotations

import socket

from local.trouble import LaunchFailed

HOST = "127.0.0.1"


def choose(
    what: str, variable: str, asked: int | None, remembered: int | None, usual: int | None
) -> int:
    """A port that is free now. Raises `LaunchFailed` only where the asked one is taken."""
    if asked is not None:
        if not is_free(asked):
            raise LaunchFailed(
                f"port {asked} is taken, so {what} cannot start: free it, or set {variable} to another"
            )
        return asked
    for port in (remembered, usual):
        if port is not None and is_free(port):
            return port
    return _any_free()


def is_free(port: int) -> bool:
    with socket.socket() as probe:
        # Without it a connection of the run before, lingering in TIME_WAIT, would count as taken.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True


def _any_free() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
    return port
