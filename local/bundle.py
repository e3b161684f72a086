"""The source of the functions as one small zip, and template.yaml pointing at it.

`sam build` makes the artifacts for AWS; here the dependencies are those of the launcher's own
environment, so that the zip holds the suite's files only and a deploy takes a second.
"""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from pathlib import Path

from local.template import Template, load_yaml, resources_of

_FOLDERS = ("functions", "shared")
_LONG_AGO = (1980, 1, 1, 0, 0, 0)


def source_zip(root: Path) -> bytes:
    """The same bytes for the same source."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for folder in _FOLDERS:
            for path in sorted((root / folder).rglob("*")):
                if path.is_file() and "__pycache__" not in path.parts:
                    name = path.relative_to(root).as_posix()
                    archive.writestr(zipfile.ZipInfo(name, _LONG_AGO), path.read_bytes())
    return target.getvalue()


def content_key(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def deployable(root: Path, code_uri: str) -> Template:
    """template.yaml with the code at `code_uri` and the state machines' definitions inline."""
    template = load_yaml(root / "template.yaml")
    template["Globals"]["Function"]["CodeUri"] = code_uri
    for properties in resources_of(template, "AWS::Serverless::StateMachine").values():
        properties["Definition"] = load_yaml(root / properties.pop("DefinitionUri"))
    return template


def as_json(template: Template) -> bytes:
    return json.dumps(template).encode()
