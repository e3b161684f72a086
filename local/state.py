"""What a data folder holds between launches, and whether it can be gone on from.

    generation      one id for the state of both the local AWS and the sandbox
    ports.json      so that addresses stay the same
    aws/ sandbox/   their state; aws/clean says that it was saved whole, and of which generation
    stack.json      addresses and a token, for whoever wants to use the running suite

The emulator saves on a clean stop only. So where either state is missing or was not saved whole, both
start anew: the books of one and the links of the other would not belong together.
"""

from __future__ import annotations

import secrets
import shutil
from dataclasses import dataclass
from pathlib import Path

from local import aws, sandbox
from local.files import read_json, write_json, write_private


@dataclass(frozen=True, slots=True)
class DataFolder:
    path: Path

    def generation(self) -> tuple[str, bool]:
        """The generation to go on with, and whether it is a new one (the old state is gone then).

        Takes the mark of the clean stop away: it holds again only after the next one.
        """
        known = _text(self.path / "generation")
        whole = known and _text(self._clean) == known and self._sandbox_state.exists()
        self._clean.unlink(missing_ok=True)
        if whole:
            return known, False
        for name in (aws.NAME, sandbox.NAME):
            shutil.rmtree(self.path / name, ignore_errors=True)
        fresh = secrets.token_hex(8)
        write_private(self.path / "generation", fresh)
        return fresh, True

    def aws_stopped_clean(self) -> None:
        write_private(self._clean, _text(self.path / "generation"))

    def ports(self) -> dict[str, int]:
        return {
            name: port
            for name, port in read_json(self.path / "ports.json").items()
            if isinstance(port, int)
        }

    def remember_ports(self, ports: dict[str, int]) -> None:
        write_json(self.path / "ports.json", ports)

    def tell(self, stack: dict[str, object]) -> None:
        """Write stack.json, whole at once: others read it while it changes."""
        write_json(self.stack_file, stack)

    def untell(self) -> None:
        self.stack_file.unlink(missing_ok=True)

    @property
    def stack_file(self) -> Path:
        return self.path / "stack.json"

    @property
    def _clean(self) -> Path:
        return self.path / aws.NAME / "clean"

    @property
    def _sandbox_state(self) -> Path:
        return self.path / sandbox.NAME / sandbox.STATE_FILE


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8").strip()
    except OSError:
        return ""
