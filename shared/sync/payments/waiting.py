"""Payments that wait for their invoice: it goes ahead of others, and they follow as soon as it is there."""

from __future__ import annotations

from collections.abc import Sequence

from shared.domain.ids import ConnectionKey, RecordKind
from shared.sync.automatic.relay import make_due
from shared.sync.payments.standing import Standing
from shared.sync.services import Services


def wait_for_invoices(services: Services, key: ConnectionKey, waiting: Sequence[Standing]) -> None:
    """Make the invoices due ahead of others, unless one stands refused: then a person is asked there."""
    versions = {
        standing.invoice.source_id: standing.invoice.version
        for standing in waiting
        if standing.invoice is not None and standing.refused is None
    }
    if versions:
        make_due(services, key, RecordKind.INVOICE, list(versions.items()), urgent=True)
