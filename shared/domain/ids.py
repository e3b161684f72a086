"""Ids of different things are different types; all are opaque strings that nobody parses.

A source id names a record on BlueClerk's side, a remote id the same thing in the books. A remote id
means nothing without its remote company, so whatever stores one stores a `LinkScope` with it.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import NewType

CompanyId = NewType("CompanyId", str)
"""A BlueClerk company; comes from the caller's bearer token and from nowhere else."""

ProviderName = NewType("ProviderName", str)
"""A key of `shared.providers.registry`, the only list of providers there is."""

RemoteCompanyId = NewType("RemoteCompanyId", str)
"""The provider's company: QuickBooks realm, Xero tenant, FreshBooks account, Wave business."""

GrantId = NewType("GrantId", str)
SourceId = NewType("SourceId", str)
RemoteId = NewType("RemoteId", str)
RemoteVersion = NewType("RemoteVersion", str)
"""The remote version that a write must quote (QuickBooks SyncToken); empty where a provider has none."""

RunId = NewType("RunId", str)
RequestKey = NewType("RequestKey", str)
"""Our name for one HTTP write request, stored before it is sent, honoured by providers that can."""

AskingId = NewType("AskingId", str)
"""Of one asking that records be looked at again (`DueRow.asked`)."""

CorrelationId = NewType("CorrelationId", str)
PersonId = NewType("PersonId", str)


class RecordKind(StrEnum):
    """The four kinds of record that are kept in step."""

    CUSTOMER = "customer"
    ITEM = "item"
    INVOICE = "invoice"
    PAYMENT = "payment"


@dataclass(frozen=True, slots=True, order=True)
class ConnectionKey:
    """One company's link to one provider: the unit of locking, limits and cursors."""

    company_id: CompanyId
    provider: ProviderName


@dataclass(frozen=True, slots=True)
class LinkScope:
    """Where remote ids of one kind mean something."""

    connection: ConnectionKey
    remote_company_id: RemoteCompanyId
    kind: RecordKind
