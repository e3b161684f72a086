"""What the roles allow is what the code does, on named resources.

The union of all roles is compared with the calls that stand in the code, here; each role with what its
function really does, on the deployed stack, where the local AWS enforces the policies.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import botocore.session
import pytest
from botocore import xform_name

from local.template import Template, resources_of

SERVICES = {
    "dynamodb": "dynamodb",
    "kms": "kms",
    "secretsmanager": "secretsmanager",
    "stepfunctions": "states",
    "lambda": "lambda",
    "sns": "sns",
    "sqs": "sqs",
    "s3": "s3",
    "events": "events",
}
# What an operation is allowed by, where that is not the action of its own name.
TRANSACTED = {
    "Put": "dynamodb:PutItem",
    "Update": "dynamodb:UpdateItem",
    "Delete": "dynamodb:DeleteItem",
    "ConditionCheck": "dynamodb:ConditionCheckItem",
}
STATEMENTS = {
    "INSERT INTO": "dynamodb:PartiQLInsert",
    "UPDATE ": "dynamodb:PartiQLUpdate",
    "DELETE FROM": "dynamodb:PartiQLDelete",
    "SELECT ": "dynamodb:PartiQLSelect",
}
OTHERWISE_NAMED = {
    # https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadObject.html#API_HeadObject_Permissions
    "s3:HeadObject": {"s3:GetObject", "s3:ListBucket"},
}
SIGNED_FOR_OTHERS = {"generate_presigned_post": "s3:PutObject"}
FOR_EVENT_SOURCES = {
    # What Lambda does in a function's name to bring it its events.
    "dynamodb:DescribeStream",
    "dynamodb:GetRecords",
    "dynamodb:GetShardIterator",
    "dynamodb:ListStreams",
    "sqs:DeleteMessage",
    "sqs:GetQueueAttributes",
    "sqs:ReceiveMessage",
}
MAY_NAME_EVERYTHING = {
    # Log delivery knows no resources: docs.aws.amazon.com/step-functions/latest/dg/cw-logs.html
    "logs:CreateLogDelivery",
    "logs:DeleteLogDelivery",
    "logs:DescribeLogGroups",
    "logs:DescribeResourcePolicies",
    "logs:GetLogDelivery",
    "logs:ListLogDeliveries",
    "logs:PutResourcePolicy",
    "logs:UpdateLogDelivery",
}

FILES = {"Fn::Sub": "${UploadsBucket.Arn}/imports/*"}


@pytest.fixture(scope="module")
def operations() -> dict[str, str]:
    """Client method (`put_item`) to IAM action (`dynamodb:PutItem`), of the services in use."""
    session = botocore.session.Session()
    return {
        xform_name(operation): f"{prefix}:{operation}"
        for service, prefix in SERVICES.items()
        for operation in session.get_service_model(service).operation_names
    }


def statements(template: Template) -> Iterator[tuple[str, list[str], list[Any]]]:
    """Role, actions and resources of every statement of every role."""
    for name, role in resources_of(template, "AWS::IAM::Role").items():
        for policy in role["Policies"]:
            for statement in policy["PolicyDocument"]["Statement"]:
                assert statement["Effect"] == "Allow"
                yield name, _listed(statement["Action"]), _listed(statement["Resource"])


def called(root: Path, operations: dict[str, str]) -> set[str]:
    """Every action that the suite's code needs, from the client calls that stand in it."""
    actions: set[str] = set()
    for path in [*(root / "shared").rglob("*.py"), *(root / "functions").rglob("*.py")]:
        tree = ast.parse(path.read_text())
        found = {
            node.attr
            for node in ast.walk(tree)
            if isinstance(node, ast.Attribute)
            and node.attr in operations.keys() | SIGNED_FOR_OTHERS.keys()
            and re.search(r"client|kms|secrets", ast.unparse(node.value), re.IGNORECASE)
        }
        if "batch_execute_statement" in found or "execute_statement" in found:
            actions |= {action for verb, action in STATEMENTS.items() if _says(tree, verb)}
        for name in found:
            if "execute_statement" not in name:
                action = SIGNED_FOR_OTHERS.get(name) or operations[name]
                actions |= OTHERWISE_NAMED.get(action, {action})
    if "dynamodb:TransactWriteItems" in actions:
        actions.remove("dynamodb:TransactWriteItems")
        for path in (root / "shared" / "storage" / "dynamo").glob("*.py"):
            tree = ast.parse(path.read_text())
            keys = {
                key.value
                for node in ast.walk(tree)
                if isinstance(node, ast.Dict)
                for key in node.keys
                if isinstance(key, ast.Constant)
            }
            actions |= {action for kind, action in TRANSACTED.items() if kind in keys}
    return actions


def test_the_roles_allow_what_the_code_calls_and_no_more(
    root: Path, template: Template, operations: dict[str, str]
) -> None:
    allowed = {
        action
        for role, actions, _ in statements(template)
        if not role.endswith("StateMachineRole")
        for action in actions
        if not action.startswith("logs:")
    }
    assert allowed - FOR_EVENT_SOURCES == called(root, operations)


def test_every_role_names_actions_and_resources_one_by_one(template: Template) -> None:
    for role, actions, resources in statements(template):
        assert not [action for action in actions if "*" in action], role
        if resources == ["*"]:
            assert set(actions) <= MAY_NAME_EVERYTHING, role
            continue
        for resource in resources:
            if resource == FILES:  # keys of a bucket are not resources of a template
                assert set(actions) <= {"s3:GetObject", "s3:PutObject"}, role
                continue
            assert "*" not in str(resource), role
            assert isinstance(resource, dict), f"{role} names {resource} by hand"


def test_every_function_has_a_role_of_its_own(template: Template) -> None:
    functions = resources_of(template, "AWS::Serverless::Function")
    roles = {name: one["Role"]["Fn::GetAtt"][0] for name, one in functions.items()}
    assert roles == {name: f"{name.removesuffix('Function')}Role" for name in functions}
    assert not [name for name, one in functions.items() if "Policies" in one]


def test_a_function_writes_to_its_own_log_group_only(template: Template) -> None:
    for role, actions, resources in statements(template):
        if "logs:PutLogEvents" in actions:
            own = f"{role.removesuffix('Role')}LogGroup"
            assert resources == [{"Fn::GetAtt": [own, "Arn"]}], role


def test_only_the_services_that_need_it_may_assume_a_role(template: Template) -> None:
    for name, role in resources_of(template, "AWS::IAM::Role").items():
        [statement] = role["AssumeRolePolicyDocument"]["Statement"]
        service = "states" if "StateMachine" in name else "lambda"
        assert statement["Principal"] == {"Service": f"{service}.amazonaws.com"}, name


def test_the_gateway_may_call_the_api_function_and_nothing_else(template: Template) -> None:
    [permission] = resources_of(template, "AWS::Lambda::Permission").values()
    assert permission["FunctionName"] == {"Ref": "ApiFunction"}
    assert "${HttpApi}" in permission["SourceArn"]["Fn::Sub"]


def _says(tree: ast.Module, verb: str) -> bool:
    return any(
        isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and node.value.startswith(verb)
        for node in ast.walk(tree)
    )


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
