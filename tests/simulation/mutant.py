"""A piece of the suite's source, and what stands there instead."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Mutant:
    """`old` stands exactly once in `path`. `payments`: worlds of payments are to find it."""

    name: str
    path: str
    old: str
    new: str
    payments: bool = False
