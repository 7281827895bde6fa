"""TimescaleDB for a test: a PostgreSQL cluster of its own on the loopback, open to all there."""

import os
import secrets
import shutil
import signal
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from tests.real.instance import LOOPBACK, Instance, RealServerError, free_ports
from tests.real.parts import RealParts

_START_LIMIT_S = 60.0  # under two seconds on two idle cores
_USER = "postgres"  # of the machine or the root; also the superuser of the cluster
_READY_LINE = 7  # of postmaster.pid: `ready` once connections are accepted


@dataclass(kw_only=True)
class RealTimescale:
    """A cluster with TimescaleDB preloaded; each start has fresh files and a port of its own.

    As root it runs as the user postgres, inside the root that PostgreSQL was installed in. That
    root needs no mount: ``/proc`` is not read, and shared memory does not live in ``/dev/shm``.
    """

    parts: RealParts
    fsync: bool = True  # off: faster, and what a kill test proves no longer holds
    max_connections: int = 100
    settings: Mapping[str, str] = field(default_factory=dict)  # win over those set here
    port: int = field(init=False, default=0)  # while it runs
    postgres_version: str = field(init=False, default="")
    timescale_version: str = field(init=False, default="")
    edition: str = field(init=False, default="")  # `apache` or `timescale` (Community)
    _instance: Instance | None = field(init=False, default=None, repr=False)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Start the server and return when it serves clients.

        Raises:
            RealServerError: It does not; nothing is left running.
        """
        if self._instance is not None:
            raise RealServerError("this database server runs already")
        if os.geteuid() != 0 and self.parts.postgres_root != Path("/"):
            raise RealServerError(f"only root can start PostgreSQL in {self.parts.postgres_root}")
        runs = self.parts.postgres_root / f"var/tmp/voltpass-real-{os.geteuid()}"
        self._instance = instance = Instance(runs, "timescale")
        try:
            self._start(instance)
        except BaseException:
            self.stop()
            raise
        sys.stderr.write(
            f"PostgreSQL {self.postgres_version}, TimescaleDB {self.timescale_version}"
            f" ({self.edition} edition) at {LOOPBACK}:{self.port}\n"
        )

    def stop(self) -> None:
        """End the server with all its processes and remove its files; again: nothing."""
        instance, self._instance = self._instance, None
        self.port = 0
        if instance is not None:
            instance.close()

    def dsn(self, database: str, user: str = _USER) -> str:
        """Return the address of a database; there is no password, whoever the user is."""
        return f"postgresql://{user}@{LOOPBACK}:{self.port}/{database}"

    def create_database(self, name: str | None = None, *, with_extension: bool = True) -> str:
        """Return the DSN of a new database, owned by the superuser, with TimescaleDB in it."""
        name = name or f"test_{secrets.token_hex(6)}"
        self._sql("postgres", f'CREATE DATABASE "{name}"')
        if with_extension:
            self._sql(name, "CREATE EXTENSION timescaledb")
        return self.dsn(name)

    def drop_database(self, name: str) -> None:
        """Drop a database and throw out whoever is connected to it."""
        self._sql("postgres", f'DROP DATABASE "{name}" WITH (FORCE)')

    def _start(self, instance: Instance) -> None:
        cluster = instance.folder / "cluster"
        cluster.mkdir()
        if os.geteuid() == 0:
            shutil.chown(cluster, *self._owner())
        inside = Path("/") / cluster.relative_to(self.parts.postgres_root.resolve())
        initdb = ("--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync")
        instance.run(self._as_postgres("initdb", "-D", str(inside), "-U", _USER, *initdb))
        (port,) = free_ports(1)
        with (cluster / "postgresql.conf").open("a") as config:
            config.writelines(f"{name} = '{value}'\n" for name, value in self._settings(port))
        server = self._as_postgres("postgres", "-D", str(inside), dies_with_parent=True)
        instance.start(server, stop_signal=signal.SIGQUIT)
        instance.wait_until(lambda: _is_ready(cluster / "postmaster.pid"), _START_LIMIT_S)
        self.port = port
        self._ask_versions()

    def _ask_versions(self) -> None:
        name = "voltpass_probe"  # the edition is known only where the extension is
        self.create_database(name)
        self.postgres_version, self.timescale_version, self.edition = self._sql(
            name,
            "SELECT split_part(current_setting('server_version'), ' ', 1)",
            "SELECT extversion FROM pg_extension WHERE extname = 'timescaledb'",
            "SELECT current_setting('timescaledb.license')",
        )
        self.drop_database(name)

    def _settings(self, port: int) -> Sequence[tuple[str, str]]:
        on_or_off = "on" if self.fsync else "off"
        ours = {
            "listen_addresses": LOOPBACK,
            "port": str(port),
            "unix_socket_directories": "",
            "dynamic_shared_memory_type": "mmap",
            "max_connections": str(self.max_connections),
            "max_worker_processes": "64",  # TimescaleDB takes one for each database
            "shared_preload_libraries": "timescaledb",
            "timescaledb.telemetry_level": "off",
            "fsync": on_or_off,
            "full_page_writes": on_or_off,
            "timezone": "UTC",
            "log_timezone": "UTC",
        }
        return [
            (name, value.replace("'", "''")) for name, value in (ours | dict(self.settings)).items()
        ]

    def _sql(self, database: str, *statements: str) -> list[str]:
        if self._instance is None:
            raise RealServerError("the database server does not run")
        options = ("-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-d", self.dsn(database))
        commands = [word for statement in statements for word in ("-c", statement)]
        said = self._instance.run(
            self._as_postgres("psql", *options, *commands),
            env={"PGOPTIONS": "-c client_min_messages=error"},
        )
        return said.splitlines()

    def _as_postgres(
        self, program: str, *arguments: str, dies_with_parent: bool = False
    ) -> list[str]:
        before: list[str] = []
        options = ["--pdeathsig", "QUIT"] if dies_with_parent else []
        if os.geteuid() == 0:
            before = ["chroot", str(self.parts.postgres_root)]
            options += [f"--reuid={_USER}", f"--regid={_USER}", "--clear-groups"]
        command = [str(self.parts.postgres_bin / program), *arguments]
        return [*before, *(["setpriv", *options] if options else []), *command]

    def _owner(self) -> tuple[int, int]:
        """Return the user and group id of postgres, as the root that it runs in knows them."""
        for line in (self.parts.postgres_root / "etc/passwd").read_text().splitlines():
            name, _, user_id, group_id, *_ = line.split(":")
            if name == _USER:
                return int(user_id), int(group_id)
        raise RealServerError(f"no user {_USER} in {self.parts.postgres_root}/etc/passwd")


def _is_ready(pid_file: Path) -> bool:
    try:
        lines = pid_file.read_text().splitlines()
    except FileNotFoundError:
        return False
    return len(lines) > _READY_LINE and lines[_READY_LINE].startswith("ready")
