"""Problems: causes with their cures and Retry, and what the office was told."""

from __future__ import annotations

import html
from dataclasses import replace
from typing import Any

import pytest

from shared.auth.notices import open_notice
from shared.domain.connections import ConnectionState, Setup, StepState
from shared.domain.ids import RecordKind, RunId, SourceId
from shared.domain.runs import Failure, Problem
from shared.storage.keys import payment_id
from shared.sync.failure_notices import failure_cause, tell_standing
from tests.support.api_client import ApiWorld, api_world
from tests.support.services import COMPANY

DECIDED = Setup(StepState.DONE, StepState.SKIPPED, StepState.PENDING)
NO_ACCOUNT = Problem(
    "ACCOUNT_MAPPING_MISSING",
    "No income account is chosen for this item.",
    "Choose one.",
    "incomeAccountId",
)
CLOSED = Problem("BOOKS_CLOSED", "The books are closed for that date.", "Ask your accountant.")
HOSTILE = "<script>alert(1)</script>"


@pytest.fixture
def world() -> ApiWorld:
    made = api_world()
    made.connect(setup=DECIDED)
    return made


def item(world: ApiWorld, item_id: str, name: str = "Pipe") -> None:
    world.call("PUT", f"/v1/items/{item_id}", {"name": name, "unitPrice": "1"})


def invoice(world: ApiWorld, invoice_id: str = "47") -> None:
    item(world, "pipe")
    world.call("PUT", "/v1/customers/hill", {"name": "Hill"})
    body = {
        "number": f"INV-{invoice_id}",
        "customerId": "hill",
        "status": "SENT",
        "currency": "USD",
        "issuedOn": "2026-03-02",
        "lines": [{"itemId": "pipe", "unitPrice": "350.00"}],
    }
    assert world.call("PUT", f"/v1/invoices/{invoice_id}", body).status_code == 201


def fails(
    world: ApiWorld,
    source_id: str,
    problem: Problem = NO_ACCOUNT,
    kind: RecordKind = RecordKind.ITEM,
) -> None:
    [connection] = world.services.stores.connections.of_company(COMPANY)
    failure = Failure(
        connection.key,
        kind,
        SourceId(source_id),
        problem.code,
        problem,
        1,
        RunId("run"),
        world.clock.now(),
    )
    world.services.stores.failures.save([failure])


def due(world: ApiWorld, kind: RecordKind = RecordKind.ITEM) -> set[str]:
    [connection] = world.services.stores.connections.of_company(COMPANY)
    look = world.services.stores.due.look(connection.key, kind, world.clock.now(), 99)
    return {row.source_id for row in look.ready}


def shown(world: ApiWorld, path: str = "/console/problems", **options: Any) -> str:
    answer = world.sees(path, **options)
    assert answer.status_code == 200, answer.text
    return html.unescape(answer.text)


def test_without_problems_nothing_is_wrong(world: ApiWorld) -> None:
    page = shown(world)
    assert "Nothing is wrong" in page
    assert "<button" not in page.split("<main")[1]


def test_without_a_connection_it_says_what_to_do() -> None:
    assert "Nothing is connected" in shown(api_world())


def test_one_line_per_cause_with_its_names_and_its_cure(world: ApiWorld) -> None:
    for number in range(7):
        item(world, f"i{number}", f"Pipe {number}")
        fails(world, f"i{number}")
    page = shown(world)
    assert page.count(NO_ACCOUNT.message) == 2  # once shown, once in the words of its link
    assert "7 items not as in BlueClerk" in page
    assert "Pipe 4" in page
    assert "Pipe 5" not in page
    assert "/console/integrations/quickbooks/account-mapping" in page
    assert "All 7 items" in page


def test_an_invoice_and_a_payment_lead_to_the_invoice(world: ApiWorld) -> None:
    invoice(world)
    body = {"amount": "100.00", "paidOn": "2026-03-09"}
    world.call("PUT", "/v1/invoices/47/payments/1", body)
    fails(world, "47", CLOSED, RecordKind.INVOICE)
    fails(world, payment_id(SourceId("47"), "1"), CLOSED, RecordKind.PAYMENT)
    page = shown(world)
    assert '<a href="/console/invoices/47">INV-47</a>' in page
    assert "$100.00 of Mar 9, 2026 for invoice INV-47" in page
    assert "Open the invoice" in page


def test_retry_of_a_cause_tries_its_records_and_no_others(world: ApiWorld) -> None:
    for item_id, problem in (("a", NO_ACCOUNT), ("b", NO_ACCOUNT), ("c", CLOSED)):
        item(world, item_id)
        fails(world, item_id, problem)
    pressed = world.presses(
        "/console/problems/quickbooks/retry", kind="item", cause="ACCOUNT_MAPPING_MISSING"
    )
    assert pressed.status_code == 303
    assert due(world) == {"a", "b"}
    assert "data-refresh" in shown(world, pressed.headers["location"])
    world.clock.sleep(61)
    assert "data-refresh" not in shown(world, pressed.headers["location"])


def test_retry_of_one_record_and_of_all(world: ApiWorld) -> None:
    for item_id in ("a", "b"):
        item(world, item_id)
        fails(world, item_id)
    invoice(world)
    fails(world, "47", CLOSED, RecordKind.INVOICE)
    world.presses("/console/problems/quickbooks/retry", kind="item", id="a")
    assert due(world) == {"a"}
    world.presses("/console/problems/quickbooks/retry")
    assert due(world) == {"a", "b"}
    assert due(world, RecordKind.INVOICE) == {"47"}


def test_a_retry_of_what_there_is_not_says_so(world: ApiWorld) -> None:
    pressed = world.presses(
        "/console/problems/quickbooks/retry", kind="coupon", page="/console/problems"
    )
    assert pressed.headers["location"] == "/console/problems"
    pressed = world.presses("/console/problems/quickbooks/retry", kind="item", id="nobody")
    assert pressed.headers["location"] == "/console/problems"


def test_the_list_of_a_cause_is_paged_and_has_only_that_cause(world: ApiWorld) -> None:
    for number in range(70):
        item(world, f"i{number:02}", f"Pipe {number:02}")
        fails(world, f"i{number:02}", CLOSED if number % 10 == 0 else NO_ACCOUNT)
    seen = []
    path = "/console/problems/quickbooks/item?cause=ACCOUNT_MAPPING_MISSING"
    while path:
        page = world.sees(path).text
        seen += [part.split("<")[0] for part in page.split('dir="auto">Pipe ')[1:]]
        following = page.split('rel="next"')[0].rsplit('href="', 1)[1].split('"')[0]
        path = html.unescape(following) if 'rel="next"' in page else ""
    assert seen == [f"{number:02}" for number in range(70) if number % 10]


def test_a_cause_that_is_cured_says_so(world: ApiWorld) -> None:
    assert "Nothing of this cause" in shown(world, "/console/problems/quickbooks/item?cause=X")


def test_reconnect_is_asked_for_first(world: ApiWorld) -> None:
    [connection] = world.services.stores.connections.of_company(COMPANY)
    expired = replace(
        connection, state=ConnectionState.NEEDS_REAUTH, version=connection.version + 1
    )
    world.services.stores.connections.save(expired)
    page = shown(world)
    assert "Reconnect Required" in page
    assert "Nothing is wrong" not in page
    assert ">Reconnect QuickBooks</button>" in page


def test_notifications_have_time_and_their_one_action(world: ApiWorld) -> None:
    [connection] = world.services.stores.connections.of_company(COMPANY)
    key = connection.key
    tell_standing(
        world.services, key, RecordKind.ITEM, ["ACCOUNT_MAPPING_MISSING"], passing_too=True
    )
    expired = Problem("UNAUTHORIZED", "It has expired.", "Reconnect QuickBooks")
    open_notice(world.services, COMPANY, key.provider, "quickbooks#reauth", expired)
    page = shown(world)
    notices = page.split('id="notices"')[1]
    assert "Some items could not be synced to QuickBooks: account mapping missing." in notices
    assert "/console/problems/quickbooks/item?cause=ACCOUNT_MAPPING_MISSING" in notices
    assert ">Reconnect QuickBooks</button>" in notices
    assert str(world.clock.now().year) in notices
    assert "Nothing is wrong" not in page


def test_a_notification_that_is_over_says_so_and_asks_nothing(world: ApiWorld) -> None:
    [connection] = world.services.stores.connections.of_company(COMPANY)
    key = connection.key
    tell_standing(world.services, key, RecordKind.ITEM, ["X"], passing_too=True)
    tell_standing(world.services, key, RecordKind.ITEM, [], passing_too=True)
    page = shown(world)
    assert "Over since" in page
    assert "Nothing is wrong" in page
    assert failure_cause(key.provider, RecordKind.ITEM, "X") not in page
    assert "See the items" not in page


def test_notifications_are_paged(world: ApiWorld) -> None:
    [connection] = world.services.stores.connections.of_company(COMPANY)
    for number in range(25):
        problem = Problem("X", f"Notice {number}.")
        open_notice(world.services, COMPANY, connection.key.provider, f"c#{number}", problem)
        world.clock.sleep(1)
    page = world.sees("/console/problems").text
    assert "Notice 24." in page
    assert "Notice 4." not in page
    following = html.unescape(page.split('rel="next"')[0].rsplit('href="', 1)[1].split('"')[0])
    assert "Notice 4." in world.sees(following).text


def test_hostile_names_are_shown_as_text(world: ApiWorld) -> None:
    item(world, "a", HOSTILE)
    fails(world, "a", Problem(HOSTILE, HOSTILE, HOSTILE))
    for path in ("/console/problems", f"/console/problems/quickbooks/item?cause={HOSTILE}"):
        text = world.sees(path).text
        assert "<script>alert" not in text
        assert "&lt;script&gt;alert" in text


def test_who_may_only_read_has_no_buttons(world: ApiWorld) -> None:
    item(world, "a")
    fails(world, "a")
    cause = "/console/problems/quickbooks/item?cause=ACCOUNT_MAPPING_MISSING"
    for path in ("/console/problems", cause):
        assert "<button" not in world.sees(path, who="clerk").text.split("<main")[1]


def test_another_companys_problems_are_not_shown(world: ApiWorld) -> None:
    item(world, "a", "Secret pipe")
    fails(world, "a")
    cause = "/console/problems/quickbooks/item?cause=ACCOUNT_MAPPING_MISSING"
    for path in ("/console/problems", cause):
        assert "Secret pipe" not in world.sees(path, who="other").text
    world.presses("/console/problems/quickbooks/retry", "other", kind="item")
    assert due(world) == set()
