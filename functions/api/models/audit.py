"""The audit trail over the API."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from pydantic import Field
from pydantic.alias_generators import to_camel

from functions.api.models.base import AnswerModel, NextCursor
from shared.storage.ports import AuditEntry


class AuditEntryAnswer(AnswerModel):
    """Who did what."""

    entry_id: str
    at: datetime
    who: str
    what: str = Field(examples=["connection.connected"])
    about: Mapping[str, str]

    @classmethod
    def of(cls, entry: AuditEntry) -> AuditEntryAnswer:
        return cls(
            entry_id=entry.entry_id,
            at=entry.at,
            who=entry.who,
            what=entry.what,
            about={to_camel(name): value for name, value in entry.about.items()},
        )


class AuditPage(AnswerModel):
    """Entries, newest first."""

    entries: list[AuditEntryAnswer]
    next_cursor: NextCursor
