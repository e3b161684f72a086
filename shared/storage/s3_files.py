"""`FileStore` over one S3 bucket. The client is made on first use and signs with SigV4 (`client_config`)."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from shared.domain.errors import StorageUnavailable
from shared.domain.file_imports import StoredFile
from shared.storage.file_ports import FileChanged, UploadForm

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_PAST_THE_END: Final = {"InvalidRange", "416"}
_ANOTHER_NOW: Final = {"PreconditionFailed", "412", "NoSuchKey", "404"}


def client_config() -> Config:
    """Buckets are addressed in their own region: the global name redirects, which a form cannot follow."""
    return Config(
        signature_version="s3v4",
        s3={"addressing_style": "virtual"},
        connect_timeout=3,
        read_timeout=10,
        retries={"mode": "standard", "total_max_attempts": 3},
    )


class S3Files:
    """`version` is the ETag, on which each read is conditional."""

    def __init__(self, client: Callable[[], S3Client], bucket: str) -> None:
        self._client = client
        self._bucket = bucket

    def upload_form(self, key: str, *, most_bytes: int, seconds: int) -> UploadForm:
        """A presigned POST: S3 itself holds whoever sends it to the key, the length and the time.

        https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-HTTPPOSTConstructPolicy.html
        """
        try:
            form = self._client().generate_presigned_post(
                self._bucket,
                key,
                Conditions=[["content-length-range", 0, most_bytes]],
                ExpiresIn=seconds,
            )
        except BotoCoreError as error:
            raise _unavailable("generate_presigned_post", error) from None
        return UploadForm(form["url"], form["fields"])

    def head(self, key: str) -> StoredFile | None:
        try:
            answer = self._client().head_object(Bucket=self._bucket, Key=key)
        except ClientError as error:
            if _code(error) in _ANOTHER_NOW:
                return None
            raise _unavailable("head_object", error) from None
        except BotoCoreError as error:
            raise _unavailable("head_object", error) from None
        return StoredFile(answer["ContentLength"], answer["ETag"])

    def read(self, key: str, version: str, offset: int, length: int) -> bytes:
        try:
            answer = self._client().get_object(
                Bucket=self._bucket,
                Key=key,
                IfMatch=version,
                Range=f"bytes={offset}-{offset + length - 1}",
            )
            return answer["Body"].read()
        except ClientError as error:
            if _code(error) in _PAST_THE_END:
                return b""
            if _code(error) in _ANOTHER_NOW:
                raise FileChanged from None
            raise _unavailable("get_object", error) from None
        except BotoCoreError as error:
            raise _unavailable("get_object", error) from None


def _code(error: ClientError) -> str:
    return error.response.get("Error", {}).get("Code", "")


def _unavailable(operation: str, error: Exception) -> StorageUnavailable:
    why = _code(error) if isinstance(error, ClientError) else type(error).__name__
    return StorageUnavailable(f"{operation} of an uploaded file failed ({why})", after=1.0)
