"""The whole sandbox: its clock, its providers, its issuer, and one file that outlives the process."""

import os
import secrets
from pathlib import Path

from sandbox.clock import Clock
from sandbox.issuer.state import IssuerState
from sandbox.jsontext import InvalidJson, JsonObject, as_object, dumps, loads
from sandbox.quickbooks.state import QuickBooksState

FORMAT = 2
_FILE = "sandbox.json"


class SandboxState:
    """``base_url`` is the address that clients use: it stands in discovery documents and in ``iss``."""

    def __init__(self, base_url: str, generation: str = "") -> None:
        self.base_url = base_url
        self.generation = generation or secrets.token_hex(8)
        self.loaded = False
        self.clock = Clock()
        self.quickbooks = QuickBooksState(self.clock)
        self.issuer = IssuerState(self.clock, f"{base_url}/issuer")

    def reset(self) -> None:
        """Everything anew but the generation and the signing keys."""
        self.clock.shift_seconds = 0.0
        self.quickbooks.reset()
        self.issuer.reset()

    def save(self, folder: Path) -> None:
        """Write the state, atomically: a reader finds the old file or the new one, never half of one."""
        folder.mkdir(parents=True, exist_ok=True)
        draft = folder / f"{_FILE}.{os.getpid()}"
        draft.write_text(dumps(self._dump()), encoding="utf-8")
        draft.replace(folder / _FILE)

    def _dump(self) -> JsonObject:
        return {
            "format": FORMAT,
            "generation": self.generation,
            "clockShiftSeconds": str(self.clock.shift_seconds),
            "quickbooks": self.quickbooks.dump(),
            "issuer": self.issuer.dump(),
        }


def start(base_url: str, folder: Path | None, generation: str) -> SandboxState:
    """The saved state when it is of the wanted generation (or none is wanted), else a new one.

    The file is taken away when it is loaded: after a crash the next start finds none and begins anew,
    which ``/control/health`` tells, instead of going on from a state that is out of date.
    """
    state = SandboxState(base_url, generation)
    saved = _read(folder / _FILE) if folder is not None else None
    if folder is None or saved is None or (generation and saved.get("generation") != generation):
        return state
    state.generation = str(saved["generation"])
    state.clock.advance(float(str(saved["clockShiftSeconds"])))
    state.quickbooks.load(as_object(saved["quickbooks"]))
    state.issuer.load(as_object(saved["issuer"]))
    state.loaded = True
    (folder / _FILE).unlink()
    return state


def _read(path: Path) -> JsonObject | None:
    """The saved state; None when there is none, or none that this version can read."""
    try:
        saved = as_object(loads(path.read_bytes()))
    except (FileNotFoundError, InvalidJson):
        return None
    return saved if saved.get("format") == FORMAT else None
