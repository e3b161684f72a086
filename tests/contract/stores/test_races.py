"""64 callers at once: exactly one wins, and what is stored is the winner's."""

from __future__ import annotations

from datetime import timedelta

from shared.domain.ids import (
    AskingId,
    ConnectionKey,
    GrantId,
    ProviderName,
    RecordKind,
    RunId,
    SourceId,
)
from shared.domain.records import Item
from shared.domain.runs import RunState
from shared.storage.ports import PacingRow, Stores
from tests.contract.stores.builders import (
    COMPANY,
    CONNECTION,
    NOW,
    QUICKBOOKS,
    REALM,
    SCOPE,
    at_once,
    connection,
    grant,
    item,
    link,
    run,
)
from tests.contract.stores.test_consents import consent
from tests.contract.stores.test_due import due

WORKERS = 64
GRANT = GrantId("grant-1")


def test_one_run_is_started_and_all_others_join_it(stores: Stores) -> None:
    answers = at_once(WORKERS, lambda number: stores.runs.start(run(f"run-{number}")))
    (winner,) = {one.run_id for one in answers}
    assert stores.runs.active(CONNECTION, RecordKind.ITEM).run_id == winner
    assert [one.run_id for one in stores.runs.page(CONNECTION, 99, None).rows] == [winner]


def test_one_run_follows_an_ended_one(stores: Stores) -> None:
    """Half of the callers end the run that is active while the others start the next."""
    stores.runs.start(run("first"))

    def work(number: int) -> str | None:
        if number % 2:
            return stores.runs.start(run(f"run-{number}")).run_id
        ended = run("first", state=RunState.FINISHED, finished_at=NOW)
        return "ended" if stores.runs.save(ended, expected_epoch=0) else None

    answers = at_once(WORKERS, work)
    assert answers.count("ended") == 1
    assert stores.runs.get(CONNECTION, RunId("first")).state is RunState.FINISHED
    followers = {one for one in answers if one and one.startswith("run-")}
    active = stores.runs.active(CONNECTION, RecordKind.ITEM)
    assert followers <= ({active.run_id} if active else set())


def test_what_is_asked_stays_due_whoever_removes_what_was_read_before(stores: Stores) -> None:
    stores.due.add([due()])
    read = stores.due.look(CONNECTION, RecordKind.ITEM, NOW, 1).ready

    def work(number: int) -> None:
        if number % 2:
            stores.due.remove(read)
        else:
            stores.due.add([due(asked=AskingId(f"asking {number}"))])

    at_once(WORKERS, work)
    [left] = stores.due.look(CONNECTION, RecordKind.ITEM, NOW, 9).ready
    assert left.asked
    stores.due.remove([left])
    assert stores.due.count(CONNECTION, RecordKind.ITEM, 9) == 0


def test_one_lease_is_given(stores: Stores) -> None:
    stores.grants.put_new(grant())

    def work(number: int) -> object:
        expires_at = NOW + timedelta(seconds=30)
        return stores.grants.take_lease(GRANT, f"w-{number}", now=NOW, expires_at=expires_at)

    (winner,) = [lease for lease in at_once(WORKERS, work) if lease is not None]
    assert stores.grants.get(GRANT).lease == winner
    assert winner.fence == 1


def test_one_pair_is_saved_per_token_version(stores: Stores) -> None:
    stores.grants.put_new(grant())

    def work(number: int) -> bool:
        renewed = grant(sealed_pair=bytes([number]), token_version=2)
        return stores.grants.save_pair(renewed, expected_token_version=1)

    answers = at_once(WORKERS, work)
    assert answers.count(True) == 1
    assert stores.grants.get(GRANT) == grant(
        sealed_pair=bytes([answers.index(True)]), token_version=2
    )


def test_a_state_is_taken_once(stores: Stores) -> None:
    stores.consents.put(consent("state-1"))
    answers = at_once(WORKERS, lambda _: stores.consents.take("state-1"))
    assert [one for one in answers if one is not None] == [consent("state-1")]


def test_one_version_of_a_row_is_saved(stores: Stores) -> None:
    pacing = at_once(WORKERS, lambda n: stores.pacing.save(CONNECTION, PacingRow(f"{n}", 1)))
    assert pacing.count(True) == 1
    assert stores.pacing.load(CONNECTION).state == str(pacing.index(True))
    key = ConnectionKey(COMPANY, ProviderName("xero"))
    saves = at_once(WORKERS, lambda n: stores.connections.save(connection(key, grant_id=f"g-{n}")))
    assert saves.count(True) == 1
    assert stores.connections.get(key).grant_id == f"g-{saves.index(True)}"


def test_a_remote_company_has_one_owner(stores: Stores) -> None:
    claim = stores.connections.claim_remote_company
    owners = at_once(WORKERS, lambda number: claim(QUICKBOOKS, REALM, f"company-{number}"))
    assert len(set(owners)) == 1


def test_each_record_has_one_winner(stores: Stores) -> None:
    """Several items in one call each, so that transactions meet."""
    ids = [SourceId(f"item-{number}") for number in range(5)]

    def work(number: int) -> set[str]:
        offered = [item(one, name=f"by {number}") for one in ids]
        return set(ids) - set(stores.records.save(COMPANY, offered))

    won = at_once(WORKERS, work)
    for source_id in ids:
        (winner,) = [number for number, kept in enumerate(won) if source_id in kept]
        assert stores.records.get(COMPANY, Item, source_id).name == f"by {winner}"


def test_each_remote_id_has_one_link_and_each_link_its_claim(stores: Stores) -> None:
    """Every caller links another source to the same three remote ids, or the same source elsewhere."""

    def work(number: int) -> list[str]:
        offered = [link(f"s{number % 8}-{place}", f"r{place}") for place in range(3)]
        offered.append(link("shared", f"r-{number}"))
        return list(stores.links.save_links(SCOPE, offered))

    lost = at_once(WORKERS, work)
    assert sum("shared" not in one for one in lost) == 1
    links = stores.links.page_links(SCOPE, 99, None).rows
    assert len(links) == 4
    remote_ids = [f"r{place}" for place in range(3)] + [f"r-{n}" for n in range(WORKERS)]
    claims = stores.links.linked_to(SCOPE, remote_ids)
    assert claims == {one.remote_id: one.source_id for one in links}
