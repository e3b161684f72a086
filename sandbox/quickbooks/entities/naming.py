"""Names in a name list: what they may hold, who has them, and what becomes of them with their record."""

import re
from collections.abc import Callable
from typing import TypeAlias

from sandbox.jsontext import JsonObject
from sandbox.quickbooks import refusals
from sandbox.quickbooks.records import Record
from sandbox.quickbooks.settings import QuickBooksSettings

FindOwner: TypeAlias = Callable[[str], Record | None]
"""Whoever else has the name now, active or not."""

_DELETED = re.compile(r" \(deleted(?: \d+)?\)$")


def checked_name(values: JsonObject, element: str, settings: QuickBooksSettings) -> str:
    """The name that the values give. Raises ``Refusal`` 2020 and 2040."""
    name = str(values.get(element, ""))
    if settings.trim_names:
        name = name.strip(" ")
    if not name:
        raise refusals.missing(element)
    if any(character in settings.forbidden_name_characters for character in name):
        raise refusals.bad_characters(element)
    return name


def stored_name(
    name: str,
    former: Record | None,
    owner_of: FindOwner,
    settings: QuickBooksSettings,
    *,
    active: bool,
) -> str:
    """The name to store: that of an inactive one gets " (deleted)" appended, which frees the plain one.

    Raises ``Refusal`` 6240 when somebody else, active or not, has the name already.
    """
    stays_inactive = former is not None and not former.active and _DELETED.search(name)
    if not active and not stays_inactive:
        number, candidate = 1, f"{name} (deleted)"
        while owner_of(candidate) is not None:
            number += 1
            candidate = f"{name} (deleted {number})"
        return candidate
    owner = owner_of(name)
    if owner is not None:
        texts = {
            "id": f"Id={owner.id}",
            "null": "null",
            "prose": "Another product or service is already using this name. Please use a different name.",
        }
        raise refusals.duplicate_name(texts[settings.duplicate_name_detail])
    return name
