"""One step of a full item sync, called by the state machine (infra/sync_items.asl.yaml)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from shared.bootstrap import services
from shared.invocation import Context, invocation
from shared.sync.steps import perform_step


def lambda_handler(event: Mapping[str, Any], context: Context) -> dict[str, Any]:
    """{"operation", "state"} in, the next state out. Raises only when it crashes."""
    operation, state = str(event["operation"]), event["state"]
    remaining = context.get_remaining_time_in_millis() / 1000
    made = services()
    about = {"operation": operation, "run_id": str(state["runId"])}
    caused_by = str(state.get("correlationId", ""))
    with invocation("sync_items", made.clock, caused_by, **about) as log:
        answer = perform_step(made, operation, state, remaining)
        log["outcome"] = answer["outcome"]
        return answer
