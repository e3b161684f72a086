"""The wake-up message: it names a connection, a kind and a task, never a record, and what caused it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from enum import StrEnum

from shared.domain.ids import CompanyId, ConnectionKey, CorrelationId, ProviderName, RecordKind


class Task(StrEnum):
    """What the worker of a kind is woken for. The work itself lies in rows, whatever it is."""

    SYNC = "sync"
    """The due rows."""
    LIST = "list"
    """The remote list that is to be fetched."""
    IMPORT = "import"
    """The import that is under way."""
    COMPARE = "compare"
    """Versions and links, for changes that nobody heard of."""


@dataclass(frozen=True, slots=True)
class WakeUp:
    """Have a worker look at what is to be done for that connection and kind."""

    connection: ConnectionKey
    kind: RecordKind
    correlation_id: CorrelationId = CorrelationId("")
    task: Task = Task.SYNC

    def written(self) -> str:
        message = {
            "task": self.task,
            "companyId": self.connection.company_id,
            "provider": self.connection.provider,
            "kind": self.kind,
            "correlationId": self.correlation_id,
        }
        return json.dumps(message)

    @classmethod
    def read(cls, body: str) -> WakeUp:
        """Raises `ValueError` for a message that is not one of ours."""
        try:
            given = json.loads(body)
            company_id, provider, kind = given["companyId"], given["provider"], given["kind"]
            correlation_id = given.get("correlationId", "")
            task = Task(given.get("task", Task.SYNC))
        except (AttributeError, KeyError, TypeError):
            raise ValueError("a wake-up names companyId, provider and kind") from None
        texts = (company_id, provider, correlation_id)
        if not (all(isinstance(each, str) for each in texts) and company_id and provider):
            raise ValueError("a wake-up names a company and a provider")
        key = ConnectionKey(CompanyId(company_id), ProviderName(provider))
        return cls(key, RecordKind(kind), CorrelationId(correlation_id), task)
