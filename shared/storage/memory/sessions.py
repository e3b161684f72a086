"""`SessionStore` in memory."""

from __future__ import annotations

from shared.storage.auth_ports import Session
from shared.storage.memory.table import Lock


class MemorySessions:
    def __init__(self, lock: Lock) -> None:
        self._lock = lock
        self._sessions: dict[str, Session] = {}

    def put(self, session: Session) -> None:
        with self._lock:
            self._sessions[session.session_id] = session

    def get(self, session_id: str) -> Session | None:
        with self._lock:
            return self._sessions.get(session_id)

    def remove(self, session_id: str) -> None:
        with self._lock:
            self._sessions.pop(session_id, None)
