"""The files of one PostgreSQL cluster, and what a killed owner left running on them."""

import asyncio
import hashlib
import os
import shutil
import signal
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Final

from service.embedded.account import Account
from service.embedded.child import Child
from service.errors import EmbeddedPartError

ADMIN: Final = "postgres"

_PROC: Final = Path("/proc")
_POLL_S: Final = 0.02
_HBA: Final = "host all all 127.0.0.1/32 scram-sha-256\n"


class Cluster:
    """A cluster in ``folder``; the caller owns the folder, nobody else starts a server on it."""

    def __init__(
        self, folder: Path, *, program: Path, account: Account | None, log: IO[bytes]
    ) -> None:
        self.files = folder / "cluster"
        self._hba = folder / "pg_hba.conf"
        self._program = program
        self._account = account
        self._log = log
        # Every process of the server shows it in its command line, which all users may read.
        self._name = "voltpass-" + hashlib.sha256(os.fsencode(self.files)).hexdigest()[:16]

    async def prepare(self, *, durable: bool, within_s: float) -> None:
        """Make the files, unless they are there; where ``durable``, they are on disk after.

        Raises:
            EmbeddedPartError: initdb fails, or ``within_s`` seconds went by.
        """
        if not self.files.exists():
            unfinished = self._start_afresh()
            await self._run_initdb(unfinished, durable=durable, within_s=within_s)
            unfinished.rename(self.files)
        self._hba.write_text(_HBA)
        self._hba.chmod(0o644)

    async def execute(
        self, statements: list[str], parameters: Mapping[str, str], *, within_s: float
    ) -> None:
        """Run ``statements``, one line each, while no server runs; a failing one is logged only.

        Raises:
            EmbeddedPartError: the files cannot be used, or ``within_s`` seconds went by.
        """
        with tempfile.TemporaryFile() as script:
            script.write("".join(line + "\n" for line in statements).encode())
            script.seek(0)
            command = [*self._command("--single"), *_options(parameters), ADMIN]
            child = Child.spawn(command, log=self._log, account=self._account, stdin=script)
        await child.finish(within_s=within_s)

    def serve(self, parameters: Mapping[str, str]) -> Child:
        """Return a server that just starts; without its owner it shuts down in order."""
        return Child.spawn(
            [*self._command(), *_options(parameters)],
            log=self._log,
            account=self._account,
            when_orphaned=signal.SIGINT,
        )

    def accepts_connections(self, server: Child) -> bool:
        """Return whether ``server`` has recovered and is open."""
        try:
            lines = (self.files / "postmaster.pid").read_text().splitlines()
        except FileNotFoundError:
            return False
        # First the process, last its state, once it has one.
        return lines[:1] == [str(server.pid)] and lines[-1].strip() == "ready"

    async def end_leftovers(self, *, within_s: float) -> None:
        """End what a killed owner left running: in order, after ``within_s`` seconds by force.

        Raises:
            EmbeddedPartError: a leftover cannot be ended.
        """
        try:
            async with asyncio.timeout(within_s):
                while server := self._leftover_server():
                    _send(server, signal.SIGINT)
                    await asyncio.sleep(_POLL_S)
        except TimeoutError:
            pass
        for pid in self._leftovers():  # a worker in a long statement does not see its server die
            _send(pid, signal.SIGKILL)
        try:
            async with asyncio.timeout(within_s):
                while self._leftovers():  # noqa: ASYNC110  (not our child: nothing to wait on)
                    await asyncio.sleep(_POLL_S)
        except TimeoutError as error:
            raise EmbeddedPartError(f"processes {self._leftovers()} do not end") from error
        if _PROC.is_dir():
            # PostgreSQL would take a dead process that nobody waited for as the running server.
            (self.files / "postmaster.pid").unlink(missing_ok=True)

    def _command(self, *mode: str) -> list[str]:
        fixed = {"cluster_name": self._name, "hba_file": str(self._hba)}
        return [str(self._program / "postgres"), *mode, "-D", str(self.files), *_options(fixed)]

    def _start_afresh(self) -> Path:
        """Return an empty folder for initdb; one that was killed half way leaves nothing behind."""
        unfinished = self.files.with_name("cluster.new")
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir(mode=0o700)
        if self._account is not None:
            os.chown(unfinished, *self._account)
        return unfinished

    async def _run_initdb(self, files: Path, *, durable: bool, within_s: float) -> None:
        command = [str(self._program / "initdb"), "-D", str(files), f"--username={ADMIN}"]
        # The authentication written here is not used: the server is given a file of ours.
        command += ["--auth=reject", "--no-locale", "--encoding=UTF8"]
        command += [] if durable else ["--no-sync"]
        await Child.spawn(command, log=self._log, account=self._account).finish(within_s=within_s)

    def _leftovers(self) -> list[int]:
        return [pid for pid in _processes() if self._name in _command_line(pid)]

    def _leftover_server(self) -> int | None:
        """Return the first process of the server; the others call themselves ``postgres: ...``."""
        for pid in self._leftovers():
            if not _command_line(pid).startswith("postgres: "):
                return pid
        return None


def _options(parameters: Mapping[str, str]) -> list[str]:
    return [part for name, value in parameters.items() for part in ("-c", f"{name}={value}")]


def _processes() -> list[int]:
    if not _PROC.is_dir():
        return []
    return [int(entry.name) for entry in _PROC.iterdir() if entry.name.isdecimal()]


def _command_line(pid: int) -> str:
    """Return the command line of a PostgreSQL process, empty for others and for dead ones."""
    try:
        words = (_PROC / str(pid) / "cmdline").read_bytes().decode(errors="replace").split("\0")
    except OSError:
        return ""
    is_postgres = words[0].startswith("postgres: ") or words[0].endswith("/postgres")
    return " ".join(words) if is_postgres else ""


def _send(pid: int, what: signal.Signals) -> None:
    try:
        os.kill(pid, what)
    except ProcessLookupError:
        pass
    except PermissionError as error:
        raise EmbeddedPartError(f"process {pid} belongs to somebody else: {error}") from error
