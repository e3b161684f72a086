"""A plan over a few records: what is looked up in the books, and what comes of it."""

from __future__ import annotations

from shared.domain.ids import RecordKind, SourceId
from shared.domain.names import key_hash, name_key
from shared.providers.base import RemoteRecord
from shared.sync.engine.few import look_up, some_paired
from shared.sync.engine.survey import BooksListing, survey_records
from shared.sync.engine.terms import scope_of, terms_of
from tests.unit.sync.item_world import World


def looked_up(world: World, *source_ids: str) -> BooksListing:
    stores = world.services.stores
    scope = scope_of(world.kind, world.connection)
    terms = terms_of(world.kind, world.connection, world.books.profile)
    pairs = list(some_paired(stores, scope, [SourceId(each) for each in source_ids]))
    return look_up(world.books, stores.links, scope, terms, survey_records(pairs, terms), pairs)


def test_a_customer_is_found_by_its_address_without_a_listing() -> None:
    world = World(kind=RecordKind.CUSTOMER)
    planted = world.books.plant_customer("Smith", email="a@x.example")
    customer = world.has_customer("01", "Ann", email="A@x.example")
    listing = looked_up(world, "01")
    match = listing.candidates.match(customer, key_hash(name_key("Ann")), "QuickBooks")
    assert isinstance(match, RemoteRecord)
    assert match.remote_id == planted.remote_id
    assert world.books.calls["page_records"] == 0


def test_who_is_linked_already_is_nobodys_candidate() -> None:
    world = World(kind=RecordKind.CUSTOMER)
    world.has_customer("01", "Ann", email="a@x.example")
    world.sync()
    zoe = world.has_customer("02", "Zoe", email="a@x.example")
    listing = looked_up(world, "02")
    assert listing.candidates.match(zoe, key_hash(name_key("Zoe")), "QuickBooks") is None


def test_items_are_not_looked_for_by_address() -> None:
    world = World()
    world.has("Pipe")
    looked_up(world, "01")
    assert (world.books.calls["records_by_name"], world.books.calls["records_by_email"]) == (1, 0)
