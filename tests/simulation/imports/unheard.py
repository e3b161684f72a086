"""The rule of `tests.simulation.unheard` in worlds where others list the books besides the engine."""

from __future__ import annotations

from collections.abc import Callable

from tests.simulation.unheard import Unheard


class ImportsUnheard(Unheard):
    """`reviews`: whether it is a list for the import page; what that has tells a sync nothing."""

    def __init__(
        self,
        report: Callable[[str], None],
        sender: Callable[[], int],
        reviews: Callable[[], bool],
    ) -> None:
        super().__init__(report, sender)
        self._reviews = reviews

    def listed(self) -> None:
        if not self._reviews():
            super().listed()
