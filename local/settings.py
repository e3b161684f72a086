"""What a launch can be told: by the environment, as template parameters, or by a test."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from local.trouble import LaunchFailed

_QUICKBOOKS = {
    "QUICKBOOKS_API_URL": "QuickBooksApiUrl",
    "QUICKBOOKS_AUTHORIZE_URL": "QuickBooksAuthorizeUrl",
    "QUICKBOOKS_TOKEN_URL": "QuickBooksTokenUrl",
    "QUICKBOOKS_REVOKE_URL": "QuickBooksRevokeUrl",
    "QUICKBOOKS_CLIENT_ID": "QuickBooksClientId",
    "QUICKBOOKS_CLIENT_SECRET": "QuickBooksClientSecret",
}
_PASSED_ON = {
    "SLICE_SECONDS": "SliceSeconds",
    "HEARTBEAT_SECONDS": "HeartbeatSeconds",
    "ABANDONED_SECONDS": "AbandonedSeconds",
    "REQUEST_DEADLINE_SECONDS": "RequestDeadlineSeconds",
    "LOG_LEVEL": "LogLevel",
    "CORS_ORIGINS": "CorsOrigins",
}
_PORTS = ("API_PORT", "AWS_PORT", "SANDBOX_PORT")
_HIGHEST_PORT = 65_535


@dataclass(frozen=True, slots=True)
class StackOptions:
    """Ports None: that of last time, the usual one, or any free one. Tests do without the usual ones.

    `parameters` are template.yaml's and win over everything else.

    `quickbooks` replaces the sandbox's settings, name by name (QUICKBOOKS_API_URL and so on).
    """

    api_port: int | None = None
    aws_port: int | None = None
    sandbox_port: int | None = None
    quickbooks: Mapping[str, str] = field(default_factory=dict)
    parameters: Mapping[str, str] = field(default_factory=dict)
    usual_ports: bool = True
    enforce_policies: bool = True
    """Functions act as their roles and are refused what the template does not allow them."""

    @property
    def elsewhere(self) -> bool:
        """Whether people consent at another place than the sandbox."""
        return "QUICKBOOKS_AUTHORIZE_URL" in self.quickbooks


DEFAULTS = StackOptions()


def from_environment(environment: Mapping[str, str]) -> StackOptions:
    """Raises `LaunchFailed` for a port that is none."""
    api_port, aws_port, sandbox_port = (
        _port(name, environment.get(name, "").strip()) for name in _PORTS
    )
    return StackOptions(
        api_port=api_port,
        aws_port=aws_port,
        sandbox_port=sandbox_port,
        quickbooks={name: environment[name] for name in _QUICKBOOKS if environment.get(name)},
        parameters={
            parameter: environment[name]
            for name, parameter in _PASSED_ON.items()
            if environment.get(name)
        },
    )


def template_parameters(quickbooks: Mapping[str, str]) -> dict[str, str]:
    return {_QUICKBOOKS[name]: value for name, value in quickbooks.items()}


def _port(name: str, text: str) -> int | None:
    if not text:
        return None
    if not text.isdecimal() or not 0 < int(text) <= _HIGHEST_PORT:
        raise LaunchFailed(f"{name} is {text!r}, which is no port")
    return int(text)
