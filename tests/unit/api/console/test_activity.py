"""Activity in sentences, and Help."""

from __future__ import annotations

import html
from dataclasses import replace
from datetime import timedelta

import pytest

from shared.auth.audit import write_down
from shared.domain.connections import RemoteCompany
from shared.domain.ids import ConnectionKey, PersonId, ProviderName, RemoteCompanyId
from shared.storage.ports import AuditEntry
from tests.support.api_client import ApiWorld
from tests.support.services import COMPANY

KEY = ConnectionKey(COMPANY, ProviderName("quickbooks"))
OFFICE = PersonId("office")


def shown(world: ApiWorld, path: str = "/console/activity", who: str = "office") -> str:
    answer = world.sees(path, who=who)
    assert answer.status_code == 200
    return html.unescape(answer.text)


def test_nothing_done_yet(world: ApiWorld) -> None:
    assert "Nothing has been done yet" in shown(world)


@pytest.mark.parametrize(
    ("what", "about", "sentence"),
    [
        ("connection.connected", {"remote_company_id": "1"}, "connected QuickBooks"),
        ("connection.disconnected", {}, "disconnected QuickBooks"),
        (
            "connection.setup_changed",
            {"import_customers": "done", "import_items": "skipped", "map_items": "pending"},
            "import of customers done, import of items skipped, mapping of items pending",
        ),
        ("connection.settings_changed", {"notify": "on"}, "changed the settings of QuickBooks"),
        (
            "items.mapped",
            {"count": "1200"},
            "chose accounts or tax codes in QuickBooks for 1,200 items",
        ),
        ("payments.mapped", {"methods": "3"}, "goes in QuickBooks"),
        ("items.sent", {"count": "1"}, "sent 1 item to QuickBooks ahead of the others"),
        ("failures.retried", {"count": "7"}, "tried 7 records again with QuickBooks"),
        (
            "customers.imported",
            {"records": "all", "run_id": "r1"},
            "imported all new customers from QuickBooks",
        ),
        ("customer.unlinked", {"source_id": "c-1"}, "separated a customer from its counterpart"),
        ("tax_rules.copied", {"count": "3"}, "tax rules copied (QuickBooks; count: 3)"),
    ],
)
def test_each_kind_is_a_sentence(
    world: ApiWorld, what: str, about: dict[str, str], sentence: str
) -> None:
    write_down(world.services, KEY, OFFICE, what, **about)
    page = shown(world)
    assert sentence in page
    assert ">You<" in page
    assert ">office<" in shown(world, who="clerk").split("<main")[1]


def test_a_file_and_an_entry_without_a_provider(world: ApiWorld) -> None:
    world.import_csv("id,name,unitPrice\n1,Pipe,2.00\n2,Elbow,x\n")
    assert "imported a file of items: 1 new, 1 refused" in shown(world)


def test_synced_invoices_and_imports_are_linked(world: ApiWorld) -> None:
    write_down(world.services, KEY, OFFICE, "invoice.sync_asked", invoice="a/b")
    write_down(world.services, KEY, OFFICE, "items.imported", records="12", run_id="r1")
    page = shown(world)
    assert 'href="/console/invoices/a%2Fb"' in page
    assert 'href="/console/integrations/quickbooks/imports/r1"' in page
    assert "imported 12 items from QuickBooks" in page


def test_a_provider_that_is_gone_is_named_as_it_was(world: ApiWorld) -> None:
    world.services.stores.audit.add(
        AuditEntry(
            COMPANY,
            world.clock.now(),
            "e1",
            PersonId(""),
            "connection.connected",
            {"provider": "abacus"},
        )
    )
    page = shown(world)
    assert "connected" in page
    assert ">BlueClerk<" in page.split("<main")[1]


def test_newest_first_and_paged_in_the_companys_time_zone(world: ApiWorld) -> None:
    connection = world.connect()
    there = RemoteCompany(RemoteCompanyId("1"), "Hill", "USD", "US", "America/Los_Angeles")
    world.services.stores.connections.save(
        replace(connection, remote_company=there, version=connection.version + 1)
    )
    for number in range(60):
        write_down(world.services, KEY, OFFICE, "items.sent", count=str(number + 100))
        world.clock.sleep(1)
    page = shown(world)
    assert page.index("159 items") < page.index("158 items")
    assert "109 items" not in page
    local = world.clock.now() - timedelta(hours=8)
    assert local.strftime("%Y") in page
    following = page.split('rel="next"')[0].rsplit('href="', 1)[1].split('"')[0]
    assert "109 items" in shown(world, following)


def test_hostile_texts_are_shown_as_text(world: ApiWorld) -> None:
    evil = "<script>alert(1)</script>"
    write_down(world.services, KEY, PersonId(evil), evil, value=evil)
    write_down(world.services, KEY, OFFICE, "invoice.sync_asked", invoice=evil)
    text = world.sees("/console/activity").text
    assert "<script>alert" not in text
    assert text.count("&lt;script&gt;") >= 3


def test_another_companys_activity_is_not_shown(world: ApiWorld) -> None:
    write_down(world.services, KEY, OFFICE, "items.sent", count="3")
    assert "3 items" not in shown(world, who="other")


def test_help_names_the_books_and_whom_to_ask(world: ApiWorld) -> None:
    assert "What if your accounting software is down?" in shown(world, "/console/help")
    world.connect()
    answer = world.sees("/console/help")
    page = html.unescape(answer.text)
    assert "What if QuickBooks is down?" in page
    assert page.count("<details") >= 12
    assert "mailto:help@blueclerk.example?subject=" in page
    assert answer.headers["x-correlation-id"] in page
