"""What a reading of the payments' code found, as the smallest story of each."""

from __future__ import annotations

from dataclasses import replace

import pytest

from shared.domain.ids import RecordKind
from shared.domain.ledger import Operation
from shared.sync.engine.terms import scope_of
from tests.support.fake_faults import Lost
from tests.unit.sync.payments.payment_world import PaymentWorld

HOURS = 3600.0


@pytest.mark.parametrize("base", [{"customer_id": ""}, {"customer_id": "c-2"}])
def test_an_unheard_payment_is_looked_for_where_it_was_sent(base: dict[str, str]) -> None:
    """Voided here, then its invoice voided or given to another customer: it was looked for with that
    one's payments, taken for absent, and stood in the books for ever.
    """
    world = PaymentWorld()
    world.books.faults.add("batch", Lost(100.0), Lost(None))
    invoice = world.invoice()
    payment = world.pays(invoice)
    world.settle_down(within=60)
    assert world.state(payment) == "unknown"
    scope = scope_of(RecordKind.INVOICE, world.connection)
    [link] = world.stores.links.get_links(scope, [invoice.source_id]).values()
    assert not world.stores.links.save_links(
        scope, [replace(link, base=base, row_version=link.row_version + 1)]
    )
    world.voids(payment)
    world.settle_down(within=2 * HOURS)
    assert world.state(payment, Operation.VOID) == "posted"
    assert [row.fields.active for row in world.posted] == [False]
