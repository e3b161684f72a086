"""What the topic sends is shown as one line; a queue holds whatever somebody puts in."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from local.aws import LocalAws
from local.mail import Mail, Mailbox
from tests.support.local_aws import LocalAws as Emulator

BODY = {
    "Type": "Notification",
    "Subject": "BlueClerk Accounting Sync: quickbooks",
    "Message": "Some items could not be synced.\nLook at them.\n\nCompany: hill",
    "MessageAttributes": {"code": {"Type": "String", "Value": "RECORDS_REFUSED"}},
}


def test_a_notification_is_read_and_shown_as_one_line() -> None:
    mail = Mail.read(json.dumps(BODY))
    assert mail.attributes == {"code": "RECORDS_REFUSED"}
    assert mail.line() == (
        "e-mail   BlueClerk Accounting Sync: quickbooks:"
        " Some items could not be synced. Look at them. Company: hill"
    )


def test_without_a_subject_the_text_stands_alone() -> None:
    assert Mail.read('{"Message": "ALARM", "Subject": null}').line() == "e-mail   ALARM"


@pytest.mark.parametrize(
    "body", ["", "hello", "[]", "7", "{}", '{"Message": 1, "MessageAttributes": 2}']
)
def test_what_is_not_of_the_topic_is_said_to_be_so(body: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - the class is all that is promised
        Mail.read(body)


@pytest.fixture(scope="module")
def local_aws() -> Iterator[LocalAws]:
    with Emulator() as emulator:
        yield LocalAws(emulator.endpoint_url)


def test_what_is_published_is_received_once_however_often_it_is_subscribed(
    local_aws: LocalAws,
) -> None:
    sns = local_aws.session.client(
        "sns", endpoint_url=local_aws.endpoint_url, config=local_aws.config
    )
    topic = sns.create_topic(Name="notifications")["TopicArn"]
    Mailbox(local_aws, topic)
    mailbox = Mailbox(local_aws, topic)
    for number in range(12):
        sns.publish(TopicArn=topic, Subject="Hello", Message=f"text {number}")
    assert sorted(mail.text for mail in mailbox.receive()) == sorted(
        f"text {number}" for number in range(12)
    )
    assert mailbox.receive() == []


def test_what_somebody_puts_in_by_hand_is_shown_as_it_is(local_aws: LocalAws) -> None:
    sns = local_aws.session.client(
        "sns", endpoint_url=local_aws.endpoint_url, config=local_aws.config
    )
    mailbox = Mailbox(local_aws, sns.create_topic(Name="others")["TopicArn"], "others-mail")
    sqs = local_aws.session.client(
        "sqs", endpoint_url=local_aws.endpoint_url, config=local_aws.config
    )
    sqs.send_message(QueueUrl=mailbox.queue_url, MessageBody="by hand")
    assert [mail.line() for mail in mailbox.receive()] == ["e-mail   by hand"]
