"""Keeps one server, and ends it when the process that asked for it is gone.

A test run that is killed cannot stop what it has started. So each server is the child of a small
process of its own, this one, that looks ten times a second whether its own parent still lives.
If the guard itself is killed, the kernel ends the server (``setpriv --pdeathsig``). Run by path,
without the project: it must start in milliseconds.
"""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from types import FrameType

POLL_S = 0.1
STOP_LIMIT_S = 10.0  # for the server's own way of stopping, before it is killed
_KILL_LIMIT_S = 10.0
_KILL_POLL_S = 0.02


def main(arguments: Sequence[str]) -> int:
    """Run ``OWNER_PID FOLDER STOP_SIGNAL COMMAND...`` and return the exit status of the command.

    The command runs in ``FOLDER``. SIGTERM ends it and leaves the folder to the owner; when the
    owner is gone there is nobody left to read it, and it is removed.
    """
    owner_pid, folder, stop_signal = int(arguments[0]), Path(arguments[1]), int(arguments[2])
    asked = False

    def note(_signal: int, _frame: FrameType | None) -> None:
        nonlocal asked
        asked = True

    signal.signal(signal.SIGTERM, note)
    with subprocess.Popen(arguments[3:], cwd=folder, start_new_session=True) as server:
        while os.getppid() == owner_pid and not asked and server.poll() is None:
            time.sleep(POLL_S)
        status = server.poll()
        _end(server, stop_signal)
        end_processes_below(folder)
    if os.getppid() != owner_pid:
        remove(folder)
    return status or 0


def remove(folder: Path) -> None:
    """End what still runs in ``folder`` and remove it.

    Raises:
        TimeoutError: A process outlives SIGKILL; the folder is left as it is.
    """
    end_processes_below(folder)
    for pid_file in folder.glob("cluster/postmaster.pid"):
        _remove_segment(pid_file)
    shutil.rmtree(folder, ignore_errors=True)


def end_processes_below(folder: Path) -> None:
    """Kill every process whose working directory is in ``folder`` (PostgreSQL: the cluster's).

    The working directory tells more than the process group: each process of PostgreSQL makes a
    session of its own, and one that is stopped or busy does not notice that its parent is gone.

    Raises:
        TimeoutError: A process outlives SIGKILL.
    """
    for _ in range(round(_KILL_LIMIT_S / _KILL_POLL_S)):
        pids = processes_below(folder)
        if not pids:
            return
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(_KILL_POLL_S)
    raise TimeoutError(f"processes {processes_below(folder)} in {folder} outlive SIGKILL")


def processes_below(folder: Path) -> list[int]:
    """Return the processes, this one excluded, whose working directory is in ``folder``."""
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        with contextlib.suppress(OSError):  # gone meanwhile, or somebody else's
            place = Path(str((entry / "cwd").readlink()).removesuffix(" (deleted)"))
            if place.is_relative_to(folder):
                found.append(int(entry.name))
    return found


def _end(server: "subprocess.Popen[bytes]", stop_signal: int) -> None:
    if server.poll() is None:
        server.send_signal(stop_signal)
        with contextlib.suppress(subprocess.TimeoutExpired):
            server.wait(timeout=STOP_LIMIT_S)
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(server.pid, signal.SIGKILL)


def _remove_segment(pid_file: Path) -> None:
    """Remove the shared memory segment of a PostgreSQL that had no time to do it itself."""
    lines = pid_file.read_text().splitlines()
    if len(lines) > 6 and lines[6].split():
        segment = lines[6].split()[-1]
        subprocess.run(["ipcrm", "-m", segment], check=False, stderr=subprocess.DEVNULL)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
