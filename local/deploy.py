"""Deploys template.yaml itself to the local AWS, in about a second."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from local import bundle
from local.aws import LocalAws
from local.template import Template, resources_of
from local.trouble import LaunchFailed

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient
    from mypy_boto3_cloudformation.type_defs import StackTypeDef

STACK = "blueclerk"
_BUCKET = "blueclerk-deployments"
_SECONDS = 60.0
_UNUSABLE = ("ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "CREATE_FAILED", "DELETE_FAILED")


@dataclass(frozen=True, slots=True)
class Deployed:
    """`outputs` as in the template, `resources` logical to physical id."""

    outputs: Mapping[str, str]
    resources: Mapping[str, str]
    changed: bool


def deploy(aws: LocalAws, root: Path, parameters: Mapping[str, str]) -> Deployed:
    """Create or update the stack. Nothing to change is success. Raises `LaunchFailed` with the reason."""
    code = bundle.source_zip(root)
    code_key = f"{bundle.content_key(code)}.zip"
    template = bundle.deployable(root, f"s3://{_BUCKET}/{code_key}")
    body = bundle.as_json(template)
    template_key = f"{bundle.content_key(body)}.json"

    s3 = aws.session.client("s3", endpoint_url=aws.endpoint_url, config=aws.config)
    s3.create_bucket(Bucket=_BUCKET)
    s3.put_object(Bucket=_BUCKET, Key=code_key, Body=code)
    s3.put_object(Bucket=_BUCKET, Key=template_key, Body=body)

    cloudformation = aws.session.client(
        "cloudformation", endpoint_url=aws.endpoint_url, config=aws.config
    )
    changed = _create_or_update(
        cloudformation, f"{aws.endpoint_url}/{_BUCKET}/{template_key}", parameters
    )
    stack = _settled(cloudformation)
    answer = cloudformation.describe_stack_resources(StackName=STACK)
    deployed = Deployed(
        outputs={one["OutputKey"]: one["OutputValue"] for one in stack.get("Outputs", [])},
        resources={
            one["LogicalResourceId"]: one.get("PhysicalResourceId", "")
            for one in answer["StackResources"]
        },
        changed=changed,
    )
    _complete(aws, template, parameters, deployed.resources)
    return deployed


def _create_or_update(
    cloudformation: CloudFormationClient, template_url: str, parameters: Mapping[str, str]
) -> bool:
    """False: the stack is as wanted already."""
    stack = _find(cloudformation)
    if stack is not None and stack["StackStatus"] in _UNUSABLE:
        cloudformation.delete_stack(StackName=STACK)
        stack = None
    act = cloudformation.create_stack if stack is None else cloudformation.update_stack
    try:
        act(
            StackName=STACK,
            TemplateURL=template_url,
            Capabilities=["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"],
            Parameters=[
                {"ParameterKey": name, "ParameterValue": value}
                for name, value in parameters.items()
            ],
        )
    except ClientError as error:
        if "No updates" in str(error):
            return False
        raise LaunchFailed(f"the stack could not be deployed: {error}") from None
    return True


def _find(cloudformation: CloudFormationClient) -> StackTypeDef | None:
    try:
        found = cloudformation.describe_stacks(StackName=STACK)["Stacks"]
    except ClientError:
        return None  # "does not exist" is an error there
    return found[0] if found else None


def _settled(cloudformation: CloudFormationClient) -> StackTypeDef:
    give_up = time.monotonic() + _SECONDS
    while True:
        stack = _find(cloudformation)
        status = stack["StackStatus"] if stack else "missing"
        if stack is not None and status in ("CREATE_COMPLETE", "UPDATE_COMPLETE"):
            return stack
        if not status.endswith("_IN_PROGRESS") or time.monotonic() > give_up:
            raise LaunchFailed(
                f"the stack could not be deployed ({status}): {_reason(cloudformation)}"
            )
        time.sleep(0.05)


def _reason(cloudformation: CloudFormationClient) -> str:
    try:
        events = cloudformation.describe_stack_events(StackName=STACK)["StackEvents"]
    except ClientError as error:
        return str(error)
    failed = [one for one in events if one.get("ResourceStatus", "").endswith("FAILED")]
    if not failed:
        return "no reason was given"
    first = failed[-1]  # newest come first; the first failure is the cause of the others
    return f"{first.get('LogicalResourceId')}: {first.get('ResourceStatusReason', '')}"


def _complete(
    aws: LocalAws, template: Template, parameters: Mapping[str, str], resources: Mapping[str, str]
) -> None:
    """What the emulator leaves out of CloudFormation or has under another name."""
    _let_rows_expire(aws, template, resources)
    _allow_statements(aws, template, resources)
    _allow_origins(aws, template, parameters, resources)
    _allow_plain_http(aws, template, resources)


def _let_rows_expire(aws: LocalAws, template: Template, resources: Mapping[str, str]) -> None:
    dynamodb = aws.session.client("dynamodb", endpoint_url=aws.endpoint_url, config=aws.config)
    for name, properties in resources_of(template, "AWS::DynamoDB::Table").items():
        expiry = properties.get("TimeToLiveSpecification")
        if expiry is not None:
            dynamodb.update_time_to_live(TableName=resources[name], TimeToLiveSpecification=expiry)


def _allow_statements(aws: LocalAws, template: Template, resources: Mapping[str, str]) -> None:
    """AWS asks for dynamodb:PartiQLInsert and the like, the emulator for the operation, on no table."""
    iam = aws.session.client("iam", endpoint_url=aws.endpoint_url, config=aws.config)
    statement = {
        "Effect": "Allow",
        "Action": "dynamodb:BatchExecuteStatement",
        "Resource": "*",
    }
    for name, properties in resources_of(template, "AWS::IAM::Role").items():
        if "dynamodb:PartiQL" in json.dumps(properties):
            iam.put_role_policy(
                RoleName=resources[name],
                PolicyName="emulator",
                PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [statement]}),
            )


def _allow_origins(
    aws: LocalAws, template: Template, parameters: Mapping[str, str], resources: Mapping[str, str]
) -> None:
    origins = [origin for origin in parameters.get("CorsOrigins", "").split(",") if origin]
    if not origins:
        return
    api = resources_of(template, "AWS::ApiGatewayV2::Api")["HttpApi"]
    _, rules, _ = api["CorsConfiguration"]["Fn::If"]
    gateway = aws.session.client("apigatewayv2", endpoint_url=aws.endpoint_url, config=aws.config)
    gateway.update_api(
        ApiId=resources["HttpApi"],
        CorsConfiguration={
            "AllowOrigins": origins,
            "AllowMethods": rules["AllowMethods"],
            "AllowHeaders": rules["AllowHeaders"],
            "ExposeHeaders": rules["ExposeHeaders"],
            "MaxAge": rules["MaxAge"],
        },
    )


def _allow_plain_http(aws: LocalAws, template: Template, resources: Mapping[str, str]) -> None:
    """The emulator speaks HTTP on loopback only; a bucket that refuses what is not TLS refuses all of it."""
    s3 = aws.session.client("s3", endpoint_url=aws.endpoint_url, config=aws.config)
    for policy in resources_of(template, "AWS::S3::BucketPolicy").values():
        if "aws:SecureTransport" in json.dumps(policy["PolicyDocument"]):
            s3.delete_bucket_policy(Bucket=resources[policy["Bucket"]["Ref"]])
