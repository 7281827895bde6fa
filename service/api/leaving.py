"""A client that goes away takes its question with it: what is being read for it is cancelled in the database too."""

import asyncio
from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.logs import logger

log = logger(__name__)

CLIENT_LEFT: Final = 499  # as in the logs of nginx; no client sees it


class Leaving:
    """ASGI middleware: cancels the answer to a GET whose client has gone. What writes is finished."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, and watch whether its client stays."""
        if scope["type"] != "http" or scope["method"] not in {"GET", "HEAD"}:
            await self._app(scope, receive, send)
            return
        await _Answer(self._app).give(scope, receive, send)


class _Answer:
    """One answer, and whether somebody still waits for it."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._received: asyncio.Queue[Message] = asyncio.Queue()
        self._is_complete = False
        self._failure: Exception | None = None

    async def give(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer until done, or until the client has gone."""
        async with asyncio.TaskGroup() as tasks:
            answering = tasks.create_task(self._answer(scope, send))
            watching = tasks.create_task(self._watch(receive))
            await asyncio.wait((answering, watching), return_when=asyncio.FIRST_COMPLETED)
            watching.cancel()
            if not answering.done() and not self._is_complete:
                log.info("client_left", path=scope["path"])
                answering.cancel()
        if self._failure is not None:
            raise self._failure

    async def _answer(self, scope: Scope, send: Send) -> None:
        async def noted(message: Message) -> None:
            await send(message)
            is_body = message["type"] == "http.response.body"
            self._is_complete = is_body and not message.get("more_body", False)

        try:
            await self._app(scope, self._received.get, noted)
        except Exception as error:  # noqa: BLE001 (it is raised again, outside of the group)
            self._failure = error

    async def _watch(self, receive: Receive) -> None:
        while True:
            message = await receive()
            self._received.put_nowait(message)
            if message["type"] == "http.disconnect":
                return
