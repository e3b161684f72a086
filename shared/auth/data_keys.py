"""Where data keys come from: AWS KMS, or a fixed master key for tests, simulation and nothing else."""

from __future__ import annotations

import hmac
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from botocore.exceptions import BotoCoreError, ClientError

from shared.auth.secret_bytes import SecretBytes
from shared.auth.vault import DataKey, broken
from shared.domain.errors import StorageUnavailable
from shared.domain.ids import GrantId

if TYPE_CHECKING:
    from mypy_boto3_kms import KMSClient

Answer = TypeVar("Answer")

_SALT_BYTES = 16
# KMS answers these where bytes, context or master key do not belong together; all else is an
# outage or a setting, and the pair itself is whole.
_NOT_OURS = frozenset({"InvalidCiphertextException", "IncorrectKeyException"})


class KmsDataKeys:
    """Data keys under one KMS key; the encryption context is `{"grant_id": ...}`.

    `client` is asked for at the first use, so that a warm hand-out costs no client.
    """

    def __init__(self, client: Callable[[], KMSClient], key_id: str) -> None:
        self._client = client
        self._key_id = key_id

    def make(self, grant_id: GrantId) -> DataKey:
        answer = self._call(
            grant_id,
            lambda kms: kms.generate_data_key(
                KeyId=self._key_id, KeySpec="AES_256", EncryptionContext={"grant_id": grant_id}
            ),
        )
        return DataKey(clear=answer["Plaintext"], wrapped=answer["CiphertextBlob"])

    def unwrap(self, wrapped: bytes, grant_id: GrantId) -> bytes:
        answer = self._call(
            grant_id,
            lambda kms: kms.decrypt(
                KeyId=self._key_id,
                CiphertextBlob=wrapped,
                EncryptionContext={"grant_id": grant_id},
            ),
        )
        return answer["Plaintext"]

    def _call(self, grant_id: GrantId, call: Callable[[KMSClient], Answer]) -> Answer:
        try:
            return call(self._client())
        except ClientError as error:
            code = error.response.get("Error", {}).get("Code", "")
            if code in _NOT_OURS:
                raise broken(grant_id) from None
            raise StorageUnavailable(f"grant {grant_id}: the key service answered {code}") from None
        except BotoCoreError as error:
            name = type(error).__name__
            raise StorageUnavailable(
                f"grant {grant_id}: no answer of the key service ({name})"
            ) from None


class LocalDataKeys:
    """Data keys derived from a fixed master key, the grant id and a salt; the salt is the wrapped key."""

    def __init__(self, master: bytes, secret_bytes: SecretBytes) -> None:
        self._master = master
        self._secret_bytes = secret_bytes

    def make(self, grant_id: GrantId) -> DataKey:
        salt = self._secret_bytes.take(_SALT_BYTES)
        return DataKey(clear=self.unwrap(salt, grant_id), wrapped=salt)

    def unwrap(self, wrapped: bytes, grant_id: GrantId) -> bytes:
        return hmac.digest(self._master, wrapped + grant_id.encode(), "sha256")
