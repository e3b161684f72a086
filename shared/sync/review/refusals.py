"""Why a record of the books was not imported, each for itself; the others are."""

from __future__ import annotations

from shared.domain.ids import RecordKind, SourceId
from shared.domain.runs import Problem
from shared.providers.base import ProviderProfile


class Refusals:
    """The sentences for one provider and kind."""

    def __init__(self, profile: ProviderProfile, kind: RecordKind) -> None:
        self._label = profile.label
        self._noun = str(kind)

    def not_in_books(self) -> Problem:
        return Problem(
            "NOT_IN_BOOKS",
            f"There is no active {self._noun} with this id in the {self._label} company that is connected.",
            "Choose one from the list.",
            "id",
        )

    def not_importable(self) -> Problem:
        return Problem(
            "NOT_IMPORTABLE",
            f"This is no {self._noun} that can be imported, but a category, a bundle or the like.",
            "Leave it out.",
            "id",
        )

    def already_imported(self) -> Problem:
        return Problem(
            "ALREADY_IMPORTED",
            f"This {self._noun} is imported already.",
            "Nothing is to be done; unlink it first to link it to another one.",
            "id",
        )

    def twice(self) -> Problem:
        return Problem("TWICE", "It was named twice; the first time counts.", "Name it once.", "id")

    def no_such_record(self) -> Problem:
        return Problem(
            f"{self._noun.upper()}_NOT_FOUND",
            f"There is no {self._noun} of this id in BlueClerk to link it to.",
            "Check the id.",
            "linkTo",
        )

    def linked_elsewhere(self) -> Problem:
        return Problem(
            "LINKED_ELSEWHERE",
            f"The {self._noun} in BlueClerk is linked to another one in {self._label}.",
            "Unlink it there first, or choose another one.",
            "linkTo",
        )

    def match_proposed(self, source_id: SourceId, name: str) -> Problem:
        return Problem(
            "MATCH_PROPOSED",
            f"BlueClerk has “{name}” ({source_id}), which may be the same {self._noun}.",
            "Link it to that one, or import it as a new one.",
            "id",
        )

    def kept_apart(self) -> Problem:
        return Problem(
            "KEPT_APART",
            f"This {self._noun} came in as a new one several times, and was unlinked each time.",
            "Link it to one of those (linkTo).",
            "linkTo",
        )

    def not_linked(self) -> Problem:
        return Problem("NOT_LINKED", f"This {self._noun} is not linked.", "Check the id.", "ids")

    def changed_meanwhile(self) -> Problem:
        return Problem(
            "CHANGED_MEANWHILE", "Something else was done to it meanwhile.", "Try it again.", "id"
        )
