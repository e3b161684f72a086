"""A full sync of customers where it differs from one of items."""

from __future__ import annotations

import pytest

from shared.domain.ids import RecordKind, SourceId
from shared.domain.links import LinkOrigin
from shared.domain.records import Address
from shared.domain.runs import RunState
from tests.support.fake_faults import Lost
from tests.unit.sync.item_world import World

ONE, TWO = SourceId("01"), SourceId("02")
HOME = Address("12 Ocean Dr.", "Half Moon Bay", "CA", "94213", "US")


@pytest.fixture
def world() -> World:
    return World(kind=RecordKind.CUSTOMER)


def test_new_customers_are_created_and_the_next_sync_writes_nothing(world: World) -> None:
    world.has_customer("01", "Hill Bakery", email="a@hill.example", phone="1", address=HOME)
    world.has_customer("02", "Rye Dental")
    run = world.sync()
    assert (run.kind, run.state, run.counts.created) == (
        RecordKind.CUSTOMER,
        RunState.FINISHED,
        2,
    )
    written = world.in_books("01")
    assert (written.name, written.email, written.phone, written.address) == (
        "Hill Bakery",
        "a@hill.example",
        "1",
        HOME,
    )
    assert world.books.items == []
    before = len(world.books.effects)
    assert world.sync().counts.unchanged == 2
    assert len(world.books.effects) == before


def test_only_the_changed_fields_go_and_an_address_is_one(world: World) -> None:
    world.has_customer("01", "Hill", phone="1", address=HOME)
    world.sync()
    [row] = world.books.customers
    world.books.edit(row.remote_id, kind=RecordKind.CUSTOMER, phone="from the books")
    world.has_customer("01", "Hill", phone="1", address=Address("9 Low St", "Rye"))
    assert world.sync().counts.updated == 1
    assert world.in_books("01").phone == "from the books"
    assert world.in_books("01").address == Address("9 Low St", "Rye")


def test_an_address_that_both_sides_changed_is_a_persons_to_decide(world: World) -> None:
    world.has_customer("01", "Hill", address=HOME)
    world.sync()
    [row] = world.books.customers
    theirs = Address("9 Low St", "Rye")
    world.books.edit(row.remote_id, kind=RecordKind.CUSTOMER, address=theirs)
    world.has_customer("01", "Hill", address=Address("1 High St", "Rye"))
    assert world.sync().counts.refused == 1
    problem = world.failures[ONE].problem
    assert (problem.code, problem.field) == ("CHANGED_IN_BOOKS", "address")
    assert world.in_books("01").address == theirs


def test_a_customer_known_by_address_is_adopted_and_both_keep_their_names(world: World) -> None:
    planted = world.books.plant_customer("Hill, Bakers", email="A@Hill.example", phone="7")
    world.has_customer("01", "Hill: Bakery", email="a@hill.example", phone="7")
    run = world.sync()
    assert (run.counts.adopted, run.counts.adopted_differing, run.counts.created) == (1, 1, 0)
    link = world.links[ONE]
    assert (link.remote_id, link.origin, link.remote_name) == (
        planted.remote_id,
        LinkOrigin.ADOPTED,
        "Hill, Bakers",
    )
    assert "name" in link.differing
    world.has_customer("01", "Hill: Bakery", email="a@hill.example", phone="8")
    assert world.sync().counts.updated == 1
    assert (world.in_books("01").name, world.in_books("01").phone) == ("Hill, Bakers", "8")


def test_renaming_one_that_is_known_by_address_renames_it_in_the_books(world: World) -> None:
    world.books.plant_customer("Hill, Bakers", email="a@hill.example")
    world.has_customer("01", "Hill", email="a@hill.example")
    world.sync()
    world.has_customer("01", "Hill and Sons", email="a@hill.example")
    world.sync()
    assert world.names_in_books == ["Hill and Sons"]


def test_who_is_known_by_address_is_not_taken_by_a_namesake_before(world: World) -> None:
    planted = world.books.plant_customer("Ann", email="zoe@x.example")
    world.has_customer("01", "Ann")
    world.has_customer("02", "Zoe", email="zoe@x.example")
    run = world.sync()
    assert world.links[TWO].remote_id == planted.remote_id
    assert (run.counts.adopted, run.counts.created, run.counts.renamed) == (1, 1, 1)
    assert world.in_books("01").name.startswith("Ann ~")


def test_an_ambiguous_customer_is_refused_with_the_candidates_and_nothing_is_written(
    world: World,
) -> None:
    world.books.plant_customer("Ann", email="family@x.example")
    world.books.plant_customer("Bob", email="family@x.example")
    world.has_customer("01", "Cid", email="family@x.example")
    run = world.sync()
    assert (run.counts.refused, run.counts.total) == (1, 1)
    failure = world.failures[ONE]
    assert (failure.cause, failure.kind) == ("AMBIGUOUS_MATCH", RecordKind.CUSTOMER)
    assert "“Ann” or “Bob”" in failure.problem.message
    assert failure.problem.action == "Choose the right one in Review & Import."
    assert (world.books.effects, world.links) == ([], {})


def test_an_ambiguity_that_is_gone_heals(world: World) -> None:
    world.books.plant_customer("Ann", email="family@x.example")
    bob = world.books.plant_customer("Bob", email="family@x.example")
    world.has_customer("01", "Cid", email="family@x.example")
    world.sync()
    world.books.edit(bob.remote_id, kind=RecordKind.CUSTOMER, email="bob@x.example")
    world.sync()
    assert world.failures == {}
    assert world.links[ONE].remote_name == "Ann"


def test_a_name_that_a_vendor_has_is_given_marked(world: World) -> None:
    world.books.hold_name("Hill", RecordKind.CUSTOMER)
    world.has_customer("01", "Hill")
    run = world.sync()
    assert (run.counts.created, run.counts.renamed) == (1, 1)
    assert world.in_books("01").name.startswith("Hill ~")
    world.settles(run)


def test_a_malformed_address_is_refused_before_any_call(world: World) -> None:
    world.has_customer("01", "Hill", email="none")
    run = world.sync()
    assert run.counts.refused == 1
    assert world.failures[ONE].problem.field == "email"
    assert (world.books.calls["batch"], world.books.calls["page_records"]) == (0, 0)


def test_a_lost_batch_is_read_back_and_nothing_is_doubled(world: World) -> None:
    for number in range(4):
        world.has_customer(f"{number:02}", f"Customer {number}", email="shared@x.example")
    world.books.faults.add("batch", Lost(0.0), Lost(0.0))
    run = world.sync()
    assert run.counts.created == 4
    world.settles(run)


def test_an_archived_customer_is_made_inactive_and_comes_back_under_its_name(world: World) -> None:
    world.has_customer("01", "Hill")
    world.sync()
    world.has_customer("01", "Hill", active=False)
    world.sync()
    assert world.names_in_books == ["Hill (deleted)"]
    world.has_customer("01", "Hill", active=True)
    world.sync()
    assert world.names_in_books == ["Hill"]


def test_items_and_customers_of_one_id_do_not_meet(world: World) -> None:
    world.has("Pipe", ids=["01"])
    world.has_customer("01", "Pipe")
    world.sync()
    assert world.books.items == []
    world.kind = RecordKind.ITEM
    assert world.sync().counts.created == 1
    assert [row.fields.name for row in world.books.items] == ["Pipe"]
    assert [row.fields.name for row in world.books.customers] == ["Pipe"]


def test_where_names_need_not_be_unique_namesakes_are_two_and_nobody_is_guessed() -> None:
    world = World(kind=RecordKind.CUSTOMER, unique_names=False)
    world.has_customer("01", "Ann")
    world.has_customer("02", "Ann")
    assert world.sync().counts.created == 2
    assert world.names_in_books == ["Ann", "Ann"]
    for email in ("x@x.example", "y@x.example"):
        world.books.plant_customer("Bob", email=email)
    world.has_customer("03", "Bob")
    assert world.sync().counts.refused == 1
    assert world.failures[SourceId("03")].cause == "AMBIGUOUS_MATCH"
    world.has_customer("03", "Bob", email="y@x.example")
    assert world.sync().counts.adopted == 1
