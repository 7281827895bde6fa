"""One running server: its folder, its log, its guard, and the ports it may take.

A folder belongs to whoever holds the lock on the file ``lock`` in it. The kernel gives that up
with the last process that holds it, so a folder without a holder is a left-over of a run that
was killed together with its guards, and the next start removes it.
"""

import contextlib
import fcntl
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from tests.real import guard

PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
LOOPBACK = "127.0.0.1"
_PORTS = range(20_000, 30_000)  # below those that the kernel gives to outgoing connections
_ANSWER_POLL_S = 0.05
_N_LOG_LINES = 30  # of the log, in an error


class RealServerError(RuntimeError):
    """A server did not start, or did not answer; the message carries the end of its log."""


class Instance:
    """A server that starts in a fresh folder and leaves nothing behind."""

    def __init__(self, runs: Path, kind: str) -> None:
        """Make the folder ``KIND-<random>`` in ``runs``; remove left-overs of others there."""
        runs.mkdir(parents=True, exist_ok=True)
        with _locked(runs / ".lock"):
            _remove_left_overs(runs)
            self.folder = Path(tempfile.mkdtemp(prefix=f"{kind}-", dir=runs.resolve()))
            self.folder.chmod(0o755)
            self._lock: int | None = os.open(self.folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
            fcntl.flock(self._lock, fcntl.LOCK_EX)
        self._guard: subprocess.Popen[bytes] | None = None

    def run(self, command: Sequence[str], env: Mapping[str, str] | None = None) -> str:
        """Run a command of this server to its end and return what it says.

        Raises:
            RealServerError: It failed.
        """
        done = subprocess.run(
            command, cwd="/", env=_environment(env), capture_output=True, text=True, check=False
        )
        if done.returncode != 0:
            raise RealServerError(f"{command[0]} failed ({done.returncode}): {done.stderr.strip()}")
        return done.stdout.strip()

    def start(
        self,
        command: Sequence[str],
        *,
        stop_signal: signal.Signals,
        env: Mapping[str, str] | None = None,
    ) -> None:
        """Start the server under a guard of its own, outside this process's group."""
        if self._guard is not None or self._lock is None:
            raise RealServerError(f"{self.folder.name} was started before")
        line = [sys.executable, "-I", guard.__file__, str(os.getpid()), str(self.folder)]
        with (self.folder / "log").open("ab") as log:
            self._guard = subprocess.Popen(
                [*line, str(stop_signal.value), *command],
                cwd="/",
                env=_environment(env),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                pass_fds=[self._lock],
            )
        self._unlock()  # from here on the guard holds it, and only the guard

    def wait_until(self, answers: Callable[[], bool], limit_s: float) -> None:
        """Return when ``answers()`` is true.

        Raises:
            RealServerError: The server ended, or ``limit_s`` passed.
        """
        if self._guard is None:
            raise RealServerError(f"{self.folder.name} was not started")
        for _ in range(round(limit_s / _ANSWER_POLL_S)):
            if answers():
                return
            with contextlib.suppress(subprocess.TimeoutExpired):
                status = self._guard.wait(timeout=_ANSWER_POLL_S)
                raise RealServerError(f"{self.folder.name} ended ({status}):\n{self._log_end()}")
        raise RealServerError(
            f"{self.folder.name} did not answer in {limit_s} s:\n{self._log_end()}"
        )

    def log_text(self) -> str:
        """Return what the server has written so far."""
        log = self.folder / "log"
        return log.read_text(errors="replace") if log.exists() else ""

    def close(self) -> None:
        """End the server with all its processes and remove the folder; again: nothing."""
        if self._guard is not None:
            self._guard.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._guard.wait(timeout=guard.STOP_LIMIT_S + 5.0)
            self._guard.kill()
            self._guard.wait()
        guard.remove(self.folder)
        self._unlock()

    def _unlock(self) -> None:
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def _log_end(self) -> str:
        return "\n".join(self.log_text().splitlines()[-_N_LOG_LINES:])


def free_ports(n_ports: int) -> list[int]:
    """Return that many different loopback ports nobody listens on."""
    found: list[int] = []
    for port in random.sample(_PORTS, k=len(_PORTS)):
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((LOOPBACK, port))
            found.append(port)
        if len(found) == n_ports:
            return found
    raise RealServerError(f"no {n_ports} free ports in {_PORTS}")


def _environment(env: Mapping[str, str] | None) -> dict[str, str]:
    """Only this: settings of the tester's shell (PG*, KAFKA_*) must not reach a server."""
    return {"PATH": PATH, "LC_ALL": "C.UTF-8"} | dict(env or {})


def _remove_left_overs(runs: Path) -> None:
    for lock in runs.glob("*/lock"):
        with contextlib.suppress(BlockingIOError), _locked(lock, wait=False):
            guard.remove(lock.parent)
    for folder in runs.iterdir():
        if folder.is_dir() and not (folder / "lock").exists():
            shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def _locked(file: Path, *, wait: bool = True) -> Iterator[None]:
    with file.open("ab") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
