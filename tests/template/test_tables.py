"""The template's tables are the ones that the stores are written for."""

from __future__ import annotations

from typing import Any

import pytest

from local.template import Template, resources_of
from shared.storage.dynamo.tables import DEFINITIONS, TTL_ATTRIBUTE, TableDefinition


@pytest.fixture(scope="module")
def tables(template: Template) -> dict[str, dict[str, Any]]:
    return resources_of(template, "AWS::DynamoDB::Table")


def test_every_table_of_the_code_is_in_the_template_and_no_other(
    tables: dict[str, dict[str, Any]],
) -> None:
    assert set(tables) == {definition.logical_id for definition in DEFINITIONS}


@pytest.mark.parametrize("definition", DEFINITIONS, ids=lambda one: one.logical_id)
def test_keys_indexes_and_expiry_are_what_the_code_expects(
    tables: dict[str, dict[str, Any]], definition: TableDefinition
) -> None:
    table = tables[definition.logical_id]
    assert _keys(table["KeySchema"]) == ("pk", "sk")
    assert {
        index["IndexName"]: (_keys(index["KeySchema"]), index["Projection"]["ProjectionType"])
        for index in table.get("GlobalSecondaryIndexes", [])
    } == {one.name: ((one.hash_key, one.range_key), "KEYS_ONLY") for one in definition.indexes}
    assert table.get("TimeToLiveSpecification") == (
        {"AttributeName": TTL_ATTRIBUTE, "Enabled": True} if definition.expires else None
    )
    named = {one["AttributeName"]: one["AttributeType"] for one in table["AttributeDefinitions"]}
    used = {"pk", "sk"}.union(*({one.hash_key, one.range_key} for one in definition.indexes))
    assert named == dict.fromkeys(used, "S")


def test_data_outlives_the_stack_and_mistakes(
    template: Template, tables: dict[str, dict[str, Any]]
) -> None:
    for name, table in tables.items():
        resource = template["Resources"][name]
        assert resource["DeletionPolicy"] == resource["UpdateReplacePolicy"] == "Retain", name
        assert table["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
        assert table["SSESpecification"] == {"SSEEnabled": True}
        assert table["BillingMode"] == "PAY_PER_REQUEST"


def test_the_key_that_opens_the_tokens_outlives_the_stack(template: Template) -> None:
    key = template["Resources"]["TokenKey"]
    assert key["DeletionPolicy"] == key["UpdateReplacePolicy"] == "Retain"
    assert key["Properties"]["EnableKeyRotation"] is True


def _keys(schema: list[dict[str, str]]) -> tuple[str, str]:
    kinds = {one["KeyType"]: one["AttributeName"] for one in schema}
    return kinds["HASH"], kinds["RANGE"]
