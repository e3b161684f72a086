"""The bucket of uploaded files: nobody else's, encrypted, and soon empty again."""

from __future__ import annotations

from typing import Any

import pytest

from local.template import Template, resources_of
from shared.domain.ids import CompanyId
from shared.sync.uploads.limits import MOST_ATTEMPTS
from shared.sync.uploads.places import key_of


@pytest.fixture(scope="module")
def bucket(template: Template) -> dict[str, Any]:
    [found] = resources_of(template, "AWS::S3::Bucket").values()
    return found


def test_nothing_of_it_is_public_or_unencrypted(template: Template, bucket: dict[str, Any]) -> None:
    assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}
    assert len(bucket["PublicAccessBlockConfiguration"]) == 4
    [rule] = bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    assert rule["ServerSideEncryptionByDefault"] == {"SSEAlgorithm": "AES256"}
    [policy] = resources_of(template, "AWS::S3::BucketPolicy").values()
    [statement] = policy["PolicyDocument"]["Statement"]
    assert (statement["Effect"], statement["Principal"]) == ("Deny", "*")
    assert statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


def test_files_are_forgotten_after_a_few_days(bucket: dict[str, Any]) -> None:
    [rule] = bucket["LifecycleConfiguration"]["Rules"]
    assert rule["Status"] == "Enabled"
    assert rule["ExpirationInDays"] <= 7
    assert not {"Filter", "Prefix"} & set(rule)


def test_browsers_may_send_files_from_where_they_may_call_the_api(
    template: Template, bucket: dict[str, Any]
) -> None:
    api = resources_of(template, "AWS::ApiGatewayV2::Api")["HttpApi"]
    condition, rules, _ = bucket["CorsConfiguration"]["Fn::If"]
    assert condition == api["CorsConfiguration"]["Fn::If"][0]
    [rule] = rules["CorsRules"]
    assert rule["AllowedOrigins"] == api["CorsConfiguration"]["Fn::If"][1]["AllowOrigins"]
    assert rule["AllowedMethods"] == ["POST"]


def test_a_file_that_came_is_told_to_the_queue_that_takes_it(
    template: Template, bucket: dict[str, Any]
) -> None:
    queue = {"Fn::GetAtt": ["ImportFilesQueue", "Arn"]}
    [told] = bucket["NotificationConfiguration"]["QueueConfigurations"]
    assert told == {"Event": "s3:ObjectCreated:*", "Queue": queue}
    assert template["Resources"]["UploadsBucket"]["DependsOn"] == "ImportFilesQueuePolicy"
    policy = template["Resources"]["ImportFilesQueuePolicy"]["Properties"]
    [statement] = policy["PolicyDocument"]["Statement"]
    assert statement["Principal"] == {"Service": "s3.amazonaws.com"}
    assert statement["Resource"] == queue
    assert statement["Condition"] == {
        "StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}
    }
    source = template["Resources"]["ImportFilesFunction"]["Properties"]["Events"]["Import"]
    assert source["Properties"]["Queue"] == queue


def test_a_message_comes_again_after_its_worker_is_gone_and_often_enough(
    template: Template,
) -> None:
    """The last one gives the import up and says so, rather than leave it to the dead letters."""
    queue = template["Resources"]["ImportFilesQueue"]["Properties"]
    function = template["Resources"]["ImportFilesFunction"]["Properties"]
    assert queue["VisibilityTimeout"] > function["Timeout"]
    assert queue["RedrivePolicy"]["maxReceiveCount"] > MOST_ATTEMPTS


def test_the_roles_reach_the_keys_that_files_have() -> None:
    assert key_of(CompanyId("c"), "i").startswith("imports/")
