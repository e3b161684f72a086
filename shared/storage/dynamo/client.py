"""How the boto3 client is set up, and the one rule of what is sent again."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from typing import Any, TypeVar

from botocore.config import Config
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectTimeoutError,
    CredentialRetrievalError,
    EndpointConnectionError,
    HTTPClientError,
    IncompleteReadError,
    ProxyConnectionError,
)
from botocore.exceptions import (
    ConnectionError as AnyConnectionError,
)
from botocore.parsers import ResponseParserError

from shared.domain.effects import Chance, Clock
from shared.domain.errors import StorageUnavailable

R = TypeVar("R")

ATTEMPTS = 7
"""Of one call; with the pauses between them at most about 2.5 seconds of waiting."""

_FIRST_PAUSE = 0.05
_LONGEST_PAUSE = 1.0


def client_config() -> Config:
    """For `boto3.client("dynamodb", config=...)`: the stores rely on it.

    botocore must not retry by itself: it repeats a conditional write whose answer was lost, is told
    that the condition fails, because of its own first try, and we would take it for a lost race.
    Without parameter validation and its long user agent a call costs a quarter less CPU.
    """
    return Config(
        connect_timeout=2,
        read_timeout=5,
        retries={"total_max_attempts": 1, "mode": "standard"},
        parameter_validation=False,
        max_pool_connections=16,
        tcp_keepalive=True,
        user_agent="blueclerk-accounting-sync",
    )


class Verdict(Enum):
    """What a failed call means."""

    REFUSED = "a condition does not hold; nothing was written"
    NOT_DONE = "it did not happen; the same may be sent again"
    UNKNOWN = "it may have happened"
    BROKEN = "it can never work: a bug, a missing table, a missing permission"


_NOT_DONE_CODES = frozenset(
    {
        "ProvisionedThroughputExceededException",
        "ProvisionedThroughputExceeded",
        "RequestLimitExceeded",
        "ThrottlingException",
        "ThrottlingError",
        "Throttling",
        "LimitExceededException",
        "TransactionConflictException",
        "TransactionConflict",
        "TransactionInProgressException",
    }
)
_UNKNOWN_CODES = frozenset(
    {"InternalServerError", "InternalServerErrorException", "InternalFailure", "ServiceUnavailable"}
)

_NEVER_SENT = (
    ConnectTimeoutError,
    CredentialRetrievalError,
    EndpointConnectionError,
    ProxyConnectionError,
)
_NO_TRUSTWORTHY_ANSWER = (
    AnyConnectionError,
    HTTPClientError,
    IncompleteReadError,
    ResponseParserError,
)


def code_of(error: Exception) -> str:
    """The service's error code, or the exception's class where it gave none."""
    if isinstance(error, ClientError):
        return str(error.response.get("Error", {}).get("Code", ""))
    return type(error).__name__


def verdict_of_code(code: str) -> Verdict:
    """For the error code of a call or of one statement in a batch."""
    if code in ("ConditionalCheckFailedException", "ConditionalCheckFailed", "DuplicateItem"):
        return Verdict.REFUSED
    if code in _NOT_DONE_CODES:
        return Verdict.NOT_DONE
    if code in _UNKNOWN_CODES or (code.isdigit() and code.startswith("5")):
        return Verdict.UNKNOWN
    return Verdict.BROKEN


def cancellation_reasons(error: Exception) -> list[dict[str, Any]]:
    """Of a cancelled transaction, one per action; empty for any other error."""
    if not isinstance(error, ClientError):
        return []
    reasons: list[dict[str, Any]] = error.response.get("CancellationReasons", [])  # type: ignore[assignment]  # botocore types its own subset of the keys
    return reasons


def verdict_of(error: Exception) -> Verdict:
    """Pure. A transaction is refused where a condition was, whatever else stood in its way."""
    codes = [reason.get("Code", "None") for reason in cancellation_reasons(error)]
    verdicts = {verdict_of_code(code) for code in codes if code != "None"}
    if verdicts:
        order = (Verdict.REFUSED, Verdict.BROKEN, Verdict.UNKNOWN, Verdict.NOT_DONE)
        return next(verdict for verdict in order if verdict in verdicts)
    if isinstance(error, ClientError):
        return verdict_of_code(code_of(error))
    if isinstance(error, _NEVER_SENT):
        return Verdict.NOT_DONE
    if isinstance(error, _NO_TRUSTWORTHY_ANSWER):
        return Verdict.UNKNOWN
    return Verdict.BROKEN


class Refused(Exception):
    """A condition did not hold. `row` is what stood there, where it was asked for and told."""

    def __init__(self, row: dict[str, Any] | None, reasons: list[dict[str, Any]]) -> None:
        super().__init__("a condition does not hold")
        self.row = row
        self.reasons = reasons


class Sender:
    """Sends calls of one client and tries again what is safe to try again."""

    def __init__(self, clock: Clock, chance: Chance) -> None:
        self._clock = clock
        self._chance = chance

    def send(self, operation: Callable[..., R], *, repeatable: bool, **arguments: object) -> R:
        """The answer. `repeatable` says whether it may be sent again when it may have happened.

        Raises `Refused` when a condition does not hold, `StorageUnavailable` when there is no answer
        (a write that is not repeatable may then have happened), and what the client raised when the
        call can never work.
        """
        for attempt in range(ATTEMPTS):
            try:
                return operation(**arguments)
            except (ClientError, BotoCoreError, ResponseParserError) as error:
                verdict = verdict_of(error)
                if verdict is Verdict.REFUSED:
                    row: Any = getattr(error, "response", {}).get("Item")
                    raise Refused(row, cancellation_reasons(error)) from None
                if verdict is Verdict.BROKEN:
                    raise
                if verdict is Verdict.UNKNOWN and not repeatable:
                    raise unavailable(operation.__name__, code_of(error)) from error
                last = error
            self.pause(attempt)
        raise unavailable(operation.__name__, code_of(last)) from last

    def pause(self, attempt: int) -> None:
        """Waits before another attempt: twice as long each time, with jitter, up to a second."""
        longest = min(_LONGEST_PAUSE, _FIRST_PAUSE * 2**attempt)
        self._clock.sleep(longest * (0.5 + 0.5 * self._chance.fraction()))


def unavailable(operation: str, code: str) -> StorageUnavailable:
    return StorageUnavailable(f"DynamoDB {operation}: {code}", after=1.0)
