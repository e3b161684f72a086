"""Puts the API at the root of its own port, as API Gateway does; the emulator has it below a prefix.

What goes through stays as it was: method, path (percent-encoding included), query, bodies, several
Set-Cookie, redirects. Nothing is followed, decoded or added. Bodies above API Gateway's 10 MB are
refused as there.
"""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from http.cookiejar import CookieJar, DefaultCookiePolicy

import httpx2
import uvicorn
from starlette.types import Receive, Scope, Send

from local.ports import HOST
from local.trouble import LaunchFailed

LARGEST_BODY = 10_000_000
_SECONDS = 35.0  # API Gateway gives up after 30; the emulator should be the one to say so
_OF_ONE_CONNECTION = frozenset(
    {
        *(b"connection", b"keep-alive", b"proxy-authenticate", b"proxy-authorization"),
        *(b"te", b"trailer", b"transfer-encoding", b"upgrade"),
    }
)


class Proxy:
    """An ASGI application that hands every request on to `target` (a URL without a slash at its end)."""

    def __init__(self, target: str) -> None:
        self._target = httpx2.URL(target)
        self._client = httpx2.AsyncClient(
            trust_env=False,
            timeout=_SECONDS,
            limits=httpx2.Limits(max_keepalive_connections=20),
            cookies=CookieJar(
                DefaultCookiePolicy(allowed_domains=[])
            ),  # each browser keeps its own
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._live(receive, send)
            return
        body = await _read(receive)
        if body is None:
            await _answer(send, HTTPStatus.REQUEST_ENTITY_TOO_LARGE, [(b"content-length", b"0")])
            return
        path = self._target.raw_path + scope["raw_path"]
        if scope["query_string"]:
            path += b"?" + scope["query_string"]
        request = self._client.build_request(
            scope["method"],
            self._target.copy_with(raw_path=path),
            headers=[(name, value) for name, value in scope["headers"] if _passes(name)],
            content=body,
        )
        try:
            answer = await self._client.send(request, stream=True)
            content = b"".join([part async for part in answer.aiter_raw()])
            await answer.aclose()
        except httpx2.TransportError:
            await _answer(send, HTTPStatus.BAD_GATEWAY, [(b"content-length", b"0")])
            return
        headers = [(name.lower(), value) for name, value in answer.headers.raw]
        if scope["method"] != "HEAD":  # whose length is that of the GET it stands for
            headers = [one for one in headers if one[0] != b"content-length"]
            headers.append((b"content-length", str(len(content)).encode()))
        await _answer(
            send, answer.status_code, [one for one in headers if _passes(one[0])], content
        )

    async def _live(self, receive: Receive, send: Send) -> None:
        """Closes the connections to the target when the server ends."""
        await receive()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await self._client.aclose()
        await send({"type": "lifespan.shutdown.complete"})


def _passes(name: bytes) -> bool:
    return name.lower() not in _OF_ONE_CONNECTION


async def _read(receive: Receive) -> bytes | None:
    """The whole body; None when it is too large."""
    parts, size, more = [], 0, True
    while more:
        message = await receive()
        part: bytes = message.get("body", b"")
        size += len(part)
        if size > LARGEST_BODY:
            return None
        parts.append(part)
        more = message.get("more_body", False)
    return b"".join(parts)


async def _answer(
    send: Send, status: int, headers: list[tuple[bytes, bytes]], content: bytes = b""
) -> None:
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": content})


def listen(port: int) -> socket.socket:
    """Takes the port now, long before anything answers on it. Port 0 takes a free one.

    Raises `LaunchFailed` for a taken one.
    """
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((HOST, port))
        listener.listen()
    except OSError as error:
        listener.close()
        raise LaunchFailed(f"port {port} of the API cannot be used: {error.strerror}") from None
    return listener


def address(listener: socket.socket) -> str:
    return f"http://{HOST}:{listener.getsockname()[1]}"


@contextmanager
def serving(target: str, listener: socket.socket) -> Iterator[None]:
    """The proxy on a thread of its own; it closes the listener when it ends."""
    server = uvicorn.Server(
        uvicorn.Config(
            Proxy(target),
            lifespan="on",
            ws="none",
            log_level="warning",
            access_log=False,
            server_header=False,
            date_header=False,
            timeout_graceful_shutdown=1,
        )
    )
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    while not server.started and thread.is_alive():
        time.sleep(0.005)
    try:
        yield
    finally:
        server.should_exit = True
        thread.join()
        listener.close()
