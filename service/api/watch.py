"""What happens around every request: it is measured, told to the log, and never ends without an answer."""

from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.api import problem
from service.api.leaving import CLIENT_LEFT
from service.clock import monotonic_s
from service.logs import logger
from service.metrics import ServeMetrics

log = logger(__name__)

_UNKNOWN: Final = "unknown"  # the route of a path that no route matches


class RequestWatch:
    """ASGI middleware; put it outside of everything else."""

    def __init__(self, app: ASGIApp, metrics: ServeMetrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, and record the answer."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        status = 0

        async def watched(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        started_s = monotonic_s()
        try:
            await self._app(scope, receive, watched)
        except Exception:
            log.exception("request_failed", method=scope["method"], path=scope["path"])
            if status:  # half an answer is out: only the connection can say that it is none
                raise
            await problem.failure()(scope, receive, watched)
        finally:
            duration_s = monotonic_s() - started_s
            route = getattr(scope.get("route"), "path_format", None)
            route = f"{scope.get('root_path', '')}{route}" if route else _UNKNOWN
            status = status or CLIENT_LEFT
            self._metrics.record_request(route, scope["method"], status, duration_s)
            log.debug(
                "request",
                method=scope["method"],
                path=scope["path"],
                route=route,
                status=status,
                duration_ms=round(duration_s * 1000, 3),
            )
