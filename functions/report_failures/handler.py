"""The dead-letter queue: a wake-up whose worker crashed each time is told to the company."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from shared.bootstrap import services
from shared.invocation import Context, invocation
from shared.sync.automatic.dead_letters import report


def lambda_handler(event: Mapping[str, Any], _context: Context) -> dict[str, int]:
    """A queue's event in. Raises only where our own storage is away: the message comes again then."""
    made = services()
    with invocation("report_failures", made.clock, metrics=made.metrics) as log:
        log.update(report(made, [str(message["body"]) for message in event["Records"]]))
        return dict(log)
