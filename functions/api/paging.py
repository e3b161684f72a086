"""Pages that stay below the size of an answer, however long their rows are."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeVar

from starlette.responses import Response

from functions.api.models.base import AnswerModel
from shared.storage.ports import Page

T = TypeVar("T")

MAX_ANSWER: Final = 4_500_000
"""Bytes; with the envelope around it still below the 6 MB that a function may answer."""


def page_answer(
    fetch: Callable[[int], Page[T]], limit: int, shape: Callable[[Page[T]], AnswerModel]
) -> Response:
    """At most `limit` rows, and fewer where so many would not fit."""
    while True:
        content = shape(fetch(limit)).model_dump_json(by_alias=True).encode()
        if len(content) <= MAX_ANSWER or limit == 1:
            return Response(content, media_type="application/json")
        limit //= 2
