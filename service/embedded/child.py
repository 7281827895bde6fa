"""A server program that this process owns."""

import asyncio
import os
import signal
import subprocess
from collections.abc import Awaitable, Callable
from typing import IO, Final, Self

from service.embedded.account import Account
from service.embedded.tether import tethered
from service.errors import EmbeddedPartError

_POLL_S: Final = 0.005
_TAIL_BYTES: Final = 2000


class Child:
    """A process that is stopped with its owner; it belongs to no event loop.

    It has a session of its own, so that Ctrl-C reaches the owner alone, who stops things in order.
    """

    def __init__(self, name: str, process: "subprocess.Popen[bytes]", log: IO[bytes]) -> None:
        self._name = name
        self._process = process
        self._log = log

    @classmethod
    def spawn(
        cls,
        command: list[str],
        *,
        log: IO[bytes],
        account: Account | None = None,
        when_orphaned: signal.Signals = signal.SIGKILL,
        stdin: IO[bytes] | None = None,
    ) -> Self:
        """Return a new process that runs ``command``.

        Args:
            command: Absolute path of the program, and its arguments.
            log: An open file that takes what the process prints; it stays the caller's.
            account: Whom the process becomes; None keeps this process's user.
            when_orphaned: What the process gets when the calling thread ends (Linux).
            stdin: An open file that the process reads; None gives it nothing to read.
        """
        uid, gid = account if account is not None else (-1, -1)
        process = subprocess.Popen(  # noqa: S603  (a program of a wheel, no shell)
            tethered(command, when_orphaned=when_orphaned, uid=uid, gid=gid),
            stdin=subprocess.DEVNULL if stdin is None else stdin,
            stdout=log,
            stderr=subprocess.STDOUT,
            cwd="/",
            start_new_session=True,
        )
        return cls(os.path.basename(command[0]), process, log)  # noqa: PTH119  (a name, not a path)

    @property
    def pid(self) -> int:
        """Process id; it stays what it was after the end."""
        return self._process.pid

    @property
    def is_running(self) -> bool:
        """Whether the process has not ended yet."""
        return self._process.poll() is None

    async def until(self, is_ready: Callable[[], Awaitable[bool]], *, within_s: float) -> None:
        """Return when ``is_ready`` says so.

        Raises:
            EmbeddedPartError: the process ended before, or ``within_s`` seconds went by.
        """
        try:
            async with asyncio.timeout(within_s):
                while not await is_ready():
                    if not self.is_running:
                        raise self._error(f"ended with status {self._process.returncode}")
                    await asyncio.sleep(_POLL_S)
        except TimeoutError as error:
            raise self._error(f"not ready within {within_s} s") from error

    async def finish(self, *, within_s: float) -> None:
        """Return when the process has ended well.

        Raises:
            EmbeddedPartError: it ended with a status other than 0, or did not within ``within_s``
                seconds; then it was killed.
        """
        try:
            has_ended = await self._has_ended(within_s=within_s)
        finally:
            self.kill()
        if not has_ended:
            raise self._error(f"did not end within {within_s} s")
        if self._process.returncode != 0:
            raise self._error(f"ended with status {self._process.returncode}")

    async def stop(self, stop_signal: signal.Signals, *, within_s: float) -> None:
        """End the process: ask with ``stop_signal``, after ``within_s`` seconds kill."""
        if self.is_running:
            self._process.send_signal(stop_signal)
        try:
            await self._has_ended(within_s=within_s)
        finally:
            self.kill()

    def kill(self) -> None:
        """End the process at once and wait for it; does nothing when it has ended."""
        if self.is_running:
            self._process.kill()
        self._process.wait()

    def log_tail(self) -> str:
        """Return the last 2000 bytes that the process printed."""
        # pread: the file position is shared with the process, which writes there.
        start = max(0, os.fstat(self._log.fileno()).st_size - _TAIL_BYTES)
        return os.pread(self._log.fileno(), _TAIL_BYTES, start).decode(errors="replace").strip()

    async def _has_ended(self, *, within_s: float) -> bool:
        try:
            async with asyncio.timeout(within_s):
                while self.is_running:  # noqa: ASYNC110  (an event would bind it to one loop)
                    await asyncio.sleep(_POLL_S)
        except TimeoutError:
            return False
        return True

    def _error(self, what: str) -> EmbeddedPartError:
        return EmbeddedPartError(f"{self._name} (process {self.pid}) {what}: {self.log_tail()}")
