"""What a client is told when a request fails: RFC 9457 problems, one for each family of errors."""

import json
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from types import MappingProxyType
from typing import Final, NamedTuple

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from service import errors
from service.api import refusals
from service.errors import RequestError, ServiceError, access
from service.errors.access import UnauthenticatedError
from service.logs import logger

log = logger(__name__)

MEDIA_TYPE: Final = "application/problem+json"
_RETRY_AFTER_S: Final = 5


class FieldProblem(BaseModel):
    """One value that is wrong."""

    location: list[str | int] = Field(
        description="where it stands", examples=[["query", "from"], ["body", "places", 0, "code"]]
    )
    message: str = Field(description="what is wrong with it, and what is allowed")


class Problem(BaseModel):
    """Why a request failed, as in RFC 9457."""

    type: str = Field(
        description="names the kind of problem", examples=["urn:voltpass:problem:not_found"]
    )
    title: str = Field(description="the kind of problem, in words", examples=["Not found"])
    status: int = Field(description="HTTP status", examples=[404])
    detail: str = Field(
        description="what happened here", examples=["the registry has no point 'P9'"]
    )
    code: str = Field(description="the same as in type, for programs", examples=["not_found"])
    retryable: bool = Field(description="whether the same request may succeed later")
    next: str = Field(
        description="what to do now", examples=["GET /v1/points lists the points there are."]
    )
    errors: list[FieldProblem] = Field(
        default=[], description="the values that are wrong, where single ones are"
    )


class _Answer(NamedTuple):
    status: HTTPStatus
    title: str
    next: str


_OURS: Final = _Answer(
    HTTPStatus.INTERNAL_SERVER_ERROR,
    "The service failed",
    "This is not the client's fault. The log of `serve` has the cause.",
)
_AWAY: Final = _Answer(
    HTTPStatus.SERVICE_UNAVAILABLE,
    "The database is away",
    "Ask again in some seconds. If it lasts, see /readyz.",
)
_WRONG: Final = _Answer(
    HTTPStatus.UNPROCESSABLE_ENTITY,
    "The request is wrong",
    "Correct what `detail` and `errors` name; /docs says what is allowed.",
)

# The nearest class in an error's family decides.
ANSWERS: Final[Mapping[type[ServiceError], _Answer]] = MappingProxyType(
    {
        errors.ServiceError: _OURS,
        errors.StoreError: _OURS,
        errors.StoreUnavailableError: _AWAY,
        errors.StoreConflictError: _AWAY._replace(title="The database was busy"),
        errors.StoreTimeoutError: _AWAY._replace(
            title="The database took too long",
            next="Ask for less time or fewer points, or ask again later.",
        ),
        errors.SchemaError: _AWAY._replace(
            title="The schema is not the one of this version",
            next="Run `voltpass migrate` of this version.",
        ),
        errors.RuleSetDiffersError: _AWAY._replace(
            title="The rule set is not the one of the deployment",
            next="Start `serve` with the rule set of the other roles, or run `voltpass migrate` with this one.",
        ),
        errors.ZoneDataError: _AWAY._replace(
            title="Two opinions on the days of the zone",
            next="Update the time zone data that are older: of the database server, or the package tzdata.",
        ),
        errors.RequestError: _WRONG,
        errors.RangeTooLongError: _WRONG._replace(
            title="Too much time at once", next="Ask for shorter ranges, one after another."
        ),
        errors.TooMuchError: _WRONG._replace(
            title="Too much at once", next="Ask for a smaller part, as `detail` says."
        ),
        errors.RuleSetNotJudgedError: _WRONG._replace(
            title="Not judged by this rule set",
            next="Ask for the rule set in force, or for one with the same limits; /v1/rule-sets shows them.",
        ),
        refusals.NotAcceptableError: _Answer(
            HTTPStatus.NOT_ACCEPTABLE,
            "Not offered in such a form",
            "Ask for one of the media types that `detail` names in Accept, or for its word in ?format=.",
        ),
        refusals.BusyError: _Answer(
            HTTPStatus.SERVICE_UNAVAILABLE,
            "Too many at once",
            "Ask again when one of them has ended, or raise the setting that `detail` names.",
        ),
        errors.NotFoundError: _Answer(
            HTTPStatus.NOT_FOUND, "Not found", "GET /v1/points lists the points there are."
        ),
        errors.DeclarationError: _WRONG._replace(title="The declaration is wrong"),
        errors.UnknownPlaceError: _WRONG._replace(
            title="Unknown place",
            next="Correct the code, or import the points that belong to it; GET /v1/points lists them.",
        ),
        errors.UnknownCustomerError: _WRONG._replace(
            title="Unknown customer",
            next="Correct the account, or import the customer with `voltpass import customers`.",
        ),
        errors.EntryExistsError: _Answer(
            HTTPStatus.CONFLICT,
            "It is in the register already",
            "Change the entry that `detail` names with PATCH, or withdraw it first and enter it anew.",
        ),
        errors.EntryError: _WRONG._replace(title="The entry is wrong"),
        errors.UnknownEntryError: _Answer(
            HTTPStatus.NOT_FOUND,
            "No such entry",
            "Its list has all there are, withdrawn entries with ?withdrawn=true.",
        ),
        access.UnauthenticatedError: _Answer(
            HTTPStatus.UNAUTHORIZED,
            "Who asks is not known",
            "Send `Authorization: Bearer` with a key or a token; who runs `serve` makes keys with `voltpass keys`.",
        ),
        access.IssuerUnavailableError: _AWAY._replace(
            title="The issuer of tokens is away",
            next="Ask again in some seconds, or with an API key where keys are taken.",
        ),
        access.OutsideTerritoryError: _Answer(
            HTTPStatus.FORBIDDEN,
            "Outside the territory of who asks",
            "Leave out what `detail` names, or ask with a key for the regions that it lies in.",
        ),
        errors.ScopeMissingError: _Answer(
            HTTPStatus.FORBIDDEN,
            "Not allowed for who asks",
            "Ask with a key or token that has the scope that `detail` names, or ask who runs `serve` for it; a token "
            "has it with VOLTPASS_OIDC_SCOPE_PREFIX before it.",
        ),
        errors.UnknownDeclarationError: _Answer(
            HTTPStatus.NOT_FOUND,
            "No such declaration",
            "GET /v1/declarations?withdrawn=true lists all of them.",
        ),
        errors.DeclarationsRefusedError: _Answer(
            HTTPStatus.FORBIDDEN,
            "Declarations are not taken here",
            "Give `serve` a login of the role voltpass_writer, or ask another `serve`.",
        ),
    }
)


def answer_of(kind: type[ServiceError]) -> _Answer:
    """Return what is answered to an error of this class."""
    return next(ANSWERS[ancestor] for ancestor in kind.__mro__ if ancestor in ANSWERS)


def install(app: FastAPI) -> None:
    """Make every failure of ``app`` a problem."""
    app.exception_handler(ServiceError)(_service_error)
    app.exception_handler(RequestValidationError)(_validation_error)
    app.exception_handler(HTTPException)(_http_error)


def failure() -> Response:
    """Return the answer to a request that failed by a fault of ours."""
    detail = "an unexpected error; nothing about it is told here"
    return _response(_OURS, "internal_error", detail)


async def _service_error(request: Request, error: ServiceError) -> Response:
    answer = answer_of(type(error))
    wrong: list[FieldProblem] = []
    if isinstance(error, RequestError) and error.location:
        wrong = [FieldProblem(location=list(error.location), message=str(error))]
    fields = {"path": request.url.path, "code": error.code, "error": str(error)}
    if answer.status == HTTPStatus.INTERNAL_SERVER_ERROR:
        log.error("request_failed", exc_info=error, **fields)
        return _response(answer, error.code, "see the log of `serve`")
    if answer.status == HTTPStatus.SERVICE_UNAVAILABLE:
        log.warning("request_unanswered", **fields)
    if answer.status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
        log.info("request_refused", **fields)
    headers = _challenge(error) if isinstance(error, UnauthenticatedError) else None
    return _response(
        answer, error.code, str(error), retryable=error.retryable, wrong=wrong, headers=headers
    )


def _challenge(error: UnauthenticatedError) -> Mapping[str, str]:
    """Return how to authenticate, as in RFC 6750; what was wrong stands in the problem."""
    wrong = ', error="invalid_token"' if error.was_presented else ""
    return {"WWW-Authenticate": f'Bearer realm="voltpass"{wrong}'}


async def _validation_error(request: Request, error: RequestValidationError) -> Response:
    wrong = [FieldProblem(location=list(one["loc"]), message=one["msg"]) for one in error.errors()]
    content_type = request.headers.get("content-type", "")
    if wrong[0].location == ["body"] and "json" not in content_type:
        message = f"JSON is taken, with Content-Type: application/json, not {content_type!r}"
        wrong = [FieldProblem(location=["header", "content-type"], message=message)]
    detail = "; ".join(f"{'.'.join(map(str, one.location))}: {one.message}" for one in wrong)
    return _response(_WRONG, RequestError.code, detail, wrong=wrong)


async def _http_error(request: Request, error: HTTPException) -> Response:
    status = HTTPStatus(error.status_code)
    answer = _Answer(status, status.phrase, "/docs lists every path and what it takes.")
    detail = f"{request.method} {request.url.path}: {error.detail}"
    code = status.phrase.lower().replace(" ", "_")
    return _response(answer, code, detail, headers=error.headers)


def _response(
    answer: _Answer,
    code: str,
    detail: str,
    *,
    retryable: bool = False,
    wrong: Sequence[FieldProblem] = (),
    headers: Mapping[str, str] | None = None,
) -> Response:
    problem = Problem(
        type=f"urn:voltpass:problem:{code}",
        title=answer.title,
        status=answer.status,
        detail=detail,
        code=code,
        retryable=retryable,
        next=answer.next,
        errors=list(wrong),
    )
    sent = dict(headers or {})
    if retryable:
        sent["Retry-After"] = str(_RETRY_AFTER_S)
    # ASCII: what a client sent may hold what UTF-8 cannot.
    body = json.dumps(problem.model_dump(mode="json"))
    return Response(body, status_code=answer.status, media_type=MEDIA_TYPE, headers=sent)
