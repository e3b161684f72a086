"""What the functions that sync one kind of record have in common: a step of a run, or wake-ups."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from shared.domain.ids import RecordKind
from shared.invocation import Context, invocation
from shared.sync.automatic.messages import cause_of, serve_wake_ups
from shared.sync.services import Services
from shared.sync.steps import perform_step


def serve(
    made: Services, name: str, kind: RecordKind, event: Mapping[str, Any], context: Context
) -> dict[str, Any]:
    """{"operation", "state"} in, the next state out; or a queue's event. Raises only when it crashes."""
    remaining = context.get_remaining_time_in_millis() / 1000
    if "Records" in event:
        cause = cause_of(event)
        with invocation(name, made.clock, cause, metrics=made.metrics, operation="wake_up") as log:
            served = serve_wake_ups(made, kind, event, remaining)
            log.update(served)
            return dict(served)
    operation, state = str(event["operation"]), event["state"]
    about = {"operation": operation, "run_id": str(state["runId"])}
    caused_by = str(state.get("correlationId", ""))
    with invocation(name, made.clock, caused_by, metrics=made.metrics, **about) as log:
        answer = perform_step(made, operation, state, remaining)
        log["outcome"] = answer["outcome"]
        return answer
