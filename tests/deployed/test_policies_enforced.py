"""The local AWS holds every function to its role, so what passes here is allowed on AWS too."""

from __future__ import annotations

import json
from typing import Any

import pytest

from local.stack import Stack
from tests.support.deployed.company import Company

pytestmark = pytest.mark.deployed


def test_a_function_is_refused_what_its_role_lacks(stack: Stack, company: Company) -> None:
    """Else all the other tests would say nothing about the policies."""
    company.ready()
    iam = stack.aws.session.client("iam", endpoint_url=stack.aws.endpoint_url)
    role = stack.deployed.resources["RefreshTokenRole"]
    assert refresh(stack, company)["outcome"] == "fresh"
    document = iam.get_role_policy(RoleName=role, PolicyName="refresh_token")["PolicyDocument"]
    iam.delete_role_policy(RoleName=role, PolicyName="refresh_token")
    try:
        assert "errorType" in refresh(stack, company)
    finally:
        iam.put_role_policy(
            RoleName=role, PolicyName="refresh_token", PolicyDocument=json.dumps(document)
        )
    assert refresh(stack, company)["outcome"] == "fresh"


def refresh(stack: Stack, company: Company) -> dict[str, Any]:
    client = stack.aws.session.client("lambda", endpoint_url=stack.aws.endpoint_url)
    answer = client.invoke(
        FunctionName=stack.deployed.outputs["RefreshTokenFunctionName"],
        Payload=json.dumps({"companyId": company.company_id, "provider": "quickbooks"}),
    )
    content: dict[str, Any] = json.load(answer["Payload"])
    return content
