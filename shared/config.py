"""Settings of one function, read once from its environment; the only reader of the environment.

`load` names every variable that is missing or malformed in one error. Secrets are not among them:
the environment carries the name of a Secrets Manager secret, never a value.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field

from shared.domain.ids import ProviderName, RecordKind

_LONGEST_SETTING_SECONDS = 86_400.0


class ConfigurationError(Exception):
    """The function cannot start; deliberately no SyncError, so that nothing swallows it."""


@dataclass(frozen=True, slots=True)
class ProviderEndpoints:
    """Where a provider is. Any server that speaks the documented protocol will do."""

    api_url: str
    authorize_url: str
    token_url: str
    revoke_url: str


@dataclass(frozen=True, slots=True)
class Settings:
    """See template.yaml for what each means to an installation."""

    records_table: str
    sync_state_table: str
    grants_table: str
    token_key_id: str
    provider_secret_name: str
    endpoints: Mapping[ProviderName, ProviderEndpoints]
    oidc_issuer: str = ""
    oidc_audience: str = ""
    oidc_company_claim: str = "company_id"
    oidc_roles_claim: str = "roles"
    oidc_client_id: str = ""
    """Of the console at the issuer; empty: nobody signs in to it."""
    session_seconds: float = 28_800.0
    """How long somebody stays signed in to the console."""
    support_address: str = ""
    """Where the console's Contact Support leads: an e-mail address or a URL; empty: nowhere."""
    state_machine_arns: Mapping[RecordKind, str] = field(default_factory=dict)
    """Of the kinds that a click can sync."""
    wake_up_queue_urls: Mapping[RecordKind, str] = field(default_factory=dict)
    notifications_topic_arn: str = ""
    """Empty: notifications are listed only."""
    uploads_bucket: str = ""
    """Of the functions that have to do with uploaded files; empty for the others."""
    import_queue_url: str = ""
    public_url: str = ""
    slice_seconds: float = 270.0
    heartbeat_seconds: float = 10.0
    abandoned_seconds: float = 60.0
    token_patience_seconds: float | None = None
    """How long a caller waits for another's token refresh; None: as long as that may take."""
    read_patience_seconds: float | None = None
    """How long a read of a provider may take with its waiting and repeats; None: as a sync does it."""
    request_deadline_seconds: float = 25.0
    """Total time of one provider call: slice and one call fit into a function's 300 s."""
    outage_notice_seconds: float = 1800.0


def load(
    provider_names: tuple[ProviderName, ...], environment: Mapping[str, str] | None = None
) -> Settings:
    """Raises `ConfigurationError` naming each variable that is missing or is not a number."""
    source = os.environ if environment is None else environment
    problems: list[str] = []

    def required(name: str) -> str:
        value = source.get(name, "").strip()
        if not value:
            problems.append(f"{name} is not set")
        return value

    def number(name: str, default: float) -> float:
        text = source.get(name, "").strip()
        if not text:
            return default
        try:
            value = float(text)
        except ValueError:
            value = -1.0
        if not 0 < value < _LONGEST_SETTING_SECONDS:
            problems.append(f"{name} is not a number of seconds between 0 and 86400")
        return value

    endpoints = {}
    for name in provider_names:
        prefix = name.upper()
        endpoints[name] = ProviderEndpoints(
            api_url=required(f"{prefix}_API_URL").rstrip("/"),
            authorize_url=required(f"{prefix}_AUTHORIZE_URL"),
            token_url=required(f"{prefix}_TOKEN_URL"),
            revoke_url=required(f"{prefix}_REVOKE_URL"),
        )
    settings = Settings(
        records_table=required("RECORDS_TABLE"),
        sync_state_table=required("SYNC_STATE_TABLE"),
        grants_table=required("GRANTS_TABLE"),
        token_key_id=required("TOKEN_KEY_ID"),
        provider_secret_name=required("PROVIDER_SECRET_NAME"),
        endpoints=endpoints,
        oidc_issuer=source.get("OIDC_ISSUER", ""),
        oidc_audience=source.get("OIDC_AUDIENCE", ""),
        oidc_company_claim=source.get("OIDC_COMPANY_CLAIM", "") or "company_id",
        oidc_roles_claim=source.get("OIDC_ROLES_CLAIM", "") or "roles",
        oidc_client_id=source.get("OIDC_CLIENT_ID", ""),
        session_seconds=number("SESSION_SECONDS", 28_800.0),
        support_address=source.get("SUPPORT_ADDRESS", ""),
        state_machine_arns={
            RecordKind.CUSTOMER: source.get("SYNC_CUSTOMERS_STATE_MACHINE_ARN", ""),
            RecordKind.ITEM: source.get("SYNC_ITEMS_STATE_MACHINE_ARN", ""),
            RecordKind.INVOICE: source.get("SYNC_INVOICES_STATE_MACHINE_ARN", ""),
            RecordKind.PAYMENT: source.get("SYNC_PAYMENTS_STATE_MACHINE_ARN", ""),
        },
        wake_up_queue_urls={
            RecordKind.CUSTOMER: source.get("SYNC_CUSTOMERS_QUEUE_URL", ""),
            RecordKind.ITEM: source.get("SYNC_ITEMS_QUEUE_URL", ""),
            RecordKind.INVOICE: source.get("SYNC_INVOICES_QUEUE_URL", ""),
            RecordKind.PAYMENT: source.get("SYNC_PAYMENTS_QUEUE_URL", ""),
        },
        notifications_topic_arn=source.get("NOTIFICATIONS_TOPIC_ARN", ""),
        uploads_bucket=source.get("UPLOADS_BUCKET", ""),
        import_queue_url=source.get("IMPORT_FILES_QUEUE_URL", ""),
        public_url=source.get("PUBLIC_URL", "").rstrip("/"),
        slice_seconds=number("SLICE_SECONDS", 270.0),
        heartbeat_seconds=number("HEARTBEAT_SECONDS", 10.0),
        abandoned_seconds=number("ABANDONED_SECONDS", 60.0),
        token_patience_seconds=number("TOKEN_PATIENCE_SECONDS", 0.0) or None,
        read_patience_seconds=number("READ_PATIENCE_SECONDS", 0.0) or None,
        request_deadline_seconds=number("REQUEST_DEADLINE_SECONDS", 25.0),
        outage_notice_seconds=number("OUTAGE_NOTICE_SECONDS", 1800.0),
    )
    if problems:
        raise ConfigurationError("; ".join(problems))
    return settings
