"""The stylesheet and the modules, under an address that changes with their content."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path
from typing import Final

from fastapi import APIRouter
from starlette.responses import Response

from shared.domain.errors import NotFound
from shared.domain.runs import Problem

router = APIRouter(include_in_schema=False)

_FOLDER: Final = Path(__file__).parent / "static"
_TYPES: Final = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
_FOR_EVER: Final = "public, max-age=31536000, immutable"


@cache
def files() -> dict[str, bytes]:
    """Name to content, read once per container."""
    return {
        path.name: path.read_bytes() for path in sorted(_FOLDER.iterdir()) if path.suffix in _TYPES
    }


@cache
def our_version() -> str:
    """Of all files together: modules import each other by relative addresses."""
    digest = hashlib.sha256()
    for name, content in files().items():
        digest.update(name.encode() + b"\0" + content)
    return digest.hexdigest()[:16]


def address(name: str) -> str:
    return f"/console/static/{our_version()}/{name}"


@router.get("/console/static/{version}/{name}")
def get_file(version: str, name: str) -> Response:
    """Whatever version is asked for: a page that is open during a deployment gets the files of now.

    It does not keep them: a page may be newer than the function that happens to answer for its files.
    """
    content = files().get(name)
    if content is None:
        raise NotFound(Problem("UNKNOWN_ROUTE", "There is no such file.", "Reload the page."))
    kept = {"Cache-Control": _FOR_EVER} if version == our_version() else {}
    return Response(content, media_type=_TYPES[Path(name).suffix], headers=kept)
