"""Payments: a step of a full sync (infra/sync.asl.yaml), or wake-ups from the queue."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from shared.bootstrap import services
from shared.domain.ids import RecordKind
from shared.invocation import Context
from shared.sync_function import serve


def lambda_handler(event: Mapping[str, Any], context: Context) -> dict[str, Any]:
    """See `shared.sync_function.serve`."""
    return serve(services(), "sync_payments", RecordKind.PAYMENT, event, context)
