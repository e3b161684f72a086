"""Stores that write down what is asked of them."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from shared.storage.memory import memory_stores
from shared.storage.ports import Stores


class CountedStores:
    """`stores` in memory; `asked` is each call so far: store, method, arguments."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str, str]] = []
        inner = memory_stores()
        self.stores = Stores(
            **{
                field.name: _Counted(field.name, getattr(inner, field.name), self.asked)
                for field in fields(Stores)
            }
        )


class _Counted:
    def __init__(self, name: str, store: Any, asked: list[tuple[str, str, str]]) -> None:
        self._name, self._store, self._asked = name, store, asked

    def __getattr__(self, method: str) -> Any:
        called = getattr(self._store, method)

        def counted(*arguments: Any, **more: Any) -> Any:
            self._asked.append((self._name, method, repr((arguments, more))))
            return called(*arguments, **more)

        return counted
