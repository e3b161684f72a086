"""The local AWS: ministack as a plain process on loopback, and clients that talk to nothing else.

Its settings answer the gaps measured in docs/adr (bound to loopback, MQTT and SFTP off, state saved on
a clean stop only, temporary folders below the data folder).
"""

from __future__ import annotations

import os
import shutil
import sys
import urllib.error
import urllib.request
from dataclasses import dataclass
from functools import cached_property
from http import HTTPStatus
from pathlib import Path

import boto3
import botocore.session
from botocore.config import Config

from local import processes
from local.ports import HOST
from local.processes import Child

REGION = "us-east-1"
NAME = "aws"
# Root of the emulator's account 000000000000.
_ACCESS_KEY = "test"
_NO_PROXY = urllib.request.build_opener(urllib.request.ProxyHandler({}))


@dataclass(frozen=True)
class LocalAws:
    """An address and clients for it, whatever the environment and ~/.aws say."""

    endpoint_url: str

    @cached_property
    def session(self) -> boto3.Session:
        nothing = (None, None, None, None)
        core = botocore.session.Session(
            session_vars={"profile": nothing, "config_file": (None, None, os.devnull, None)}
        )
        return boto3.Session(
            aws_access_key_id=_ACCESS_KEY,
            aws_secret_access_key=_ACCESS_KEY,
            region_name=REGION,
            botocore_session=core,
        )

    @cached_property
    def config(self) -> Config:
        return Config(
            proxies={}, retries={"total_max_attempts": 1}, s3={"addressing_style": "path"}
        )


def start(data: Path, port: int, *, enforce_policies: bool = True) -> tuple[Child, LocalAws]:
    """Start it and wait until it answers. `data/aws` keeps its state between runs.

    With `enforce_policies` functions act as their roles, so an action that a policy lacks is refused.
    """
    state, temporary = data / NAME, data / "tmp"
    state.mkdir(parents=True, exist_ok=True)
    shutil.rmtree(temporary, ignore_errors=True)  # unpacked functions of the run before
    temporary.mkdir()
    child = processes.start(
        NAME,
        [sys.executable, "-m", "ministack"],
        environment={
            **_environment(state, temporary, port),
            "AUTH": "true" if enforce_policies else "false",
        },
        folder=data,
        working_folder=state,
    )
    aws = LocalAws(f"http://{HOST}:{port}")
    processes.wait_until_ready(child, lambda: _answers(f"{aws.endpoint_url}/_ministack/ready"))
    return child, aws


def _environment(state: Path, temporary: Path, port: int) -> dict[str, str]:
    """Everything the functions inherit too, so nothing of the person's own environment but PATH."""
    return {
        "PATH": os.environ.get("PATH", os.defpath),
        "HOME": str(temporary),
        "TMPDIR": str(temporary),
        "AWS_DEFAULT_REGION": REGION,
        "MINISTACK_REGION": REGION,
        "GATEWAY_PORT": str(port),
        "BIND_HOST": HOST,
        "MINISTACK_HOST": HOST,
        "IOT_MTLS_ENABLED": "0",
        "SFTP_ENABLED": "0",
        "PERSIST_STATE": "1",
        "STATE_DIR": str(state),
        "LOG_LEVEL": "WARNING",
        "PYTHONDONTWRITEBYTECODE": "1",
    }


def _answers(url: str) -> bool:
    try:
        with _NO_PROXY.open(url, timeout=2) as answer:
            ready: bool = answer.status == HTTPStatus.OK
    except (urllib.error.URLError, OSError):
        return False
    return ready
