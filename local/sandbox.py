"""The sandbox of the providers and of the sign-in issuer, as a child process, and its control calls."""

from __future__ import annotations

import json
import os
import sys
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from local import processes
from local.ports import HOST
from local.processes import Child
from local.trouble import LaunchFailed

NAME = "sandbox"
STATE_FILE = "sandbox.json"
AUDIENCE = "blueclerk-accounting-sync"
CONSOLE_CLIENT_ID = "blueclerk-console"
CONSOLE_CLIENT_SECRET = "console-secret"
CLIENT_ID, CLIENT_SECRET = "sandbox-client", "sandbox-secret"
_NO_PROXY = urllib.request.build_opener(urllib.request.ProxyHandler({}))
_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Sandbox:
    """`url` is its root; the providers, `/issuer` and `/control` lie below it."""

    url: str

    @property
    def issuer(self) -> str:
        return f"{self.url}/issuer"

    def quickbooks_settings(self) -> dict[str, str]:
        """What QUICKBOOKS_* are when the environment says nothing else."""
        base = f"{self.url}/quickbooks"
        return {
            "QUICKBOOKS_API_URL": base,
            "QUICKBOOKS_AUTHORIZE_URL": f"{base}/connect/oauth2",
            "QUICKBOOKS_TOKEN_URL": f"{base}/oauth2/v1/tokens/bearer",
            "QUICKBOOKS_REVOKE_URL": f"{base}/v2/oauth2/tokens/revoke",
            "QUICKBOOKS_CLIENT_ID": CLIENT_ID,
            "QUICKBOOKS_CLIENT_SECRET": CLIENT_SECRET,
        }

    def token(self, company_id: str, **options: object) -> str:
        """A bearer token of that company, good for an hour unless `expiresIn` says otherwise."""
        answer = self.control("issuer/token", {"companyId": company_id, **options})
        return str(answer["token"])

    def configure(self, settings: Mapping[str, object]) -> None:
        self.control("settings", dict(settings))

    def control(self, call: str, body: Mapping[str, object] | None = None) -> dict[str, Any]:
        """GET without a body, else POST. Raises `LaunchFailed` with what the sandbox answered."""
        request = urllib.request.Request(  # noqa: S310 # the address is ours, on loopback
            f"{self.url}/control/{call}",
            data=None if body is None else json.dumps(body).encode(),
            headers={"content-type": "application/json"},
        )
        try:
            with _NO_PROXY.open(request, timeout=_SECONDS) as answer:
                content: dict[str, Any] = json.load(answer)
        except urllib.error.HTTPError as error:
            said = error.read().decode("utf-8", "replace")
            raise LaunchFailed(f"the sandbox refused {call}: {said}") from None
        except OSError as error:
            raise LaunchFailed(f"the sandbox does not answer: {error}") from None
        return content


def start(data: Path, root: Path, port: int, generation: str) -> tuple[Child, Sandbox]:
    """Start it and wait until it answers. `data/sandbox` keeps its state between runs."""
    state = data / NAME
    state.mkdir(parents=True, exist_ok=True)
    child = processes.start(
        NAME,
        [
            *(sys.executable, "-m", "sandbox"),
            *("--port", str(port), "--data", str(state), "--generation", generation),
        ],
        environment={"PATH": os.environ.get("PATH", os.defpath), "PYTHONDONTWRITEBYTECODE": "1"},
        folder=data,
        working_folder=root,
    )
    sandbox = Sandbox(f"http://{HOST}:{port}")
    processes.wait_until_ready(child, lambda: _answers(sandbox))
    return child, sandbox


def _answers(sandbox: Sandbox) -> bool:
    try:
        return bool(sandbox.control("health")["ready"])
    except LaunchFailed:
        return False
