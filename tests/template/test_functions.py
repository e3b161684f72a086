"""Every function's block: its handler, its time, its logs, its environment."""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path
from typing import Any

import pytest

from local.template import Template, resources_of
from shared.config import load
from shared.domain.ids import ProviderName

LONGEST_HANDLER = 40
MACHINES = (
    "SyncCustomersStateMachine",
    "SyncItemsStateMachine",
    "SyncInvoicesStateMachine",
    "SyncPaymentsStateMachine",
)
GATEWAY_SECONDS = 30


@pytest.fixture(scope="module")
def functions(template: Template) -> dict[str, dict[str, Any]]:
    return resources_of(template, "AWS::Serverless::Function")


def environment_of(template: Template, function: dict[str, Any]) -> dict[str, Any]:
    return {
        **template["Globals"]["Function"]["Environment"]["Variables"],
        **function.get("Environment", {}).get("Variables", {}),
    }


def references(value: Any) -> set[str]:
    """Every parameter and resource that a value names."""
    found: set[str] = set()
    if isinstance(value, dict):
        for key, inner in value.items():
            if key == "Ref":
                found.add(inner)
            elif key == "Fn::GetAtt":
                found.add(inner[0])
            elif key == "Fn::Sub":
                found |= set(re.findall(r"\$\{([A-Za-z0-9]+)", json.dumps(inner)))
            else:
                found |= references(inner)
    elif isinstance(value, list):
        for inner in value:
            found |= references(inner)
    return found


def test_every_functions_folder_has_its_block_and_every_block_its_folder(
    root: Path, functions: dict[str, dict[str, Any]]
) -> None:
    folders = {path.parent.name for path in (root / "functions").glob("*/handler.py")}
    handlers = {properties["Handler"] for properties in functions.values()}
    assert handlers == {f"functions.{name}.handler.lambda_handler" for name in folders}


def test_every_function_is_built_by_the_target_of_its_name(
    root: Path, template: Template, functions: dict[str, dict[str, Any]]
) -> None:
    targets = re.findall(r"\bbuild-(\w+Function)\b", (root / "Makefile").read_text())
    assert sorted(targets) == sorted(functions)
    for name in functions:
        assert template["Resources"][name]["Metadata"] == {"BuildMethod": "makefile"}, name


def test_every_function_logs_to_a_group_of_its_own_that_forgets(
    template: Template, functions: dict[str, dict[str, Any]]
) -> None:
    groups = resources_of(template, "AWS::Logs::LogGroup")
    used = [properties["LoggingConfig"]["LogGroup"]["Ref"] for properties in functions.values()]
    assert len(set(used)) == len(functions)
    assert set(used) <= set(groups)
    for name, group in groups.items():
        assert group["RetentionInDays"] == {"Ref": "LogRetentionDays"}, name


def test_the_state_machine_and_the_gateway_log_to_groups_of_their_own(template: Template) -> None:
    for name in MACHINES:
        machine = template["Resources"][name]["Properties"]
        assert references(machine["Logging"]) == {f"{name}LogGroup"}
    stage = template["Resources"]["HttpApiStage"]["Properties"]
    assert references(stage["AccessLogSettings"]) == {"HttpApiLogGroup"}


def test_logs_never_hold_execution_data_or_query_strings(template: Template) -> None:
    """Both carry what must not be logged: a state's payload, an OAuth callback's code."""
    for name in MACHINES:
        machine = template["Resources"][name]["Properties"]
        assert machine["Logging"]["IncludeExecutionData"] is False
    stage = template["Resources"]["HttpApiStage"]["Properties"]
    logged = set(re.findall(r"\$context\.[\w.]+", stage["AccessLogSettings"]["Format"]))
    assert "$context.path" in logged
    assert not {name for name in logged if "query" in name.lower() or "authorizer" in name.lower()}


def test_a_function_outlives_the_slice_it_is_given(
    template: Template, functions: dict[str, dict[str, Any]]
) -> None:
    """15 s to save and answer, whatever slice an installation chooses."""
    slice_seconds = template["Parameters"]["SliceSeconds"]
    for name in (
        "SyncCustomersFunction",
        "SyncItemsFunction",
        "SyncInvoicesFunction",
        "SyncPaymentsFunction",
    ):
        assert functions[name]["Timeout"] >= slice_seconds["MaxValue"] + 15
    assert slice_seconds["Default"] < slice_seconds["MaxValue"]


def test_the_api_answers_before_the_gateway_gives_up(
    template: Template, functions: dict[str, dict[str, Any]]
) -> None:
    integration = template["Resources"]["HttpApiIntegration"]["Properties"]
    assert functions["ApiFunction"]["Timeout"] < integration["TimeoutInMillis"] / 1000
    assert integration["TimeoutInMillis"] == GATEWAY_SECONDS * 1000


def test_secrets_fill_the_secret_and_go_nowhere_else(template: Template) -> None:
    hidden = {name for name, one in template["Parameters"].items() if one.get("NoEcho")}
    assert hidden == {"QuickBooksClientId", "QuickBooksClientSecret", "OidcClientSecret"}
    users = {
        name
        for name, resource in template["Resources"].items()
        if references(resource.get("Properties")) & hidden
    }
    assert users == {"ProviderSecret"}
    assert not references(template["Globals"]) & hidden
    assert not references(template["Outputs"]) & hidden


def test_the_secret_is_the_json_that_the_code_reads(template: Template) -> None:
    text = template["Resources"]["ProviderSecret"]["Properties"]["SecretString"]["Fn::Sub"]
    filled = text.replace("${QuickBooksClientId}", "id").replace("${QuickBooksClientSecret}", "it")
    assert json.loads(filled.replace("${OidcClientSecret}", "ours")) == {
        "quickbooks": {"client_id": "id", "client_secret": "it"},
        "sign_in": {"client_secret": "ours"},
    }


def test_every_function_is_given_the_settings_that_it_needs(
    template: Template, functions: dict[str, dict[str, Any]]
) -> None:
    for name, function in functions.items():
        environment = dict.fromkeys(environment_of(template, function), "1")
        load((ProviderName("quickbooks"),), environment)  # raises with what is missing
        assert "REQUEST_DEADLINE_SECONDS" in environment, name


def test_no_function_is_given_a_setting_that_nothing_reads(
    root: Path, template: Template, functions: dict[str, dict[str, Any]]
) -> None:
    read = set(re.findall(r'"([A-Z_]{5,})"', (root / "shared" / "config.py").read_text()))
    read |= {f"QUICKBOOKS_{name}_URL" for name in ("API", "AUTHORIZE", "TOKEN", "REVOKE")}
    read |= {"POWERTOOLS_SERVICE_NAME", "POWERTOOLS_LOG_LEVEL"}  # by the library itself
    for name, function in functions.items():
        assert set(environment_of(template, function)) <= read, name


@pytest.mark.parametrize("path", sorted(Path("functions").glob("*/handler.py")), ids=str)
def test_a_handler_is_thin(root: Path, path: Path) -> None:
    """It parses, calls one use case and shapes the answer."""
    tree = ast.parse((root / path).read_text())
    lines = sum(
        (node.end_lineno or 0) - node.lineno + 1
        for node in tree.body
        if isinstance(node, ast.FunctionDef | ast.ClassDef)
    )
    assert lines < LONGEST_HANDLER


def test_a_request_of_the_api_ends_before_the_gateway_gives_up(
    template: Template, functions: dict[str, dict[str, Any]]
) -> None:
    """At most three calls of a provider: a code's exchange and two reads, or a refresh, again, a read."""
    function = functions["ApiFunction"]
    environment = environment_of(template, function)
    call, read = (
        float(environment[name]) for name in ("REQUEST_DEADLINE_SECONDS", "READ_PATIENCE_SECONDS")
    )
    assert max(call + 2 * read, 2 * call + read) + 4 <= function["Timeout"] < 30
    assert float(environment["TOKEN_PATIENCE_SECONDS"]) + read + 4 <= function["Timeout"]
