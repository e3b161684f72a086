"""The state of the local AWS and of the sandbox is gone on from only if both were saved whole."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from local.files import try_lock
from local.state import DataFolder


def stopped(folder: DataFolder, *, clean: bool = True, sandbox_saved: bool = True) -> None:
    """What a launch leaves behind."""
    for name in ("aws", "sandbox"):
        (folder.path / name).mkdir(exist_ok=True)
        (folder.path / name / "data").write_text("kept")
    if sandbox_saved:
        (folder.path / "sandbox" / "sandbox.json").write_text("{}")
    if clean:
        folder.aws_stopped_clean()


def kept(folder: DataFolder) -> bool:
    return (folder.path / "aws" / "data").exists() and (folder.path / "sandbox" / "data").exists()


def test_after_a_clean_stop_the_same_generation_goes_on(tmp_path: Path) -> None:
    folder = DataFolder(tmp_path)
    first, fresh = folder.generation()
    assert fresh
    stopped(folder)
    assert folder.generation() == (first, False)
    assert kept(folder)


@pytest.mark.parametrize(("clean", "sandbox_saved"), [(False, True), (True, False), (False, False)])
def test_if_either_was_not_saved_both_start_anew(
    tmp_path: Path, *, clean: bool, sandbox_saved: bool
) -> None:
    folder = DataFolder(tmp_path)
    first, _ = folder.generation()
    stopped(folder, clean=clean, sandbox_saved=sandbox_saved)
    second, fresh = folder.generation()
    assert fresh
    assert second != first
    assert not kept(folder)


def test_the_mark_of_a_clean_stop_holds_for_one_launch_only(tmp_path: Path) -> None:
    """The second launch was killed: what the first one saved is out of date."""
    folder = DataFolder(tmp_path)
    folder.generation()
    stopped(folder)
    folder.generation()
    assert folder.generation()[1]


def test_a_mark_of_another_generation_does_not_count(tmp_path: Path) -> None:
    folder = DataFolder(tmp_path)
    folder.generation()
    stopped(folder)
    (tmp_path / "generation").write_text("another")
    assert folder.generation()[1]


def test_what_holds_a_token_is_readable_by_its_owner_only(tmp_path: Path) -> None:
    DataFolder(tmp_path).tell({"token": "secret"})
    mode = (tmp_path / "stack.json").stat().st_mode
    assert stat.S_IMODE(mode) == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["stack.json"], "no draft stays"


def test_ports_that_cannot_be_read_are_forgotten(tmp_path: Path) -> None:
    folder = DataFolder(tmp_path)
    folder.remember_ports({"api": 8081})
    assert folder.ports() == {"api": 8081}
    (tmp_path / "ports.json").write_text('{"api": "8081", "aws"')
    assert folder.ports() == {}


def test_a_lock_is_held_by_one(tmp_path: Path) -> None:
    assert try_lock(tmp_path / "lock") is not None
    assert try_lock(tmp_path / "lock") is None
