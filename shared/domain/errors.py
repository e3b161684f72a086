"""Errors whose class says what to do next.

    SyncError
    ├── RetryLater(after)                   wait, then the same again
    │   ├── ProviderTrouble(provider)
    │   │   ├── RateLimited                 the provider said 429; never a failure of a record
    │   │   └── ProviderUnavailable         no or no trustworthy answer to a read, 5xx, HTML, timeout
    │   └── StorageUnavailable              our own store could not be reached
    ├── NeedsReauth                         a person must connect again
    ├── ConnectionStopped(problem)          a person must act at the provider or in the settings
    ├── ProviderContractBroken              drift: an answer in a shape we do not know
    ├── RequestInvalid(problem, status)     the caller's input: names the field, changed nothing
    │   ├── Unauthenticated             who calls is not known: no token, or not a good one
    │   ├── Forbidden                   who calls is known and may not
    │   ├── NotFound
    │   ├── Conflicting
    │   └── TooLarge
    ├── SealBroken                      a sealed token pair does not open: reported, never retried
    └── LostLease                           another worker took over: stop, write nothing more

Messages carry provider, operation, our ids, status and the provider's codes and request id; never
tokens, codes, bodies or names of customers.
"""

from __future__ import annotations

from shared.domain.ids import ProviderName
from shared.domain.runs import Problem


class SyncError(Exception):
    """Base of all errors the suite raises on purpose."""


class RetryLater(SyncError):
    """Nothing is decided; the same again after `after` seconds."""

    def __init__(self, message: str, after: float = 0.0) -> None:
        super().__init__(message)
        self.after = after


class ProviderTrouble(RetryLater):
    """It is the provider's doing. `provider` where that is known already: whoever passes it on fills it."""

    def __init__(
        self, message: str, after: float = 0.0, provider: ProviderName | None = None
    ) -> None:
        super().__init__(message, after)
        self.provider = provider


class RateLimited(ProviderTrouble):
    """The provider's limit was reached."""


class ProviderUnavailable(ProviderTrouble):
    """The provider gave no answer that can be trusted."""


class StorageUnavailable(RetryLater):
    """Our own storage could not be reached."""


class NeedsReauth(SyncError):
    """The grant is dead; a person must connect again."""

    def __init__(self, provider: ProviderName, message: str = "") -> None:
        super().__init__(message or f"{provider}: the connection needs to be authorised again")
        self.provider = provider


class ConnectionStopped(SyncError):
    """Nothing of this connection can go on until a person acts; `problem` says what."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(f"{problem.code}: {problem.message}")
        self.problem = problem


class ProviderContractBroken(SyncError):
    """The provider answered in a shape we do not know. Not retried blindly, reported as drift."""

    def __init__(self, message: str, provider: ProviderName | None = None) -> None:
        super().__init__(message)
        self.provider = provider


class RequestInvalid(SyncError):
    """The caller's input is refused and changed nothing."""

    status = 400

    def __init__(self, problem: Problem) -> None:
        super().__init__(f"{problem.code}: {problem.message}")
        self.problem = problem


class Unauthenticated(RequestInvalid):
    status = 401


class Forbidden(RequestInvalid):
    status = 403


class NotFound(RequestInvalid):
    status = 404


class Conflicting(RequestInvalid):
    status = 409


class TooLarge(RequestInvalid):
    status = 413


class InvalidCursor(RequestInvalid):
    """A paging cursor that we did not hand out."""

    def __init__(self) -> None:
        super().__init__(
            Problem("INVALID_CURSOR", "This page no longer exists.", "Start again.", "cursor")
        )


class SealBroken(SyncError):
    """A sealed token pair does not open: altered, cut, or sealed for another grant."""


class LostLease(SyncError):
    """Another worker holds the newer epoch or fence: stop at once and write nothing more."""
