"""The transport port over httpx2's engine: total deadline, bounded answer, nothing followed or kept.

The engine (httpcore2, which httpx2 installs) is used without httpx2's `Client` on purpose:

- the client's timeouts cannot bound a whole exchange (see `shared.providers.deadline`);
- it logs each URL at INFO, and keeps cookies that would travel between companies;
- its per-call work is a good part of what a batch may cost (docs/providers/quickbooks.md).

Proxies of the environment are not used.
"""

from __future__ import annotations

import time
import zlib
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from shared.providers.http import HttpAnswer, HttpFailure, HttpRequest

if TYPE_CHECKING:
    import httpcore2

MAX_ANSWER: Final = 8 * 1024 * 1024
"""The largest page seen documented (1,000 rows) is about a megabyte."""

CONNECTIONS: Final = 16
KEEP_ALIVE_SECONDS: Final = 15.0
"""Shorter than servers usually keep one, longer than the pace of a throttled push."""

_GZIP_ONLY: Final = zlib.MAX_WBITS | 16


class HttpxTransport:
    """`Transport` over a pool of kept-alive connections; several threads may share it."""

    def __init__(
        self,
        *,
        connections: int = CONNECTIONS,
        connect_timeout: float = 5.0,
        max_answer: int = MAX_ANSWER,
    ) -> None:
        import httpcore2  # noqa: PLC0415 - a fifth of a second, paid where a transport is made
        import httpx2  # noqa: PLC0415 - same

        from shared.providers.deadline import (  # noqa: PLC0415 - imports httpcore2
            DEADLINE,
            DeadlineBackend,
        )

        self._deadline = DEADLINE
        self._max_answer = max_answer
        self._engine = httpcore2
        self._not_sent = (
            httpcore2.ConnectError,
            httpcore2.ConnectTimeout,
            httpcore2.PoolTimeout,
            httpcore2.UnsupportedProtocol,
        )
        self._failures = (
            httpcore2.TimeoutException,
            httpcore2.NetworkError,
            httpcore2.ProtocolError,
            httpcore2.UnsupportedProtocol,
        )
        self._pool = httpcore2.ConnectionPool(
            ssl_context=httpx2.create_ssl_context(),
            max_connections=connections,
            max_keepalive_connections=connections,
            keepalive_expiry=KEEP_ALIVE_SECONDS,
            network_backend=DeadlineBackend(connect_timeout),
        )

    def exchange(self, request: HttpRequest) -> HttpAnswer | HttpFailure:
        """See the port. Raises `ValueError` for a URL that is not absolute http or https."""
        token = self._deadline.set(time.monotonic() + request.deadline)
        try:
            return self._exchange(request)
        except self._not_sent as error:
            return HttpFailure(type(error).__name__, sent=False)
        except self._failures as error:
            return HttpFailure(type(error).__name__, sent=True)
        finally:
            self._deadline.reset(token)

    def close(self) -> None:
        self._pool.close()

    def _exchange(self, request: HttpRequest) -> HttpAnswer | HttpFailure:
        response = self._pool.handle_request(self._built(request))
        try:
            headers = {
                name.lower().decode("latin-1"): value.decode("latin-1")
                for name, value in response.headers
            }
            body = bytearray()
            for part in response.iter_stream():
                body += part
                if len(body) > self._max_answer:
                    return HttpFailure(
                        f"the answer is larger than {self._max_answer} bytes", sent=True
                    )
        finally:
            response.close()
        encoding = headers.get("content-encoding", "identity").strip().lower()
        if encoding in ("", "identity"):
            return HttpAnswer(response.status, headers, bytes(body))
        return self._unpacked(response.status, headers, bytes(body), encoding)

    def _built(self, request: HttpRequest) -> httpcore2.Request:
        scheme, host, port, host_header, target = _split(request.url)
        headers = [(b"host", host_header), (b"accept-encoding", b"gzip")]
        if request.body or request.method not in ("GET", "HEAD"):
            headers.append((b"content-length", b"%d" % len(request.body)))
        headers += [
            (name.encode("ascii"), value.encode("latin-1"))
            for name, value in request.headers.items()
        ]
        return self._engine.Request(
            request.method.encode("ascii"),
            self._engine.URL(scheme=scheme, host=host, port=port, target=target),
            headers=headers,
            content=request.body,
            extensions={"timeout": {"pool": request.deadline}},
        )

    def _unpacked(
        self, status: int, headers: dict[str, str], body: bytes, encoding: str
    ) -> HttpAnswer | HttpFailure:
        """The answer with its gzip body unpacked, as far as the bound allows."""
        if encoding not in ("gzip", "x-gzip"):
            return HttpFailure("the answer's content encoding is not known", sent=True)
        unpacker = zlib.decompressobj(_GZIP_ONLY)
        try:
            plain = unpacker.decompress(body, self._max_answer + 1)
        except zlib.error:
            return HttpFailure("the answer's gzip body is broken", sent=True)
        if len(plain) > self._max_answer:
            return HttpFailure(f"the answer is larger than {self._max_answer} bytes", sent=True)
        if not unpacker.eof:
            return HttpFailure("the answer's gzip body is cut off", sent=True)
        return HttpAnswer(status, headers, plain)


def _split(url: str) -> tuple[bytes, bytes, int, bytes, bytes]:
    """Scheme, host, port, host header and target; the origin's part is remembered."""
    start = url.find("/", url.find("//") + 2)
    query = url.find("?")
    if start < 0 or (0 <= query < start):
        start = query if query >= 0 else len(url)
    target = url[start:].encode("ascii")
    return *_origin(url[:start]), target if target.startswith(b"/") else b"/" + target


@lru_cache(maxsize=64)
def _origin(text: str) -> tuple[bytes, bytes, int, bytes]:
    from urllib.parse import urlsplit  # noqa: PLC0415 - a handful of times in a process

    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("a provider's address is an absolute http or https URL")
    host = parts.hostname.encode("idna")
    port = parts.port or (443 if parts.scheme == "https" else 80)
    bracketed = b"[%b]" % host if b":" in host else host
    host_header = bracketed if parts.port is None else b"%b:%d" % (bracketed, port)
    return parts.scheme.encode("ascii"), host, port, host_header
