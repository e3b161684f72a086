"""A piece of the suite's source, and what stands there instead."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Mutant:
    """`old` stands exactly once in `path`. `payments`, `imports`: worlds of those are to find it."""

    name: str
    path: str
    old: str
    new: str
    payments: bool = False
    imports: bool = False
