"""Answers that a client has already are not sent again: ETag, If-None-Match, Cache-Control, Vary (RFC 9110, RFC 9111).

The tag is made from the body. Judgement number and watermark would not do: late readings, derived interruptions and
entries of the register change an answer while both stand still, and a wrong 304 is worse than a figure read twice.
"""

import re
from hashlib import blake2b
from typing import Final

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_PATHS: Final = "/v1/"
_TAG: Final = re.compile(r'(?:W/)?("[^"]*")')
_OF_A_BODY: Final = ("content-length", "content-type", "content-disposition")


class Validators:
    """ASGI middleware: tags whole answers to GET and HEAD; those that are streamed pass as they come."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on; answer 304 where the client has the body already."""
        if scope["type"] != "http" or not scope["path"].startswith(_PATHS):
            await self._app(scope, receive, send)
            return
        known = Headers(scope=scope).get("if-none-match", "")
        may_match = scope["method"] in {"GET", "HEAD"}
        start: Message | None = None

        async def tagged(message: Message) -> None:
            nonlocal start
            if message["type"] == "http.response.start":
                start = message  # until its body is known
                return
            if start is not None:
                first, start = start, None
                message = _with_validators(first, message, known, may_match=may_match)
                await send(first)
            await send(message)

        await self._app(scope, receive, tagged)


def is_known(tag: str, if_none_match: str) -> bool:
    """Return whether an If-None-Match header names this tag; tags are compared weakly, as it is to be."""
    return if_none_match.strip() == "*" or tag in _TAG.findall(if_none_match)


def _with_validators(start: Message, body: Message, known: str, *, may_match: bool) -> Message:
    """Complete the head of an answer in place, and return the body that goes with it."""
    headers = MutableHeaders(raw=start["headers"])
    start["headers"] = headers.raw
    headers.setdefault("cache-control", "private, no-cache" if may_match else "no-store")
    headers.add_vary_header("Accept, Authorization, Cookie")
    if not may_match or start["status"] != 200 or body.get("more_body", False):  # noqa: PLR2004
        return body
    tag = f'"{blake2b(body.get("body", b""), digest_size=16).hexdigest()}"'
    headers["etag"] = tag
    if not is_known(tag, known):
        return body
    start["status"] = 304
    for name in _OF_A_BODY:
        if name in headers:
            del headers[name]
    return {"type": "http.response.body", "body": b""}
