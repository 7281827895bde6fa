"""The role ``serve``: answers over HTTP until told to stop."""

import asyncio
import contextlib
import ipaddress
import socket
from collections.abc import Callable, Iterator
from typing import Final

import uvicorn

from service.api.app import create_app
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
        SettingsError: The host is not loopback, host and port cannot be listened on, or the rule set is not the
            deployment's.
        RuleSetError: A rule set that the settings name is not there, or cannot be read.
    """
    address = await _loopback_address(settings)
    chosen = chosen_rule_sets(settings)
    await _check_rule_set(settings, chosen.statutory)
    app = create_app(settings, chosen=chosen)
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
            watcher = tasks.create_task(_pass_on(stop, server))
            url = _url(listener)
            log.info("serving", url=url)
            if on_ready is not None:
                on_ready(url)
            await server.serve(sockets=[listener])
            watcher.cancel()


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


async def _loopback_address(settings: Settings) -> str:
    """Return the address to listen on.

    Raises:
        SettingsError: It can be reached from other machines; requests are not authenticated yet.
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
    if open_ones:
        raise SettingsError(
            f"VOLTPASS_API_HOST = {host!r} is {open_ones[0]}, which other machines can reach. Requests are not "
            "authenticated in this version, so only loopback is listened on: set 127.0.0.1 or ::1, and let a "
            "reverse proxy with authentication on this machine answer to others"
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
