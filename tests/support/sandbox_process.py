"""The sandbox as a process of its own, for tests that talk to it over real sockets."""

import queue
import re
import subprocess
import sys
import threading
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

import httpx2

_ROOT = Path(__file__).resolve().parents[2]
_READY = re.compile(r"sandbox ready at (http://\S+) generation (\S+)")

CLIENT_ID = "sandbox-client"
CLIENT_SECRET = "sandbox-secret"
REDIRECT_URI = "http://127.0.0.1:9/callback"
CEDAR_RIDGE = "9130347596842384"
HARBOR = "9341453172908345127"
SCOPE = "com.intuit.quickbooks.accounting"


class SandboxProcess:
    """``with SandboxProcess() as sandbox:`` starts one on a free port and stops it at the end.

    ``url`` is its address; ``control`` speaks to ``/control``.
    """

    def __init__(self, *, data: Path | None = None, generation: str = "", port: int = 0) -> None:
        self._command = [sys.executable, "-m", "sandbox", "--port", str(port)]
        if data is not None:
            self._command += ["--data", str(data)]
        if generation:
            self._command += ["--generation", generation]
        self._process: subprocess.Popen[str] | None = None
        self._control: ControlClient | None = None
        self.url = ""
        self.generation = ""

    @property
    def quickbooks_url(self) -> str:
        return f"{self.url}/quickbooks"

    @property
    def issuer_url(self) -> str:
        return f"{self.url}/issuer"

    @property
    def control(self) -> "ControlClient":
        assert self._control is not None, "the sandbox is not running"
        return self._control

    def start(self, timeout: float = 20.0) -> Self:
        """Start, and return once it takes connections. Raises RuntimeError when it does not."""
        self._process = subprocess.Popen(
            self._command, cwd=_ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        ready = _READY.match(self._first_line(timeout))
        if ready is None:
            self.kill()
            raise RuntimeError(f"the sandbox did not start: {' '.join(self._command)}")
        self.url, self.generation = ready.groups()
        self._control = ControlClient(self.url)
        return self

    def stop(self, timeout: float = 10.0) -> int:
        """SIGTERM: it saves its state and ends. Returns the exit status."""
        return self._end("terminate", timeout)

    def kill(self) -> int:
        """SIGKILL: a crash."""
        return self._end("kill", 10.0)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def _end(self, how: str, timeout: float) -> int:
        if self._process is None:
            return 0
        process, self._process = self._process, None
        if self._control is not None:
            self._control.close()
            self._control = None
        getattr(process, how)()
        try:
            return process.wait(timeout)
        finally:
            if process.stdout is not None:
                process.stdout.close()

    def _first_line(self, timeout: float) -> str:
        lines: queue.Queue[str] = queue.Queue()
        process = self._process
        assert process is not None
        assert process.stdout is not None
        stdout = process.stdout

        def read_on() -> None:
            """Keep the pipe empty, so that the process never waits for its reader."""
            try:
                for line in stdout:
                    lines.put(line)
            except ValueError:
                return
            lines.put("")

        threading.Thread(target=read_on, daemon=True).start()
        try:
            return lines.get(timeout=timeout)
        except queue.Empty:
            return ""


def plain_client(**options: Any) -> httpx2.Client:
    """A client for loopback http; reading the machine's certificates would cost more than a whole test."""
    return httpx2.Client(verify=False, trust_env=False, timeout=10, **options)


class ControlClient:
    """One method per thing that tests do most; ``get``, ``post`` and ``delete`` for the rest."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._http = plain_client()

    def close(self) -> None:
        self._http.close()

    def get(self, path: str, **query: str | int) -> Any:
        return self._ask("GET", path, params=query)

    def post(self, path: str, body: dict[str, Any] | None = None) -> Any:
        return self._ask("POST", path, json=body or {})

    def delete(self, path: str) -> Any:
        return self._ask("DELETE", path)

    def reset(self) -> None:
        self.post("/reset")

    def settings(self, **quickbooks: Any) -> Any:
        """Change QuickBooks settings by their camelCase names."""
        return self.post("/settings", {"quickbooks": quickbooks})["quickbooks"]

    def fault(self, fault: str | dict[str, Any], **match: Any) -> None:
        """Add one rule: a fault type or object, and its match by camelCase names."""
        described = {"type": fault} if isinstance(fault, str) else fault
        self.post("/faults", {"rules": [{"fault": described, "match": match}]})

    def counters(self) -> Any:
        return self.get("/counters")

    def requests(self, **query: str | int) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.get("/requests", **query)["requests"]
        return found

    def rows(self, realm: str = CEDAR_RIDGE, entity: str = "Item") -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.get("/state", realm=realm)["companies"][realm][entity][
            "rows"
        ]
        return found

    def advance(self, seconds: float) -> None:
        self.post("/clock", {"advanceSeconds": seconds})

    def issuer_token(self, **order: Any) -> str:
        token: str = self.post("/issuer/token", order)["token"]
        return token

    def connect(self, realm: str = CEDAR_RIDGE, scope: str = SCOPE) -> dict[str, Any]:
        """Consent by script and exchange the code: the token answer of a new connection."""
        consent = self._http.post(
            f"{self._url}/quickbooks/connect/oauth2",
            data={
                "client_id": CLIENT_ID,
                "response_type": "code",
                "scope": scope,
                "redirect_uri": REDIRECT_URI,
                "state": "scripted",
                "company": realm,
            },
        )
        code = parse_qs(urlsplit(consent.headers["location"]).query)["code"][0]
        answer = self._http.post(
            f"{self._url}/quickbooks/oauth2/v1/tokens/bearer",
            data={"grant_type": "authorization_code", "code": code, "redirect_uri": REDIRECT_URI},
            auth=(CLIENT_ID, CLIENT_SECRET),
        )
        tokens: dict[str, Any] = answer.raise_for_status().json()
        return tokens

    def _ask(self, method: str, path: str, **given: Any) -> Any:
        answer = self._http.request(method, f"{self._url}/control{path}", **given)
        if answer.status_code != httpx2.codes.OK:
            raise AssertionError(f"control {method} {path}: {answer.text}")
        return answer.json()
