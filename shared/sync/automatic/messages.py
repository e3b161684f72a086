"""A queue's event: each message wakes a worker for one connection and kind."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

from shared import correlation
from shared.domain.ids import CorrelationId, RecordKind
from shared.domain.wake_up import Task, WakeUp
from shared.sync.automatic.compare import compare_now
from shared.sync.automatic.work import work_off
from shared.sync.review.import_work import work_import
from shared.sync.review.listing_work import work_listing
from shared.sync.services import Services


def serve_wake_ups(
    services: Services, kind: RecordKind, event: Mapping[str, Any], remaining_seconds: float
) -> dict[str, int]:
    """Work off what each message names. Raises where a worker crashes: the message comes again.

    A message that is not one of ours, or of another kind, is counted and dropped: it would be as
    strange the next time. The last calls of a batch have their time: see `work_off`.
    """
    room = remaining_seconds - 3 * services.settings.request_deadline_seconds
    until = services.clock.now() + timedelta(
        seconds=max(0.0, min(room, services.settings.slice_seconds))
    )
    batches = strange = 0
    for message in event["Records"]:
        try:
            wake_up = WakeUp.read(str(message["body"]))
        except (KeyError, ValueError):
            strange += 1
            continue
        if wake_up.kind is not kind:
            strange += 1
            continue
        with correlation.caused_by(wake_up.correlation_id):
            batches += _served(services, wake_up, until)
    return {"batches": batches, "strange": strange}


def _served(services: Services, wake_up: WakeUp, until: datetime) -> int:
    """How many batches were begun."""
    match wake_up.task:
        case Task.LIST:
            work_listing(services, wake_up.connection, wake_up.kind, until)
        case Task.IMPORT:
            work_import(services, wake_up.connection, wake_up.kind, until)
        case Task.COMPARE:
            compare_now(services, wake_up.connection, wake_up.kind)
        case Task.SYNC:
            return work_off(services, wake_up.connection, wake_up.kind, until).batches
    return 0


def cause_of(event: Mapping[str, Any]) -> CorrelationId:
    """What caused the first message that says so: queues bring them one at a time."""
    for message in event["Records"]:
        with suppress(ValueError, KeyError):
            return WakeUp.read(str(message["body"])).correlation_id
    return CorrelationId("")
