"""What people see when a page cannot be shown: what happened, and what to do now."""

import contextlib
from collections.abc import Mapping
from http import HTTPStatus
from types import MappingProxyType
from typing import Final
from urllib.parse import quote

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import RedirectResponse
from starlette.exceptions import HTTPException

from service import errors
from service.console.page import page_of
from service.console.sessions import access_asking, forget_key, is_signed_in
from service.domain.access import NOBODY, Access
from service.errors import ServiceError, access
from service.logs import logger

log = logger(__name__)

_SEE_OTHER: Final = 303
_RETRY_AFTER_S: Final = 5

# The nearest class in an error's family decides: the status, and the messages `problem.<name>.title` and `.next`.
_ANSWERS: Final[Mapping[type[ServiceError], tuple[HTTPStatus, str]]] = MappingProxyType(
    {
        errors.ServiceError: (HTTPStatus.INTERNAL_SERVER_ERROR, "failed"),
        errors.StoreUnavailableError: (HTTPStatus.SERVICE_UNAVAILABLE, "away"),
        errors.StoreConflictError: (HTTPStatus.SERVICE_UNAVAILABLE, "away"),
        errors.StoreTimeoutError: (HTTPStatus.SERVICE_UNAVAILABLE, "slow"),
        errors.SchemaError: (HTTPStatus.SERVICE_UNAVAILABLE, "schema"),
        errors.StoreRefusedError: (HTTPStatus.SERVICE_UNAVAILABLE, "schema"),
        errors.RuleSetDiffersError: (HTTPStatus.SERVICE_UNAVAILABLE, "schema"),
        errors.RequestError: (HTTPStatus.UNPROCESSABLE_ENTITY, "request"),
        errors.RuleSetNotJudgedError: (HTTPStatus.UNPROCESSABLE_ENTITY, "request"),
        errors.NotFoundError: (HTTPStatus.NOT_FOUND, "not_found"),
        errors.UnknownEntryError: (HTTPStatus.NOT_FOUND, "not_found"),
        errors.ScopeMissingError: (HTTPStatus.FORBIDDEN, "forbidden"),
        access.OutsideTerritoryError: (HTTPStatus.NOT_FOUND, "not_found"),
        access.IssuerUnavailableError: (HTTPStatus.SERVICE_UNAVAILABLE, "issuer"),
    }
)


def install(app: FastAPI) -> None:
    """Make every failure of ``app`` a page."""
    app.exception_handler(ServiceError)(_service_error)
    app.exception_handler(access.UnauthenticatedError)(_sign_in_first)
    app.exception_handler(RequestValidationError)(_validation_error)
    app.exception_handler(HTTPException)(_http_error)


async def _service_error(request: Request, error: ServiceError) -> Response:
    kind = type(error)
    status, name = next(_ANSWERS[one] for one in kind.__mro__ if one in _ANSWERS)
    fields = {"path": request.url.path, "code": error.code, "error": str(error)}
    if status == HTTPStatus.INTERNAL_SERVER_ERROR:
        log.error("page_failed", exc_info=error, **fields)
        return await _page(request, status, name, "")
    if status == HTTPStatus.SERVICE_UNAVAILABLE:
        log.warning("page_unanswered", **fields)
    return await _page(request, status, name, str(error))


async def _validation_error(request: Request, error: RequestValidationError) -> Response:
    wrong = "; ".join(f"{one['loc'][-1]}: {one['msg']}" for one in error.errors())
    return await _page(request, HTTPStatus.UNPROCESSABLE_ENTITY, "request", wrong)


async def _http_error(request: Request, error: HTTPException) -> Response:
    status = HTTPStatus(error.status_code)
    name = "not_found" if status == HTTPStatus.NOT_FOUND else "request"
    return await _page(
        request, status, name, f"{request.method} {request.url.path}: {status.phrase}"
    )


async def _page(request: Request, status: HTTPStatus, name: str, detail: str) -> Response:
    page = page_of(request, await _known_access(request, status))
    values = {"name": name, "status": int(status), "detail": detail}
    answer = page.show("problem.html", None, values, status=int(status))
    if status == HTTPStatus.SERVICE_UNAVAILABLE:
        answer.headers["Retry-After"] = str(_RETRY_AFTER_S)
    return answer


async def _known_access(request: Request, status: HTTPStatus) -> Access:
    """Return who asks, so that the page has its navigation; nobody where that cannot be found out."""
    if status == HTTPStatus.NOT_FOUND and not hasattr(request.state, "access"):
        with contextlib.suppress(ServiceError):
            return await access_asking(request)
    return getattr(request.state, "access", NOBODY)


async def _sign_in_first(request: Request, _error: access.UnauthenticatedError) -> Response:
    """Return the way to the form that takes a key, and back; a key that is not good any more is forgotten."""
    base: str = request.scope.get("root_path", "")
    to = request.url.path.removeprefix(base)
    if request.url.query:
        to = f"{to}?{request.url.query}"
    answer = RedirectResponse(f"{base}/sign-in?to={quote(to, safe='')}", status_code=_SEE_OTHER)
    if is_signed_in(request):
        forget_key(request, answer)
    return answer
