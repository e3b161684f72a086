"""Every switch of the QuickBooks sandbox. The README's table says what each one does.

Where the real behaviour is not documented, the default is the reading that asks most of a client.
"""

from dataclasses import dataclass, field
from typing import Literal


@dataclass(frozen=True)
class Latency:
    """Milliseconds that a call of each kind is held before it takes effect."""

    batch: int = 0
    write: int = 0
    read: int = 0
    query: int = 0
    token: int = 0


@dataclass(frozen=True)
class Limits:
    per_second: int = 10
    in_flight: int = 10
    per_minute: int = 500
    batches_per_minute: int = 40
    batches_per_minute_per_company: int = 120


@dataclass(frozen=True)
class QuickBooksSettings:
    latency: Latency = field(default_factory=Latency)

    # Consent and tokens
    auto_consent: bool | str = False
    loopback_redirects: bool = True
    code_seconds: int = 300
    access_token_seconds: int = 3600
    access_token_length: int = 4096
    refresh_token_seconds: int = 8_726_400
    rotation_seconds: int = 86_400
    former_token_grace_seconds: int = 0
    reuse_revokes_chain: bool = False
    hard_expiry_seconds: int = 5 * 365 * 86_400
    lifetimes_as_strings: bool = False
    invalid_client_status: int = 401
    invalid_grant_description: str = ""

    # Limits
    throttle: Literal["off", "sliding", "fixed"] = "off"
    limits: Limits = field(default_factory=Limits)
    refused_calls_count: bool = True
    retry_after_header: bool = False
    gateway_error_format: Literal["json", "xml", "alternate"] = "json"
    collisions: bool = False
    single_writes_collide: bool = True

    # Batches and request ids
    batch_limit: int = 30
    strict_batch_ids: bool = True
    unknown_property_in_batch: Literal["entry", "request"] = "entry"
    request_id_honoured: bool = True
    request_id_memory_seconds: int | None = None
    request_id_scope: Literal["company", "companyAndApp"] = "company"
    duplicate_request_id: Literal["replay", "600"] = "replay"
    failed_requests: Literal["replay", "bare6000", "forget"] = "replay"
    pending_request_id: Literal["once", "twice", "refuse"] = "once"

    # Items
    forbidden_name_characters: str = ":\t\n"
    trim_names: bool = True
    name_uniqueness: Literal["company", "category"] = "company"
    duplicate_name_detail: Literal["id", "null", "prose"] = "id"
    require_item_type: bool = True
    numbers_as_strings: bool = True
    other_income_allowed: bool = False
    inactive_reads: Literal["ok", "610"] = "ok"

    # Transactions
    open_balance_code: Literal["6000", "6220"] = "6000"
    lines_without_id: Literal["replace", "append"] = "append"
    discount_lines: Literal["one", "many"] = "one"
    tax_inclusive_lines: Literal["net", "gross"] = "net"
    require_line_tax_code: bool = True
    over_application: Literal["error6000", "unapplied"] = "error6000"
    unknown_linked_txn: Literal["610", "620"] = "610"
    payments_for_jobs: Literal["applied", "unapplied"] = "applied"

    # Queries
    refuse_non_ascii_queries: bool = True
    refuse_lone_backslash: bool = True
    case_sensitive_entities: bool = True
    two_word_order_by: bool = False
    select_field_lists: Literal["none", "star", "any"] = "star"
    bare_numbers: bool = False
    oversized_pages: Literal["refuse", "cap"] = "refuse"
    unordered_rows: Literal["shuffled", "id"] = "shuffled"
