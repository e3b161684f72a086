"""Every minute: takes over runs whose worker has gone silent, probes and compares connections."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from shared.bootstrap import services
from shared.invocation import Context, invocation
from shared.sync.automatic.compare import look_at_connections
from shared.sync.runs import take_over_abandoned_runs


def lambda_handler(_event: Mapping[str, Any], _context: Context) -> dict[str, int]:
    made = services()
    with invocation("schedule_syncs", made.clock, metrics=made.metrics) as log:
        log["takenOver"] = take_over_abandoned_runs(made)
        log["lookedAt"] = look_at_connections(made)
        return {"takenOver": log["takenOver"], "lookedAt": log["lookedAt"]}
