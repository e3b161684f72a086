"""Starts the local AWS (ministack) for tests, on a free loopback port, with nothing left behind.

It runs as a process of its own with a cleaned environment: what the developer has configured for the
real AWS (profiles, endpoints, proxies) must not reach it, and it must not open the ports that it
would open by default on every interface.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from local import ports

if TYPE_CHECKING:
    from collections.abc import Mapping

REGION = "us-east-1"
ACCESS_KEY = "000000000001"
"""The emulator takes the access key for the account id."""

_READY_WITHIN = 30.0
_STOP_WITHIN = 15.0
_KEPT = ("PATH", "HOME", "LANG", "LC_ALL", "SYSTEMROOT", "VIRTUAL_ENV")


class LocalAws:
    """One running emulator; a context manager. State is in memory and dies with it."""

    def __init__(self, extra_environment: Mapping[str, str] | None = None) -> None:
        self._extra = dict(extra_environment or {})
        self._process: subprocess.Popen[bytes] | None = None
        self._folder: Path | None = None
        self._held = ExitStack()
        self.endpoint_url = ""

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Returns when it answers. Raises RuntimeError with its last output when it does not."""
        self._folder = Path(tempfile.mkdtemp(prefix="local-aws-"))
        port = ports.any_free(self._held)
        self.endpoint_url = f"http://{ports.HOST}:{port}"
        environment = {name: os.environ[name] for name in _KEPT if name in os.environ}
        environment |= {
            "GATEWAY_PORT": str(port),
            "BIND_HOST": ports.HOST,
            "MINISTACK_HOST": ports.HOST,
            "MINISTACK_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_ACCESS_KEY_ID": ACCESS_KEY,
            "AWS_SECRET_ACCESS_KEY": "local",
            "IOT_MTLS_ENABLED": "0",
            "SFTP_ENABLED": "0",
            "TMPDIR": str(self._folder),
            **self._extra,
        }
        with (self._folder / "output.log").open("wb") as output:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "ministack"],
                env=environment,
                cwd=self._folder,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        give_up_at = time.monotonic() + _READY_WITHIN
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > give_up_at:
                tail = self.output()[-2000:]
                self.stop()
                raise RuntimeError(f"the local AWS did not start: {tail}")
            time.sleep(0.05)

    def output(self) -> str:
        """What it has printed so far."""
        if self._folder is None:
            return ""
        return (self._folder / "output.log").read_text(errors="replace")

    def stop(self) -> None:
        """Stops it and removes its folder; safe to call twice."""
        if self._process is not None:
            self._process.terminate()
            try:
                self._process.wait(_STOP_WITHIN)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
            self._process = None
        self._held.close()
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)
            self._folder = None

    def _answers(self) -> bool:
        try:
            with urllib.request.urlopen(  # noqa: S310 - a fixed loopback address
                f"{self.endpoint_url}/_ministack/ready", timeout=2
            ) as answer:
                return bool(answer.status == 200)
        except (urllib.error.URLError, OSError):
            return False
