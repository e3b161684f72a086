"""The contract of `AccountingProvider` for invoices and payments, whatever the provider.

Inherit it, and give a `desk` fixture (money_desk.py). Each test name says what must hold.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from shared.domain.ids import RecordKind, RemoteId, RemoteVersion, RequestKey, SourceId
from shared.domain.invoice_fields import InvoiceFields, InvoiceLineFields, PaymentFields
from shared.domain.outcomes import (
    Answered,
    CallOutcome,
    Done,
    EntryOutcome,
    EntryRefused,
    EntryUnknown,
    NameTaken,
    NoTrustworthyAnswer,
    Stale,
)
from shared.domain.runs import PushAction
from shared.providers.base import AccountingProvider, RecordWrite, RemoteRecord
from tests.contract.providers.desk import Trouble
from tests.contract.providers.money_desk import MoneyDesk

INVOICE, PAYMENT = RecordKind.INVOICE, RecordKind.PAYMENT
ISSUED, DUE, PAID = date(2026, 11, 20), date(2026, 12, 20), date(2026, 11, 21)
COMMITTED = (
    Trouble.GATEWAY_TIMEOUT,
    Trouble.CUT_OFF,
    Trouble.EMPTY,
    Trouble.HUGE,
    Trouble.NO_ANSWER,
)
NOT_COMMITTED = (Trouble.SERVER_ERROR, Trouble.PAGE_INSTEAD_OF_DATA, Trouble.REDIRECT)


def line(
    item_id: RemoteId, quantity: str = "1", price: str = "100", **more: object
) -> InvoiceLineFields:
    amount = (Decimal(quantity) * Decimal(price)).quantize(Decimal("0.01"))
    made = InvoiceLineFields(item_id, "Work", Decimal(quantity), Decimal(price), amount)
    return replace(made, **more)  # type: ignore[arg-type]  # a test's own values


def text(description: str) -> InvoiceLineFields:
    nothing = Decimal(0)
    return InvoiceLineFields(RemoteId(""), description, nothing, nothing, nothing)


def invoice(
    desk: MoneyDesk, number: str, *lines: InvoiceLineFields, **more: object
) -> InvoiceFields:
    """Untaxed; its total is the sum of its lines less the discount."""
    lines = lines or (line(desk.item_id),)
    made = InvoiceFields(
        name=number,
        customer_id=desk.customer_id,
        currency=desk.currency,
        issued_on=ISSUED,
        due_on=DUE,
        lines=lines,
        total=sum((one.amount for one in lines), Decimal(0)),
        tax=Decimal(0),
        reference=f"ref {number}",
    )
    made = replace(made, **more)  # type: ignore[arg-type]  # a test's own values
    return replace(made, total=made.total - made.discount)


def payment(
    desk: MoneyDesk, name: str, invoice_id: str, amount: str = "40", **more: object
) -> PaymentFields:
    """It pays the invoice with all that it is."""
    made = PaymentFields(
        name=name,
        customer_id=desk.customer_id,
        invoice_id=RemoteId(invoice_id),
        amount=Decimal(amount),
        applied=Decimal(amount),
        currency=desk.currency,
        paid_on=PAID,
        deposit_account_id=desk.deposit_account_id,
    )
    return replace(made, **more)  # type: ignore[arg-type]  # a test's own values


def create(fields: InvoiceFields | PaymentFields) -> RecordWrite:
    return RecordWrite(SourceId(f"s-{fields.name}"), PushAction.CREATE, fields)


def update(row: RemoteRecord, **values: object) -> RecordWrite:
    """With what the link keeps of the answer. `total` and `reference` are never sent."""
    fields = row.fields
    assert isinstance(fields, InvoiceFields)
    return RecordWrite(
        SourceId(f"s-{row.remote_id}"),
        PushAction.UPDATE,
        replace(fields, **values),  # type: ignore[arg-type]  # a test's own values
        frozenset(values),
        row.remote_id,
        row.remote_version,
        {"line_ids": ",".join(fields.line_ids)},
    )


def void(row: RemoteRecord) -> RecordWrite:
    assert isinstance(row.fields, InvoiceFields | PaymentFields)
    return RecordWrite(
        SourceId(f"s-{row.remote_id}"),
        PushAction.VOID,
        replace(row.fields, active=False),
        frozenset({"active"}),
        row.remote_id,
        row.remote_version,
    )


def push(
    provider: AccountingProvider,
    writes: Sequence[RecordWrite],
    number: int = 1,
    *,
    single: bool = False,
) -> CallOutcome:
    """The writes are of one kind, as their fields say."""
    kind = INVOICE if isinstance(writes[0].fields, InvoiceFields) else PAYMENT
    key = RequestKey(f"{number:032x}")
    return provider.send(provider.write_request(kind, writes, key, single=single))


def entries(outcome: CallOutcome, writes: Sequence[RecordWrite]) -> list[EntryOutcome]:
    assert isinstance(outcome, Answered), outcome
    assert set(outcome.entries) == {write.source_id for write in writes}
    return [outcome.entries[write.source_id] for write in writes]


def written(
    provider: AccountingProvider, *fields: InvoiceFields | PaymentFields, number: int = 1
) -> list[RemoteRecord]:
    """Records that are in the books now, as they are read there."""
    writes = [create(each) for each in fields]
    made = entries(push(provider, writes, number), writes)
    done = [entry.remote_id for entry in made if isinstance(entry, Done)]
    assert len(done) == len(writes), made
    kind = INVOICE if isinstance(fields[0], InvoiceFields) else PAYMENT
    rows = {row.remote_id: row for row in provider.records_by_id(kind, done)}
    return [rows[remote_id] for remote_id in done]


class InvoiceContract:
    """Invoices: written, changed, voided, found."""

    def test_an_invoice_is_read_as_it_was_sent_to_the_cent(self, desk: MoneyDesk) -> None:
        provider = desk.open()
        sent = invoice(
            desk,
            "INV-1",
            line(desk.item_id, "2.5", "19.99", description="Größe ½″"),
            text("Thank you"),
            line(desk.other_item_id, "0.333", "10.01"),
            line(desk.item_id, "-1", "5.05", description="Credit"),
            line(desk.item_id, "3", "10", amount=Decimal("27.00"), discounted=True),
            memo="See you soon",
        )
        (row,) = written(provider, sent)
        assert row.fields.canonical() == sent.canonical()
        (booked,) = desk.invoices()
        assert (booked.total, booked.balance) == (sent.total, sent.total)
        assert isinstance(row.fields, InvoiceFields)
        assert row.fields.balance == sent.total
        assert len(row.fields.line_ids) == 5

    @pytest.mark.parametrize("percent", ["0", "10"])
    def test_a_discount_of_the_whole_is_taken_off(self, desk: MoneyDesk, percent: str) -> None:
        provider = desk.open()
        sent = invoice(desk, "INV-1", discount=Decimal("10.00"), discount_percent=Decimal(percent))
        (row,) = written(provider, sent)
        assert row.fields.canonical() == sent.canonical()
        assert desk.invoices()[0].total == Decimal("90.00")

    def test_changed_lines_are_the_lines_afterwards(self, desk: MoneyDesk) -> None:
        provider = desk.open()
        first, second, third = (
            line(desk.item_id, "1", "10"),
            text("between"),
            line(desk.item_id, "1", "20"),
        )
        number = 2
        (row,) = written(provider, invoice(desk, "INV-1", first, second, third))
        for lines in (
            (first, second, line(desk.item_id, "2", "20"), line(desk.other_item_id, "1", "7")),
            (text("above"), line(desk.other_item_id, "1", "7")),
            (first,),
        ):
            change = [update(row, lines=lines)]
            (entry,) = entries(push(provider, change, number), change)
            assert isinstance(entry, Done), entry
            wanted = invoice(desk, "INV-1", *lines)
            assert entry.fields.canonical() == wanted.canonical()
            (row,) = provider.records_by_id(INVOICE, [row.remote_id])
            assert row.fields == entry.fields
            number += 1

    def test_a_discount_comes_and_goes_with_an_update(self, desk: MoneyDesk) -> None:
        provider = desk.open()
        (row,) = written(provider, invoice(desk, "INV-1"))
        for number, discount in enumerate(("5", "7.50", "0"), start=2):
            change = [update(row, discount=Decimal(discount))]
            assert isinstance(entries(push(provider, change, number), change)[0], Done)
            (row,) = provider.records_by_id(INVOICE, [row.remote_id])
            assert desk.invoices()[0].total == Decimal(100) - Decimal(discount)

    def test_an_update_changes_only_what_it_names(self, desk: MoneyDesk) -> None:
        provider = desk.open()
        (row,) = written(provider, invoice(desk, "INV-1", line(desk.item_id), text("x")))
        desk.edit_due_date(row.remote_id, date(2027, 1, 31))
        (row,) = provider.records_by_id(INVOICE, [row.remote_id])
        change = [update(replace(row, fields=replace(row.fields, due_on=DUE)), memo="New")]  # type: ignore[type-var]  # a dataclass
        (entry,) = entries(push(provider, change, 2), change)
        assert isinstance(entry, Done)
        fields = entry.fields
        assert isinstance(fields, InvoiceFields)
        assert (fields.memo, fields.due_on) == ("New", date(2027, 1, 31))
        assert fields.lines == row.fields.lines  # type: ignore[attr-defined]  # an invoice
        assert fields.line_ids == row.fields.line_ids  # type: ignore[attr-defined]  # an invoice

    def test_a_number_that_is_taken_is_said_so_and_its_owner_where_known(
        self, desk: MoneyDesk
    ) -> None:
        provider = desk.open()
        if not provider.profile.invoices.numbers.unique:
            pytest.skip("numbers need not be unique here")
        (owner,) = written(provider, invoice(desk, "INV-1"))
        again = [replace(create(invoice(desk, "INV-1")), source_id=SourceId("other"))]
        for number, single in ((2, False), (3, True)):
            (entry,) = entries(push(provider, again, number, single=single), again)
            assert isinstance(entry, NameTaken)
            assert entry.owner in (None, owner.remote_id)
        assert len(desk.invoices()) == 1

    def test_invoices_are_found_by_number_and_id_and_listed(self, desk: MoneyDesk) -> None:
        provider = desk.open()
        rows = written(provider, *(invoice(desk, f"INV-{n}") for n in range(3)))
        found = provider.records_by_name(INVOICE, ["inv-1", "INV", "INV-9"])
        assert [row.remote_id for row in found] == [rows[1].remote_id]
        odd = provider.records_by_name(INVOICE, ["Größe", "INV-2"])
        assert [row.remote_id for row in odd] == [rows[2].remote_id]
        listed = provider.page_records(INVOICE, None)
        assert {row.remote_id for row in listed.rows} == {row.remote_id for row in rows}

    @pytest.mark.parametrize("single", [True, False])
    def test_a_void_invoice_bears_nothing_and_stays(self, desk: MoneyDesk, *, single: bool) -> None:
        provider = desk.open()
        (row, other) = written(provider, invoice(desk, "INV-1"), invoice(desk, "INV-2"))
        writes = [void(row)]
        (entry,) = entries(push(provider, writes, 2, single=single), writes)
        assert isinstance(entry, Done)
        assert not entry.fields.active
        totals = {one.number: one.total for one in desk.invoices()}
        assert totals == {"INV-1": Decimal(0), "INV-2": Decimal(100)}
        (again,) = provider.records_by_id(INVOICE, [row.remote_id])
        assert (again.fields.active, again.fields.name) == (False, "INV-1")
        assert [one.remote_id for one in provider.page_records(INVOICE, None).rows] == [
            other.remote_id
        ]

    def test_voids_and_other_writes_share_a_request(self, desk: MoneyDesk) -> None:
        provider = desk.open()
        if provider.profile.batch_size == 1:
            pytest.skip("no batches here")
        rows = written(provider, invoice(desk, "INV-1"), invoice(desk, "INV-2"))
        writes = [void(rows[0]), create(invoice(desk, "INV-3")), update(rows[1], memo="New")]
        outcomes = entries(push(provider, writes, 2), writes)
        active = [outcome.fields.active for outcome in outcomes if isinstance(outcome, Done)]
        assert active == [False, True, True]

    def test_an_invoice_of_nothing_is_not_void(self, desk: MoneyDesk) -> None:
        provider = desk.open()
        (row,) = written(provider, invoice(desk, "INV-1", line(desk.item_id, "1", "0")))
        assert row.fields.active

    def test_a_stale_invoice_is_neither_changed_nor_voided(self, desk: MoneyDesk) -> None:
        provider = desk.open()
        (row,) = written(provider, invoice(desk, "INV-1"))
        desk.edit_due_date(row.remote_id, date(2027, 1, 31))
        gone = replace(row, remote_id=RemoteId("99999999"), remote_version=RemoteVersion("0"))
        for number, write in enumerate(
            (update(row, memo="New"), void(row), void(gone), update(gone, memo="New")), start=2
        ):
            assert isinstance(entries(push(provider, [write], number), [write])[0], Stale)
        assert desk.invoices()[0].total == Decimal(100)
        assert provider.records_by_id(INVOICE, [row.remote_id])[0].fields.active

    def test_an_item_that_is_not_there_refuses_the_invoice(self, desk: MoneyDesk) -> None:
        provider = desk.open()
        writes = [create(invoice(desk, "INV-1", line(RemoteId("99999999"))))]
        (entry,) = entries(push(provider, writes), writes)
        assert isinstance(entry, EntryRefused)
        assert entry.problem.code == "REFERENCE_MISSING"
        assert desk.invoices() == []

    def test_closed_books_refuse_what_is_dated_before(self, desk: MoneyDesk) -> None:
        provider = desk.open()
        (row,) = written(provider, invoice(desk, "INV-1"))
        desk.close_books(PAID)
        for number, write in enumerate(
            (
                create(invoice(desk, "INV-2")),
                update(row, memo="New"),
                void(row),
                create(payment(desk, "BC-1", row.remote_id)),
            ),
            start=2,
        ):
            (entry,) = entries(push(provider, [write], number), [write])
            assert isinstance(entry, EntryRefused), write
            assert entry.problem.code == "BOOKS_CLOSED"
            assert entry.problem.field in ("issuedOn", "paidOn")
        assert [one.total for one in desk.invoices()] == [Decimal(100)]
        assert desk.payments() == []


class PaymentContract:
    """Payments: made once, found again, voided."""

    @pytest.fixture
    def provider(self, desk: MoneyDesk) -> AccountingProvider:
        return desk.open()

    @pytest.fixture
    def invoiced(self, desk: MoneyDesk, provider: AccountingProvider) -> RemoteRecord:
        """An invoice of 100."""
        (row,) = written(provider, invoice(desk, "INV-1"), number=1000)
        return row

    def test_a_payment_is_read_as_it_was_sent_and_pays_the_invoice(
        self, desk: MoneyDesk, provider: AccountingProvider, invoiced: RemoteRecord
    ) -> None:
        method = provider.payment_methods()[0].remote_id
        account = provider.deposit_accounts()[0].remote_id
        sent = payment(
            desk,
            "BC-0123456789ab",
            invoiced.remote_id,
            "40.05",
            method_id=method,
            deposit_account_id=account,
            number="CHK-77",
            note="paid at the door, thanks ½",
        )
        (row,) = written(provider, sent)
        assert row.fields.canonical() == sent.canonical()
        assert row.fields.unapplied == 0  # type: ignore[attr-defined]  # a payment
        assert desk.invoices()[0].balance == Decimal("59.95")

    def test_what_is_above_the_invoice_stays_as_credit(
        self, desk: MoneyDesk, provider: AccountingProvider, invoiced: RemoteRecord
    ) -> None:
        over = payment(desk, "BC-1", invoiced.remote_id, "130", applied=Decimal(100))
        advance = payment(desk, "BC-2", "", "25", applied=Decimal(0))
        first, second = written(provider, over, advance)
        assert first.fields.unapplied == Decimal(30)  # type: ignore[attr-defined]  # a payment
        assert second.fields.canonical() == advance.canonical()
        assert [one.unapplied for one in desk.payments()] == [Decimal(30), Decimal(25)]
        assert desk.invoices()[0].balance == 0

    def test_every_method_and_deposit_account_can_be_used(
        self, desk: MoneyDesk, provider: AccountingProvider
    ) -> None:
        methods, accounts = provider.payment_methods(), provider.deposit_accounts()
        assert all(one.name for one in (*methods, *accounts))
        wanted = [
            payment(desk, f"BC-{n}", "", applied=Decimal(0), **{field: one.remote_id})
            for n, (field, one) in enumerate(
                [("method_id", each) for each in methods]
                + [("deposit_account_id", each) for each in accounts]  # type: ignore[misc]  # two sorts of rows
            )
        ]
        for start in range(0, len(wanted), provider.profile.batch_size):
            written(
                provider, *wanted[start : start + provider.profile.batch_size], number=start + 1
            )

    @pytest.mark.parametrize("single", [True, False])
    def test_the_same_key_twice_makes_one_payment(
        self,
        desk: MoneyDesk,
        provider: AccountingProvider,
        invoiced: RemoteRecord,
        *,
        single: bool,
    ) -> None:
        if not provider.profile.honours_request_key:
            pytest.skip("this provider has no request keys")
        writes = [create(payment(desk, "BC-1", invoiced.remote_id))]
        first = push(provider, writes, single=single)
        assert push(provider, writes, single=single) == first
        assert len(desk.payments()) == 1

    @pytest.mark.parametrize("trouble", COMMITTED)
    @pytest.mark.parametrize("single", [True, False])
    def test_a_lost_reply_is_unknown_and_the_payment_is_then_found(
        self,
        desk: MoneyDesk,
        provider: AccountingProvider,
        invoiced: RemoteRecord,
        trouble: Trouble,
        *,
        single: bool,
    ) -> None:
        desk.trouble(trouble, writes=True, times=1)
        sent = payment(desk, "BC-1", invoiced.remote_id)
        outcome = push(provider, [create(sent)], single=single)
        assert isinstance(outcome, NoTrustworthyAnswer)
        found = provider.find_payments({SourceId("p1"): sent})
        (row,) = found[SourceId("p1")]
        assert row.remote_id == desk.payments()[0].remote_id
        assert row.fields.canonical() == sent.canonical()

    @pytest.mark.parametrize("trouble", NOT_COMMITTED)
    def test_what_was_not_carried_out_is_unknown_too_and_found_nowhere(
        self,
        desk: MoneyDesk,
        provider: AccountingProvider,
        invoiced: RemoteRecord,
        trouble: Trouble,
    ) -> None:
        desk.trouble(trouble, writes=True, times=1)
        sent = payment(desk, "BC-1", invoiced.remote_id)
        assert isinstance(push(provider, [create(sent)]), NoTrustworthyAnswer)
        assert provider.find_payments({SourceId("p1"): sent}) == {}
        assert desk.payments() == []

    @pytest.mark.parametrize("single", [True, False])
    def test_a_late_commit_is_found_once_it_is_there(
        self,
        desk: MoneyDesk,
        provider: AccountingProvider,
        invoiced: RemoteRecord,
        *,
        single: bool,
    ) -> None:
        desk.commit_late(4 * 3600)
        sent = payment(desk, "BC-1", invoiced.remote_id)
        assert isinstance(push(provider, [create(sent)], single=single), NoTrustworthyAnswer)
        assert provider.find_payments({SourceId("p"): sent}) == {}
        desk.pass_time(4 * 3600 + 1)
        later = desk.open()
        assert len(later.find_payments({SourceId("p"): sent})[SourceId("p")]) == 1

    def test_payments_that_are_not_in_the_answer_are_unknown_and_found(
        self, desk: MoneyDesk, provider: AccountingProvider, invoiced: RemoteRecord
    ) -> None:
        if provider.profile.batch_size == 1:
            pytest.skip("no batches here")
        desk.drop_entries(2)
        writes = [create(payment(desk, f"BC-{n}", invoiced.remote_id, "10")) for n in range(3)]
        outcomes = entries(push(provider, writes), writes)
        assert [type(outcome) for outcome in outcomes] == [Done, EntryUnknown, Done]
        sent = writes[1].fields
        assert isinstance(sent, PaymentFields)
        assert list(provider.find_payments({SourceId("x"): sent})) == ["x"]

    def test_payments_are_told_apart_by_the_reference_alone(
        self, desk: MoneyDesk, provider: AccountingProvider, invoiced: RemoteRecord
    ) -> None:
        """Equal in all else; a reference within a note or a longer one is another payment's."""
        same = payment(desk, "BC-1", invoiced.remote_id, "10", number="7")
        equal = replace(same, name="BC-2", note="see BC-3")
        longer = replace(same, name="BC-33")
        elsewhere = replace(
            same, name="BC-4", customer_id=desk.other_customer_id, applied=Decimal(0)
        )
        rows = written(provider, same, equal, longer, elsewhere)
        twice = [replace(create(same), source_id=SourceId("again"))]
        (again,) = entries(push(provider, twice, 2), twice)
        assert isinstance(again, Done)
        asked = {
            SourceId("1"): same,
            SourceId("2"): equal,
            SourceId("3"): replace(same, name="BC-3"),
            SourceId("4"): elsewhere,
            SourceId("5"): replace(elsewhere, customer_id=desk.customer_id),
        }
        found = {
            source_id: [row.remote_id for row in matches]
            for source_id, matches in provider.find_payments(asked).items()
        }
        assert found == {
            "1": [rows[0].remote_id, again.remote_id],
            "2": [rows[1].remote_id],
            "4": [rows[3].remote_id],
        }

    @pytest.mark.parametrize("note", ["", "paid at the door"])
    @pytest.mark.parametrize("single", [True, False])
    def test_a_void_payment_frees_the_invoice_and_is_found_all_the_same(
        self,
        desk: MoneyDesk,
        provider: AccountingProvider,
        invoiced: RemoteRecord,
        note: str,
        *,
        single: bool,
    ) -> None:
        sent = payment(desk, "BC-1", invoiced.remote_id, note=note)
        (row,) = written(provider, sent)
        writes = [void(row)]
        (entry,) = entries(push(provider, writes, 2, single=single), writes)
        assert isinstance(entry, Done)
        assert not entry.fields.active
        assert desk.invoices()[0].balance == Decimal(100)
        (found,) = provider.find_payments({SourceId("p"): sent})[SourceId("p")]
        assert found.remote_id == row.remote_id
        assert isinstance(found.fields, PaymentFields)
        assert (found.fields.active, found.fields.name, found.fields.note) == (False, "BC-1", note)

    def test_payments_are_voided_together(
        self, desk: MoneyDesk, provider: AccountingProvider, invoiced: RemoteRecord
    ) -> None:
        if provider.profile.batch_size == 1:
            pytest.skip("no batches here")
        rows = written(
            provider, *(payment(desk, f"BC-{n}", invoiced.remote_id, "10") for n in range(3))
        )
        writes = [void(row) for row in rows[:2]]
        outcomes = entries(push(provider, writes, 2), writes)
        assert all(isinstance(one, Done) and not one.fields.active for one in outcomes)
        assert desk.invoices()[0].balance == Decimal(90)

    def test_a_stale_payment_is_not_voided(
        self, desk: MoneyDesk, provider: AccountingProvider, invoiced: RemoteRecord
    ) -> None:
        (row,) = written(provider, payment(desk, "BC-1", invoiced.remote_id))
        desk.edit_payment_number(row.remote_id, "8")
        gone = replace(row, remote_id=RemoteId("99999999"))
        for number, write in enumerate((void(row), void(gone)), start=2):
            assert isinstance(entries(push(provider, [write], number), [write])[0], Stale)
        assert desk.invoices()[0].balance == Decimal(60)

    def test_an_invoice_that_is_not_there_refuses_the_payment(
        self, desk: MoneyDesk, provider: AccountingProvider
    ) -> None:
        writes = [create(payment(desk, "BC-1", "99999999"))]
        (entry,) = entries(push(provider, writes), writes)
        assert isinstance(entry, EntryRefused)
        assert entry.problem.action
        assert desk.payments() == []

    def test_a_slow_answer_to_a_payment_is_unknown(
        self, desk: MoneyDesk, invoiced: RemoteRecord
    ) -> None:
        impatient = desk.open(deadline=1.0)
        desk.trickle(30.0, writes=True)
        sent = payment(desk, "BC-1", invoiced.remote_id)
        assert isinstance(push(impatient, [create(sent)]), NoTrustworthyAnswer)
        assert desk.open().find_payments({SourceId("p"): sent})


class MoneyContract(InvoiceContract, PaymentContract):
    """Everything of it."""
