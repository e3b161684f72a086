"""What a worker of uploaded files is woken by: the store's note that a file came, or our own message."""

from __future__ import annotations

import json
from collections.abc import Iterator
from urllib.parse import unquote_plus

from shared.domain.ids import CompanyId
from shared.sync.uploads.places import owner_of


def written(company_id: CompanyId, import_id: str) -> str:
    return json.dumps({"companyId": company_id, "importId": import_id})


def imports_named(body: str) -> Iterator[tuple[CompanyId, str]]:
    """Raises `ValueError` for a message that names none (as the store's own test message does).

    https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html: the key is
    URL-encoded, blanks as `+`.
    """
    try:
        given = json.loads(body)
        if "Records" in given:
            for record in given["Records"]:
                yield owner_of(unquote_plus(record["s3"]["object"]["key"]))
            return
        company_id, import_id = given["companyId"], given["importId"]
    except (AttributeError, KeyError, TypeError):
        raise ValueError("the message names no import") from None
    if not all(isinstance(each, str) and each for each in (company_id, import_id)):
        raise ValueError("the message names no import")
    yield CompanyId(company_id), import_id
