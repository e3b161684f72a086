"""What the DynamoDB stores write: attributes that every row has, sizes, units, and healing."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from shared.domain.errors import InvalidCursor, TooLarge
from shared.domain.ids import RecordKind, RunId
from shared.domain.links import base_of
from shared.domain.runs import ChunkState, Run, RunState
from shared.storage import cursors
from shared.storage.dynamo.capacity import item_size, write_units
from shared.storage.dynamo.tables import SCHEDULE
from shared.storage.ports import PacingRow, Stores
from tests.contract.stores.builders import (
    COMPANY,
    CONNECTION,
    CORRELATION,
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
from tests.contract.stores.test_consents import choice, consent
from tests.contract.stores.test_due import due, state
from tests.contract.stores.test_mappings import mapping
from tests.contract.stores.test_notifications import notification
from tests.contract.stores.test_small_stores import entry

DAY = 86_400


def write_one_of_each(stores: Stores) -> None:
    stores.records.save(COMPANY, [item("item-1")])
    stores.links.save_links(SCOPE, [link("s1", "r1")])
    stores.mappings.save_mappings(SCOPE, [mapping("s1")])
    stores.connections.save(connection())
    stores.connections.claim_remote_company(QUICKBOOKS, REALM, COMPANY)
    stores.consents.put(consent("state-1"))
    stores.choices.put(choice())
    stores.grants.put_new(grant())
    stores.grants.claim_user(QUICKBOOKS, "user-1", grant().grant_id, instead_of=None)
    stores.notifications.open(notification())
    stores.runs.start(run())
    stores.runs.add_chunks(CONNECTION, [chunk(0)])
    stores.failures.save([failure("s1")])
    stores.due.add([due()])
    stores.automatic.save(state())
    stores.pacing.save(CONNECTION, PacingRow("{}", 1))
    stores.remote_lists.put(CONNECTION, "accounts", "[]", now=NOW, fresh=timedelta(minutes=1))
    stores.audit.add(entry(1))


def kind_of(row: dict[str, Any]) -> str:
    return str(row["pk"]["S"]).split("#")[0]


def test_every_row_has_a_schema_version_and_what_caused_it(dynamo: Dynamo) -> None:
    write_one_of_each(dynamo.stores)
    rows = [row for name in ("records", "sync_state", "grants") for row in _rows(dynamo, name)]
    assert {kind_of(row) for row in rows} == {
        *("item", "link", "remote", "connection", "remote-company", "consent", "grant", "run"),
        *("run-active", "run-start", "chunk", "failure", "pacing", "remote-list", "audit"),
        *("due", "automatic", "choice", "grant-user", "notification", "notification-open"),
        "mapping",
    }
    for row in rows:
        assert row["schema_version"] == {"N": "1"}, row
        assert row["correlation_id"] == {"S": CORRELATION}, row


def test_updates_tell_what_caused_them(dynamo: Dynamo) -> None:
    dynamo.stores.links.save_links(SCOPE, [link("s1", "r1")])
    dynamo.stores.links.save_links(SCOPE, [link("s1", "r1", 2, correlation_id="later")])
    (row,) = [row for row in _rows(dynamo, "sync_state") if kind_of(row) == "link"]
    assert row["correlation_id"] == {"S": "later"}


def test_rows_that_die_say_when_and_no_others(dynamo: Dynamo) -> None:
    write_one_of_each(dynamo.stores)
    now = int(NOW.timestamp())
    dying = {kind_of(row): int(row["expires_at"]["N"]) - now for row in _with_expiry(dynamo)}
    assert dying == {
        "run-start": 90 * DAY,
        "chunk": 90 * DAY,
        "remote-list": 60,
        "consent": 600,
        "choice": 600,
        "notification": 400 * DAY + 3600,
        "notification-open": 400 * DAY + 3600,
    }
    ended_at = NOW + timedelta(hours=1)
    ended = run(state=RunState.FINISHED, finished_at=ended_at)
    dynamo.stores.runs.save(ended, expected_epoch=0)
    (row,) = [row for row in _with_expiry(dynamo) if kind_of(row) == "run"]
    assert int(row["expires_at"]["N"]) - now == 90 * DAY + 3600


def test_money_is_stored_as_text(dynamo: Dynamo) -> None:
    dynamo.stores.records.save(COMPANY, [item("item-1")])
    (row,) = _rows(dynamo, "records")
    assert json.loads(row["body"]["S"])["unit_price"] == "12.50"


class TestUnits:
    def test_a_link_and_its_claim_are_one_unit_each(self, dynamo: Dynamo) -> None:
        """With names, codes and descriptions as long as QuickBooks takes them."""
        fields = {
            "name": "Copper pipe 15 mm, half hard, EN 1057, 3 m length, capped both ends".ljust(
                100, "."
            ),
            "description": "d" * 4000,
            "unit_price": "123456789.99",
            "code": "CU-15-3000-HH-EN1057",
            "income_account_id": "1150040000",
            "active": "true",
        }
        saved = link(
            "5f0c1a52-3a0f-4c5e-9a55-2b1f64d0a6c1",
            "1234567",
            remote_name=fields["name"],
            name_key=fields["name"].casefold(),
            base=base_of(fields),
            answered={"description": "sha256:" + "0" * 40},
            mapping_version="1150040000",
            run_id="0" * 32,
        )
        dynamo.stores.links.save_links(SCOPE, [saved])
        rows = _rows(dynamo, "sync_state")
        assert sorted((kind_of(row), write_units(row)) for row in rows) == [
            ("link", 1),
            ("remote", 1),
        ]

    def test_a_chunk_of_thirty_is_two_units(self, dynamo: Dynamo) -> None:
        dynamo.stores.runs.add_chunks(CONNECTION, [chunk(0)])
        (row,) = _rows(dynamo, "sync_state")
        assert write_units(row) <= 2

    def test_a_heartbeat_is_one_unit_and_writes_nothing_to_the_index(self, dynamo: Dynamo) -> None:
        consumed: list[tuple[str, float]] = []
        session = _own_client(dynamo)
        stores = dynamo.with_client(session, on_consumed=lambda *told: consumed.append(told))
        started = stores.runs.start(run())
        consumed.clear()
        beat = replace(started, heartbeat_at=NOW + timedelta(seconds=10))
        assert stores.runs.save(beat, expected_epoch=0)
        assert consumed == [("PutItem", 1.0)]
        ended = replace(beat, state=RunState.FINISHED)
        assert stores.runs.save(ended, expected_epoch=0)
        assert [name for name, _ in consumed[1:]] == ["TransactWriteItems"]
        session.close()

    def test_a_new_item_pushed_is_at_most_2_4_units(self, dynamo: Dynamo) -> None:
        """Links, claims and both writes of the chunk of thirty items, by the rows' sizes."""
        one = chunk(0)
        dynamo.stores.runs.add_chunks(CONNECTION, [one])
        links = [link(each.source_id, f"{n + 1}") for n, each in enumerate(one.entries)]
        dynamo.stores.links.save_links(SCOPE, links)
        dynamo.stores.runs.save_chunks(CONNECTION, [replace(one, state=ChunkState.DONE)])
        units = sum(
            write_units(row) * (2 if kind_of(row) == "chunk" else 1)
            for row in _rows(dynamo, "sync_state")
        )
        assert units / 30 <= 2.4


class TestLimits:
    def test_a_row_over_300_kb_is_refused_before_it_is_sent(self, dynamo: Dynamo) -> None:
        many = {f"CAUSE_{number}": (1, "x" * 1000) for number in range(310)}
        dynamo.stores.runs.start(run())
        with pytest.raises(TooLarge):
            dynamo.stores.runs.save(run(causes=many), expected_epoch=0)
        with pytest.raises(TooLarge):
            dynamo.stores.records.save(COMPANY, [item("a"), item("b", description="é" * 160_000)])
        with pytest.raises(TooLarge):
            dynamo.stores.links.save_links(SCOPE, [link("s1", "r1", base={"x": "y" * 310_000})])
        assert dynamo.stores.runs.get(CONNECTION, RunId("run-1")).causes == {}
        assert _rows(dynamo, "records") == []
        assert [row for row in _rows(dynamo, "sync_state") if kind_of(row) == "link"] == []


class TestHealing:
    """A pointer to a run that has ended is what no writer of ours leaves; it must not lock anybody out."""

    def break_pointer(self, dynamo: Dynamo) -> Run:
        stale = run("stale")
        dynamo.stores.runs.start(stale)
        dynamo.client.update_item(
            TableName=dynamo.tables.sync_state,
            Key={"pk": {"S": "run#company-1#quickbooks"}, "sk": {"S": "stale"}},
            UpdateExpression="SET active = :no, run_state = :state REMOVE schedule_lane, schedule_at",
            ExpressionAttributeValues={":no": {"BOOL": False}, ":state": {"S": "failed"}},
        )
        return stale

    def test_the_next_run_replaces_it(self, dynamo: Dynamo) -> None:
        self.break_pointer(dynamo)
        assert dynamo.stores.runs.active(CONNECTION, RecordKind.ITEM) is None
        assert dynamo.stores.runs.start(run("next")) == run("next")
        assert dynamo.stores.runs.active(CONNECTION, RecordKind.ITEM) == run("next")

    def test_the_next_run_replaces_one_to_a_run_that_is_gone(self, dynamo: Dynamo) -> None:
        self.break_pointer(dynamo)
        dynamo.client.delete_item(
            TableName=dynamo.tables.sync_state,
            Key={"pk": {"S": "run#company-1#quickbooks"}, "sk": {"S": "stale"}},
        )
        assert dynamo.stores.runs.start(run("next")) == run("next")

    @pytest.mark.parametrize("names", ["another", None])
    def test_a_run_ends_though_the_pointer_is_not_its_own(
        self, dynamo: Dynamo, names: str | None
    ) -> None:
        dynamo.stores.runs.start(run())
        key = {"pk": {"S": "run-active#company-1#quickbooks"}, "sk": {"S": "item"}}
        dynamo.client.delete_item(TableName=dynamo.tables.sync_state, Key=key)
        if names:
            row = {**key, "run_id": {"S": names}}
            dynamo.client.put_item(TableName=dynamo.tables.sync_state, Item=row)
        assert dynamo.stores.runs.save(run(state=RunState.FINISHED), expected_epoch=0)
        assert dynamo.stores.runs.get(CONNECTION, RunId("run-1")).state is RunState.FINISHED
        pointers = [row for row in _rows(dynamo, "sync_state") if kind_of(row) == "run-active"]
        assert [row["run_id"]["S"] for row in pointers] == ([names] if names else [])

    def test_a_listed_run_whose_row_has_died_is_left_out(self, dynamo: Dynamo) -> None:
        dynamo.stores.runs.start(run())
        dynamo.client.delete_item(
            TableName=dynamo.tables.sync_state,
            Key={"pk": {"S": "run#company-1#quickbooks"}, "sk": {"S": "run-1"}},
        )
        assert dynamo.stores.runs.page(CONNECTION, 5, None).rows == ()
        assert dynamo.stores.runs.active_everywhere(5, None).rows == ()


def test_an_ended_run_that_the_index_still_has_is_left_out(dynamo: Dynamo) -> None:
    """The index lags behind: here it never catches up."""
    dynamo.stores.runs.start(run())
    dynamo.client.update_item(
        TableName=dynamo.tables.sync_state,
        Key={"pk": {"S": "run#company-1#quickbooks"}, "sk": {"S": "run-1"}},
        UpdateExpression="SET active = :no, run_state = :state",
        ExpressionAttributeValues={":no": {"BOOL": False}, ":state": {"S": "failed"}},
    )
    assert dynamo.stores.runs.active_everywhere(5, None).rows == ()


def test_a_cursor_beyond_the_index_ends_the_listing(dynamo: Dynamo) -> None:
    dynamo.stores.runs.start(run())
    beyond = cursors.encode(SCHEDULE, "99", "2026", "run#a", "run-1")
    assert dynamo.stores.runs.active_everywhere(5, beyond).rows == ()
    with pytest.raises(InvalidCursor):
        dynamo.stores.runs.active_everywhere(5, cursors.encode(SCHEDULE, "0", "2026", "run#a"))


@pytest.mark.parametrize(
    ("item", "size"),
    [
        ({"pk": {"S": "é"}}, 4),
        ({"n": {"N": "0"}}, 3),
        ({"n": {"N": "123456"}}, 5),
        ({"n": {"N": "-1.50"}}, 4),
        ({"b": {"B": b"12345"}, "t": {"BOOL": True}, "z": {"NULL": True}}, 10),
        ({"l": {"L": [{"S": "ab"}, {"N": "1"}]}}, 1 + 3 + 3 + 3),
        ({"m": {"M": {"key": {"S": "value"}}}}, 1 + 3 + 1 + 8),
        ({"s": {"SS": ["a", "bc"]}}, 4),
    ],
)
def test_a_row_is_measured_as_dynamodb_does(item: dict[str, Any], size: int) -> None:
    assert item_size(item) == size


@pytest.mark.parametrize(("length", "units"), [(0, 1), (1023, 1), (1024, 2), (2047, 2), (2048, 3)])
def test_units_are_whole_kilobytes(length: int, units: int) -> None:
    assert write_units({"a": {"S": "x" * length}}) == units


def _rows(dynamo: Dynamo, table: str) -> list[dict[str, Any]]:
    return dynamo.rows(getattr(dynamo.tables, table))


def _with_expiry(dynamo: Dynamo) -> list[dict[str, Any]]:
    rows = [row for name in ("records", "sync_state", "grants") for row in _rows(dynamo, name)]
    return [row for row in rows if "expires_at" in row]


def _own_client(dynamo: Dynamo) -> Any:
    """Handlers stay registered on a client, so a test that counts has one to itself."""
    import boto3  # noqa: PLC0415 - only here

    from shared.storage.dynamo.client import client_config  # noqa: PLC0415 - only here
    from tests.support.local_aws import ACCESS_KEY, REGION  # noqa: PLC0415 - only here

    return boto3.client(
        "dynamodb",
        endpoint_url=dynamo.client.meta.endpoint_url,
        region_name=REGION,
        aws_access_key_id=ACCESS_KEY,
        aws_secret_access_key="local",
        config=client_config(),
    )
