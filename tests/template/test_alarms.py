"""Alarms and the dashboard name metrics that the code emits, and whoever is on call hears of them."""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from local.template import Template, resources_of
from shared.domain.metrics import NAMESPACE, Metric

ONE_STACK = [{"Name": "service", "Value": {"Ref": "AWS::StackName"}}]


def watched(template: Template) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each alarm: its name, and the metric that it names with namespace and dimensions."""
    yield from resources_of(template, "AWS::CloudWatch::Alarm").items()


def emitted(root: Path) -> set[str]:
    """The metrics that some code adds: `….add(Metric.NAME, …)`."""
    found = set()
    for folder in ("shared", "functions"):
        for path in (root / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("metrics.add"):
                    found.add(ast.unparse(node.args[0]))
    return {metric.value for metric in Metric if f"Metric.{metric.name}" in found}


def test_each_metric_is_emitted_somewhere(root: Path) -> None:
    assert emitted(root) == {metric.value for metric in Metric}


def test_each_metric_of_ours_that_an_alarm_names_is_emitted_for_this_stack(
    root: Path, template: Template
) -> None:
    ours = [one for one in watched(template) if not one[1]["Namespace"].startswith("AWS/")]
    named = {metric["MetricName"] for _, metric in ours}
    # How much is synced is on the dashboard: there is no wrong figure of it.
    assert named == emitted(root) - {Metric.RECORDS_SYNCED.value}
    for name, metric in ours:
        assert metric["Namespace"] == NAMESPACE, name
        assert metric["Dimensions"] == ONE_STACK, name
    variables = template["Globals"]["Function"]["Environment"]["Variables"]
    assert variables["POWERTOOLS_SERVICE_NAME"] == {"Ref": "AWS::StackName"}


def test_each_alarm_tells_the_topic_when_it_begins_and_when_it_ends(template: Template) -> None:
    topic = [{"Ref": "NotificationsTopic"}]
    for name, alarm in resources_of(template, "AWS::CloudWatch::Alarm").items():
        assert alarm["AlarmActions"] == alarm["OKActions"] == topic, name


def test_silence_of_the_schedule_is_an_alarm(template: Template) -> None:
    alarms = resources_of(template, "AWS::CloudWatch::Alarm")
    assert alarms["OldestUnsyncedAlarm"]["TreatMissingData"] == "breaching"


def test_each_queue_of_wake_ups_is_watched(template: Template) -> None:
    queues = set(resources_of(template, "AWS::SQS::Queue")) - {"DeadLetterQueue"}
    told = {
        metric["Dimensions"][0]["Value"]["Fn::GetAtt"][0]
        for _, metric in watched(template)
        if metric["Namespace"] == "AWS/SQS"
    }
    assert told == queues


def test_the_dashboard_shows_every_metric(template: Template) -> None:
    [dashboard] = resources_of(template, "AWS::CloudWatch::Dashboard").values()
    body = json.loads(dashboard["DashboardBody"]["Fn::Sub"])
    shown = [metric for widget in body["widgets"] for metric in widget["properties"]["metrics"]]
    assert {metric[1] for metric in shown} == {metric.value for metric in Metric}
    assert all(m[::2] == [NAMESPACE, "service"] and m[3] == "${AWS::StackName}" for m in shown)


def test_mail_is_sent_only_where_an_address_was_given(template: Template) -> None:
    [(name, mail)] = resources_of(template, "AWS::SNS::Subscription").items()
    assert mail["Endpoint"] == {"Ref": "AlarmEmail"}
    assert template["Resources"][name]["Condition"] == "HasAlarmEmail"
    assert template["Parameters"]["AlarmEmail"]["Default"] == ""
