"""The contract of `AccountingProvider`: what every adapter must do, whatever its provider.

Inherit it, and give a `desk` fixture (desk.py). Each test name says what must hold.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace

import pytest

from shared.domain.customer_plan import CustomerFields
from shared.domain.errors import (
    ConnectionStopped,
    NeedsReauth,
    ProviderUnavailable,
    RateLimited,
    SyncError,
)
from shared.domain.ids import RecordKind, RemoteId, RemoteVersion, RequestKey, SourceId
from shared.domain.outcomes import (
    Answered,
    CallOutcome,
    CallRejected,
    CallStopped,
    Done,
    EntryBusy,
    EntryOutcome,
    EntryRefused,
    EntryUnknown,
    GrantDead,
    NameTaken,
    NoTrustworthyAnswer,
    Stale,
    Throttled,
)
from shared.domain.runs import PushAction
from shared.providers.base import AccountingProvider, RecordWrite, RemoteRecord
from tests.contract.providers.desk import Desk, Trouble

UNSURE = (
    Trouble.SERVER_ERROR,
    Trouble.GATEWAY_TIMEOUT,
    Trouble.PAGE_INSTEAD_OF_DATA,
    Trouble.CUT_OFF,
    Trouble.EMPTY,
    Trouble.HUGE,
    Trouble.NO_ANSWER,
    Trouble.REDIRECT,
)
ODD_NAMES = (
    'Elbow 3/4" copper',
    "O'Brien's valve",
    "Back\\slash bracket",
    "Ampersand & sons + 100% (net)",
    "Pipe _ under; <b>bold</b>",
    "Rohr 1½″ \u2013 Größe 10 µm",
    "配管 22mm",
    "\U0001f6b0 tap",
)


def key(number: int = 1) -> RequestKey:
    return RequestKey(f"{number:032x}")


def create(desk: Desk, name: str, plain: str = "12.50", **more: object) -> RecordWrite:
    """A record with every field; `plain` is the value of the desk's `plain_field`."""
    fields = replace(desk.fields(name, plain), **more)  # type: ignore[type-var]  # all are dataclasses
    return RecordWrite(SourceId(f"s-{name}"), PushAction.CREATE, fields)


def update(row: RemoteRecord, **values: object) -> RecordWrite:
    wanted = replace(row.fields, **values)  # type: ignore[type-var]  # all are dataclasses
    return RecordWrite(
        SourceId(f"s-{row.remote_id}"),
        PushAction.UPDATE,
        wanted,
        frozenset(values),
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
    kind = RecordKind.CUSTOMER if isinstance(writes[0].fields, CustomerFields) else RecordKind.ITEM
    return provider.send(provider.write_request(kind, writes, key(number), single=single))


def entries(outcome: CallOutcome, writes: Sequence[RecordWrite]) -> list[EntryOutcome]:
    assert isinstance(outcome, Answered), outcome
    assert set(outcome.entries) == {write.source_id for write in writes}
    return [outcome.entries[write.source_id] for write in writes]


def one(desk: Desk, provider: AccountingProvider, remote_id: RemoteId) -> RemoteRecord:
    (found,) = provider.records_by_id(desk.kind, [remote_id])
    return found


class RecordContract:
    """Reading and writing records of the desk's kind."""

    def test_pages_show_every_active_item_once(self, desk: Desk) -> None:
        names = [f"Item {number:04}" for number in range(desk.open().profile.page_size + 30)]
        planted = desk.plant(*names)
        desk.edit(planted[3], active=False)
        provider, cursor, seen, pages = desk.open(), None, [], 0
        while True:
            page = provider.page_records(desk.kind, cursor)
            seen += [row.remote_id for row in page.rows]
            cursor, pages = page.cursor, pages + 1
            if cursor is None:
                break
        assert len(seen) == len(set(seen))
        assert set(planted) - set(seen) == {planted[3]}
        assert pages == 2

    def test_items_by_id_are_those_that_exist_with_the_inactive_ones(self, desk: Desk) -> None:
        first, second = desk.plant("First", "Second")
        desk.edit(second, active=False)
        found = desk.open().records_by_id(desk.kind, [first, second, RemoteId("99999999")])
        assert {row.remote_id: row.fields.active for row in found} == {first: True, second: False}
        assert desk.open().records_by_id(desk.kind, []) == []

    def test_items_by_name_are_found_whatever_the_name(self, desk: Desk) -> None:
        planted = dict(zip(ODD_NAMES, desk.plant(*ODD_NAMES), strict=True))
        provider = desk.open()
        for name, remote_id in planted.items():
            assert [row.remote_id for row in provider.records_by_name(desk.kind, [name])] == [
                remote_id
            ], name
        everything = provider.records_by_name(desk.kind, [*ODD_NAMES, "not there"])
        assert {row.remote_id for row in everything} == set(planted.values())

    def test_items_by_name_compares_without_case_and_never_by_part(self, desk: Desk) -> None:
        (remote_id,) = desk.plant("Copper Pipe")
        desk.plant("Copper Pipe 22mm", "Copper")
        rows = desk.open().records_by_name(desk.kind, ["copper pipe"])
        assert [row.remote_id for row in rows] == [remote_id]

    def test_many_names_are_looked_up_at_once(self, desk: Desk) -> None:
        names = [f"Item {number}" for number in range(95)]
        desk.plant(*names)
        assert len(desk.open().records_by_name(desk.kind, names)) == 95

    # Writing

    def test_a_full_batch_goes_in_one_request(self, desk: Desk) -> None:
        provider = desk.open()
        writes = [create(desk, f"Item {n}") for n in range(provider.profile.batch_size)]
        assert all(isinstance(e, Done) for e in entries(push(provider, writes), writes))
        assert desk.writes_seen() == 1

    def test_too_many_writes_are_no_request(self, desk: Desk) -> None:
        provider = desk.open()
        writes = [create(desk, f"Item {n}") for n in range(provider.profile.batch_size + 1)]
        with pytest.raises(ValueError, match="writes"):
            provider.write_request(desk.kind, writes, key(), single=False)
        with pytest.raises(ValueError, match="writes"):
            provider.write_request(desk.kind, writes[:2], key(), single=True)

    def test_equal_writes_and_key_are_equal_bytes(self, desk: Desk) -> None:
        first, second = desk.open(), desk.open()
        writes = [create(desk, name) for name in ODD_NAMES]
        one_way = first.write_request(desk.kind, writes, key(), single=False)
        assert one_way == second.write_request(desk.kind, list(writes), key(), single=False)
        other = first.write_request(
            desk.kind, [*writes[:-1], create(desk, "Other")], key(), single=False
        )
        assert other.body_hash != one_way.body_hash

    def test_a_repeat_under_the_same_key_writes_nothing_twice(self, desk: Desk) -> None:
        provider = desk.open()
        if not provider.profile.honours_request_key:
            pytest.skip("this provider has no request keys")
        writes = [create(desk, "Once"), create(desk, "Also once")]
        first = push(provider, writes)
        assert push(provider, writes) == first
        assert sorted(item.name for item in desk.records()) == ["Also once", "Once"]

    def test_an_update_changes_only_what_it_names(self, desk: Desk) -> None:
        provider = desk.open()
        writes = [create(desk, "Valve", "10")]
        (made,) = entries(push(provider, writes), writes)
        assert isinstance(made, Done)
        desk.edit(made.remote_id, plain="11")
        change = [update(one(desk, provider, made.remote_id), **desk.other_value)]
        (entry,) = entries(push(provider, change, 2), change)
        assert isinstance(entry, Done)
        expected = {**made.fields.canonical(), desk.plain_field: "11", **desk.other_value}
        assert entry.fields.canonical() == expected

    def test_texts_can_be_emptied_and_items_made_inactive(self, desk: Desk) -> None:
        provider = desk.open()
        writes = [create(desk, "Valve")]
        (made,) = entries(push(provider, writes), writes)
        assert isinstance(made, Done)
        row = one(desk, provider, made.remote_id)
        change = [update(row, **desk.empty_values, active=False)]
        (entry,) = entries(push(provider, change, 2), change)
        assert isinstance(entry, Done)
        canonical = entry.fields.canonical()
        assert not entry.fields.active
        assert {name: canonical[name] for name in desk.empty_values} == dict.fromkeys(
            desk.empty_values, ""
        )

    def test_a_taken_name_is_said_so_and_its_owner_where_known(self, desk: Desk) -> None:
        provider = desk.open()
        if not desk.names_are_unique:
            pytest.skip("names need not be unique here")
        (owner,) = desk.plant("Taken")
        writes = [create(desk, "taken"), create(desk, "Free")]
        taken, free = entries(push(provider, writes), writes)
        assert isinstance(taken, NameTaken)
        assert taken.owner in (None, owner)
        assert isinstance(free, Done)

    def test_a_stale_version_writes_nothing(self, desk: Desk) -> None:
        provider = desk.open()
        (remote_id,) = desk.plant("Valve")
        seen = one(desk, provider, remote_id)
        desk.edit(remote_id, plain="77")
        change = [update(seen, **desk.other_value)]
        assert entries(push(provider, change), change) == [Stale()]
        assert one(desk, provider, remote_id).fields.canonical()[desk.plain_field] == "77"

    def test_an_update_of_a_record_that_is_not_there_is_stale(self, desk: Desk) -> None:
        provider = desk.open()
        (remote_id,) = desk.plant("Valve")
        gone = replace(
            one(desk, provider, remote_id),
            remote_id=RemoteId("99999999"),
            remote_version=RemoteVersion("0"),
        )
        change = [update(gone, **desk.other_value)]
        assert entries(push(provider, change), change) == [Stale()]

    def test_a_refused_entry_leaves_the_others_written(self, desk: Desk) -> None:
        provider = desk.open()
        writes = [create(desk, "Good"), create(desk, "Bad", **desk.bad_value)]
        good, bad = entries(push(provider, writes), writes)
        assert isinstance(good, Done)
        assert isinstance(bad, EntryRefused)
        assert bad.problem.message
        assert bad.problem.action
        assert bad.cause
        assert [item.name for item in desk.records()] == ["Good"]

    def test_a_passing_refusal_is_busy_and_goes_later(self, desk: Desk) -> None:
        provider = desk.open()
        desk.refuse_entry("Busy", passing=True)
        writes = [create(desk, "Busy"), create(desk, "Good")]
        busy, good = entries(push(provider, writes), writes)
        assert isinstance(busy, EntryBusy)
        assert isinstance(good, Done)
        again = [create(desk, "Busy")]
        assert isinstance(entries(push(provider, again, 2), again)[0], Done)

    def test_entries_that_are_not_in_the_answer_are_unknown(self, desk: Desk) -> None:
        provider = desk.open()
        desk.drop_entries(2, 3)
        writes = [create(desk, name) for name in ("A", "B", "C", "D")]
        kinds = [type(entry) for entry in entries(push(provider, writes), writes)]
        assert kinds == [Done, EntryUnknown, EntryUnknown, Done]

    def test_entries_are_matched_whatever_their_order(self, desk: Desk) -> None:
        provider = desk.open()
        desk.shuffle_entries()
        writes = [create(desk, name) for name in ("A", "B", "C")]
        for write, entry in zip(writes, entries(push(provider, writes), writes), strict=True):
            assert isinstance(entry, Done)
            assert entry.fields.name == write.fields.name

    def test_single_writes_have_the_same_outcomes(self, desk: Desk) -> None:
        provider = desk.open()
        (taken,) = desk.plant("Taken")
        good = [create(desk, "Single")]
        (made,) = entries(push(provider, good, 1, single=True), good)
        assert isinstance(made, Done)
        assert made.fields.canonical() == good[0].fields.canonical()
        change = [update(one(desk, provider, made.remote_id), **desk.other_value)]
        assert isinstance(entries(push(provider, change, 2, single=True), change)[0], Done)
        assert entries(push(provider, change, 3, single=True), change) == [Stale()]
        clash = [create(desk, "Taken")]
        (entry,) = entries(push(provider, clash, 4, single=True), clash)
        assert isinstance(entry, NameTaken)
        assert entry.owner in (None, taken)
        bad = [create(desk, "Bad", **desk.bad_value)]
        assert isinstance(entries(push(provider, bad, 5, single=True), bad)[0], EntryRefused)

    def test_created_records_have_every_field_as_it_was_sent(self, desk: Desk) -> None:
        provider = desk.open()
        writes = [create(desk, name) for name in ODD_NAMES]
        for write, entry in zip(writes, entries(push(provider, writes), writes), strict=True):
            assert isinstance(entry, Done), entry
            assert entry.fields.canonical() == write.fields.canonical()
            assert one(desk, provider, entry.remote_id).fields == entry.fields


class ProviderContract(RecordContract):
    """The company, items of their own kind, and what goes wrong with any call."""

    def test_company_info_names_the_company_and_its_home_currency(self, desk: Desk) -> None:
        company = desk.open().company_info()
        assert company.remote_company_id == desk.company
        assert company.name == desk.company_name
        assert company.home_currency == desk.home_currency

    def test_income_accounts_hold_one_that_items_may_be_booked_to(self, desk: Desk) -> None:
        provider = desk.open()
        accounts = provider.income_accounts()
        assert desk.account_id() in [account.remote_id for account in accounts]
        for number, account in enumerate(accounts):
            writes = [create(desk, f"For {number}", income_account_id=account.remote_id)]
            (entry,) = entries(push(provider, writes, number + 1), writes)
            assert isinstance(entry, Done), account.name

    def test_tax_codes_have_an_id_each_and_a_name(self, desk: Desk) -> None:
        codes = desk.open().tax_codes()
        assert len({code.remote_id for code in codes}) == len(codes)
        assert all(code.remote_id and code.name for code in codes)

    def test_a_category_is_listed_and_not_linkable(self, desk: Desk) -> None:
        (category,) = desk.plant("Fittings", sellable=False)
        (item,) = desk.plant("Elbow")
        rows = {
            row.remote_id: row.linkable
            for row in desk.open().page_records(RecordKind.ITEM, None).rows
        }
        assert rows[category] is False
        assert rows[item] is True

    def test_created_items_come_back_as_they_were_sent(self, desk: Desk) -> None:
        provider = desk.open()
        writes = [
            create(desk, "Plain", "12.50"),
            create(desk, 'Cent 1/2"', "0.01", description="", code=""),
            create(desk, "Fine", "0.123456"),
            create(desk, "Large", "99999999.99"),
            create(desk, "Free", "0"),
            create(desk, "Größe & 'so'", "1000", description='Line\nbreak "quoted" \\ \t tab'),
        ]
        for write, entry in zip(writes, entries(push(provider, writes), writes), strict=True):
            assert isinstance(entry, Done), entry
            assert entry.fields.canonical() == write.fields.canonical()
            assert one(desk, provider, entry.remote_id).fields == entry.fields

    # Trouble

    @pytest.mark.parametrize("trouble", UNSURE)
    @pytest.mark.parametrize("single", [False, True])
    def test_an_answer_that_cannot_be_trusted_says_so(
        self, desk: Desk, trouble: Trouble, *, single: bool
    ) -> None:
        provider = desk.open()
        desk.trouble(trouble, writes=True, times=1)
        outcome = push(provider, [create(desk, "Unsure")], single=single)
        assert isinstance(outcome, NoTrustworthyAnswer), outcome
        assert desk.writes_seen() == 1  # not repeated

    @pytest.mark.parametrize("trouble", [Trouble.THROTTLED, Trouble.THROTTLED_UNUSUALLY])
    def test_a_throttled_write_is_throttled(self, desk: Desk, trouble: Trouble) -> None:
        provider = desk.open()
        desk.trouble(trouble, writes=True, times=1)
        assert isinstance(push(provider, [create(desk, "Later")]), Throttled)
        assert desk.records() == []

    def test_a_refused_request_is_rejected_as_a_whole(self, desk: Desk) -> None:
        provider = desk.open()
        desk.trouble(Trouble.WHOLE_REFUSED, writes=True, times=1)
        outcome = push(provider, [create(desk, "A"), create(desk, "B")])
        assert isinstance(outcome, CallRejected)
        assert desk.records() == []

    def test_a_refused_company_stops_the_connection(self, desk: Desk) -> None:
        provider = desk.open()
        desk.trouble(Trouble.COMPANY_REFUSED, writes=True, times=1)
        outcome = push(provider, [create(desk, "A")])
        assert isinstance(outcome, CallStopped)
        assert outcome.problem.action
        desk.trouble(Trouble.COMPANY_REFUSED, writes=False, times=1)
        with pytest.raises(ConnectionStopped):
            provider.page_records(RecordKind.ITEM, None)

    def test_a_write_goes_again_once_after_renewing_the_token(self, desk: Desk) -> None:
        provider = desk.open()
        provider.page_records(RecordKind.ITEM, None)
        desk.expire_access()
        writes = [create(desk, "After")]
        assert isinstance(entries(push(provider, writes), writes)[0], Done)
        assert desk.issued.renewals == 1

    def test_a_write_refused_again_after_renewing_is_a_dead_grant(self, desk: Desk) -> None:
        provider = desk.open()
        desk.trouble(Trouble.TOKEN_REFUSED, writes=True, times=5)
        assert push(provider, [create(desk, "A")]) == GrantDead()
        assert desk.issued.renewals == 1

    def test_a_withdrawn_connection_is_a_dead_grant(self, desk: Desk) -> None:
        provider = desk.open()
        provider.page_records(RecordKind.ITEM, None)
        desk.withdraw()
        assert push(provider, [create(desk, "A")]) == GrantDead()
        with pytest.raises(NeedsReauth):
            provider.page_records(RecordKind.ITEM, None)

    def test_lost_access_is_not_renewed(self, desk: Desk) -> None:
        provider = desk.open()
        desk.trouble(Trouble.ACCESS_LOST, writes=True, times=1)
        assert push(provider, [create(desk, "A")]) == GrantDead()
        desk.trouble(Trouble.ACCESS_LOST, writes=False, times=1)
        with pytest.raises(NeedsReauth):
            provider.page_records(RecordKind.ITEM, None)
        assert desk.issued.renewals == 0

    def test_a_read_goes_again_once_after_renewing_the_token(self, desk: Desk) -> None:
        provider = desk.open()
        provider.page_records(RecordKind.ITEM, None)
        desk.expire_access()
        assert provider.page_records(RecordKind.ITEM, None).rows == ()
        assert desk.issued.renewals == 1

    @pytest.mark.parametrize("trouble", UNSURE)
    def test_a_read_is_repeated_and_then_unavailable(self, desk: Desk, trouble: Trouble) -> None:
        desk.plant("There")
        provider = desk.open()
        desk.trouble(trouble, writes=False, times=1)
        assert len(provider.page_records(RecordKind.ITEM, None).rows) == 1
        desk.trouble(trouble, writes=False, times=9)
        with pytest.raises(ProviderUnavailable):
            provider.page_records(RecordKind.ITEM, None)

    @pytest.mark.parametrize("trouble", [Trouble.THROTTLED, Trouble.THROTTLED_UNUSUALLY])
    def test_a_throttled_read_waits_and_is_then_rate_limited(
        self, desk: Desk, trouble: Trouble
    ) -> None:
        desk.plant("There")
        provider = desk.open()
        desk.trouble(trouble, writes=False, times=1)
        assert len(provider.page_records(RecordKind.ITEM, None).rows) == 1
        desk.trouble(trouble, writes=False, times=9)
        with pytest.raises(RateLimited) as limited:
            provider.page_records(RecordKind.ITEM, None)
        assert limited.value.after > 0

    @pytest.mark.parametrize("writes", [True, False])
    def test_a_slow_answer_does_not_outlast_the_deadline(self, desk: Desk, *, writes: bool) -> None:
        provider = desk.open(deadline=1.0)
        provider.page_records(RecordKind.ITEM, None)
        for _ in range(3):
            desk.trickle(30.0, writes=writes)
        began = time.monotonic()
        if writes:
            assert isinstance(push(provider, [create(desk, "Slow")]), NoTrustworthyAnswer)
            assert time.monotonic() - began < 1.5
        else:
            with pytest.raises(ProviderUnavailable):
                provider.page_records(RecordKind.ITEM, None)
            assert time.monotonic() - began < 4.5  # three tries

    def test_no_token_shows_in_any_message(self, desk: Desk) -> None:
        said: list[str] = []
        for trouble in Trouble:
            provider = desk.open()
            desk.trouble(trouble, writes=True, times=5)
            said.append(repr(push(provider, [create(desk, "A")])))
            desk.trouble(trouble, writes=False, times=9)
            try:
                provider.page_records(RecordKind.ITEM, None)
            except SyncError as error:
                said += [repr(error), str(error), repr(error.__cause__), repr(error.__context__)]
        text = "\n".join(said)
        assert desk.issued.access_tokens
        assert not [
            token for token in desk.issued.access_tokens if token in text or token[:20] in text
        ]
