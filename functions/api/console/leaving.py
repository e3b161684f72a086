"""The page between here and another site.

A redirect after a post would do but for `form-action`: browsers hold it against every redirect that
follows, and an accounting provider's consent has several, to origins that nobody lists.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from functions.api.console.rendering import Page


@dataclass(frozen=True, slots=True, kw_only=True)
class LeavePage(Page):
    """Goes on by itself, at once."""

    template: ClassVar[str] = "leave.html"
    address: str
    label: str
    """Of the site that it leads to."""
