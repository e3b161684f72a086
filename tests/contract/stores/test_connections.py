"""What every `ConnectionStore` promises."""

from __future__ import annotations

import pytest

from shared.domain.connections import Connection, ConnectionSettings, ConnectionState
from shared.domain.ids import CompanyId, ConnectionKey, ProviderName, RemoteCompanyId
from shared.storage.ports import Stores
from tests.contract.stores.builders import (
    COMPANY,
    CONNECTION,
    OTHER_COMPANY,
    QUICKBOOKS,
    REALM,
    connection,
)


class TestConnections:
    @pytest.mark.parametrize(
        "saved",
        [
            connection(),
            connection(connected_at=None, settings=ConnectionSettings(), correlation_id=""),
            connection(state=ConnectionState.NEEDS_REAUTH),
        ],
    )
    def test_a_connection_comes_back_as_it_was_saved(
        self, stores: Stores, saved: Connection
    ) -> None:
        assert stores.connections.save(saved)
        assert stores.connections.get(CONNECTION) == saved

    @pytest.mark.parametrize(("stored", "offered"), [(0, 2), (1, 1), (1, 3), (2, 1)])
    def test_a_save_needs_the_version_before_it(
        self, stores: Stores, stored: int, offered: int
    ) -> None:
        for version in range(1, stored + 1):
            assert stores.connections.save(connection(version=version))
        late = connection(version=offered, state=ConnectionState.DISCONNECTED)
        assert not stores.connections.save(late)
        found = stores.connections.get(CONNECTION)
        assert (found.version if found else 0) == stored

    def test_version_zero_is_a_mistake(self, stores: Stores) -> None:
        with pytest.raises(ValueError, match="version"):
            stores.connections.save(connection(version=0))

    def test_a_company_has_its_own_connections_by_provider(self, stores: Stores) -> None:
        for company, provider in (
            (COMPANY, "xero"),
            (COMPANY, "freshbooks"),
            (OTHER_COMPANY, "wave"),
        ):
            key = ConnectionKey(company, ProviderName(provider))
            assert stores.connections.save(connection(key))
        found = stores.connections.of_company(COMPANY)
        assert [one.key.provider for one in found] == ["freshbooks", "xero"]
        assert stores.connections.of_company(CompanyId("nobody")) == ()

    def test_ids_are_never_parsed(self, stores: Stores) -> None:
        stores.connections.save(connection(ConnectionKey(CompanyId("a#b"), ProviderName("c"))))
        assert stores.connections.get(ConnectionKey(CompanyId("a"), ProviderName("b#c"))) is None
        assert stores.connections.get(CONNECTION) is None


class TestRemoteCompanies:
    def test_one_remote_company_serves_one_company(self, stores: Stores) -> None:
        claim = stores.connections.claim_remote_company
        assert claim(QUICKBOOKS, REALM, COMPANY) == COMPANY
        assert claim(QUICKBOOKS, REALM, OTHER_COMPANY) == COMPANY
        assert claim(QUICKBOOKS, REALM, COMPANY) == COMPANY
        assert claim(ProviderName("xero"), REALM, OTHER_COMPANY) == OTHER_COMPANY
        assert claim(QUICKBOOKS, RemoteCompanyId("other"), OTHER_COMPANY) == OTHER_COMPANY

    def test_only_its_company_can_release_it(self, stores: Stores) -> None:
        claim = stores.connections.claim_remote_company
        release = stores.connections.release_remote_company
        release(QUICKBOOKS, REALM, COMPANY)
        claim(QUICKBOOKS, REALM, COMPANY)
        release(QUICKBOOKS, REALM, OTHER_COMPANY)
        assert claim(QUICKBOOKS, REALM, OTHER_COMPANY) == COMPANY
        release(QUICKBOOKS, REALM, COMPANY)
        assert claim(QUICKBOOKS, REALM, OTHER_COMPANY) == OTHER_COMPANY

    def test_whose_it_is_can_be_asked_without_claiming_it(self, stores: Stores) -> None:
        owner = stores.connections.owner_of_remote_company
        assert owner(QUICKBOOKS, REALM) is None
        stores.connections.claim_remote_company(QUICKBOOKS, REALM, COMPANY)
        assert owner(QUICKBOOKS, REALM) == COMPANY
        assert owner(ProviderName("xero"), REALM) is None
        stores.connections.release_remote_company(QUICKBOOKS, REALM, COMPANY)
        assert owner(QUICKBOOKS, REALM) is None
