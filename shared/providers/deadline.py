"""Sockets whose every operation shares one deadline, as a network backend of httpx2's engine.

httpx2's own timeouts are per operation: a server that sends one byte now and then is never timed out.
Here the deadline is a context variable of the thread that makes the call, so connecting, the TLS
handshake, writing, and reading header and body all draw on the same seconds.

Imports httpcore2 (a fifth of a second): import this module only where a transport is made.
"""

from __future__ import annotations

import select
import socket
import ssl
import time
from collections.abc import Iterable
from contextvars import ContextVar
from typing import Final

import httpcore2

DEADLINE: ContextVar[float] = ContextVar("DEADLINE")
"""The instant on the monotonic clock by which this thread's call must be over."""


def left(at_most: float | None) -> float:
    """Seconds for the next operation; zero or less when the deadline has passed."""
    seconds = DEADLINE.get() - time.monotonic()
    return seconds if at_most is None else min(seconds, at_most)


class DeadlineStream(httpcore2.NetworkStream):
    """One connected socket, plain or TLS. `timeout` arguments can only shorten the deadline."""

    def __init__(self, connected: socket.socket) -> None:
        self._socket = connected

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        seconds = left(timeout)
        if seconds <= 0:
            raise httpcore2.ReadTimeout("the deadline has passed")
        try:
            self._socket.settimeout(seconds)
            return self._socket.recv(max_bytes)
        except TimeoutError as error:
            raise httpcore2.ReadTimeout(str(error)) from error
        except OSError as error:
            raise httpcore2.ReadError(str(error)) from error

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        if not buffer:
            return
        seconds = left(timeout)
        if seconds <= 0:
            raise httpcore2.WriteTimeout("the deadline has passed")
        try:
            self._socket.settimeout(seconds)
            self._socket.sendall(buffer)  # its time limit is for the whole of it
        except TimeoutError as error:
            raise httpcore2.WriteTimeout(str(error)) from error
        except OSError as error:
            raise httpcore2.WriteError(str(error)) from error

    def close(self) -> None:
        self._socket.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore2.NetworkStream:
        try:
            # A handshake's limit is for the whole of it; zero would mean not to wait at all.
            self._socket.settimeout(max(left(timeout), 0.001))
            secured = ssl_context.wrap_socket(self._socket, server_hostname=server_hostname)
        except TimeoutError as error:
            self.close()
            raise httpcore2.ConnectTimeout(str(error)) from error
        except OSError as error:
            self.close()
            raise httpcore2.ConnectError(str(error)) from error
        except BaseException:
            self.close()
            raise
        return DeadlineStream(secured)

    def get_extra_info(self, info: str) -> socket.socket | bool | None:
        """What httpx2's engine asks: whether an idle connection was closed, and the TLS object."""
        if info == "is_readable":
            return _readable(self._socket)
        if info == "ssl_object":
            return self._socket if isinstance(self._socket, ssl.SSLSocket) else None
        return self._socket if info == "socket" else None


class DeadlineBackend(httpcore2.NetworkBackend):
    """Connects within the deadline, and within `connect_timeout` over all addresses of a host."""

    def __init__(self, connect_timeout: float) -> None:
        self._connect_timeout: Final = connect_timeout

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,
    ) -> httpcore2.NetworkStream:
        """Raises `ConnectTimeout` or `ConnectError`. How long a name takes is the system resolver's."""
        if local_address is not None or socket_options is not None:
            raise NotImplementedError("the transport asks for neither")
        try:
            addresses = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except OSError as error:
            raise httpcore2.ConnectError(str(error)) from error
        until = time.monotonic() + self._connect_timeout
        failure: OSError = TimeoutError("the deadline has passed")
        for family, kind, protocol, _name, address in addresses:
            seconds = min(left(timeout), until - time.monotonic())
            if seconds <= 0:
                break
            connecting = socket.socket(family, kind, protocol)
            try:
                connecting.settimeout(seconds)
                connecting.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                connecting.connect(address)
            except OSError as error:
                connecting.close()
                failure = error
            else:
                return DeadlineStream(connecting)
        if isinstance(failure, TimeoutError):
            raise httpcore2.ConnectTimeout(str(failure)) from failure
        raise httpcore2.ConnectError(str(failure)) from failure


def _readable(connected: socket.socket) -> bool:
    """An idle connection that can be read has been closed by the server."""
    number = connected.fileno()
    if number < 0:
        return True
    poll = select.poll()
    poll.register(number, select.POLLIN)
    return bool(poll.poll(0))
