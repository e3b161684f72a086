"""template.yaml as data, with CloudFormation's short tags in their long form (`!Ref x`: {"Ref": x})."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

Template = dict[str, Any]

_UNPREFIXED = ("Ref", "Condition")


class _Loader(yaml.SafeLoader):
    pass


def _long_form(loader: yaml.SafeLoader, suffix: str, node: yaml.Node) -> dict[str, Any]:
    value: Any
    if isinstance(node, yaml.ScalarNode):
        value = loader.construct_scalar(node)
        if suffix == "GetAtt":
            value = str(value).split(".", 1)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    elif isinstance(node, yaml.MappingNode):
        value = loader.construct_mapping(node, deep=True)
    return {suffix if suffix in _UNPREFIXED else f"Fn::{suffix}": value}


_Loader.add_multi_constructor("!", _long_form)


def load_yaml(path: Path) -> Template:
    """A template or state machine definition. Raises OSError, or `yaml.YAMLError`."""
    loaded: Template = yaml.load(path.read_bytes(), Loader=_Loader)  # noqa: S506 # a SafeLoader with tags
    return loaded


def resources_of(template: Template, kind: str) -> dict[str, dict[str, Any]]:
    """Logical id to properties, of every resource of a type such as `AWS::DynamoDB::Table`."""
    return {
        name: resource.get("Properties", {})
        for name, resource in template["Resources"].items()
        if resource["Type"] == kind
    }
