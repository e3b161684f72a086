"""Renews grants: those of one provider whose turn it is, each minute, and one connection's on demand.

No answer carries a token.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from shared.auth.on_demand import ensure_fresh
from shared.bootstrap import services
from shared.domain.ids import CompanyId, ConnectionKey, ProviderName
from shared.invocation import Context, invocation


def lambda_handler(event: Mapping[str, Any], context: Context) -> dict[str, Any]:
    """The schedule's {"sweep": provider} in: how many turns ended how. Or {"companyId", "provider"},
    and maybe {"afterVersion"}: a token version answered with 401.
    """
    return _swept(event, context) if "sweep" in event else _freshened(event)


def _swept(event: Mapping[str, Any], context: Context) -> dict[str, Any]:
    provider, made = ProviderName(str(event["sweep"])), services()
    left = timedelta(milliseconds=context.get_remaining_time_in_millis())
    with invocation("refresh_token", made.clock, metrics=made.metrics, provider=provider) as log:
        log.update(made.sweep(provider, made.clock.now() + left))
        return dict(log)


def _freshened(event: Mapping[str, Any]) -> dict[str, Any]:
    key = ConnectionKey(CompanyId(str(event["companyId"])), ProviderName(str(event["provider"])))
    after = None if event.get("afterVersion") is None else int(event["afterVersion"])
    made = services()
    with invocation(
        "refresh_token", made.clock, metrics=made.metrics, company_id=key.company_id
    ) as log:
        profile = made.profile(key.provider)
        end = ensure_fresh(made, key, profile, made.token_source, after_version=after)
        log["provider"], log["outcome"] = key.provider, str(end.outcome)
        return {
            "outcome": str(end.outcome),
            "tokenVersion": end.token_version,
            "code": end.code,
            "retryAfter": end.retry_after,
        }
