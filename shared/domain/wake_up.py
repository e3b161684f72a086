"""The wake-up message: it names a connection and a kind, never a record, and what caused it."""

from __future__ import annotations

import json
from dataclasses import dataclass

from shared.domain.ids import CompanyId, ConnectionKey, CorrelationId, ProviderName, RecordKind


@dataclass(frozen=True, slots=True)
class WakeUp:
    """Have a worker look at the due rows of that connection and kind."""

    connection: ConnectionKey
    kind: RecordKind
    correlation_id: CorrelationId = CorrelationId("")

    def written(self) -> str:
        message = {
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
        except (AttributeError, KeyError, TypeError):
            raise ValueError("a wake-up names companyId, provider and kind") from None
        texts = (company_id, provider, correlation_id)
        if not (all(isinstance(each, str) for each in texts) and company_id and provider):
            raise ValueError("a wake-up names a company and a provider")
        key = ConnectionKey(CompanyId(company_id), ProviderName(provider))
        return cls(key, RecordKind(kind), CorrelationId(correlation_id))
