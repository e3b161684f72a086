"""The transport over real sockets: the deadline is total, the answer bounded, nothing is followed."""

from __future__ import annotations

import gzip
import logging
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import suppress

import pytest

from shared.providers.http import HttpAnswer, HttpFailure, HttpRequest
from shared.providers.transport import HttpxTransport
from tests.unit.providers.raw_server import RawServer, Script, answer, sending


@pytest.fixture(scope="module")
def transport() -> Iterator[HttpxTransport]:
    made = HttpxTransport(max_answer=100_000, connect_timeout=0.5)
    yield made
    made.close()


def call(
    url: str, *, deadline: float = 2.0, body: bytes = b"", method: str = "POST"
) -> HttpRequest:
    return HttpRequest(method, url, {"authorization": "Bearer t0ken"}, body, deadline)


def failure(result: HttpAnswer | HttpFailure) -> HttpFailure:
    assert isinstance(result, HttpFailure), result
    return result


def good(result: HttpAnswer | HttpFailure) -> HttpAnswer:
    assert isinstance(result, HttpAnswer), result
    return result


def test_a_request_arrives_as_it_was_built(transport: HttpxTransport) -> None:
    with RawServer(sending(answer(b"ok", b"X-Thing: Value"))) as server:
        result = good(transport.exchange(call(f"{server.url}/v3/a%20b?x=1&y=%2B", body=b"\x00{}")))
        head, _, body = server.requests[0].partition(b"\r\n\r\n")
    assert result == HttpAnswer(200, {"content-length": "2", "x-thing": "Value"}, b"ok")
    assert head.split(b"\r\n")[0] == b"POST /v3/a%20b?x=1&y=%2B HTTP/1.1"
    assert body == b"\x00{}"
    headers = {
        line.split(b": ")[0].lower(): line.split(b": ")[1] for line in head.split(b"\r\n")[1:]
    }
    assert headers == {
        b"host": b"127.0.0.1:%d" % server.port,
        b"authorization": b"Bearer t0ken",
        b"content-length": b"3",
        b"accept-encoding": b"gzip",
    }


@pytest.mark.parametrize("url", ["{}", "{}?q=1", "{}/?q=1"])
def test_an_address_without_a_path_is_asked_for_its_root(
    transport: HttpxTransport, url: str
) -> None:
    with RawServer(sending(answer(b""))) as server:
        good(transport.exchange(call(url.format(server.url), method="GET")))
    assert server.requests[0].startswith((b"GET / HTTP/1.1", b"GET /?q=1 HTTP/1.1"))


@pytest.mark.parametrize("url", ["", "ftp://a/", "/v3", "http:///x"])
def test_an_address_that_is_not_absolute_http_is_an_error_of_ours(
    transport: HttpxTransport, url: str
) -> None:
    with pytest.raises(ValueError, match="absolute"):
        transport.exchange(call(url))


def test_connections_are_kept_and_used_again(transport: HttpxTransport) -> None:
    with RawServer(sending(answer(b"1"))) as server:
        for _ in range(5):
            good(transport.exchange(call(server.url)))
        assert server.connections == 1


def test_a_dozen_calls_are_under_way_at_once(transport: HttpxTransport) -> None:
    barrier = threading.Barrier(12)

    def script(connection: socket.socket, _request: bytes) -> None:
        with suppress(threading.BrokenBarrierError):
            barrier.wait(5)
            connection.sendall(answer(b"together"))

    results: list[HttpAnswer | HttpFailure] = []
    with RawServer(script) as server:
        threads = [
            threading.Thread(
                target=lambda: results.append(transport.exchange(call(server.url, deadline=5)))
            )
            for _ in range(12)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert [good(result).body for result in results] == [b"together"] * 12


@pytest.mark.parametrize("status", [b"301 Moved", b"302 Found", b"307 Temporary", b"308 Permanent"])
def test_a_redirect_is_an_answer_and_not_followed(transport: HttpxTransport, status: bytes) -> None:
    with RawServer(sending(answer(b"", b"Location: /other", status=status))) as server:
        result = good(transport.exchange(call(server.url)))
        assert len(server.requests) == 1
    assert result.status == int(status[:3])
    assert result.headers["location"] == "/other"


def test_cookies_are_not_kept(transport: HttpxTransport) -> None:
    with RawServer(sending(answer(b"", b"Set-Cookie: company=one"))) as server:
        good(transport.exchange(call(server.url)))
        good(transport.exchange(call(server.url)))
    assert b"cookie" not in server.requests[1].lower()


@pytest.mark.parametrize(
    "parts",
    [
        [b"HTTP/1.1 200 OK\r\nX: "] + [b"a"] * 400,
        [b"HTTP/1.1 200 OK\r\nContent-Length: 400\r\n\r\n"] + [b"a"] * 400,
        [b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"] + [b"1\r\na\r\n"] * 400,
        [b""] * 400,
    ],
    ids=["header", "body", "chunks", "silence"],
)
def test_a_trickle_never_outlasts_the_deadline(
    transport: HttpxTransport, parts: list[bytes]
) -> None:
    with RawServer(sending(*parts, pause=0.01)) as server:
        began = time.monotonic()
        result = failure(transport.exchange(call(server.url, deadline=0.4)))
        took = time.monotonic() - began
    assert result == HttpFailure("ReadTimeout", sent=True)
    assert 0.35 < took < 0.7


def test_a_server_that_does_not_read_never_outlasts_the_deadline(transport: HttpxTransport) -> None:
    listening = socket.create_server(("127.0.0.1", 0))
    try:
        url = f"http://127.0.0.1:{listening.getsockname()[1]}/"
        began = time.monotonic()
        result = failure(transport.exchange(call(url, deadline=0.4, body=b"x" * 30_000_000)))
        assert result.sent
        assert time.monotonic() - began < 0.7
    finally:
        listening.close()


def test_a_refused_connection_was_not_sent(transport: HttpxTransport) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    result = failure(transport.exchange(call(f"http://127.0.0.1:{port}/")))
    assert result == HttpFailure("ConnectError", sent=False)


def test_a_name_that_does_not_resolve_was_not_sent(transport: HttpxTransport) -> None:
    result = failure(transport.exchange(call("http://nowhere.invalid/")))
    assert result == HttpFailure("ConnectError", sent=False)


def test_connecting_has_a_limit_of_its_own(transport: HttpxTransport) -> None:
    """A full backlog: the handshake of a further connection is not answered."""
    listening = socket.socket()
    listening.bind(("127.0.0.1", 0))
    listening.listen(0)
    address = listening.getsockname()
    waiting = [socket.socket() for _ in range(4)]
    try:
        for one in waiting:
            one.setblocking(False)  # noqa: FBT003 - the method's own signature
            one.connect_ex(address)
        began = time.monotonic()
        result = failure(transport.exchange(call(f"http://127.0.0.1:{address[1]}/", deadline=5)))
        assert result == HttpFailure("ConnectTimeout", sent=False)
        assert time.monotonic() - began < 1.5
    finally:
        for one in [*waiting, listening]:
            one.close()


def test_tls_that_never_shakes_hands_was_not_sent_and_keeps_the_deadline(
    transport: HttpxTransport,
) -> None:
    with RawServer(lambda _connection, _request: time.sleep(1)) as server:
        began = time.monotonic()
        result = failure(
            transport.exchange(call(server.url.replace("http", "https"), deadline=0.4))
        )
    assert result == HttpFailure("ConnectTimeout", sent=False)
    assert time.monotonic() - began < 0.8


@pytest.mark.parametrize(
    "script",
    [
        sending(),
        sending(b"HTTP/1.1 200 OK\r\nContent-Le"),
        sending(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf"),
        sending(b"not http at all\r\n\r\n"),
        sending(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab"),
    ],
    ids=["nothing", "half a header", "half a body", "no http", "half a chunk"],
)
def test_a_connection_cut_off_may_have_been_sent(transport: HttpxTransport, script: Script) -> None:
    with RawServer(script, close_after=True) as server:
        assert failure(transport.exchange(call(server.url))).sent


def test_after_a_broken_answer_the_next_call_is_good(transport: HttpxTransport) -> None:
    turns = iter([b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf", answer(b"fine")])

    def script(connection: socket.socket, _request: bytes) -> None:
        part = next(turns)
        connection.sendall(part)
        if part.endswith(b"half"):
            connection.close()

    with RawServer(script) as server:
        assert failure(transport.exchange(call(server.url))).sent
        assert good(transport.exchange(call(server.url))).body == b"fine"


def test_an_answer_is_bounded(transport: HttpxTransport) -> None:
    with RawServer(sending(answer(b"x" * 100_001))) as server:
        result = failure(transport.exchange(call(server.url)))
    assert result.sent
    assert "larger than" in result.reason


def test_an_endless_answer_is_bounded(transport: HttpxTransport) -> None:
    endless = [b"HTTP/1.1 200 OK\r\n\r\n", *[b"x" * 50_000] * 40]
    with RawServer(sending(*endless)) as server:
        assert "larger than" in failure(transport.exchange(call(server.url))).reason


def test_gzip_is_unpacked(transport: HttpxTransport) -> None:
    packed = gzip.compress(b'{"a":1}' * 100)
    with RawServer(sending(answer(packed, b"Content-Encoding: gzip"))) as server:
        assert good(transport.exchange(call(server.url))).body == b'{"a":1}' * 100


@pytest.mark.parametrize(
    ("body", "encoding", "reason"),
    [
        (gzip.compress(b"0" * 1_000_000), b"gzip", "larger than"),
        (gzip.compress(b"some text, long enough")[:-12], b"gzip", "cut off"),
        (b"no gzip", b"gzip", "broken"),
        (b"?", b"br", "not known"),
    ],
    # Named, because gzip writes the second of its making into its header: an id made of the
    # body differs between the two processes that collect the tests.
    ids=["larger", "cut off", "broken", "unknown"],
)
def test_a_body_that_cannot_be_unpacked_is_no_answer(
    transport: HttpxTransport, body: bytes, encoding: bytes, reason: str
) -> None:
    with RawServer(sending(answer(body, b"Content-Encoding: " + encoding))) as server:
        result = failure(transport.exchange(call(server.url)))
    assert result.sent
    assert reason in result.reason


def test_a_kept_connection_that_the_server_closed_is_not_used_again(
    transport: HttpxTransport,
) -> None:
    with RawServer(sending(answer(b"bye")), close_after=True) as server:
        for _ in range(3):
            assert good(transport.exchange(call(server.url))).body == b"bye"
            time.sleep(0.02)
        assert server.connections == 3


def test_neither_address_nor_header_reaches_a_log(
    transport: HttpxTransport, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG), RawServer(sending(answer(b"ok"))) as server:
        good(transport.exchange(call(f"{server.url}/v3?name=customer")))
    assert "t0ken" not in caplog.text
    assert "customer" not in caplog.text
