"""A page of another origin that calls the API with a bearer token, as BlueClerk's own frontend does."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

_PAGE = b'<!doctype html><html lang="en"><title>Elsewhere</title><h1>Elsewhere</h1></html>'


class _Page(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(_PAGE)))
        self.end_headers()
        self.wfile.write(_PAGE)

    def log_message(self, *_: object) -> None:
        """Nothing to be told."""


@dataclass(frozen=True, slots=True)
class Frontend:
    origin: str


@contextmanager
def open_frontend() -> Iterator[Frontend]:
    """On a free loopback port, so of an origin of its own."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Page) as server:
        serving = threading.Thread(target=server.serve_forever, daemon=True)
        serving.start()
        yield Frontend(f"http://127.0.0.1:{server.server_address[1]}")
        server.shutdown()
        serving.join()
