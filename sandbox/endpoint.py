"""ASGI callables as Starlette endpoints."""

from starlette.types import ASGIApp, Receive, Scope, Send


class Endpoint:
    """A bound ASGI method wrapped in an object: Starlette takes plain functions for request handlers."""

    def __init__(self, application: ASGIApp) -> None:
        self._application = application

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._application(scope, receive, send)
