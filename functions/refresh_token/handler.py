"""Makes the token pair of one connection fresh on demand. No answer carries a token."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from shared.auth.on_demand import ensure_fresh
from shared.bootstrap import services
from shared.domain.ids import CompanyId, ConnectionKey, ProviderName
from shared.invocation import Context, invocation


def lambda_handler(event: Mapping[str, Any], _context: Context) -> dict[str, Any]:
    """{"companyId", "provider"} in, and maybe {"afterVersion"}: a token version answered with 401."""
    key = ConnectionKey(CompanyId(str(event["companyId"])), ProviderName(str(event["provider"])))
    after = event.get("afterVersion")
    made = services()
    with invocation(
        "refresh_token", made.clock, metrics=made.metrics, company_id=key.company_id
    ) as log:
        end = ensure_fresh(
            made.stores,
            key,
            made.token_source,
            after_version=None if after is None else int(after),
        )
        log["provider"], log["outcome"] = key.provider, str(end.outcome)
        return {
            "outcome": str(end.outcome),
            "tokenVersion": end.token_version,
            "code": end.code,
            "retryAfter": end.retry_after,
        }
