"""`ConnectionStore` in memory."""

from __future__ import annotations

from collections.abc import Sequence

from shared.domain.connections import Connection
from shared.domain.ids import CompanyId, ConnectionKey, ProviderName, RemoteCompanyId
from shared.storage.keys import join, require_next_version
from shared.storage.memory.table import Lock, Table


class MemoryConnections:
    def __init__(self, lock: Lock) -> None:
        self._lock = lock
        self._connections: Table[Connection] = Table()
        self._owners: dict[tuple[ProviderName, RemoteCompanyId], CompanyId] = {}

    def get(self, key: ConnectionKey) -> Connection | None:
        with self._lock:
            return self._connections.get(join("connection", key.company_id), key.provider)

    def of_company(self, company_id: CompanyId) -> Sequence[Connection]:
        with self._lock:
            return tuple(self._connections.rows(join("connection", company_id)))

    def save(self, connection: Connection) -> bool:
        require_next_version(connection.version)
        pk, sk = join("connection", connection.key.company_id), connection.key.provider
        with self._lock:
            stored = self._connections.get(pk, sk)
            if (stored.version if stored else 0) != connection.version - 1:
                return False
            self._connections.put(pk, sk, connection)
            return True

    def claim_remote_company(
        self, provider: ProviderName, remote_company_id: RemoteCompanyId, company_id: CompanyId
    ) -> CompanyId:
        with self._lock:
            return self._owners.setdefault((provider, remote_company_id), company_id)

    def owner_of_remote_company(
        self, provider: ProviderName, remote_company_id: RemoteCompanyId
    ) -> CompanyId | None:
        with self._lock:
            return self._owners.get((provider, remote_company_id))

    def release_remote_company(
        self, provider: ProviderName, remote_company_id: RemoteCompanyId, company_id: CompanyId
    ) -> None:
        with self._lock:
            if self._owners.get((provider, remote_company_id)) == company_id:
                del self._owners[provider, remote_company_id]
