"""Keys and their rules, the same for the DynamoDB stores and the ones in memory.

Partition keys are joined from ids that nobody parses, so a part is escaped: without that the company
`a#b` with provider `c` would share its rows with the company `a` and provider `b#c`. Sort keys are
compared by code point, which UTF-8 (DynamoDB) and Python agree on.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime

from shared.domain.ids import CompanyId, ConnectionKey, GrantId, LinkScope, RunId, SourceId
from shared.domain.ledger import LedgerScope, Operation

LONGEST_KEY = 1024
"""Bytes of a sort key (DynamoDB's limit)."""

RUN_SHARDS = 8
"""Partitions of the index of active runs, so that no single one takes every run of every company."""

SWEEP_SHARDS = 8
"""Partitions of each lane of the sweep."""

AUTOMATIC_SHARDS = 4
"""Partitions of the index of connections that the schedule looks at."""

OLDEST_AMONG = 200
"""Due rows that are looked at for the oldest."""

LAST_PROBLEM = "~"
"""Sorts after every `problem_key`."""

NEVER = datetime(1970, 1, 1, tzinfo=UTC)
"""The expiry of a released lease: before any instant a lease is asked for at."""


def join(*parts: str) -> str:
    """One text from several; different parts never give the same text."""
    return "#".join(part.replace("%", "%25").replace("#", "%23") for part in parts)


def split(key: str) -> list[str]:
    """The parts that `join` was given."""
    return [part.replace("%23", "#").replace("%25", "%") for part in key.split("#")]


def of_connection(kind: str, connection: ConnectionKey, *more: str) -> str:
    return join(kind, connection.company_id, connection.provider, *more)


def of_scope(kind: str, scope: LinkScope) -> str:
    return of_connection(kind, scope.connection, scope.remote_company_id, scope.kind)


def of_ledger(scope: LedgerScope, operation: Operation) -> str:
    return of_connection("ledger", scope.connection, scope.remote_company_id, operation)


def is_key(text: str) -> bool:
    """Whether the text can be a sort key: 1 to 1024 bytes of UTF-8."""
    try:
        return 0 < len(text.encode()) <= LONGEST_KEY
    except UnicodeEncodeError:
        return False


def require_distinct_keys(texts: Iterable[str]) -> None:
    """Raises ValueError for an id that occurs twice or cannot be a sort key: an error of the caller."""
    seen: set[str] = set()
    for text in texts:
        if text in seen:
            raise ValueError("an id occurs twice in one call")
        if not is_key(text):
            raise ValueError("an id is empty, longer than 1024 bytes or not Unicode text")
        seen.add(text)


def require_next_version(version: int) -> None:
    """Raises ValueError for the version of something not meant to be stored yet."""
    if version < 1:
        raise ValueError("a row is stored with version 1 or higher")


def instant(at: datetime) -> str:
    """Fixed width, in UTC, so that texts sort as the instants do. Raises ValueError without a zone."""
    if at.tzinfo is None:
        raise ValueError("an instant has a time zone")
    return at.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def read_instant(text: str) -> datetime:
    return datetime.fromisoformat(text)


def chunk_number(number: int) -> str:
    """Eight digits: chunks sort by number."""
    return f"{number:08d}"


def shard_of(run_id: RunId) -> str:
    """In which partition of the index of active runs this run stands."""
    return str(zlib.crc32(run_id.encode()) % RUN_SHARDS)


def sweep_shard_of(grant_id: GrantId) -> str:
    """In which partition of its lane this grant stands."""
    return str(zlib.crc32(grant_id.encode()) % SWEEP_SHARDS)


def automatic_lane_of(connection: ConnectionKey) -> str:
    """In which partition of the schedule's index this connection stands."""
    shard = zlib.crc32(of_connection("", connection).encode()) % AUTOMATIC_SHARDS
    return automatic_lane(shard)


def automatic_lane(shard: int) -> str:
    return f"automatic-{shard}"


def payment_id(invoice_id: SourceId, own_id: str) -> SourceId:
    """A payment's source id: payments sort under their invoice, and two invoices may each have a "1"."""
    return SourceId(join(invoice_id, own_id))


def own_payment_id(source_id: SourceId) -> str:
    """What `payment_id` was given beside the invoice."""
    return split(source_id)[1]


def payments_prefix(invoice_id: SourceId) -> str:
    """What the source ids of an invoice's payments, and no others, begin with."""
    return join(invoice_id, "")


def due_key(source_id: SourceId, *, urgent: bool) -> str:
    """Urgent rows sort before all others."""
    return f"{'0' if urgent else '1'}#{source_id}"


def audit_keys(company_id: CompanyId, about: Mapping[str, str]) -> list[str]:
    """The partitions that an audit entry stands in: the company's, and that of the invoice it is about."""
    keys = [audit_key(company_id)]
    if about.get("invoice"):
        keys.append(invoice_audit_key(company_id, SourceId(about["invoice"])))
    return keys


def audit_key(company_id: CompanyId) -> str:
    return join("audit", company_id)


def invoice_audit_key(company_id: CompanyId, invoice_id: SourceId) -> str:
    return join("audit-of-invoice", company_id, invoice_id)


def file_import_pk(company_id: CompanyId) -> str:
    return join("file-import", company_id)


def file_problem_pk(company_id: CompanyId, import_id: str) -> str:
    return join("file-import-problem", company_id, import_id)


def problem_key(line: int, number: int) -> str:
    """Problems of rows sort by line, then number."""
    return f"{line:010d}#{number:03d}"
