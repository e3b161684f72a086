"""Stores that write down what is asked of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from typing import Any

from shared.storage.memory import memory_stores
from shared.storage.ports import Stores


class CountedStores:
    """`stores` in memory; `asked` is each call so far: store, method, arguments.

    `amid`: what somebody else does once, right after the call of that number in `asked`.
    """

    def __init__(self) -> None:
        self.asked: list[tuple[str, str, str]] = []
        self.amid: tuple[int, Callable[[], object]] | None = None
        inner = memory_stores()
        self.stores = Stores(
            **{
                field.name: _Counted(field.name, getattr(inner, field.name), self)
                for field in fields(Stores)
            }
        )


class _Counted:
    def __init__(self, name: str, store: Any, counted: CountedStores) -> None:
        self._name, self._store, self._counted = name, store, counted

    def __getattr__(self, method: str) -> Any:
        called = getattr(self._store, method)

        def counted(*arguments: Any, **more: Any) -> Any:
            self._counted.asked.append((self._name, method, repr((arguments, more))))
            answer = called(*arguments, **more)
            if self._counted.amid is not None and len(self._counted.asked) == self._counted.amid[0]:
                happens, self._counted.amid = self._counted.amid[1], None
                happens()
            return answer

        return counted
