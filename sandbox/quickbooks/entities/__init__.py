"""One file per entity. ``KINDS`` is the only list of them: a new entity is added here and nowhere else."""

from sandbox.quickbooks.entities.accounts import ACCOUNT
from sandbox.quickbooks.entities.invoices import INVOICE
from sandbox.quickbooks.entities.items import ITEM
from sandbox.quickbooks.entities.kind import EntityKind
from sandbox.quickbooks.entities.payment_methods import PAYMENT_METHOD
from sandbox.quickbooks.entities.payments import PAYMENT
from sandbox.quickbooks.entities.people import CUSTOMER, EMPLOYEE, VENDOR
from sandbox.quickbooks.entities.tax_codes import TAX_CODE
from sandbox.quickbooks.entities.tax_rates import TAX_RATE

KINDS: dict[str, EntityKind] = {
    kind.name: kind
    for kind in (
        ACCOUNT,
        TAX_RATE,
        TAX_CODE,
        PAYMENT_METHOD,
        ITEM,
        CUSTOMER,
        VENDOR,
        EMPLOYEE,
        INVOICE,
        PAYMENT,
    )
}
KINDS_BY_PATH: dict[str, EntityKind] = {kind.name.lower(): kind for kind in KINDS.values()}
