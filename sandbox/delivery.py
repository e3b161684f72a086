"""What is answered, and how it travels: whole, cut off, dribbling, padded beyond reason, or not at all."""

import asyncio
from dataclasses import dataclass, field
from typing import TypeAlias

from starlette.types import Receive, Scope, Send

from sandbox.connection import hang_up

JSON = "application/json;charset=UTF-8"
XML = "application/xml;charset=UTF-8"
HTML = "text/html;charset=UTF-8"

_TRICKLE_STEPS_PER_SECOND = 10
_PADDING = b" " * 65536


@dataclass(frozen=True)
class Answer:
    status: int
    body: bytes
    media_type: str = JSON
    headers: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Whole:
    """As it should be."""


@dataclass(frozen=True)
class CutOff:
    """The headers promise the whole body; the connection ends in the middle of it."""

    reset: bool = False


@dataclass(frozen=True)
class Nothing:
    """The connection ends without a single byte."""

    reset: bool = False


@dataclass(frozen=True)
class Trickle:
    """The body dribbles in over this many seconds."""

    seconds: float


@dataclass(frozen=True)
class Padded:
    """So many megabytes of blanks before the body: valid JSON still, for whoever reads on."""

    megabytes: int


Delivery: TypeAlias = Whole | CutOff | Nothing | Trickle | Padded


@dataclass
class Wire:
    """The three ASGI parts of one call."""

    scope: Scope
    receive: Receive
    send: Send
    extra_headers: list[tuple[str, str]] = field(default_factory=list)

    async def read_body(self) -> bytes:
        body = b""
        while True:
            message = await self.receive()
            if message["type"] == "http.disconnect":
                return body
            part: bytes = message.get("body", b"")
            body += part
            if not message.get("more_body", False):
                return body

    async def deliver(self, answer: Answer, how: Delivery) -> None:
        match how:
            case Nothing(reset=reset):
                await hang_up(self.scope, self.receive, reset=reset)
            case CutOff(reset=reset):
                await self._start(answer, len(answer.body))
                await self._more(answer.body[: len(answer.body) // 2])
                await hang_up(self.scope, self.receive, reset=reset)
            case Trickle(seconds=seconds):
                await self._trickle(answer, seconds)
            case Padded(megabytes=megabytes):
                await self._start(answer, len(answer.body) + megabytes * 16 * len(_PADDING))
                for _ in range(megabytes * 16):
                    await self._more(_PADDING)
                await self._end(answer.body)
            case Whole():
                await self._start(answer, len(answer.body))
                await self._end(answer.body)

    async def _trickle(self, answer: Answer, seconds: float) -> None:
        steps = max(1, int(seconds * _TRICKLE_STEPS_PER_SECOND))
        size = max(1, len(answer.body) // steps)
        await self._start(answer, len(answer.body))
        for step in range(steps):
            await self._more(answer.body[step * size : (step + 1) * size])
            await asyncio.sleep(seconds / steps)
        await self._end(answer.body[steps * size :])

    async def _start(self, answer: Answer, length: int) -> None:
        headers = [
            ("content-type", answer.media_type),
            ("content-length", str(length)),
            *answer.headers,
            *self.extra_headers,
        ]
        await self.send(
            {
                "type": "http.response.start",
                "status": answer.status,
                "headers": [
                    (name.encode("latin-1"), value.encode("latin-1")) for name, value in headers
                ],
            }
        )

    async def _more(self, body: bytes) -> None:
        await self.send({"type": "http.response.body", "body": body, "more_body": True})

    async def _end(self, body: bytes) -> None:
        await self.send({"type": "http.response.body", "body": body, "more_body": False})
