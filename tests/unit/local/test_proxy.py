"""What goes through the proxy arrives as it was sent, and comes back as it was answered."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx2
import pytest

from local import proxy
from local.ports import HOST


class Target(BaseHTTPRequestHandler):
    """Answers with what it was asked; paths below /prefix only."""

    protocol_version = "HTTP/1.1"

    def answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        seen = json.dumps(
            {
                "method": self.command,
                "path": self.path,
                "host": self.headers["host"],
                "cookie": self.headers["cookie"],
                "body": base64.b64encode(body).decode(),
            }
        ).encode()
        self.send_response(303 if "redirect" in self.path else 200)
        self.send_header("Location", "/elsewhere?a=1")
        self.send_header("Set-Cookie", "a=1; Path=/; HttpOnly")
        self.send_header("Set-Cookie", "b=2; Path=/")
        self.send_header("Content-Length", str(len(seen)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(seen)

    do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = do_OPTIONS = answer  # noqa: N815 - http.server's names

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def client() -> Iterator[httpx2.Client]:
    server = ThreadingHTTPServer((HOST, 0), Target)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        listener = proxy.listen(0)
        with (
            proxy.serving(f"http://{HOST}:{server.server_port}/prefix", listener),
            httpx2.Client(base_url=proxy.address(listener), trust_env=False) as client,
        ):
            yield client
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE", "OPTIONS"])
def test_the_method_arrives(client: httpx2.Client, method: str) -> None:
    assert client.request(method, "/v1/items").json()["method"] == method


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/v1/items:import",
        "/v1/items/a%2Fb%20c?cursor=x%3D%26&a=1&a=2",
        "/v1/x?empty",
        "/%C3%A9",
    ],
)
def test_path_and_query_arrive_below_the_prefix_to_the_byte(
    client: httpx2.Client, path: str
) -> None:
    assert client.get(path).json()["path"] == f"/prefix{path}"


def test_binary_bodies_arrive(client: httpx2.Client) -> None:
    body = bytes(range(256)) * 4000
    assert base64.b64decode(client.post("/x", content=body).json()["body"]) == body


def test_the_target_is_told_the_address_that_was_called(client: httpx2.Client) -> None:
    """Redirects and cookies are made from it."""
    assert client.get("/x").json()["host"] == client.base_url.netloc.decode()


def test_a_cookie_goes_back_to_its_own_browser_only(client: httpx2.Client) -> None:
    """One that kept them would sign everybody in as whoever came last."""
    for _ in range(2):
        client.cookies.clear()
        assert client.get("/").json()["cookie"] is None
    assert client.get("/").json()["cookie"] == "a=1; b=2"
    client.cookies.clear()


def test_several_cookies_and_redirects_come_back_as_they_are(client: httpx2.Client) -> None:
    answer = client.get("/redirect")
    assert answer.status_code == 303
    assert answer.headers["location"] == "/elsewhere?a=1"
    assert answer.headers.get_list("set-cookie") == ["a=1; Path=/; HttpOnly", "b=2; Path=/"]


def test_a_head_keeps_the_length_of_what_it_stands_for(client: httpx2.Client) -> None:
    answer = client.head("/x")
    assert int(answer.headers["content-length"]) > 0
    assert answer.content == b""


def test_a_body_larger_than_the_gateway_takes_is_refused(client: httpx2.Client) -> None:
    answer = client.post("/x", content=b"x" * (proxy.LARGEST_BODY + 1))
    assert answer.status_code == 413


def test_a_target_that_is_down_is_a_bad_gateway() -> None:
    listener = proxy.listen(0)
    with proxy.serving(f"http://{HOST}:9", listener):
        assert httpx2.get(proxy.address(listener), trust_env=False).status_code == 502
