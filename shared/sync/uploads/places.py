"""Where an import's file lies: below its company's own prefix."""

from __future__ import annotations

from urllib.parse import quote, unquote

from shared.domain.ids import CompanyId

_PREFIX = "imports"


def key_of(company_id: CompanyId, import_id: str) -> str:
    """Escaped, so that no company's prefix lies within another's."""
    return "/".join((_PREFIX, quote(company_id, safe=""), import_id))


def owner_of(key: str) -> tuple[CompanyId, str]:
    """What `key_of` was given. Raises `ValueError` for another key."""
    prefix, company, import_id = key.split("/")
    if prefix != _PREFIX or not company or not import_id:
        raise ValueError("this is no key of an import's file")
    return CompanyId(unquote(company)), import_id
