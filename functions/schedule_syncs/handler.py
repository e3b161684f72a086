"""Every minute: takes over runs whose worker has gone silent."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from shared.bootstrap import Context, services
from shared.observability import invocation
from shared.sync.runs import take_over_abandoned_runs


def lambda_handler(_event: Mapping[str, Any], _context: Context) -> dict[str, int]:
    with invocation("schedule_syncs") as log:
        taken = take_over_abandoned_runs(services())
        log["takenOver"] = taken
        return {"takenOver": taken}
