"""A uvicorn protocol whose connections can be ended from inside a handler, in the middle of an answer.

ASGI has no word for "hang up". uvicorn lets the protocol class be given, so this one passes the handler
a function that closes the socket for real: what a client sees is what a dying server leaves behind.
"""

import socket
import struct
from typing import Any

from starlette.types import Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

EXTENSION = "sandbox.hang_up"
_LINGER_ZERO = struct.pack("ii", 1, 0)


class CuttableProtocol(H11Protocol):
    """HTTP/1.1, with ``scope["extensions"]["sandbox.hang_up"](reset=...)``."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - uvicorn's own, passed on
        super().__init__(*args, **kwargs)
        application = self.app

        async def application_with_hang_up(scope: Scope, receive: Receive, send: Send) -> None:
            scope.setdefault("extensions", {})[EXTENSION] = self._hang_up
            await application(scope, receive, send)

        self.app = application_with_hang_up

    def _hang_up(self, *, reset: bool) -> None:
        """Close: after flushing what was written, or at once with a TCP reset."""
        if not reset:
            self.transport.close()
            return
        connected = self.transport.get_extra_info("socket")
        if connected is not None:
            connected.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_ZERO)
        self.transport.abort()


async def hang_up(scope: Scope, receive: Receive, *, reset: bool = False) -> None:
    """End the connection and return once it is gone."""
    scope["extensions"][EXTENSION](reset=reset)
    while (await receive())["type"] != "http.disconnect":
        pass
