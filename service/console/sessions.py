"""Who is signed in: the API key that a browser sends as a cookie, since it can send no header by itself.

The cookie holds the key: so it ends when the key is revoked, and every `serve` knows it. No script can read it, no
other site can make a browser send it, and it goes with the browser's session.
"""

from collections.abc import Mapping
from typing import Final

from fastapi import Request, Response

from service.console.context import context_of
from service.domain.access import Access

COOKIE: Final = "voltpass_key"
# Browsers drop a cookie of more than 4096 bytes without a word (RFC 6265, section 6.1); its name and attributes count.
LONGEST_KEY: Final = 3900
_LONGEST_S: Final = 12 * 3600  # a shift; then the key is asked for again


async def access_asking(request: Request) -> Access:
    """Return who asks: by the header of the request, else by the cookie.

    Raises:
        ServiceError: Who asks is not known, and that is needed here.
    """
    return await access_of_key(request, request.cookies.get(COOKIE))


async def access_of_key(request: Request, key: str | None) -> Access:
    """Return who asks, were ``key`` sent as the request's credentials; a header of its own goes first.

    Raises:
        ServiceError: Who asks is not known, and that is needed here.
    """
    access_of = context_of(request).access_of
    if key is None or "authorization" in request.headers:
        return await access_of(request)
    scope = dict(request.scope)
    scope["headers"] = [*scope["headers"], (b"authorization", f"Bearer {key}".encode())]
    return await access_of(Request(scope))


def is_signed_in(request: Request) -> bool:
    """Return whether the browser has a key that it can forget."""
    return COOKIE in request.cookies


def keep_key(request: Request, answer: Response, key: str) -> None:
    """Let the browser keep the key for a shift."""
    answer.set_cookie(COOKIE, key, max_age=_LONGEST_S, **_scope(request))  # type: ignore[arg-type]


def forget_key(request: Request, answer: Response) -> None:
    """Let the browser forget the key."""
    answer.delete_cookie(COOKIE, **_scope(request))  # type: ignore[arg-type]


def _scope(request: Request) -> Mapping[str, object]:
    return {
        "path": request.scope.get("root_path", "") or "/",
        "secure": (context_of(request).public_url or str(request.url)).startswith("https:"),
        "httponly": True,
        "samesite": "lax",  # a link from elsewhere finds who is signed in; forms look at where they come from
    }
