"""The whole suite on this machine: sandbox, local AWS, the deployed template, the API at its own root.

`start_stack` is what `make run`, the tests of the deployed stack and the bench have in common.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from local import aws, ports, processes, proxy, sandbox
from local.aws import LocalAws
from local.deploy import Deployed, deploy
from local.files import try_lock
from local.processes import Child
from local.sandbox import Sandbox
from local.settings import DEFAULTS, StackOptions, template_parameters
from local.state import DataFolder
from local.trouble import LaunchFailed

ROOT = Path(__file__).resolve().parent.parent
_BATCH_MILLISECONDS = 300
Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Stack:
    """A running suite. `fresh`: it started anew, nothing is stored yet."""

    api_url: str
    sandbox: Sandbox
    aws: LocalAws
    deployed: Deployed
    generation: str
    fresh: bool
    children: tuple[Child, ...]

    @property
    def console_url(self) -> str:
        return f"{self.api_url}/console/integrations"

    @property
    def table_names(self) -> dict[str, str]:
        return {
            name: self.deployed.resources[logical_id]
            for name, logical_id in (
                ("records", "RecordsTable"),
                ("sync_state", "SyncStateTable"),
                ("grants", "GrantsTable"),
            )
        }

    def ended_child(self) -> Child | None:
        """A program that should be running and is not."""
        return next((child for child in self.children if child.ended()), None)


@contextmanager
def start_stack(
    data: Path, options: StackOptions = DEFAULTS, say: Say = lambda _line: None
) -> Iterator[Stack]:
    """Start everything, yield it, stop it in order with its state saved.

    Going on from what `data` holds of the launch before, or anew. One launch per folder at a time.
    Raises `LaunchFailed` with one line for whatever does not start.
    """
    data = data.resolve()
    data.mkdir(parents=True, exist_ok=True)
    with ExitStack() as closing:
        _lock(data, closing)
        folder = DataFolder(data)
        _stop_left_over(folder, say)
        generation, fresh = folder.generation()
        chosen = _choose_ports(folder, options, closing)
        listener = closing.enter_context(proxy.listen(chosen["api"]))
        api_url = proxy.address(listener)

        say(f"starting the sandbox and the local AWS below {data}")
        sandbox_child, the_sandbox = sandbox.start(data, ROOT, chosen[sandbox.NAME], generation)
        if not fresh and not the_sandbox.control("health")["loaded"]:
            # Saved by a version that this one cannot read; the mark of the clean stop is gone by now.
            processes.stop(sandbox_child)
            generation, fresh = folder.generation()
            sandbox_child, the_sandbox = sandbox.start(data, ROOT, chosen[sandbox.NAME], generation)
        closing.callback(processes.stop, sandbox_child)
        if fresh:
            the_sandbox.configure(
                {"quickbooks": {"throttle": "off", "latency": {"batch": _BATCH_MILLISECONDS}}}
            )
        aws_child, the_aws = aws.start(
            data, chosen[aws.NAME], enforce_policies=options.enforce_policies
        )
        closing.callback(_stop_aws, aws_child, folder)

        say("deploying template.yaml")
        deployed = deploy(the_aws, ROOT, _parameters(options, the_sandbox, api_url))
        target = f"{the_aws.endpoint_url}/_aws/execute-api/{deployed.outputs['HttpApiId']}/$default"
        closing.enter_context(proxy.serving(target, listener))
        yield Stack(
            api_url=api_url,
            sandbox=the_sandbox,
            aws=the_aws,
            deployed=deployed,
            generation=generation,
            fresh=fresh,
            children=(sandbox_child, aws_child),
        )


def _lock(data: Path, closing: ExitStack) -> None:
    lock = try_lock(data / "launch.lock")
    if lock is None:
        raise LaunchFailed(f"another launch is using {data}: stop it first")
    closing.callback(os.close, lock)


def _stop_left_over(folder: DataFolder, say: Say) -> None:
    """A launcher that was killed leaves its programs running; ended in order, they save their state."""
    if processes.stop_left_over(folder.path, aws.NAME):
        say("stopped the local AWS that a launch before had left running")
        folder.aws_stopped_clean()
    if processes.stop_left_over(folder.path, sandbox.NAME):
        say("stopped the sandbox that a launch before had left running")


def _stop_aws(child: Child, folder: DataFolder) -> None:
    if processes.stop(child):
        folder.aws_stopped_clean()


def _choose_ports(folder: DataFolder, options: StackOptions, closing: ExitStack) -> dict[str, int]:
    remembered = folder.ports()
    asked = {
        "api": ("API_PORT", options.api_port, 8080),
        aws.NAME: ("AWS_PORT", options.aws_port, 4566),
        sandbox.NAME: ("SANDBOX_PORT", options.sandbox_port, 4600),
    }
    chosen = {
        name: ports.choose(
            f"the {name}",
            variable,
            port,
            remembered.get(name),
            usual if options.usual_ports else None,
            closing,
        )
        for name, (variable, port, usual) in asked.items()
    }
    folder.remember_ports(chosen)
    return chosen


def _parameters(options: StackOptions, the_sandbox: Sandbox, api_url: str) -> dict[str, str]:
    return {
        "OidcIssuer": the_sandbox.issuer,
        "OidcAudience": sandbox.AUDIENCE,
        "OidcClientId": sandbox.CONSOLE_CLIENT_ID,
        "OidcClientSecret": sandbox.CONSOLE_CLIENT_SECRET,
        "SupportAddress": "support@blueclerk.example",
        "PublicUrl": api_url,
        **template_parameters({**the_sandbox.quickbooks_settings(), **options.quickbooks}),
        **options.parameters,
    }
