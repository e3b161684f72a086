"""What every `FileStore` promises: in memory and over S3."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import TYPE_CHECKING

import boto3
import httpx2
import pytest

from local import ports
from shared.domain.errors import StorageUnavailable
from shared.storage.file_ports import FileChanged, FileStore, UploadForm
from shared.storage.memory.files import MemoryFiles
from shared.storage.s3_files import S3Files, client_config
from tests.support.local_aws import ACCESS_KEY, REGION, LocalAws

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

BUCKET = "uploads-of-a-test"
KEY = "imports/company%231/one"


def s3_at(endpoint_url: str) -> S3Client:
    return boto3.client(
        "s3",
        endpoint_url=endpoint_url,
        region_name=REGION,
        aws_access_key_id=ACCESS_KEY,
        aws_secret_access_key="local",
        config=client_config(),
    )


@pytest.fixture(scope="module")
def s3() -> Iterator[S3Client]:
    with LocalAws() as aws:
        client = s3_at(aws.endpoint_url)
        client.create_bucket(Bucket=BUCKET)
        yield client
        client.close()


@pytest.fixture
def s3_files(s3: S3Client) -> S3Files:
    for one in s3.list_objects_v2(Bucket=BUCKET).get("Contents", []):
        s3.delete_object(Bucket=BUCKET, Key=one["Key"])
    return S3Files(lambda: s3, BUCKET)


@pytest.fixture(params=["memory", "s3"])
def files(request: pytest.FixtureRequest) -> FileStore:
    if request.param == "memory":
        return MemoryFiles()
    found: S3Files = request.getfixturevalue("s3_files")
    return found


def send(form: UploadForm, content: bytes, **changes: str) -> httpx2.Response:
    """As a browser does it."""
    with httpx2.Client(trust_env=False) as client:
        return client.post(
            form.url, data={**form.fields, **changes}, files={"file": ("x.csv", content)}
        )


Upload = Callable[[str, bytes], None]


@pytest.fixture
def upload(files: FileStore) -> Upload:
    def uploaded(key: str, content: bytes) -> None:
        form = files.upload_form(key, most_bytes=1000, seconds=60)
        if isinstance(files, MemoryFiles):
            files.put(form.fields["key"], content)
            return
        answer = send(form, content)
        assert answer.status_code == 204, answer.text

    return uploaded


def test_what_is_uploaded_is_there_under_its_key_and_no_other(
    files: FileStore, upload: Upload
) -> None:
    assert files.head(KEY) is None
    upload(KEY, b"0123456789")
    stored = files.head(KEY)
    assert stored is not None
    assert stored.size == 10
    assert files.head("imports/company") is None
    assert files.head("imports/company#1/one") is None


def test_it_is_read_in_parts_to_its_end(files: FileStore, upload: Upload) -> None:
    upload(KEY, b"0123456789")
    stored = files.head(KEY)
    assert stored is not None
    assert files.read(KEY, stored.version, 0, 4) == b"0123"
    assert files.read(KEY, stored.version, 4, 4) == b"4567"
    assert files.read(KEY, stored.version, 8, 4) == b"89"
    assert files.read(KEY, stored.version, 10, 4) == b""
    assert files.read(KEY, stored.version, 99, 4) == b""


def test_an_empty_file_is_a_file(files: FileStore, upload: Upload) -> None:
    upload(KEY, b"")
    stored = files.head(KEY)
    assert stored is not None
    assert stored.size == 0
    assert files.read(KEY, stored.version, 0, 4) == b""


def test_another_content_is_another_version_and_is_not_read_for_the_first(
    files: FileStore, upload: Upload
) -> None:
    upload(KEY, b"first")
    first = files.head(KEY)
    upload(KEY, b"other")
    second = files.head(KEY)
    assert first is not None
    assert second is not None
    assert first.version != second.version
    with pytest.raises(FileChanged):
        files.read(KEY, first.version, 0, 4)
    assert files.read(KEY, second.version, 0, 9) == b"other"


def test_the_same_content_again_is_the_same_version(files: FileStore, upload: Upload) -> None:
    upload(KEY, b"same")
    first = files.head(KEY)
    upload(KEY, b"same")
    assert files.head(KEY) == first


def test_what_is_not_there_is_not_read(files: FileStore) -> None:
    with pytest.raises(FileChanged):
        files.read(KEY, '"00"', 0, 4)


def test_the_form_takes_no_larger_file_and_no_other_key(s3_files: S3Files) -> None:
    form = s3_files.upload_form(KEY, most_bytes=10, seconds=60)
    assert send(form, b"x" * 11).status_code == 400
    assert send(form, b"x", key="imports/company-2/one").status_code == 403
    assert s3_files.head(KEY) is None
    assert s3_files.head("imports/company-2/one") is None
    assert send(form, b"x" * 10).status_code == 204


def test_the_form_is_signed_as_every_region_takes_it(s3_files: S3Files) -> None:
    form = s3_files.upload_form(KEY, most_bytes=10, seconds=60)
    assert form.fields["x-amz-algorithm"] == "AWS4-HMAC-SHA256"
    client = boto3.client(
        "s3",
        region_name="eu-central-1",
        endpoint_url=None,
        aws_access_key_id="a",
        aws_secret_access_key="b",
        config=client_config(),
    )
    abroad = S3Files(lambda: client, BUCKET).upload_form(KEY, most_bytes=10, seconds=60)
    assert abroad.url == f"https://{BUCKET}.s3.eu-central-1.amazonaws.com/"
    client.close()


def test_the_form_expires(s3_files: S3Files) -> None:
    form = s3_files.upload_form(KEY, most_bytes=10, seconds=1)
    time.sleep(2.1)  # the store's own clock says when it has expired, in whole seconds
    assert send(form, b"x").status_code == 403
    assert s3_files.head(KEY) is None


def test_a_store_that_does_not_answer_is_said_to_be_away() -> None:
    with ExitStack() as held:
        client = s3_at(f"http://{ports.HOST}:{ports.any_free(held)}")
        files = S3Files(lambda: client, BUCKET)
        with pytest.raises(StorageUnavailable, match="head_object"):
            files.head(KEY)
        with pytest.raises(StorageUnavailable, match="get_object"):
            files.read(KEY, '"00"', 0, 4)
    client.close()


def test_a_bucket_that_may_not_be_read_is_no_missing_file(s3: S3Client) -> None:
    files = S3Files(lambda: s3, "no-such-bucket")
    with pytest.raises(StorageUnavailable, match="NoSuchBucket"):
        files.read(KEY, '"00"', 0, 4)
