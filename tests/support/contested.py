"""A store where somebody else always gets in first, for a while."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


class Contested:
    """Any store: before each of the next `losses` calls of `method`, `interfere` runs on the store.

    `interfere` is given the store and the call's arguments without a name.
    """

    def __init__(
        self, store: Any, method: str, interfere: Callable[..., None], losses: int = 0
    ) -> None:
        self._store = store
        self._method = method
        self._interfere = interfere
        self.losses = losses

    def __getattr__(self, name: str) -> Any:
        answer = getattr(self._store, name)
        if name != self._method:
            return answer

        def contested(*arguments: Any, **named: Any) -> Any:
            if self.losses:
                self.losses -= 1
                self._interfere(self._store, *arguments)
            return answer(*arguments, **named)

        return contested
