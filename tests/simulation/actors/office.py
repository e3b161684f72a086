"""The office: clicks Sync, edits and imports items, reconnects when it is told to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from shared.auth.connect import begin_consent, finish_consent
from shared.domain.connections import ConnectionState
from shared.domain.errors import Conflicting, NeedsReauth, RetryLater, SyncError
from shared.domain.ids import CompanyId, PersonId, SourceId
from shared.domain.records import Record, class_of
from shared.sync.account_mapping import Choice, assign
from shared.sync.automatic.resume import resume
from shared.sync.runs import start_or_join
from shared.sync.services import Services
from tests.simulation import catalogue
from tests.simulation.company import Company
from tests.simulation.scheduler import Actor
from tests.simulation.tokens import state_of
from tests.support.fake_books import INCOME_ACCOUNT, SERVICES_ACCOUNT

if TYPE_CHECKING:
    from tests.simulation.installation import Installation

PERSON = PersonId("office")
ACCOUNTS = (INCOME_ACCOUNT.remote_id, SERVICES_ACCOUNT.remote_id, "")
"""What may be chosen for an item; empty: none of its own."""


def click(world: Installation, company: Company) -> Actor:
    """One click on Sync, in a function of its own."""

    def work(services: Services) -> None:
        try:
            connection = services.stores.connections.get(company.key)
            assert connection is not None
            started = start_or_join(services, connection, company.kind, PERSON)
        except (RetryLater, NeedsReauth, Conflicting) as told:
            world.scheduler.note(f"CLICK told {type(told).__name__}")
        else:
            world.scheduler.note(f"CLICK run {started.run.run_id[:6]} joined={started.joined}")

    return world.functions.start(f"click {company.company_id}", work)


def clicks(world: Installation, company: Company, seconds: float) -> None:
    """Now and then, and sometimes twice at once."""
    random = world.scheduler.random
    until = world.elapsed + seconds
    while world.elapsed < until:
        for _ in range(random.choice((1, 1, 1, 2, 3))):
            click(world, company)
        world.scheduler.sleep(random.choice((0.5, 20.0, 61.0, 150.0, 300.0)))


def edits(world: Installation, company: Company, seconds: float) -> None:
    """Edits one item after another, imports some, edits some back."""
    random, records = world.scheduler.random, world.stores.records
    until = world.elapsed + seconds
    while world.elapsed < until:
        world.scheduler.sleep(random.choice((0.2, 2.0, 10.0, 60.0)))
        world.scheduler.point("edits")
        if random.random() < 0.2:
            added = [company.next_record(random) for _ in range(random.randint(1, 4))]
            _save(world, company, added)
            world.scheduler.note(f"IMPORT {[item.source_id for item in added]}")
            continue
        if random.random() < 0.08:
            _raise_prices(world, company)
            continue
        number = random.randrange(company.record_count)
        record = records.get(
            company.company_id,
            class_of(company.kind),
            catalogue.source_id(company.company_id, number),
        )
        if record is not None:
            changed = company.edited(random, record, number)
            _save(world, company, [changed])
            world.scheduler.note(f"EDIT {changed.source_id} v{changed.version} {changed.name!r}")


def assigns(world: Installation, company: Company, seconds: float) -> None:
    """Chooses an account for some items, or takes the choice back; waits for one answer, then the next.

    Half of the time it thinks better of it, often in the moment that the books answer the first choice.
    """
    random = world.scheduler.random
    until = world.elapsed + seconds
    ids: list[SourceId] = []
    while world.elapsed < until:
        if ids and random.random() < 0.5:
            world.scheduler.sleep(random.choice((0.0, 0.5, 2.0)) + world.knobs.latency)
        else:
            world.scheduler.sleep(random.choice((0.5, 5.0, 40.0)))
            numbers = random.sample(range(company.record_count), min(3, company.record_count))
            ids = [catalogue.source_id(company.company_id, number) for number in numbers]
        account = random.choice(ACCOUNTS)
        for source_id in ids:
            company.accounts.setdefault(source_id, {""}).add(account)
        told: list[bool] = []

        def work(
            services: Services,
            ids: list[SourceId] = ids,
            account: str = account,
            told: list[bool] = told,
        ) -> None:
            try:
                assign(services, company.key, ids, Choice(account), PERSON)
            except SyncError as error:
                world.scheduler.note(f"ASSIGN told {type(error).__name__}")
            else:
                told.append(True)

        world.scheduler.join(world.functions.start(f"assign {company.company_id}", work))
        if told:
            company.accounts.update((source_id, {account}) for source_id in ids)
            world.scheduler.note(f"ASSIGNED {account!r} to {ids}")


def _save(world: Installation, company: Company, changed: Sequence[Record]) -> None:
    world.stores.records.save(company.company_id, changed)
    if world.road:
        world.road.stored(company, changed)


def _raise_prices(world: Installation, company: Company) -> None:
    """The whole price book at once."""
    records = world.stores.records
    rows = records.page(company.company_id, class_of(company.kind), 10_000, None).rows
    _save(world, company, [company.all_changed(record) for record in rows])
    world.scheduler.note("PRICES raised")


def reconnect(world: Installation, company: Company) -> None:
    """Go through the consent where the connection asks for it; until it works."""
    for _ in range(50):
        connection = world.stores.connections.get(company.key)
        assert connection is not None
        if connection.state is ConnectionState.CONNECTED:
            return
        consent(world, company.company_id)
    raise AssertionError("reconnecting never works")


def consent(world: Installation, company_id: CompanyId) -> None:
    """One consent of the company's owner, from the authorize URL to the callback."""
    company = world.companies[company_id]

    def work(services: Services) -> None:
        ports, oauth = services.connect_ports(), services.oauth(company.key.provider)
        try:
            url = begin_consent(
                ports, oauth, company.key, PERSON, redirect_uri="https://app.example/callback"
            )
            code = world.server.code_for(company.books.company.remote_company_id)
            finish_consent(
                ports,
                oauth,
                {"code": code, "state": state_of(url)},
                company_id=company_id,
                person_id=PERSON,
            )
            if world.road:
                resume(services, company.key)
        except SyncError as told:
            world.scheduler.note(f"CONSENT told {type(told).__name__}")

    world.scheduler.join(world.functions.start(f"consent {company_id}", work))


def reconnects(world: Installation, company: Company, seconds: float) -> None:
    """Looks now and then whether the connection needs it; sometimes withdraws the consent."""
    random = world.scheduler.random
    until = world.elapsed + seconds
    while world.elapsed < until:
        world.scheduler.sleep(random.choice((20.0, 90.0, 240.0)))
        if world.withdraws and random.random() < 0.15:
            world.server.revoke_company(company.books.company.remote_company_id)
            world.scheduler.note("REVOKED at the provider")
        connection = world.stores.connections.get(company.key)
        if connection is not None and connection.state is ConnectionState.NEEDS_REAUTH:
            consent(world, company.company_id)
