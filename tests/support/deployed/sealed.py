"""Opens what is sealed in the grants table, as only the functions can: to know what must show nowhere."""

from __future__ import annotations

from local.stack import Stack
from shared.auth.data_keys import KmsDataKeys
from shared.auth.secret_bytes import SystemSecretBytes
from shared.auth.vault import EnvelopeVault
from shared.domain.grants import Grant
from shared.domain.ids import CompanyId, ConnectionKey, ProviderName
from shared.storage.dynamo.stores import dynamo_stores
from shared.storage.dynamo.tables import TableNames
from shared.system import SystemChance, SystemClock


def grant_of(stack: Stack, company_id: str) -> Grant:
    """The grant behind the company's connection as it is stored now."""
    session, where = stack.aws.session, stack.aws.endpoint_url
    dynamodb = session.client("dynamodb", endpoint_url=where, config=stack.aws.config)
    stores = dynamo_stores(
        TableNames(**stack.table_names), dynamodb, clock=SystemClock(), chance=SystemChance()
    )
    key = ConnectionKey(CompanyId(company_id), ProviderName("quickbooks"))
    connection = stores.connections.get(key)
    assert connection is not None
    grant = stores.grants.get(connection.grant_id)
    assert grant is not None
    return grant


def tokens_of(stack: Stack, company_id: str) -> tuple[str, str]:
    """The company's access and refresh token as they are stored now."""
    kms = stack.aws.session.client(
        "kms", endpoint_url=stack.aws.endpoint_url, config=stack.aws.config
    )
    vault = EnvelopeVault(
        KmsDataKeys(lambda: kms, stack.deployed.resources["TokenKey"]), SystemSecretBytes()
    )
    grant = grant_of(stack, company_id)
    pair = vault.open(grant.sealed_pair, grant.grant_id)
    return pair.access_token, pair.refresh_token
