"""Signing in with an API key, and signing out."""

from http import HTTPStatus
from typing import Final
from urllib.parse import parse_qs, urlsplit

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from service.console.context import context_of
from service.console.page import OfAnybody, Page
from service.console.sessions import LONGEST_KEY, access_of_key, forget_key, keep_key
from service.errors import RequestError, ServiceError, StoreError

router = APIRouter(include_in_schema=False)

_LONGEST_FORM: Final = 32_768  # bytes: a token that is too long is told so, not cut off
_SEE_OTHER: Final = 303


@router.get("/sign-in")
async def sign_in_page(page: OfAnybody, to: str = "") -> Response:
    """Return the form that takes a key."""
    return page.show("sign_in.html", None, {"to": _inside(to), "refused": ""})


@router.post("/sign-in")
async def sign_in(request: Request, page: OfAnybody) -> Response:
    """Keep a key that is good, and go on to the page that was asked for.

    Raises:
        RequestError: The form is not ours.
        StoreError: The key cannot be looked up.
    """
    form = await _form(request)
    key, to = form.get("key", "").strip(), _inside(form.get("to", ""))
    if len(key) > LONGEST_KEY:
        return _refused(page, to, "too_long", HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
    try:
        _check_key(key)
        await access_of_key(request, key)
    except StoreError:
        raise
    except ServiceError:
        return _refused(page, to, "not_good", HTTPStatus.UNAUTHORIZED)
    answer = RedirectResponse(f"{page.base}{to}", status_code=_SEE_OTHER)
    keep_key(request, answer, key)
    return answer


def _refused(page: Page, to: str, why: str, status: HTTPStatus) -> Response:
    """Return the form again, with what was wrong and what to do."""
    return page.show("sign_in.html", None, {"to": to, "refused": why}, status=int(status))


@router.post("/sign-out")
async def sign_out(request: Request, page: OfAnybody) -> Response:
    """Forget the key."""
    await _form(request)
    answer = RedirectResponse(f"{page.base}/sign-in", status_code=_SEE_OTHER)
    forget_key(request, answer)
    return answer


async def _form(request: Request) -> dict[str, str]:
    """Return what a form of ours sent.

    Raises:
        RequestError: It is too long, or another site sent it.
    """
    origin, public_url = request.headers.get("origin"), context_of(request).public_url
    here = {request.headers.get("host"), urlsplit(public_url).netloc if public_url else None}
    if origin is not None and urlsplit(origin).netloc not in here:
        raise RequestError(f"the form was sent from {origin}, not from here", "header", "origin")
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > _LONGEST_FORM:
            raise RequestError(f"a form has at most {_LONGEST_FORM} bytes", "body")
    fields = parse_qs(body.decode("utf-8", "replace"))
    return {name: values[0] for name, values in fields.items()}


def _check_key(key: str) -> None:
    """Refuse what cannot stand in a header.

    Raises:
        RequestError: It cannot.
    """
    if not key or not key.isascii() or not key.isprintable() or " " in key:
        raise RequestError("this is no key", "body", "key")


def _inside(to: str) -> str:
    """Return a path of the console to go on to: never one of another site."""
    parts = urlsplit(to)
    is_ours = to.startswith("/") and not to.startswith(("//", "/\\")) and not parts.netloc
    return to if is_ours and to.isprintable() else "/"
