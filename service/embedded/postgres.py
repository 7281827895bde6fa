"""PostgreSQL 18 from a wheel, on loopback, for the demo and the tests."""

import re
import secrets
import signal
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import IO, Final, Self

from service.embedded.account import Account, closed_folder, server_account
from service.embedded.child import Child
from service.embedded.cluster import ADMIN, Cluster
from service.embedded.folder import OwnedFolder
from service.embedded.ports import LOOPBACK, free_port
from service.embedded.program import postgres_program
from service.errors import EmbeddedPartError

_DATABASE: Final = re.compile(r"[a-z_][a-z0-9_]{0,62}")
_N_PORTS_TO_TRY: Final = 3
_FAST_STOP: Final = signal.SIGINT  # to PostgreSQL: roll back what is open, write, end

_ALWAYS: Final = {
    "listen_addresses": LOOPBACK,
    "unix_socket_directories": "",
    "timezone": "UTC",
    "log_timezone": "UTC",
}
# Survives a killed server, not a power cut; synchronous_commit stays on and costs next to nothing.
_NOT_DURABLE: Final = {"fsync": "off", "full_page_writes": "off"}


class EmbeddedPostgres:
    """A PostgreSQL server of its own, without TimescaleDB, that ends with this process.

    Use it as an async context manager, or ``start`` and ``stop`` it, in any event loop; the thread
    that starts it must live as long. Clients log in with a password that is new at every start, as
    any user of the machine reaches a loopback port.
    """

    def __init__(
        self,
        *,
        folder: Path | None = None,
        database: str = "voltpass",
        durable: bool = False,
        parameters: Mapping[str, str] | None = None,
        start_within_s: float = 60.0,
        stop_within_s: float = 20.0,
    ) -> None:
        """Prepare a server; nothing happens before ``start``.

        Args:
            folder: Keeps the rows from one start to the next, 46 MB when empty; None takes a
                temporary folder that ``stop`` removes.
            database: Made at the start if it is not there; lower case letters, digits, ``_``.
            durable: Whether committed rows survive a power cut; they survive a killed server
                either way.
            parameters: Server settings by name, over those that are made here.
            start_within_s: Longest start, seconds, recovery after a kill included.
            stop_within_s: Longest stop in order, seconds; then the server is killed.

        Raises:
            EmbeddedPartError: the name of the database is not a plain one.
        """
        if not _DATABASE.fullmatch(database):
            raise EmbeddedPartError(f"database name {database!r} is not of {_DATABASE.pattern}")
        self._given_folder = folder
        self._database = database
        self._durable = durable
        self._parameters = {
            **_ALWAYS,
            **({} if durable else _NOT_DURABLE),
            **(parameters or {}),
        }
        self._start_within_s = start_within_s
        self._stop_within_s = stop_within_s
        self._folder: OwnedFolder | None = None
        self._log: IO[bytes] | None = None
        self._server: Child | None = None
        self._dsn = ""

    @property
    def dsn(self) -> str:
        """Where the database is, as its owner: ``postgresql://user:password@host:port/name``.

        Raises:
            EmbeddedPartError: the server was not started.
        """
        self._started()
        return self._dsn

    @property
    def pid(self) -> int:
        """Process id of the server.

        Raises:
            EmbeddedPartError: the server was not started.
        """
        return self._started().pid

    @property
    def is_running(self) -> bool:
        """Whether the server was started and has not ended, by itself or by ``stop``."""
        return self._server is not None and self._server.is_running

    async def start(self) -> None:
        """Start the server and return when it accepts connections; one that ended starts anew.

        Raises:
            EmbeddedPartError: the wheel is missing, the folder is in use or closed to the account
                that the server runs as, or the server does not come up in time.
        """
        if self.is_running:
            return
        try:
            await self._start()
        except BaseException:
            await self.stop()
            raise

    async def stop(self) -> None:
        """End the server, give back the folder; may be called at any time and more than once."""
        try:
            if self._server is not None:
                await self._server.stop(_FAST_STOP, within_s=self._stop_within_s)
        finally:
            self._server = None
            if self._log is not None:
                self._log.close()
                self._log = None
            if self._folder is not None:
                self._folder.give_back()
                self._folder = None

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.stop()

    def _started(self) -> Child:
        if self._server is None:
            raise EmbeddedPartError("the embedded PostgreSQL was not started")
        return self._server

    async def _start(self) -> None:
        account = server_account()
        folder = self._open_folder(account)
        log = self._open_log(folder)
        program = postgres_program(account, folder / "program")
        cluster = Cluster(folder, program=program, account=account, log=log)
        await cluster.end_leftovers(within_s=self._stop_within_s)
        await cluster.prepare(durable=self._durable, within_s=self._start_within_s)
        password = secrets.token_hex(16)
        await cluster.execute(
            [
                f"CREATE DATABASE {self._database}",  # fails where it exists, which is as good
                f"ALTER ROLE {ADMIN} PASSWORD '{password}'",
            ],
            self._parameters,
            within_s=self._start_within_s,
        )
        port = await self._serve(cluster)
        self._dsn = f"postgresql://{ADMIN}:{password}@{LOOPBACK}:{port}/{self._database}"

    async def _serve(self, cluster: Cluster) -> int:
        """Return the port that the server listens on."""
        for attempt in range(1, _N_PORTS_TO_TRY + 1):
            port = free_port()
            server = self._server = cluster.serve({**self._parameters, "port": str(port)})

            async def is_ready(server: Child = server) -> bool:
                return cluster.accepts_connections(server)

            try:
                await server.until(is_ready, within_s=self._start_within_s)
            except EmbeddedPartError:
                was_taken = "could not bind" in server.log_tail()
                if server.is_running or not was_taken or attempt == _N_PORTS_TO_TRY:
                    raise
            else:
                return port
        raise AssertionError

    def _open_folder(self, account: Account | None) -> Path:
        if self._folder is None:
            given = self._given_folder
            self._folder = OwnedFolder.temporary() if given is None else OwnedFolder.given(given)
        path = self._folder.path
        closed = closed_folder(path / "cluster") if account is not None else None
        if closed is not None:
            raise EmbeddedPartError(
                f"folder {path}: the server must not run as root, and {closed} lets nobody else in"
            )
        return path

    def _open_log(self, folder: Path) -> IO[bytes]:
        if self._log is None:
            self._log = (folder / "server.log").open("ab+", buffering=0)
        return self._log
