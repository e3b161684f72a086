"""Items: a step of a full sync for the state machine, or wake-ups from the queue."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from shared.bootstrap import services
from shared.domain.ids import RecordKind
from shared.invocation import Context, invocation
from shared.sync.automatic.messages import serve_wake_ups
from shared.sync.steps import perform_step


def lambda_handler(event: Mapping[str, Any], context: Context) -> dict[str, Any]:
    """{"operation", "state"} in, the next state out; or a queue's event. Raises only when it crashes."""
    made = services()
    remaining = context.get_remaining_time_in_millis() / 1000
    if "Records" in event:
        with invocation("sync_items", made.clock, operation="wake_up") as log:
            log |= serve_wake_ups(made, RecordKind.ITEM, event, remaining)
            return dict(log)
    operation, state = str(event["operation"]), event["state"]
    about = {"operation": operation, "run_id": str(state["runId"])}
    caused_by = str(state.get("correlationId", ""))
    with invocation("sync_items", made.clock, caused_by, **about) as log:
        answer = perform_step(made, operation, state, remaining)
        log["outcome"] = answer["outcome"]
        return answer
