"""Processes that die at a call, once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Any

from shared.storage.ports import Stores
from tests.support.fake_faults import BooksCall, Fault


class Died(BaseException):
    """The process is gone; nothing of ours may catch it."""


def dying_at(on: str, number: int) -> Callable[[BooksCall], Fault | None]:
    """For `FakeBooks.choose_fault`: whoever makes the call of that number dies before it is carried out."""
    left = number

    def choose(call: BooksCall) -> Fault | None:
        nonlocal left
        left -= call.on == on
        if call.on == on and left == 0:
            raise Died
        return None

    return choose


@dataclass(slots=True)
class DeathAtWrite:
    """Whoever makes the write of that number dies before it takes effect; 0: nobody."""

    at: int = 0

    def strikes(self) -> bool:
        if not self.at:
            return False
        self.at -= 1
        return not self.at


def mortal_stores(stores: Stores, death: DeathAtWrite) -> Stores:
    return Stores(
        **{each.name: _Mortal(getattr(stores, each.name), death) for each in fields(Stores)}
    )


class _Mortal:
    def __init__(self, store: Any, death: DeathAtWrite) -> None:
        self._store = store
        self._death = death

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._store, name)
        if not name.startswith(("save", "add", "put", "start", "clear", "remove")):
            return method

        def call(*args: Any, **named: Any) -> Any:
            if self._death.strikes():
                raise Died
            return method(*args, **named)

        return call
