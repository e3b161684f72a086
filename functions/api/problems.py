"""Every error as RFC 9457 problem details: the one mapping from error classes to answers."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from functions.api.models.problem import FieldError, ProblemDetails
from shared.auth.reauth import reauth_problem
from shared.domain.errors import (
    ConnectionStopped,
    NeedsReauth,
    ProviderContractBroken,
    ProviderTrouble,
    RateLimited,
    RequestInvalid,
    RetryLater,
)
from shared.domain.listings import NotListed
from shared.domain.runs import Problem
from shared.sync.field_rules import FieldsInvalid
from shared.sync.import_records import ImportUnfinished

if TYPE_CHECKING:
    from shared.domain.ids import ProviderName
    from shared.providers.base import ProviderProfile

MEDIA_TYPE: Final = "application/problem+json"

_BAD_FIELD_CODES: Final = {
    "missing": "MISSING",
    "extra_forbidden": "UNKNOWN_FIELD",
    "string_too_long": "TOO_LONG",
    "string_too_short": "EMPTY",
    "too_long": "TOO_MANY",
    "enum": "UNKNOWN_VALUE",
    "literal_error": "UNKNOWN_VALUE",
    "greater_than_equal": "OUT_OF_RANGE",
    "less_than_equal": "OUT_OF_RANGE",
}
"""Pydantic's error types; any other is a value of the wrong type."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A problem on its way to the caller. `errors` only where several fields are at fault."""

    status: int
    problem: Problem
    errors: Sequence[Problem] = ()
    headers: Mapping[str, str] = field(default_factory=dict)

    def details(self, correlation_id: str) -> ProblemDetails:
        return ProblemDetails(
            type=f"urn:problem-type:blueclerk:{self.problem.code}",
            title=HTTPStatus(self.status).phrase,
            status=self.status,
            detail=self.problem.message,
            code=self.problem.code,
            action=self.problem.action,
            field=self.problem.field or None,
            errors=[FieldError.of(error) for error in self.errors] or None,
            instance=f"urn:correlation:{correlation_id}",
            correlation_id=correlation_id,
        )

    def response(self, correlation_id: str) -> Response:
        return Response(
            self.details(correlation_id).model_dump_json(by_alias=True, exclude_none=True),
            status_code=self.status,
            headers=dict(self.headers),
            media_type=MEDIA_TYPE,
        )


def answer_to(error: Exception, profile: Callable[[ProviderName], ProviderProfile]) -> Answer:
    """What a caller is told of an error. `profile` gives a provider's own name, for people."""
    if isinstance(error, NeedsReauth):
        known = profile(error.provider)
        expired = replace(reauth_problem(known), action=f"Reconnect {known.label}")
        return Answer(HTTPStatus.CONFLICT, expired)
    if isinstance(error, ProviderTrouble | ProviderContractBroken):
        known_as = profile(error.provider).label if error.provider else "The accounting system"
        if isinstance(error, ProviderContractBroken):
            return _drifted(known_as)
        return _troubled(error, known_as)
    for cls, told in _TOLD:
        if isinstance(error, cls):
            return told(error)
    return UNEXPECTED


def _refused(error: RequestInvalid) -> Answer:
    errors = error.problems if isinstance(error, FieldsInvalid) and len(error.problems) > 1 else ()
    challenge = {"WWW-Authenticate": "Bearer"} if error.status == HTTPStatus.UNAUTHORIZED else {}
    return Answer(error.status, error.problem, errors, challenge)


def _stopped(error: ConnectionStopped) -> Answer:
    return Answer(HTTPStatus.CONFLICT, error.problem)


def _not_listed(error: NotListed) -> Answer:
    return Answer(HTTPStatus.SERVICE_UNAVAILABLE, error.problem, headers={"Retry-After": "10"})


def _drifted(known_as: str) -> Answer:
    return Answer(
        HTTPStatus.BAD_GATEWAY,
        Problem(
            "PROVIDER_ANSWER_UNKNOWN",
            f"{known_as} answered in a way this version does not understand.",
            "Try again later; if it stays so, tell support the correlation id.",
        ),
    )


def _troubled(error: ProviderTrouble, known_as: str) -> Answer:
    if isinstance(error, RateLimited):
        problem = Problem(
            "PROVIDER_LIMIT",
            f"{known_as} takes no more requests at the moment.",
            "Try again in a little while.",
        )
    else:
        problem = Problem(
            "PROVIDER_UNAVAILABLE",
            f"{known_as} gave no answer that can be used.",
            "Try again in a little while. Nothing was changed.",
        )
    return Answer(HTTPStatus.SERVICE_UNAVAILABLE, problem, headers=_retry_after(error))


def _try_again(error: RetryLater) -> Answer:
    if isinstance(error, ImportUnfinished):
        problem = Problem(
            "IMPORT_UNFINISHED",
            f"Time ran out after {error.rows_done:,} rows; those are imported.",
            "Send the same file again: it goes on where it stopped.",
        )
    else:
        problem = Problem(
            "TRY_AGAIN", "This cannot be done at the moment.", "Try again in a little while."
        )
    return Answer(HTTPStatus.SERVICE_UNAVAILABLE, problem, headers=_retry_after(error))


def _retry_after(error: RetryLater) -> Mapping[str, str]:
    return {"Retry-After": str(max(1, math.ceil(error.after)))}


def _of_http(error: HTTPException) -> Answer:
    """What the router itself refuses."""
    problem = {
        HTTPStatus.NOT_FOUND: Problem(
            "UNKNOWN_ROUTE", "There is nothing at this address.", "See /openapi.json."
        ),
        HTTPStatus.METHOD_NOT_ALLOWED: Problem(
            "METHOD_NOT_ALLOWED",
            "This address does not answer that method.",
            "See /openapi.json.",
        ),
    }.get(
        HTTPStatus(error.status_code),
        Problem("BAD_REQUEST", "The request cannot be read.", "See /openapi.json."),
    )
    return Answer(error.status_code, problem, headers=error.headers or {})


def _of_validation(error: RequestValidationError) -> Answer:
    problems = [_of_bad_field(dict(fault)) for fault in error.errors()]
    return Answer(HTTPStatus.BAD_REQUEST, problems[0], tuple(problems) if len(problems) > 1 else ())


def _of_bad_field(fault: Mapping[str, Any]) -> Problem:
    """One pydantic error: never its input, which is the caller's data."""
    place = tuple(fault["loc"])
    if place == ("body",):
        return Problem("MISSING_BODY", "The request has no body.", "Send a JSON object.")
    name = _field_name(place[1:])
    code = _BAD_FIELD_CODES.get(fault["type"], "WRONG_TYPE")
    sentence = {
        "MISSING": f"{name} is missing.",
        "UNKNOWN_FIELD": f"{name} is not a field of this request.",
    }.get(code, f"{name} is not accepted: {fault['msg'][:1].lower()}{fault['msg'][1:]}.")
    return Problem(code, sentence, f"Correct {name} and send it again.", name)


def _field_name(place: tuple[str | int, ...]) -> str:
    """`lines[3].quantity` for a list's member; branches of a union are not part of the caller's spelling."""
    name = ""
    for part in place:
        if isinstance(part, int):
            name += f"[{part}]"
        elif part not in {"str", "decimal"}:
            name += f".{part}" if name else part
    return name


UNEXPECTED: Final = Answer(
    HTTPStatus.INTERNAL_SERVER_ERROR,
    Problem(
        "UNEXPECTED",
        "Something went wrong on our side.",
        "Try again; if it stays so, tell support the correlation id.",
    ),
)

_TOLD: Final[Sequence[tuple[type[Exception], Callable[[Any], Answer]]]] = (
    (RequestInvalid, _refused),
    (RetryLater, _try_again),
    (ConnectionStopped, _stopped),
    (NotListed, _not_listed),
    (RequestValidationError, _of_validation),
    (HTTPException, _of_http),
)
