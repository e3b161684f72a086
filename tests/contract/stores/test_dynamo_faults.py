"""What the DynamoDB stores do when the service throttles, is away, or loses an answer."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from botocore.exceptions import ClientError

from shared.domain.errors import StorageUnavailable
from shared.domain.grants import Lease, SweepLane
from shared.domain.ids import GrantId, RecordKind, RunId, SourceId
from shared.domain.records import Item
from shared.domain.runs import ChunkState, RunState
from shared.storage.dynamo.client import ATTEMPTS, Verdict, verdict_of
from shared.storage.ports import PacingRow, Stores
from tests.contract.stores import flaky
from tests.contract.stores.builders import (
    COMPANY,
    CONNECTION,
    NOW,
    QUICKBOOKS,
    REALM,
    SCOPE,
    chunk,
    connection,
    failure,
    grant,
    item,
    link,
    run,
)
from tests.contract.stores.conftest import Dynamo
from tests.contract.stores.flaky import FlakyClient
from tests.contract.stores.test_consents import choice, consent
from tests.contract.stores.test_due import due, state
from tests.contract.stores.test_mappings import mapping
from tests.contract.stores.test_notifications import notification
from tests.contract.stores.test_small_stores import entry

MINUTE = timedelta(minutes=1)
GRANT = GrantId("grant-1")
LINKS = [link(f"s{number:02}", f"r{number:02}") for number in range(30)]

EVERY_CALL: dict[str, Callable[[Stores], object]] = {
    "get_item": lambda s: s.records.get(COMPANY, Item, SourceId("a")),
    "get_items": lambda s: s.records.get_many(COMPANY, Item, [SourceId("a")]),
    "save_item": lambda s: s.records.save(COMPANY, [item("a")]),
    "save_items": lambda s: s.records.save(COMPANY, [item("a"), item("b")]),
    "page_items": lambda s: s.records.page(COMPANY, Item, 5, None),
    "get_links": lambda s: s.links.get_links(SCOPE, [SourceId("a")]),
    "linked_to": lambda s: s.links.linked_to(SCOPE, ["a"]),
    "page_links": lambda s: s.links.page_links(SCOPE, 5, None),
    "save_links": lambda s: s.links.save_links(SCOPE, [link("a", "b")]),
    "update_links": lambda s: s.links.save_links(SCOPE, [link("a", "b", 2)]),
    "get_mappings": lambda s: s.mappings.get_mappings(SCOPE, [SourceId("a")]),
    "page_mappings": lambda s: s.mappings.page_mappings(SCOPE, 5, None),
    "save_mappings": lambda s: s.mappings.save_mappings(SCOPE, [mapping("a")]),
    "update_mappings": lambda s: s.mappings.save_mappings(SCOPE, [mapping("a", row_version=2)]),
    "get_connection": lambda s: s.connections.get(CONNECTION),
    "of_company": lambda s: s.connections.of_company(COMPANY),
    "save_connection": lambda s: s.connections.save(connection()),
    "claim": lambda s: s.connections.claim_remote_company(QUICKBOOKS, REALM, COMPANY),
    "owner": lambda s: s.connections.owner_of_remote_company(QUICKBOOKS, REALM),
    "release": lambda s: s.connections.release_remote_company(QUICKBOOKS, REALM, COMPANY),
    "put_consent": lambda s: s.consents.put(consent("a")),
    "take_consent": lambda s: s.consents.take("a"),
    "get_grant": lambda s: s.grants.get(GRANT),
    "put_new": lambda s: s.grants.put_new(grant()),
    "take_lease": lambda s: s.grants.take_lease(GRANT, "w", now=NOW, expires_at=NOW + MINUTE),
    "release_lease": lambda s: s.grants.release_lease(GRANT, Lease("w", NOW, 1)),
    "save_pair": lambda s: s.grants.save_pair(grant(), expected_token_version=1),
    "reauth": lambda s: s.grants.mark_needs_reauth(GRANT, expected_token_version=1, fence=1),
    "attach": lambda s: s.grants.attach(GRANT, COMPANY),
    "detach": lambda s: s.grants.detach(GRANT, COMPANY),
    "retire": lambda s: s.grants.retire(GRANT),
    "set_place": lambda s: s.grants.set_place(GRANT, None, expected_token_version=1),
    "next_in_sweep": lambda s: s.grants.next_in_sweep(QUICKBOOKS, SweepLane.IDLE, 5),
    "count_in_sweep": lambda s: s.grants.count_in_sweep(QUICKBOOKS, SweepLane.IDLE),
    "claim_user": lambda s: s.grants.claim_user(QUICKBOOKS, "u", GRANT, instead_of=None),
    "of_user": lambda s: s.grants.of_user(QUICKBOOKS, "u"),
    "put_choice": lambda s: s.choices.put(choice()),
    "get_choice": lambda s: s.choices.get(CONNECTION),
    "take_choice": lambda s: s.choices.take(CONNECTION, "choice-1"),
    "open_notification": lambda s: s.notifications.open(notification()),
    "close_notification": lambda s: s.notifications.close(COMPANY, "cause", NOW),
    "page_notifications": lambda s: s.notifications.page(COMPANY, 5, None),
    "start": lambda s: s.runs.start(run()),
    "get_run": lambda s: s.runs.get(CONNECTION, RunId("a")),
    "active": lambda s: s.runs.active(CONNECTION, RecordKind.ITEM),
    "page_runs": lambda s: s.runs.page(CONNECTION, 5, None),
    "active_everywhere": lambda s: s.runs.active_everywhere(5, None),
    "save_run": lambda s: s.runs.save(run(), expected_epoch=0),
    "end_run": lambda s: s.runs.save(run(state=RunState.FAILED), expected_epoch=0),
    "add_chunks": lambda s: s.runs.add_chunks(CONNECTION, [chunk(0)]),
    "save_chunks": lambda s: s.runs.save_chunks(CONNECTION, [chunk(0)]),
    "page_chunks": lambda s: s.runs.page_chunks(CONNECTION, RunId("a"), 1, 5, None),
    "save_failures": lambda s: s.failures.save([failure("a")]),
    "clear_failures": lambda s: s.failures.clear(CONNECTION, RecordKind.ITEM, [SourceId("a")]),
    "page_failures": lambda s: s.failures.page(CONNECTION, RecordKind.ITEM, 5, None),
    "failures_of": lambda s: s.failures.of(CONNECTION, RecordKind.ITEM, [SourceId("a")]),
    "add_due": lambda s: s.due.add([due()]),
    "look": lambda s: s.due.look(CONNECTION, RecordKind.ITEM, NOW, 5),
    "urgent": lambda s: s.due.urgent(CONNECTION, RecordKind.ITEM, 5),
    "remove_due": lambda s: s.due.remove([due()]),
    "put_off": lambda s: s.due.put_off([due()]),
    "count_due": lambda s: s.due.count(CONNECTION, RecordKind.ITEM, 5),
    "load_automatic": lambda s: s.automatic.load(CONNECTION),
    "save_automatic": lambda s: s.automatic.save(state()),
    "due_everywhere": lambda s: s.automatic.due_everywhere(NOW, 5),
    "load_pacing": lambda s: s.pacing.load(CONNECTION),
    "save_pacing": lambda s: s.pacing.save(CONNECTION, PacingRow("", 1)),
    "get_list": lambda s: s.remote_lists.get(CONNECTION, "a", NOW),
    "put_list": lambda s: s.remote_lists.put(CONNECTION, "a", "", now=NOW, fresh=MINUTE),
    "add_audit": lambda s: s.audit.add(entry(1)),
    "page_audit": lambda s: s.audit.page(COMPANY, 5, None),
    "page_audit_of_invoice": lambda s: s.audit.page_of_invoice(COMPANY, SourceId("1"), 5, None),
}


class AwayClient:
    """No call ever reaches the service."""

    def __getattr__(self, name: str) -> Callable[..., object]:
        def call(**arguments: object) -> object:
            return flaky.never_connects(call, dict(arguments))

        call.__name__ = name
        return call


@pytest.mark.parametrize("name", EVERY_CALL)
def test_every_call_says_that_storage_is_away(dynamo: Dynamo, name: str) -> None:
    away = dynamo.with_client(AwayClient())
    with pytest.raises(StorageUnavailable) as told:
        EVERY_CALL[name](away)
    assert told.value.after > 0


@pytest.mark.parametrize("code", ["ProvisionedThroughputExceededException", "ThrottlingException"])
@pytest.mark.parametrize("name", ["get_item", "save_item", "save_items", "save_links", "start"])
def test_a_throttled_call_is_sent_again(dynamo: Dynamo, name: str, code: str) -> None:
    operations = ("batch_get_item", "put_item", "transact_write_items", "batch_execute_statement")
    faults = {operation: [flaky.refused(code)] * 3 for operation in operations}
    EVERY_CALL[name](dynamo.with_client(FlakyClient(dynamo.client, faults)))


def test_patience_has_an_end(dynamo: Dynamo) -> None:
    faults = [flaky.refused("ThrottlingException")] * 100
    client = FlakyClient(dynamo.client, {"put_item": faults})
    with pytest.raises(StorageUnavailable):
        dynamo.with_client(client).records.save(COMPANY, [item("a")])
    assert client.calls["put_item"] == ATTEMPTS


@pytest.mark.parametrize("fault", [flaky.answer_is_lost, flaky.refused("InternalServerError")])
@pytest.mark.parametrize("name", ["get_item", "page_items", "get_grant", "active", "add_chunks"])
def test_what_may_be_repeated_is_repeated_when_its_answer_is_lost(
    dynamo: Dynamo, name: str, fault: flaky.Fault
) -> None:
    operations = ("batch_get_item", "query", "get_item", "batch_write_item")
    client = FlakyClient(dynamo.client, {operation: [fault] for operation in operations})
    EVERY_CALL[name](dynamo.with_client(client))
    assert sum(client.calls.values()) == 2


@pytest.mark.parametrize(
    "name",
    [
        "save_item",
        "save_items",
        "start",
        "save_pacing",
        "take_consent",
        "update_links",
        "save_mappings",
    ],
)
def test_a_conditional_write_whose_answer_is_lost_is_not_repeated(
    dynamo: Dynamo, name: str
) -> None:
    """Its own first try would fail its condition, and a success would be told as a lost race."""
    operations = ("put_item", "delete_item", "transact_write_items", "batch_execute_statement")
    faults = {operation: [flaky.answer_is_lost] for operation in operations}
    client = FlakyClient(dynamo.client, faults)
    with pytest.raises(StorageUnavailable):
        EVERY_CALL[name](dynamo.with_client(client))
    assert sum(client.calls.values()) == 1


def test_a_mistake_of_ours_is_not_taken_for_bad_weather(dynamo: Dynamo) -> None:
    faults = {"get_item": [flaky.refused("AccessDeniedException")]}
    with pytest.raises(ClientError, match="AccessDenied"):
        dynamo.with_client(FlakyClient(dynamo.client, faults)).grants.get(GRANT)


class TestBatches:
    def test_throttled_statements_are_sent_again_and_only_those(self, dynamo: Dynamo) -> None:
        throttled = flaky.elements_fail("ProvisionedThroughputExceeded", 0, 7, 24)
        conflicting = flaky.elements_fail("TransactionConflict", 1)
        client = FlakyClient(dynamo.client, {"batch_execute_statement": [throttled, conflicting]})
        assert dynamo.with_client(client).links.save_links(SCOPE, LINKS) == []
        found = dynamo.stores.links.get_links(SCOPE, [one.source_id for one in LINKS])
        assert len(found) == 30
        assert dynamo.stores.links.linked_to(SCOPE, ["r00", "r07", "r24"]).keys() == {
            *("r00", "r07", "r24")
        }

    def test_a_claim_whose_answer_is_lost_is_ours_when_sent_again(self, dynamo: Dynamo) -> None:
        lost = flaky.elements_fail("InternalServerError", 3, after=True)
        client = FlakyClient(
            dynamo.client, {"batch_execute_statement": [lost, flaky.answer_is_lost]}
        )
        assert dynamo.with_client(client).links.save_links(SCOPE, LINKS) == []
        assert len(dynamo.stores.links.page_links(SCOPE, 99, None).rows) == 30

    def test_a_link_whose_answer_is_lost_is_not_called_a_lost_race(self, dynamo: Dynamo) -> None:
        def real(method: Callable[..., object], arguments: dict[str, object]) -> object:
            return method(**arguments)

        lost = flaky.elements_fail("InternalServerError", 3, after=True)
        client = FlakyClient(dynamo.client, {"batch_execute_statement": [real, real, lost]})
        with pytest.raises(StorageUnavailable):
            dynamo.with_client(client).links.save_links(SCOPE, LINKS)

    def test_statements_that_stay_throttled_say_so(self, dynamo: Dynamo) -> None:
        faults = [flaky.elements_fail("ThrottlingError", 0)] * 100
        client = FlakyClient(dynamo.client, {"batch_execute_statement": faults})
        with pytest.raises(StorageUnavailable):
            dynamo.with_client(client).links.save_links(SCOPE, LINKS)

    def test_a_statement_that_can_never_work_is_a_mistake_of_ours(self, dynamo: Dynamo) -> None:
        faults = {"batch_execute_statement": [flaky.elements_fail("ValidationError", 2)]}
        with pytest.raises(RuntimeError, match="ValidationError"):
            dynamo.with_client(FlakyClient(dynamo.client, faults)).links.save_links(SCOPE, LINKS)

    def test_a_chunk_whose_answer_is_lost_is_saved_again(self, dynamo: Dynamo) -> None:
        dynamo.stores.runs.add_chunks(CONNECTION, [chunk(0)])
        client = FlakyClient(dynamo.client, {"batch_execute_statement": [flaky.answer_is_lost]})
        done = chunk(0, state=ChunkState.DONE)
        assert dynamo.with_client(client).runs.save_chunks(CONNECTION, [done]) == []

    def test_unprocessed_writes_are_sent_again(self, dynamo: Dynamo) -> None:
        fault = flaky.some_unprocessed("UnprocessedItems", "")
        stores = dynamo.with_client(FlakyClient(dynamo.client, {"batch_write_item": [fault] * 3}))
        stores.failures.save([failure(f"s{number:02}") for number in range(30)])
        assert len(stores.failures.page(CONNECTION, RecordKind.ITEM, 99, None).rows) == 30

    def test_unprocessed_reads_are_asked_again(self, dynamo: Dynamo) -> None:
        ids = [SourceId(f"s{number:02}") for number in range(30)]
        dynamo.stores.records.save(COMPANY, [item(one) for one in ids])
        fault = flaky.some_unprocessed("UnprocessedKeys", "Keys")
        client = FlakyClient(dynamo.client, {"batch_get_item": [fault] * 3})
        assert len(dynamo.with_client(client).records.get_many(COMPANY, Item, ids)) == 30

    @pytest.mark.parametrize("operation", ["batch_get_item", "batch_write_item"])
    def test_what_stays_unprocessed_says_so(self, dynamo: Dynamo, operation: str) -> None:
        def nothing(_: Callable[..., object], arguments: dict[str, object]) -> object:
            left = arguments["RequestItems"]
            return {"Responses": {}, "UnprocessedItems": left, "UnprocessedKeys": left}

        stores = dynamo.with_client(FlakyClient(dynamo.client, {operation: [nothing] * 100}))
        call = "get_items" if operation == "batch_get_item" else "save_failures"
        with pytest.raises(StorageUnavailable):
            EVERY_CALL[call](stores)


def cancelled(*codes: str) -> ClientError:
    return ClientError(
        {
            "Error": {"Code": "TransactionCanceledException", "Message": ""},
            "CancellationReasons": [{"Code": code} for code in codes],  # type: ignore[typeddict-item]  # botocore's type knows a part of it
        },
        "TransactWriteItems",
    )


@pytest.mark.parametrize(
    ("error", "verdict"),
    [
        (cancelled("None", "ConditionalCheckFailed"), Verdict.REFUSED),
        (cancelled("TransactionConflict", "ConditionalCheckFailed"), Verdict.REFUSED),
        (cancelled("TransactionConflict", "None"), Verdict.NOT_DONE),
        (cancelled("ThrottlingError"), Verdict.NOT_DONE),
        (cancelled("ValidationError", "TransactionConflict"), Verdict.BROKEN),
        (cancelled("ItemCollectionSizeLimitExceeded"), Verdict.BROKEN),
    ],
)
def test_what_a_cancelled_transaction_means(error: ClientError, verdict: Verdict) -> None:
    assert verdict_of(error) is verdict


@pytest.mark.parametrize(
    ("code", "verdict"),
    [
        ("ConditionalCheckFailedException", Verdict.REFUSED),
        ("RequestLimitExceeded", Verdict.NOT_DONE),
        ("TransactionInProgressException", Verdict.NOT_DONE),
        ("InternalServerError", Verdict.UNKNOWN),
        ("503", Verdict.UNKNOWN),
        ("ResourceNotFoundException", Verdict.BROKEN),
        ("ValidationException", Verdict.BROKEN),
        ("ExpiredTokenException", Verdict.BROKEN),
        ("403", Verdict.BROKEN),
    ],
)
def test_what_an_error_code_means(code: str, verdict: Verdict) -> None:
    error = ClientError({"Error": {"Code": code, "Message": ""}}, "PutItem")
    assert verdict_of(error) is verdict
