"""A person asks: try these again, send those now."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Final

from shared.auth.audit import write_down
from shared.domain.errors import Conflicting, NotFound, RequestInvalid
from shared.domain.ids import ConnectionKey, PersonId, RecordKind, SourceId
from shared.domain.records import class_of
from shared.domain.runs import Failure, Problem
from shared.sync.automatic.relay import make_due
from shared.sync.connections import usable_connection
from shared.sync.engine.failures import stored_failures
from shared.sync.services import Services

MOST_SELECTED: Final = 100
_AT_ONCE: Final = 100


def send_selected(
    services: Services,
    key: ConnectionKey,
    kind: RecordKind,
    source_ids: Sequence[SourceId],
    person_id: PersonId,
) -> int:
    """Have these records looked at ahead of all others; answers how many.

    Raises `RequestInvalid` for none or more than `MOST_SELECTED`, `NotFound` for an id that there is
    not (then nothing is sent), and what `_require_open` raises.
    """
    _require_open(services, key)
    wanted = list(dict.fromkeys(source_ids))
    if not wanted:
        raise RequestInvalid(
            Problem("NONE_SELECTED", "No record was selected.", "Select some.", "ids")
        )
    if len(wanted) > MOST_SELECTED:
        raise RequestInvalid(
            Problem(
                "TOO_MANY_SELECTED",
                f"At most {MOST_SELECTED} records can be synced at once; {len(wanted)} were selected.",
                f"Select {MOST_SELECTED} or fewer, or sync all.",
                "ids",
            )
        )
    records = services.stores.records.get_many(key.company_id, class_of(kind), wanted)
    missing = next((source_id for source_id in wanted if source_id not in records), None)
    if missing is not None:
        raise NotFound(
            Problem(
                f"{kind.upper()}_NOT_FOUND",
                f"There is no {kind} with the id {missing}.",
                "Check the ids.",
                "ids",
            )
        )
    versions = [(source_id, records[source_id].version) for source_id in wanted]
    make_due(services, key, kind, versions, urgent=True)
    write_down(services, key, person_id, f"{kind}s.sent", count=str(len(versions)))
    return len(versions)


def retry(
    services: Services,
    key: ConnectionKey,
    kind: RecordKind,
    person_id: PersonId,
    *,
    source_ids: Sequence[SourceId] | None = None,
    cause: str | None = None,
) -> int:
    """Have records that stand refused looked at again: some, those of a cause, or all of the kind.

    Answers how many; their failures stand until they are synced. Raises as `_require_open` does.
    """
    _require_open(services, key)
    retried = 0
    chosen = _chosen(services, key, kind, source_ids, cause)
    while some := list(islice(chosen, _AT_ONCE)):
        records = services.stores.records.get_many(key.company_id, class_of(kind), some)
        versions = [(source_id, record.version) for source_id, record in records.items()]
        # An invoice's void goes only where a person asks for it, which this is. A payment's own due row may
        # wait for a late commit, and is put off again though it was asked for.
        asked = kind in (RecordKind.INVOICE, RecordKind.PAYMENT)
        retried += make_due(services, key, kind, versions, urgent=asked)
    write_down(services, key, person_id, "failures.retried", count=str(retried))
    return retried


def _chosen(
    services: Services,
    key: ConnectionKey,
    kind: RecordKind,
    source_ids: Sequence[SourceId] | None,
    cause: str | None,
) -> Iterator[SourceId]:
    failures: Iterable[Failure] = (
        stored_failures(services.stores, key, kind)
        if source_ids is None
        else services.stores.failures.of(key, kind, source_ids)
    )
    for failure in failures:
        if cause is None or failure.cause == cause:
            yield failure.source_id


def _require_open(services: Services, key: ConnectionKey) -> None:
    """Raises `Conflicting` (NOT_CONNECTED, IMPORTS_UNDECIDED) or `NeedsReauth`."""
    if not usable_connection(services, key).setup.decided:
        raise Conflicting(
            Problem(
                "IMPORTS_UNDECIDED",
                "The import of customers and items is not decided yet, so nothing is sent by itself.",
                "Finish or skip the import steps of the setup.",
            )
        )
