"""Where a problem is cured: the page that has the field or the button for it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from functions.api.console.addresses import PROBLEMS, integration_address, with_query
from shared.domain.ids import ProviderName, RecordKind
from shared.domain.imports import IMPORTED_KINDS
from shared.domain.notifications import Notification
from shared.domain.runs import Problem
from shared.sync.failure_notices import told_of

_ACCOUNT_FIELDS: Final = frozenset({"incomeAccountId", "taxCodeId"})
_ACCOUNT_CODES: Final = frozenset(
    {"ACCOUNT_MAPPING_MISSING", "TAX_MAPPING_MISSING", "TAX_CODE_UNSUITABLE"}
)
_SETTINGS_FIELDS: Final = frozenset({"depositAccountId", "methodId"})
_SETTINGS_CODES: Final = frozenset({"NOT_IN_BOOKS"})
_REVIEWED_CODES: Final = frozenset({"AMBIGUOUS_MATCH"})
_CONNECTION_CODES: Final = frozenset(
    {
        *("UNAUTHORIZED", "CONNECTION_ENDS_SOON", "NOT_PERMITTED", "ACCESS_REFUSED"),
        *("STOPPED_UNEXPECTEDLY", "SUBSCRIPTION_ENDED", "PROVIDER_OUTAGE"),
    }
)
RECONNECTED: Final = frozenset({"UNAUTHORIZED", "CONNECTION_ENDS_SOON"})
"""Codes whose one action is to reconnect."""


@dataclass(frozen=True, slots=True)
class Cure:
    """A link; both are empty where the cure is not in the console."""

    address: str = ""
    label: str = ""


def cure_of(problem: Problem, kind: RecordKind, provider: ProviderName, label: str) -> Cure:
    """`label`: the provider's."""
    place = integration_address(provider)
    code, field = problem.code, problem.field
    of_account = code == "ACCOUNT_UNSUITABLE" and kind in (RecordKind.ITEM, RecordKind.INVOICE)
    if code in _ACCOUNT_CODES or field in _ACCOUNT_FIELDS or of_account:
        return Cure(f"{place}/account-mapping", "Open Account Mapping")
    if code in _SETTINGS_CODES or field in _SETTINGS_FIELDS or code == "ACCOUNT_UNSUITABLE":
        return Cure(f"{place}/settings", "Open the connection's settings")
    if code in _REVIEWED_CODES and kind in IMPORTED_KINDS:
        return Cure(f"{place}/review/{kind}s", "Review & Import")
    if code in _CONNECTION_CODES:
        return Cure(place, f"Open {label}")
    return Cure()


def cure_of_notice(notice: Notification, label: str) -> Cure:
    """The one action of a notification, where it is a page."""
    if notice.problem.code in _CONNECTION_CODES:
        return Cure(integration_address(notice.provider), f"Open {label}")
    failed = told_of(notice.cause)
    if failed is None:
        return Cure()
    kind, cause = failed
    return Cure(cause_address(notice.provider, kind, cause), f"See the {kind}s")


def cause_address(provider: str, kind: str, cause: str) -> str:
    """The list of all records that stand refused for it."""
    return with_query(f"{PROBLEMS}/{provider}/{kind}", cause=cause)
