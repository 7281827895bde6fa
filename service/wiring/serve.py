"""The role ``serve``: answers over HTTP until told to stop."""

import asyncio
import contextlib
import ipaddress
import socket
from collections.abc import Callable, Coroutine, Iterator
from typing import Final

import uvicorn
from starlette.types import ASGIApp

from service.api.access import bearer_access
from service.api.app import create_app
from service.auth.authenticator import authenticating
from service.console.app import PATH, create_console
from service.domain.catalogue import chosen_rule_sets
from service.domain.rules import RuleSet
from service.errors import SettingsError, StoreError
from service.logs import logger
from service.settings import Settings
from service.store.deployment import require_rule_set
from service.store.pool import Pool

log = logger(__name__)

_FINISH_WITHIN_S: Final = 10  # requests under way when told to stop
_BACKLOG: Final = 512


async def run_serve(
    settings: Settings,
    stop: asyncio.Event,
    on_ready: Callable[[str], None] | None = None,
) -> None:
    """Answer requests until told to stop; those under way are finished.

    Args:
        settings: Where to listen, and the database.
        stop: Set it to end.
        on_ready: Called once with the address, when requests are answered.

    Raises:
        SettingsError: Requests are not authenticated and the host is not loopback, host and port cannot be listened
            on, or the rule set is not the deployment's.
        RuleSetError: A rule set that the settings name is not there, or cannot be read.
    """
    address = await _address(settings)
    chosen = chosen_rule_sets(settings)
    await _check_rule_set(settings, chosen.statutory)
    async with authenticating(settings) as (authenticator, beside):
        access_of = bearer_access(authenticator.access_of)
        console = create_console(settings, chosen=chosen, access_of=access_of)
        app = create_app(settings, chosen=chosen, access_of=access_of, beside={PATH: console})
        await _serve(app, (settings, address), (stop, on_ready), beside)


async def _serve(
    app: ASGIApp,
    place: tuple[Settings, str],
    run: tuple[asyncio.Event, Callable[[str], None] | None],
    beside: Callable[[], Coroutine[object, object, None]],
) -> None:
    (settings, address), (stop, on_ready) = place, run
    with _listening(settings, address) as listener:
        server = _Server(
            uvicorn.Config(
                app,
                log_config=None,
                access_log=False,
                lifespan="on",
                server_header=False,
                proxy_headers=False,
                timeout_graceful_shutdown=_FINISH_WITHIN_S,
            )
        )
        async with asyncio.TaskGroup() as tasks:
            companions = [tasks.create_task(one) for one in (_pass_on(stop, server), beside())]
            url = _url(listener)
            log.info("serving", url=url, auth=settings.auth)
            if on_ready is not None:
                on_ready(url)
            await server.serve(sockets=[listener])
            for one in companions:
                one.cancel()


class _Server(uvicorn.Server):
    """Leaves the signals to the process: it is told to stop by ``should_exit``."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


async def _check_rule_set(settings: Settings, rule_set: RuleSet) -> None:
    """Refuse to answer in the name of another rule set than the deployment's.

    A database that is away or has no schema yet is no reason to: /readyz says so, and looks at the rule set, too.

    Raises:
        RuleSetDiffersError: The pages are judged by another one.
    """
    with contextlib.suppress(StoreError):
        async with Pool(settings, "reader", max_size=1) as pool, pool.connection() as connection:
            await require_rule_set(connection, rule_set)


async def _pass_on(stop: asyncio.Event, server: uvicorn.Server) -> None:
    await stop.wait()
    server.should_exit = True


async def _address(settings: Settings) -> str:
    """Return the address to listen on.

    Raises:
        SettingsError: It can be reached from other machines, and requests are not authenticated.
    """
    host = settings.api_host
    try:
        found = await asyncio.get_running_loop().getaddrinfo(
            host or None, settings.api_port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )
    except OSError as error:
        raise SettingsError(f"VOLTPASS_API_HOST = {host!r} is no host: {error}") from error
    addresses = [str(place[0]) for *_, place in found]
    open_ones = [one for one in addresses if not ipaddress.ip_address(one).is_loopback]
    if open_ones and settings.auth == "none":
        raise SettingsError(
            f"VOLTPASS_API_HOST = {host!r} is {open_ones[0]}, which other machines can reach, and VOLTPASS_AUTH = none "
            "lets everybody in: set VOLTPASS_AUTH = keys and make a key with `voltpass keys create`, or set "
            "VOLTPASS_AUTH = oidc with VOLTPASS_OIDC_ISSUER and VOLTPASS_OIDC_AUDIENCE, or listen on loopback only, "
            "127.0.0.1 or ::1"
        )
    return addresses[0]


@contextlib.contextmanager
def _listening(settings: Settings, address: str) -> Iterator[socket.socket]:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    with listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((address, settings.api_port))
            listener.listen(_BACKLOG)
        except OSError as error:
            raise SettingsError(
                f"`serve` cannot listen on {address}, VOLTPASS_API_PORT = {settings.api_port}: {error}"
            ) from error
        yield listener


def _url(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
