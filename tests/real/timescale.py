"""TimescaleDB for a test: a PostgreSQL cluster of its own on the loopback, open to all there."""

import os
import secrets
import shutil
import signal
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.real.instance import LOOPBACK, Instance, RealServerError, free_ports
from tests.real.server import RealServer

_START_LIMIT_S = 60.0  # under two seconds on two idle cores
_USER = "postgres"  # of the machine or the root; also the superuser of the cluster
_READY_LINE = 7  # of postmaster.pid: `ready` once connections are accepted


@dataclass(kw_only=True)
class RealTimescale(RealServer):
    """A cluster with TimescaleDB preloaded; each start has fresh files and a port of its own.

    As root it runs as the user postgres, inside the root that PostgreSQL was installed in. That
    root needs no mount: ``/proc`` is not read, and shared memory does not live in ``/dev/shm``.
    """

    WHAT = "database server"

    fsync: bool = True  # off: faster, and what a kill test proves no longer holds
    max_connections: int = 100
    settings: Mapping[str, str] = field(default_factory=dict)  # win over those set here
    port: int = field(init=False, default=0)  # while it runs
    postgres_version: str = field(init=False, default="")
    timescale_version: str = field(init=False, default="")
    edition: str = field(init=False, default="")  # `apache` or `timescale` (Community)

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

    def _new_instance(self) -> Instance:
        if os.geteuid() != 0 and self.parts.postgres_root != Path("/"):
            raise RealServerError(f"only root can start PostgreSQL in {self.parts.postgres_root}")
        runs = self.parts.postgres_root / f"var/tmp/voltpass-real-{os.geteuid()}"
        return Instance(runs, "timescale")

    def _forget_address(self) -> None:
        self.port = 0

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
        sys.stderr.write(
            f"PostgreSQL {self.postgres_version}, TimescaleDB {self.timescale_version}"
            f" ({self.edition} edition) at {LOOPBACK}:{self.port}\n"
        )

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
