"""The Starlette application, and serving it on a loopback port until a signal comes."""

import asyncio
import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import uvicorn
from starlette.applications import Starlette
from starlette.routing import Mount

from sandbox.connection import CuttableProtocol
from sandbox.control import Control
from sandbox.issuer.routes import IssuerEndpoints
from sandbox.quickbooks.routes import quickbooks_routes
from sandbox.state import SandboxState

HOST = "127.0.0.1"
_SECONDS_FOR_OPEN_CALLS = 1


def create_app(state: SandboxState) -> Starlette:
    """Every provider below its own prefix, the issuer and control beside them."""
    quickbooks = quickbooks_routes(state.quickbooks, f"{state.base_url}/quickbooks")
    app = Starlette(
        routes=[
            Mount("/control", routes=Control(state).routes()),
            Mount("/issuer", routes=IssuerEndpoints(state.issuer).routes()),
            Mount("/quickbooks", routes=quickbooks),
        ]
    )
    app.router.redirect_slashes = False
    return app


def bind(port: int) -> socket.socket:
    """A listening socket; port 0 takes a free one. Raises OSError when the port is taken."""
    # asyncio turns Nagle's algorithm off only where the protocol is named; without that an answer whose
    # headers and body are two writes waits 40 ms for the client's delayed acknowledgement.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((HOST, port))
    return listener


def serve(app: Starlette, listener: socket.socket, ready: Callable[[], None]) -> None:
    """Serve until SIGTERM or SIGINT; calls ``ready`` once connections are taken."""
    config = uvicorn.Config(
        app,
        http=CuttableProtocol,
        ws="none",
        lifespan="off",
        log_level="warning",
        access_log=False,
        server_header=False,
        timeout_keep_alive=75,
        timeout_graceful_shutdown=_SECONDS_FOR_OPEN_CALLS,
    )
    asyncio.run(_Server(config, ready).serve(sockets=[listener]))


class _Server(uvicorn.Server):
    """uvicorn raises a signal again when it is done, before the state could be saved; this does not."""

    def __init__(self, config: uvicorn.Config, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._ready()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stop)
        yield

    def _stop(self) -> None:
        self.should_exit = True
