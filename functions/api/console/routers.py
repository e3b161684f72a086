"""Every page of the console, in the order in which addresses are matched."""

from __future__ import annotations

from typing import Final

from functions.api.console import sign_in, static
from functions.api.console.pages import (
    account_mapping,
    activity,
    choosing,
    connecting,
    help,  # noqa: A004 - the page's own name
    import_all,
    import_progress,
    integration,
    integrations,
    invoice_payments,
    invoices,
    payment_settings,
    problems,
    review,
    runs,
    settings,
    setup,
    unsynced,
)

CONSOLE_ROUTERS: Final = (
    static.router,
    sign_in.router,
    connecting.router,
    integrations.router,
    integration.router,
    unsynced.router,
    runs.router,
    choosing.router,
    setup.router,
    settings.router,
    payment_settings.router,
    review.router,
    import_all.router,
    import_progress.router,
    account_mapping.router,
    invoice_payments.router,  # before the invoices, whose addresses would take it in
    invoices.router,
    problems.router,
    activity.router,
    help.router,
)
