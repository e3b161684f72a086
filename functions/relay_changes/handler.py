"""The records table's stream: each change becomes a due row and a wake-up."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from shared.bootstrap import services
from shared.invocation import Context, invocation
from shared.storage.dynamo.stream import read_stream
from shared.sync.automatic.relay import relay


def lambda_handler(event: Mapping[str, Any], _context: Context) -> dict[str, int]:
    """A batch of stream records in. Raises only where our own storage or queue is away: again then.

    A record that is not of our making is counted and passed over, so that it holds up no shard.
    """
    made = services()
    with invocation("relay_changes", made.clock, metrics=made.metrics) as log:
        changes, strange = read_stream(event.get("Records", ()))
        log["changes"], log["strange"] = len(changes), strange
        log["causes"] = sorted({one.correlation_id for one in changes})
        log["due"] = relay(made, changes)
        return {"changes": len(changes), "due": log["due"], "strange": len(strange)}
