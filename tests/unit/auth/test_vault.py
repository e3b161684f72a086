"""Sealed token pairs: open for their own grant, not at all once touched, and show nothing."""

from __future__ import annotations

import traceback

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError
from hypothesis import given
from hypothesis import strategies as st

from shared.auth.data_keys import KmsDataKeys, LocalDataKeys
from shared.auth.secret_bytes import SystemSecretBytes, url_safe
from shared.auth.vault import DataKey, EnvelopeVault
from shared.domain.errors import SealBroken, StorageUnavailable
from shared.domain.grants import TokenPair
from shared.domain.ids import GrantId
from shared.providers.base import IssuedTokens

PAIR = TokenPair("access-secret-é", "refresh-secret-" + "x" * 5000)
GRANT = GrantId("grant-1")
OTHER = GrantId("grant-2")


class FakeKms:
    """KMS as far as the vault cares: a key wrapped under a context opens under that context only."""

    def __init__(self) -> None:
        self.wrapped: dict[bytes, tuple[str, dict[str, str], bytes]] = {}
        self.failure: Exception | None = None

    def generate_data_key(self, **request):
        self._fail()
        assert request["KeySpec"] == "AES_256"
        clear = SystemSecretBytes().take(32)
        blob = b"wrapped-%d" % len(self.wrapped)
        self.wrapped[blob] = (request["KeyId"], request["EncryptionContext"], clear)
        return {"Plaintext": clear, "CiphertextBlob": blob}

    def decrypt(self, **request):
        self._fail()
        key_id, context, clear = self.wrapped.get(request["CiphertextBlob"], ("", {}, b""))
        if (key_id, context) != (request["KeyId"], request["EncryptionContext"]):
            raise kms_error("InvalidCiphertextException")
        return {"Plaintext": clear}

    def _fail(self) -> None:
        if self.failure:
            raise self.failure


def kms_error(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "secret?"}}, "Decrypt")


@pytest.fixture
def kms() -> FakeKms:
    return FakeKms()


@pytest.fixture(params=["kms", "local"])
def vault(request, kms) -> EnvelopeVault:
    secret_bytes = SystemSecretBytes()
    if request.param == "kms":
        return EnvelopeVault(KmsDataKeys(lambda: kms, "alias/tokens"), secret_bytes)
    return EnvelopeVault(LocalDataKeys(b"master", secret_bytes), secret_bytes)


def test_a_pair_comes_out_as_it_went_in(vault):
    assert vault.open(vault.seal(PAIR, GRANT), GRANT) == PAIR


def test_the_blob_begins_with_its_version_and_carries_no_token(vault):
    blob = vault.seal(PAIR, GRANT)

    assert blob[0] == 1
    assert b"secret" not in blob


def test_two_blobs_of_one_pair_have_nothing_in_common(vault):
    first, second = vault.seal(PAIR, GRANT), vault.seal(PAIR, GRANT)

    assert first[-64:] != second[-64:]


def test_a_blob_does_not_open_for_another_grant(vault):
    blob = vault.seal(PAIR, GRANT)

    with pytest.raises(SealBroken):
        vault.open(blob, OTHER)


def test_a_wrapped_key_moved_to_another_grants_blob_does_not_help(kms):
    """The grant id is bound twice: as KMS context and as associated data."""

    class ForgetfulKms(FakeKms):
        def decrypt(self, **request):
            return {"Plaintext": self.wrapped[request["CiphertextBlob"]][2]}

    forgetful = ForgetfulKms()
    vault = EnvelopeVault(KmsDataKeys(lambda: forgetful, "k"), SystemSecretBytes())
    blob = vault.seal(PAIR, GRANT)

    with pytest.raises(SealBroken):
        vault.open(blob, OTHER)


def test_no_single_changed_byte_opens(vault):
    blob = vault.seal(TokenPair("a", "r"), GRANT)

    for place in range(len(blob)):
        changed = blob[:place] + bytes([blob[place] ^ 1]) + blob[place + 1 :]
        with pytest.raises(SealBroken):
            vault.open(changed, GRANT)


def test_no_part_of_a_blob_opens(vault):
    blob = vault.seal(TokenPair("a", "r"), GRANT)

    for length in range(len(blob)):
        with pytest.raises(SealBroken):
            vault.open(blob[:length], GRANT)


@given(st.binary(max_size=200))
def test_no_rubbish_opens(rubbish):
    secret_bytes = SystemSecretBytes()
    vault = EnvelopeVault(LocalDataKeys(b"master", secret_bytes), secret_bytes)

    with pytest.raises(SealBroken):
        vault.open(rubbish, GRANT)


def test_a_refusal_shows_nothing_of_what_was_sealed(vault):
    blob = vault.seal(PAIR, GRANT)

    with pytest.raises(SealBroken) as raised:
        vault.open(blob, OTHER)

    shown = "".join(traceback.format_exception(raised.value))
    assert "secret" not in shown
    assert raised.value.__suppress_context__
    assert str(raised.value) == "grant grant-2: the sealed token pair does not open"


@pytest.mark.parametrize(
    "failure",
    [
        kms_error("ThrottlingException"),
        kms_error("AccessDeniedException"),
        kms_error("DisabledException"),
        EndpointConnectionError(endpoint_url="https://kms.example"),
    ],
)
def test_a_key_service_that_does_not_serve_is_not_a_broken_seal(kms, failure):
    """The pair itself is whole: waiting or a setting cures it, reconnecting would not be needed."""
    vault = EnvelopeVault(KmsDataKeys(lambda: kms, "k"), SystemSecretBytes())
    blob = vault.seal(PAIR, GRANT)
    kms.failure = failure

    with pytest.raises(StorageUnavailable):
        vault.open(blob, GRANT)
    with pytest.raises(StorageUnavailable):
        vault.seal(PAIR, GRANT)


def test_a_sealer_needs_the_key_service_no_more(kms):
    vault = EnvelopeVault(KmsDataKeys(lambda: kms, "k"), SystemSecretBytes())
    seal = vault.sealer(GRANT)
    kms.failure = kms_error("ThrottlingException")

    blob = seal(PAIR)

    kms.failure = None
    assert vault.open(blob, GRANT) == PAIR


@pytest.mark.parametrize(
    "holder",
    [
        PAIR,
        IssuedTokens("access-secret", "refresh-secret", 1.0, None),
        DataKey(b"secret", b"secret"),
    ],
)
def test_what_holds_a_secret_never_shows_it(holder):
    assert "secret" not in repr(holder)
    assert "secret" not in str(holder)
    assert "secret" not in f"{[holder]}"


def test_url_safe_secrets_are_long_enough_for_pkce():
    secret = url_safe(SystemSecretBytes().take(32))

    assert len(secret) == 43
    assert set(secret) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")
