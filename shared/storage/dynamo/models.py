"""PynamoDB models of the rows that are read and written one at a time.

Attribute names are the stored ones; instants are texts of fixed width (`shared.storage.keys.instant`),
so that a condition can compare them. None of these models is bound to a table or a client: `single`
sends what they describe.
"""

from __future__ import annotations

from pynamodb.attributes import (
    BinaryAttribute,
    BooleanAttribute,
    JSONAttribute,
    NumberAttribute,
    UnicodeAttribute,
    UnicodeSetAttribute,
)
from pynamodb.models import Model

from shared.storage.dynamo.tables import SCHEMA_VERSION


class Row(Model):
    """What every row has. `expires_at` is DynamoDB's TTL attribute, in epoch seconds.

    A `correlation_id` that is not given is filled in when the row is written.
    """

    pk = UnicodeAttribute(hash_key=True)
    sk = UnicodeAttribute(range_key=True)
    schema_version = NumberAttribute(default=SCHEMA_VERSION)
    correlation_id = UnicodeAttribute(null=True)
    expires_at = NumberAttribute(null=True)


class ConnectionRow(Row):
    company_id = UnicodeAttribute()
    provider = UnicodeAttribute()
    connection_state = UnicodeAttribute()
    grant_id = UnicodeAttribute()
    remote_company_id = UnicodeAttribute()
    remote_company_name = UnicodeAttribute()
    home_currency = UnicodeAttribute()
    country = UnicodeAttribute()
    time_zone = UnicodeAttribute()
    default_income_account_id = UnicodeAttribute()
    pacing_mode = UnicodeAttribute()
    default_tax_code_id = UnicodeAttribute(null=True)
    invoices_from = UnicodeAttribute(null=True)
    payment_mapping = JSONAttribute(null=True)
    notify = BooleanAttribute(null=True)
    by_itself = JSONAttribute(null=True)
    new_from_books = UnicodeAttribute(null=True)
    setup = JSONAttribute()
    connected_at = UnicodeAttribute(null=True)
    version = NumberAttribute()


class RemoteCompanyRow(Row):
    company_id = UnicodeAttribute()


class ConsentRow(Row):
    """`body` is the request as JSON, without its state: the key is the state's digest."""

    body = JSONAttribute()


class ChoiceRow(Row):
    """`body` is the pending choice as JSON."""

    choice_id = UnicodeAttribute()
    body = JSONAttribute()


class SessionRow(Row):
    """`body` is the session as JSON, without its id: the key is the id's digest."""

    body = JSONAttribute()


class GrantRow(Row):
    """The lease stays in the row when it ends; `lease_fence` never falls while the row stands.

    `sweep_lane` and `sweep_at` stand only while the grant has a place in the sweep.
    """

    grant_id = UnicodeAttribute()
    provider = UnicodeAttribute()
    remote_company_ids = JSONAttribute()
    sealed_pair = BinaryAttribute(legacy_encoding=False)
    token_version = NumberAttribute()
    access_expires_at = UnicodeAttribute()
    refresh_expires_at = UnicodeAttribute(null=True)
    grant_state = UnicodeAttribute()
    lease_owner = UnicodeAttribute(null=True)
    lease_expires_at = UnicodeAttribute(null=True)
    lease_fence = NumberAttribute(null=True)
    sealed_former_pair = BinaryAttribute(legacy_encoding=False, null=True)
    rotated_at = UnicodeAttribute(null=True)
    companies = UnicodeSetAttribute(null=True)
    sweep_lane = UnicodeAttribute(null=True)
    sweep_at = UnicodeAttribute(null=True)
    wanted_at = UnicodeAttribute(null=True)
    unanswered_since = UnicodeAttribute(null=True)


class GrantOfUserRow(Row):
    grant_id = UnicodeAttribute()


class RunRow(Row):
    """`body` is what no condition asks about. The `active_*` texts stand only while it is active."""

    company_id = UnicodeAttribute()
    provider = UnicodeAttribute()
    run_id = UnicodeAttribute()
    remote_company_id = UnicodeAttribute()
    record_kind = UnicodeAttribute()
    run_state = UnicodeAttribute()
    active = BooleanAttribute()
    epoch = NumberAttribute()
    started_at = UnicodeAttribute()
    body = UnicodeAttribute()
    schedule_lane = UnicodeAttribute(null=True)
    schedule_at = UnicodeAttribute(null=True)


class RunPointerRow(Row):
    """Names a run: the active one of a kind, or one in the list by start."""

    run_id = UnicodeAttribute()


class PacingRowModel(Row):
    pacing_state = UnicodeAttribute()
    version = NumberAttribute()


class RemoteListRow(Row):
    """`text` is zlib-compressed: such lists are repetitive, and write units are paid by the KB."""

    text = BinaryAttribute(legacy_encoding=False)
    stale_at = UnicodeAttribute()


class ListingRow(Row):
    """`body` is what no condition asks about."""

    version = NumberAttribute()
    body = JSONAttribute()


class AuditRow(Row):
    company_id = UnicodeAttribute()
    at = UnicodeAttribute()
    entry_id = UnicodeAttribute()
    who = UnicodeAttribute()
    what = UnicodeAttribute()
    about = JSONAttribute()


class NotificationRow(Row):
    company_id = UnicodeAttribute()
    notification_id = UnicodeAttribute()
    provider = UnicodeAttribute()
    cause = UnicodeAttribute()
    problem = JSONAttribute()
    opened_at = UnicodeAttribute()
    closed_at = UnicodeAttribute(null=True)
    recovery_of = UnicodeAttribute()


class OpenNotificationRow(Row):
    """Names the open notification of a cause by its sort key."""

    listed = UnicodeAttribute()


class FileImportRow(Row):
    """`body` is what no condition asks about."""

    version = NumberAttribute()
    body = UnicodeAttribute()


class DueRowModel(Row):
    """`caused_by` is the change's correlation id; the row's own is of whoever touched it last."""

    source_id = UnicodeAttribute()
    version = NumberAttribute()
    since = UnicodeAttribute()
    not_before = UnicodeAttribute()
    tries = NumberAttribute()
    waits_for = UnicodeAttribute(null=True)
    late_check = BooleanAttribute(null=True)
    asked = UnicodeAttribute(null=True)
    caused_by = UnicodeAttribute(null=True)


class AutomaticRow(Row):
    """`body` is what no condition asks about."""

    version = NumberAttribute()
    body = JSONAttribute()
    company_id = UnicodeAttribute()
    provider = UnicodeAttribute()
    schedule_lane = UnicodeAttribute()
    schedule_at = UnicodeAttribute()
