"""What `sam build` makes is what runs on Lambda: complete, and nothing besides."""

from __future__ import annotations

import os
import platform
import re
import subprocess
import sys
from pathlib import Path

import pytest

FUNCTIONS = {
    "ApiFunction": "api",
    "SyncCustomersFunction": "sync_customers",
    "SyncItemsFunction": "sync_items",
    "SyncInvoicesFunction": "sync_invoices",
    "SyncPaymentsFunction": "sync_payments",
    "ScheduleSyncsFunction": "schedule_syncs",
    "RefreshTokenFunction": "refresh_token",
    "RelayChangesFunction": "relay_changes",
    "ReportFailuresFunction": "report_failures",
    "ImportFilesFunction": "import_files",
}
LAMBDA_LIMIT_BYTES = 250 * 1024 * 1024
NOT_FOR_LAMBDA = {
    "tests",
    "sandbox",
    "local",
    "bench",
    "docs",
    "infra",
    "Makefile",
    "template.yaml",
}


@pytest.fixture(scope="module")
def built(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built for Lambda where this machine can import that, else for this machine."""
    folder = tmp_path_factory.mktemp("artifacts")
    # All of ours is handed on: a machine may reach its registry by a proxy or certificates named there.
    environment = os.environ | {"SAM_CLI_TELEMETRY": "0", "AWS_DEFAULT_REGION": "us-east-1"}
    here = f"{sys.version_info.major}.{sys.version_info.minor}"
    if (platform.system(), platform.machine(), here) != ("Linux", "x86_64", "3.11"):
        environment |= {"LAMBDA_PLATFORM": "", "LAMBDA_PYTHON": here}
    answer = subprocess.run(
        [root / ".venv-sam" / "bin" / "sam", "build", "--build-dir", folder],
        cwd=root,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert answer.returncode == 0, answer.stderr
    return folder


def test_every_function_of_the_template_is_looked_at(
    template: dict[str, dict[str, object]],
) -> None:
    kinds = {name: one["Type"] for name, one in template["Resources"].items()}  # type: ignore[index]  # a template is nested data
    assert set(FUNCTIONS) == {n for n, kind in kinds.items() if kind == "AWS::Serverless::Function"}


@pytest.mark.parametrize(("logical_id", "name"), FUNCTIONS.items())
def test_the_handler_imports_from_the_artifact_alone(
    built: Path, logical_id: str, name: str
) -> None:
    """No site-packages, no repository and no environment: only the standard library besides."""
    program = (
        f"import sys; sys.path.insert(0, {str(built / logical_id)!r});"
        f"from functions.{name}.handler import lambda_handler; assert callable(lambda_handler)"
    )
    answer = subprocess.run(
        [sys.executable, "-I", "-S", "-c", program],
        env={},
        cwd=built,
        capture_output=True,
        text=True,
        check=False,
    )
    assert answer.returncode == 0, answer.stderr


@pytest.mark.parametrize(("logical_id", "name"), FUNCTIONS.items())
def test_the_artifact_holds_its_function_and_shared_as_they_are(
    root: Path, built: Path, logical_id: str, name: str
) -> None:
    artifact = built / logical_id
    for folder in (f"functions/{name}", "shared"):
        assert _sources(artifact / folder) == _sources(root / folder)
    others = {path.name for path in (artifact / "functions").iterdir()}
    assert others - {"__pycache__"} == {"__init__.py", name}


@pytest.mark.parametrize("logical_id", FUNCTIONS)
def test_the_artifact_holds_the_locked_dependencies_and_nothing_besides(
    root: Path, built: Path, logical_id: str
) -> None:
    lock = (root / "requirements.lock").read_text()
    locked = {
        (_normal(name), version)
        for name, version in re.findall(r"^([\w.-]+)==([\w.]+)", lock, re.MULTILINE)
    }
    entries = {path.name for path in (built / logical_id).iterdir()}
    installed = {
        (_normal(name), version)
        for name, version in re.findall(r"^([\w.]+)-([\w.]+)\.dist-info$", "\n".join(entries), re.M)
    }
    assert installed == locked
    assert not entries & NOT_FOR_LAMBDA


@pytest.mark.parametrize("logical_id", FUNCTIONS)
def test_the_artifact_fits_lambda(built: Path, logical_id: str) -> None:
    files = [path for path in (built / logical_id).rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) < LAMBDA_LIMIT_BYTES


def _sources(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and "__pycache__" not in path.parts
    }


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
