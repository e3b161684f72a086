"""Two companies over one API, each with a row of every kind, and everything of the first one marked.

`two_companies()` gives the world in which `office` and `clerk` act for the first company (`A`) and
`other` for the second (`B`). Every id of A begins with `ID`, every other text that A wrote or was
told contains `TEXT`; A's company id is itself a mark. B's rows carry none of the three.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

from shared.domain.account_mapping import AccountMapping
from shared.domain.connections import (
    Connection,
    OfferedCompany,
    PendingChoice,
    RemoteCompany,
    Setup,
    StepState,
)
from shared.domain.due import AutomaticState, Circuit, DueRow
from shared.domain.file_imports import FileFormat, FileImport, RowProblem
from shared.domain.grants import SweepLane, SweepPlace
from shared.domain.ids import (
    CompanyId,
    ConnectionKey,
    CorrelationId,
    GrantId,
    LinkScope,
    PersonId,
    RecordKind,
    RemoteCompanyId,
    RemoteId,
    RunId,
    SourceId,
)
from shared.domain.imports import ImportOutcome, ImportResult
from shared.domain.invoices import InvoiceLine
from shared.domain.ledger import LedgerScope, Operation, moved, reserved
from shared.domain.money import Money
from shared.domain.notifications import Notification
from shared.domain.records import Address, Customer
from shared.domain.runs import Problem, RunCounts, RunPurpose, RunState
from shared.providers.base import RemoteAccount
from shared.providers.budget import Budget, to_text
from shared.storage.auth_ports import ConsentRequest, Session
from shared.storage.keys import payment_id
from shared.storage.ports import AuditEntry, PacingRow
from shared.sync.accounts import income_accounts
from shared.sync.review.listing import asked_listing
from shared.sync.review.listing_work import work_listing
from shared.sync.review.requests import put_results
from shared.sync.services import Books
from tests.contract.stores import builders
from tests.support.api_client import OTHER_COMPANY, ApiWorld, api_world
from tests.support.fake_books import FakeBooks
from tests.support.services import COMPANY, CallsOf, EasyPacer

A, B = COMPANY, OTHER_COMPANY
ID, TEXT = "heron7", "Kestrel"
MARKS = (ID, TEXT, str(A))
KEY_OF_A = ConnectionKey(A, builders.QUICKBOOKS)


def two_companies() -> ApiWorld:
    """`books` are B's; A has books of its own, with marked accounts."""
    world = api_world()
    books_of_a = FakeBooks(
        clock=world.clock,
        company=RemoteCompany(RemoteCompanyId(f"{ID}-realm"), f"{TEXT} Plumbing", "USD"),
    )
    books_of_a.accounts = [RemoteAccount(RemoteId(f"{ID}-acc"), TEXT, TEXT, "Income", "USD")]

    def open_books(connection: Connection, _kind: RecordKind) -> Books:
        books = books_of_a if connection.key.company_id == A else world.books
        return Books(books, EasyPacer(10), CallsOf(books))

    services = replace(world.services, open_books=open_books)
    world.client.app.state.services = services  # type: ignore[attr-defined]  # a Starlette app
    world = replace(world, services=services)
    _furnish(world, A, books_of_a, ID, TEXT)
    _furnish(world, B, world.books, "own", "Own")
    return world


def _furnish(
    world: ApiWorld, company_id: CompanyId, books: FakeBooks, prefix: str, text: str
) -> None:
    """One row or more of everything that is stored; two where a listing has pages."""
    remote_company_id = books.company.remote_company_id
    key = ConnectionKey(company_id, builders.QUICKBOOKS)
    grant_id, person_id = GrantId(f"{prefix}-grant"), PersonId(f"{prefix}-person")
    stores, now = world.services.stores, world.clock.now()
    correlation_id = CorrelationId(f"{prefix}-correlation")
    problem = Problem(f"{text}_CODE", f"{text} is too long.", f"Shorten {text}.", text)

    connection = world.connect(
        company_id,
        grant_id=grant_id,
        remote_company=books.company,
        setup=Setup(StepState.DONE, StepState.DONE),
        settings=replace(
            builders.connection().settings, default_income_account_id=books.accounts[0].remote_id
        ),
        correlation_id=correlation_id,
    )
    stores.connections.claim_remote_company(key.provider, remote_company_id, company_id)
    stores.grants.put_new(
        builders.grant(
            grant_id,
            remote_company_ids=(remote_company_id,),
            sealed_pair=f"{text} pair".encode(),
            companies=frozenset({company_id}),
            place=SweepPlace(SweepLane.IN_USE, now),
        )
    )
    stores.grants.claim_user(key.provider, f"{prefix}-user", grant_id, instead_of=None)
    stores.consents.put(
        ConsentRequest(f"{prefix}-state", key, person_id, text, now + timedelta(minutes=9))
    )
    stores.sessions.put(
        Session(
            f"{prefix}-session",
            company_id,
            text,
            person_id,
            text,
            frozenset({"read", "write"}),
            now + timedelta(hours=1),
        )
    )
    offered = (OfferedCompany(RemoteCompanyId(f"{prefix}-realm-2"), text),)
    stores.choices.put(
        PendingChoice(
            f"{prefix}-choice",
            key,
            grant_id,
            person_id,
            offered,
            now + timedelta(minutes=9),
            connected=text,
        )
    )
    numbers = (1, 2)
    stores.records.save(
        company_id,
        [
            builders.item(
                f"{prefix}-item-{number}",
                name=text,
                code=text,
                description=text,
                correlation_id=correlation_id,
            )
            for number in numbers
        ],
    )
    stores.records.save(
        company_id,
        [
            Customer(
                SourceId(f"{prefix}-customer-{number}"),
                text,
                email=f"{text}@example.com",
                phone=text,
                address=Address(text, text, text, text, text),
                version=1,
                correlation_id=correlation_id,
            )
            for number in numbers
        ],
    )
    stores.records.save(
        company_id,
        [
            builders.invoice(
                f"{prefix}-invoice-{number}",
                number=text,
                customer_id=SourceId(f"{prefix}-customer-1"),
                lines=(InvoiceLine(SourceId(f"{prefix}-item-1"), text, unit_price=Decimal(7)),),
                memo=text,
                correlation_id=correlation_id,
            )
            for number in numbers
        ],
    )
    stores.records.save(
        company_id,
        [
            builders.payment(
                f"{prefix}-payment-{number}",
                f"{prefix}-invoice-1",
                amount=Money(Decimal(1), "USD"),
                method=text,
                reference=text,
                note=text,
                correlation_id=correlation_id,
            )
            for number in numbers
        ],
    )
    stores.ledger.save(
        LedgerScope(key, remote_company_id),
        [
            replace(
                moved(
                    reserved(
                        None,
                        payment_id(SourceId(f"{prefix}-invoice-1"), f"{prefix}-payment-1"),
                        Operation.POST,
                        "hash",
                        Money(Decimal(1), "USD"),
                        now,
                    )
                ),
                correlation_id=correlation_id,
            )
        ],
    )
    stores.mappings.save_mappings(
        LinkScope(key, remote_company_id, RecordKind.ITEM),
        [
            AccountMapping(
                SourceId(f"{prefix}-item-{number}"),
                books.accounts[0].remote_id,
                row_version=1,
                correlation_id=correlation_id,
            )
            for number in numbers
        ],
    )
    stores.due.add(
        [
            DueRow(key, RecordKind.ITEM, SourceId(f"{prefix}-item-1"), 9, now, now),
            DueRow(key, RecordKind.CUSTOMER, SourceId(f"{prefix}-customer-1"), 9, now, now),
        ]
    )
    stores.automatic.save(AutomaticState(key, now, circuit=Circuit(now, now, problem), version=1))
    for number in numbers:
        link = builders.link(
            f"{prefix}-item-{number}",
            f"{prefix}-remote-{number}",
            remote_name=text,
            name_key=text.lower(),
        )
        stores.links.save_links(LinkScope(key, remote_company_id, RecordKind.ITEM), [link])
        run = builders.run(
            f"{prefix}-run-{number}",
            connection=key,
            remote_company_id=remote_company_id,
            started_at=now + timedelta(seconds=number),
            started_by=person_id,
            causes={text: (1, text)},
            problem=problem,
            correlation_id=correlation_id,
        )
        stores.runs.start(run)
        stores.runs.add_chunks(key, [builders.chunk(0, run_id=run.run_id)])
        if number == 1:  # the other one is under way
            stores.runs.save(
                replace(run, state=RunState.FINISHED, finished_at=now), expected_epoch=0
            )
        stores.failures.save(
            [
                builders.failure(
                    SourceId(f"{prefix}-item-{number}"),
                    connection=key,
                    cause=text,
                    problem=problem,
                    run_id=RunId(run.run_id),
                )
            ]
        )
        stores.notifications.open(
            Notification(
                company_id,
                f"{prefix}-told-{number}",
                key.provider,
                f"{prefix}-cause-{number}",
                problem,
                now,
            )
        )
        stores.file_imports.save(
            FileImport(
                company_id,
                f"{prefix}-import-{number}",
                RecordKind.ITEM,
                FileFormat.CSV,
                text,
                person_id,
                now,
                now + timedelta(minutes=9),
                problem=problem,
            )
        )
        stores.file_imports.add_problems(
            company_id, f"{prefix}-import-1", [RowProblem(number, 0, problem, f"{prefix}-item-1")]
        )
        stores.audit.add(
            AuditEntry(
                company_id, now, f"{prefix}-entry-{number}", person_id, "test.done", {"about": text}
            )
        )
    stores.pacing.save(key, PacingRow(to_text(Budget()), 1))
    income_accounts(world.services, connection)  # which keeps the list
    for number in numbers:
        books.plant_customer(f"{text} {number}", email=f"{text}{number}@example.com", phone=text)
        books.plant(f"{text} {number}", description=text, code=text)
    for kind in (RecordKind.CUSTOMER, RecordKind.ITEM):
        asked_listing(world.services, connection, kind)
        work_listing(world.services, key, kind, now + timedelta(minutes=5))
    imported = builders.run(
        f"{prefix}-import",
        connection=key,
        remote_company_id=remote_company_id,
        kind=RecordKind.CUSTOMER,
        started_at=now,
        started_by=person_id,
        purpose=RunPurpose.IMPORT,
        chunk_count=1,
        done_by=(0,),
        counts=RunCounts(total=2, refused=2),
        correlation_id=correlation_id,
    )
    stores.runs.start(imported)
    stores.runs.save(replace(imported, state=RunState.FINISHED, finished_at=now), expected_epoch=0)
    results = [
        ImportResult(RemoteId(f"{prefix}-remote-{number}"), ImportOutcome.REFUSED, problem=problem)
        for number in numbers
    ]
    put_results(world.services, imported, 0, results)
