"""A queue's event: each message names imports, by a file that came or by our own word."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from shared import correlation
from shared.sync.services import Services
from shared.sync.uploads.messages import imports_named
from shared.sync.uploads.working import until_when, work_on


def serve_imports(
    services: Services, event: Mapping[str, Any], remaining_seconds: float
) -> dict[str, int]:
    """How many imports ended how (see `work_on`); `strange`: messages and names that are not ours.

    Raises where a worker crashes or our own storage is away: the message comes again then.
    """
    until = until_when(services, remaining_seconds)
    outcomes: Counter[str] = Counter()
    for message in event["Records"]:
        try:
            named = list(imports_named(str(message["body"])))
        except (KeyError, ValueError):
            outcomes["strange"] += 1
            continue
        for company_id, import_id in named:
            job = services.stores.file_imports.get(company_id, import_id)
            if job is None:
                outcomes["strange"] += 1
                continue
            with correlation.caused_by(job.correlation_id):
                outcomes[work_on(services, job, until)] += 1
    return dict(outcomes)
