"""What is deployed locally is template.yaml and the source as they stand, and nothing besides."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest

from local import bundle
from local.template import load_yaml


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A small suite."""
    for name in ("functions/api/handler.py", "shared/config.py", "shared/pages/page.html"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(name)
    (tmp_path / "shared" / "__pycache__").mkdir()
    (tmp_path / "shared" / "__pycache__" / "config.pyc").write_text("stale")
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "test_x.py").write_text("not deployed")
    (tmp_path / "machine.asl.yaml").write_text("StartAt: ${Name}\nStates: {}\n")
    (tmp_path / "template.yaml").write_text(
        "Globals: {Function: {CodeUri: .}}\n"
        "Resources:\n"
        "  Machine:\n"
        "    Type: AWS::Serverless::StateMachine\n"
        "    Properties:\n"
        "      DefinitionUri: machine.asl.yaml\n"
        "      DefinitionSubstitutions: {Name: !GetAtt Api.Arn, Url: !Sub 'http://${Api}/x'}\n"
    )
    return tmp_path


def names(content: bytes) -> list[str]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return archive.namelist()


def test_the_zip_holds_functions_and_shared_without_bytecode(root: Path) -> None:
    assert names(bundle.source_zip(root)) == [
        "functions/api/handler.py",
        "shared/config.py",
        "shared/pages/page.html",
    ]


def test_the_same_source_is_the_same_zip_whenever_it_was_written(root: Path) -> None:
    """Its hash is its key: a deploy of nothing new changes nothing."""
    before = bundle.source_zip(root)
    (root / "shared" / "config.py").touch()
    assert bundle.content_key(bundle.source_zip(root)) == bundle.content_key(before)
    (root / "shared" / "config.py").write_text("changed")
    assert bundle.content_key(bundle.source_zip(root)) != bundle.content_key(before)


def test_code_and_definitions_are_put_in_and_the_rest_stays(root: Path) -> None:
    template = bundle.deployable(root, "s3://bucket/key")
    machine = template["Resources"]["Machine"]["Properties"]
    assert template["Globals"]["Function"]["CodeUri"] == "s3://bucket/key"
    assert machine["Definition"] == {"StartAt": "${Name}", "States": {}}
    assert "DefinitionUri" not in machine
    assert machine["DefinitionSubstitutions"] == {
        "Name": {"Fn::GetAtt": ["Api", "Arn"]},
        "Url": {"Fn::Sub": "http://${Api}/x"},
    }


@pytest.mark.parametrize(
    ("short", "long"),
    [
        ("!Ref A", {"Ref": "A"}),
        ("!GetAtt A.B.C", {"Fn::GetAtt": ["A", "B.C"]}),
        ("!If [C, !Ref A, !Ref B]", {"Fn::If": ["C", {"Ref": "A"}, {"Ref": "B"}]}),
        ("!Not [!Equals [!Ref A, '']]", {"Fn::Not": [{"Fn::Equals": [{"Ref": "A"}, ""]}]}),
        ("!Condition C", {"Condition": "C"}),
    ],
)
def test_short_tags_are_read_in_their_long_form(
    tmp_path: Path, short: str, long: dict[str, object]
) -> None:
    (tmp_path / "t.yaml").write_text(f"x: {short}\n")
    assert load_yaml(tmp_path / "t.yaml") == {"x": long}
