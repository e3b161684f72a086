"""Imports of files as people see them, and what wakes their workers."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta

import pytest

from shared.domain.errors import Conflicting, NotFound
from shared.domain.file_imports import FileImportState
from shared.domain.ids import CompanyId
from shared.sync.uploads.asking import existing_import, start
from shared.sync.uploads.limits import UPLOAD_SECONDS
from shared.sync.uploads.messages import imports_named, written
from shared.sync.uploads.places import key_of, owner_of
from shared.sync.uploads.serving import serve_imports
from tests.support.services import COMPANY
from tests.unit.sync.uploads.upload_world import UploadWorld, counts, items_csv, upload_world


@pytest.fixture
def world() -> UploadWorld:
    return upload_world()


def note_of(key: str) -> str:
    """S3's, as far as it matters."""
    return json.dumps(
        {"Records": [{"eventName": "ObjectCreated:Post", "s3": {"object": {"key": key}}}]}
    )


def served(world: UploadWorld, *bodies: str) -> dict[str, int]:
    event = {"Records": [{"body": body} for body in bodies]}
    return serve_imports(world.services, event, remaining_seconds=300)


def test_the_stores_note_of_a_file_starts_its_import(world: UploadWorld) -> None:
    import_id = world.ask(items_csv(5))
    assert served(world, note_of(world.key(import_id))) == {"done": 1}
    assert counts(world.job(import_id)) == (5, 5, 0, 0, 0)
    assert served(world, note_of(world.key(import_id))) == {"done": 1}, "told again: it is done"


def test_its_own_message_does_too_and_strange_ones_are_counted(world: UploadWorld) -> None:
    import_id = world.ask(items_csv(5))
    strange = [
        "",
        "[]",
        "{}",
        '{"Service": "Amazon S3", "Event": "s3:TestEvent"}',
        '{"companyId": 1, "importId": "x"}',
        '{"companyId": "company-1", "importId": ""}',
        note_of("other/company-1/x"),
        note_of("imports/company-1"),
        '{"Records": [1]}',
        written(COMPANY, "absent"),
        written(CompanyId("company-2"), import_id),
    ]
    found = served(world, *strange, written(COMPANY, import_id))
    assert found == {"strange": len(strange), "done": 1}


@pytest.mark.parametrize("company", ["company-1", "a/b", "a b+c%2F", "ü#", ".."])
def test_a_key_names_its_company_and_import_and_lies_below_no_other(company: str) -> None:
    key = key_of(CompanyId(company), "i-1")
    assert owner_of(key) == (company, "i-1")
    assert key.count("/") == 2
    assert list(imports_named(note_of(key.replace("%", "%25")))) == [(company, "i-1")]


def test_ids_sort_by_time_and_are_not_guessed_from_it(world: UploadWorld) -> None:
    ids = [world.ask() for _ in range(5)]
    assert ids == sorted(ids)
    assert {len(one) for one in ids} == {32}


def test_started_without_a_file_it_says_so(world: UploadWorld) -> None:
    import_id = world.ask()
    with pytest.raises(Conflicting) as refused:
        start(world.services, COMPANY, import_id)
    assert refused.value.problem.code == "NOT_UPLOADED"
    assert world.queue.woken == []
    assert world.job(import_id).state is FileImportState.WAITING


def test_started_with_its_file_a_worker_is_woken(world: UploadWorld) -> None:
    import_id = world.ask(items_csv(5))
    assert start(world.services, COMPANY, import_id).state is FileImportState.QUEUED
    assert start(world.services, COMPANY, import_id).state is FileImportState.QUEUED
    assert world.queue.woken == [(COMPANY, import_id)] * 2
    assert world.work(import_id) == "done"
    assert start(world.services, COMPANY, import_id).state is FileImportState.DONE
    assert len(world.queue.woken) == 2


def test_an_import_whose_worker_died_is_started_again_and_one_at_work_is_not(
    world: UploadWorld,
) -> None:
    import_id = world.ask(items_csv(5))
    store = world.services.stores.file_imports
    job = world.job(import_id)
    store.save(replace(job, state=FileImportState.RUNNING, beat_at=world.clock.now(), version=2))
    world.clock.sleep(59)
    start(world.services, COMPANY, import_id)
    assert world.queue.woken == []
    world.clock.sleep(2)
    start(world.services, COMPANY, import_id)
    assert world.queue.woken == [(COMPANY, import_id)]


def test_an_upload_that_never_came_is_said_once_it_cannot_come_any_more(world: UploadWorld) -> None:
    import_id = world.ask()
    world.clock.sleep(UPLOAD_SECONDS + timedelta(hours=1).total_seconds() - 1)
    assert world.job(import_id).state is FileImportState.WAITING
    world.clock.sleep(2)
    job = world.job(import_id)
    assert job.problem is not None
    assert (job.state, job.problem.code) == (FileImportState.FAILED, "UPLOAD_NEVER_CAME")
    assert job.ended_at == job.upload_until


def test_another_companys_import_is_not_there(world: UploadWorld) -> None:
    import_id = world.ask(items_csv(5))
    for act in (existing_import, start):
        with pytest.raises(NotFound):
            act(world.services, CompanyId("company-2"), import_id)
    assert world.queue.woken == []
