"""Imports uploaded files: woken by the file's arrival, or by the API and the worker before."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from shared.bootstrap import services
from shared.invocation import Context, invocation
from shared.sync.uploads.serving import serve_imports


def lambda_handler(event: Mapping[str, Any], context: Context) -> dict[str, int]:
    """A queue's event in. Raises only where it crashes or our own storage is away."""
    made = services()
    remaining = context.get_remaining_time_in_millis() / 1000
    with invocation("import_files", made.clock, metrics=made.metrics) as log:
        log.update(serve_imports(made, event, remaining))
        return dict(log)
