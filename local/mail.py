"""What offices and operators get as e-mail, on this machine: a queue subscribed to the topic."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from local.aws import LocalAws

_MOST_AT_ONCE = 10


@dataclass(frozen=True, slots=True)
class Mail:
    """One message of the topic. `attributes` are a notification's (companyId, code, …); alarms have none."""

    subject: str
    text: str
    attributes: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def read(cls, body: str) -> Mail:
        """As the topic wraps it for a queue. Raises `ValueError` for anything else."""
        try:
            told = json.loads(body)
            attributes = told.get("MessageAttributes") or {}
            return cls(
                str(told.get("Subject") or ""),
                str(told["Message"]),
                {name: str(one["Value"]) for name, one in attributes.items()},
            )
        except (AttributeError, KeyError, TypeError) as error:
            raise ValueError("not a message of the topic") from error

    def line(self) -> str:
        """For a terminal: the text's lines beside each other."""
        text = " ".join(line.strip() for line in self.text.splitlines() if line.strip())
        return f"e-mail   {self.subject + ': ' if self.subject else ''}{text}"


class Mailbox:
    """Subscribes when made; a second one of the same name is the same queue, subscribed once."""

    def __init__(self, aws: LocalAws, topic_arn: str, name: str = "local-mail") -> None:
        sns = _client(aws, "sns")
        self._sqs = _client(aws, "sqs")
        self.queue_url: str = self._sqs.create_queue(QueueName=name)["QueueUrl"]
        queue_arn = self._arn()
        self._allow(queue_arn)
        pages = sns.get_paginator("list_subscriptions_by_topic").paginate(TopicArn=topic_arn)
        subscribed = {one["Endpoint"] for page in pages for one in page["Subscriptions"]}
        if queue_arn not in subscribed:
            sns.subscribe(TopicArn=topic_arn, Protocol="sqs", Endpoint=queue_arn)

    def receive(self) -> list[Mail]:
        """What has come since; it is then gone. Raises what botocore raises."""
        received: list[Mail] = []
        while found := self._sqs.receive_message(
            QueueUrl=self.queue_url, MaxNumberOfMessages=_MOST_AT_ONCE
        ).get("Messages"):
            for message in found:
                received.append(_read(message["Body"]))
                self._sqs.delete_message(
                    QueueUrl=self.queue_url, ReceiptHandle=message["ReceiptHandle"]
                )
        return received

    def _arn(self) -> str:
        asked = self._sqs.get_queue_attributes(QueueUrl=self.queue_url, AttributeNames=["QueueArn"])
        return str(asked["Attributes"]["QueueArn"])

    def _allow(self, queue_arn: str) -> None:
        allowed = {
            "Effect": "Allow",
            "Principal": {"Service": "sns.amazonaws.com"},
            "Action": "sqs:SendMessage",
            "Resource": queue_arn,
        }
        policy = json.dumps({"Version": "2012-10-17", "Statement": [allowed]})
        self._sqs.set_queue_attributes(QueueUrl=self.queue_url, Attributes={"Policy": policy})


def _read(body: str) -> Mail:
    """Somebody may put anything into the queue by hand: shown as it is."""
    try:
        return Mail.read(body)
    except ValueError:
        return Mail("", body)


def _client(aws: LocalAws, service: Any) -> Any:  # noqa: ANN401 - boto3's clients have no class
    return aws.session.client(service, endpoint_url=aws.endpoint_url, config=aws.config)
