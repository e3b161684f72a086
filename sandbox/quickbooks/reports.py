"""Where the money of a company lies: for control, whose callers check sums over thousands of payments."""

from decimal import Decimal

from sandbox.jsontext import Json, JsonObject
from sandbox.quickbooks.companies import Company
from sandbox.quickbooks.entities.applying import applied_in
from sandbox.quickbooks.money import amount_in


def money(company: Company, *, light: bool) -> JsonObject:
    """Every payment under the invoices it lies on, and the sums; only the sums when ``light``."""
    payments = company.table("Payment").rows()
    on_invoices: dict[str, list[Json]] = {}
    applied = Decimal(0)
    for payment in payments:
        for invoice_id, amount in applied_in(payment.values).items():
            applied += amount
            on_invoices.setdefault(invoice_id, []).append(
                {
                    "id": payment.id,
                    "refNum": payment.values.get("PaymentRefNum", ""),
                    "amount": amount,
                }
            )
    total, unapplied = (
        sum((amount_in(payment.values, name) for payment in payments), Decimal(0))
        for name in ("TotalAmt", "UnappliedAmt")
    )
    sums: JsonObject = {
        "payments": len(payments),
        "total": total,
        "applied": applied,
        "unapplied": unapplied,
    }
    return sums if light else sums | {"byInvoice": _by_invoice(company, on_invoices)}


def _by_invoice(company: Company, on_invoices: dict[str, list[Json]]) -> JsonObject:
    return {
        invoice.id: {
            "docNumber": invoice.values.get("DocNumber", ""),
            "total": amount_in(invoice.values, "TotalAmt"),
            "balance": amount_in(invoice.values, "Balance"),
            "payments": on_invoices.get(invoice.id, []),
        }
        for invoice in company.table("Invoice").rows()
    }
