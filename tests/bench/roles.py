"""The service's roles as processes of their own, and what the system says of them."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_TICK_S = 1 / os.sysconf("SC_CLK_TCK")
_PAGE_BYTES = os.sysconf("SC_PAGESIZE")
_STOP_WITHIN_S = 120


class RoleError(Exception):
    """A process ended, or did not do what it should in time."""


def environment_of(bootstrap: str, dsn: str, **settings: str) -> dict[str, str]:
    """Return this process's environment with the settings of a role in place of its own."""
    others = {name: value for name, value in os.environ.items() if not name.startswith("VOLTPASS_")}
    ours = {
        "kafka_bootstrap": bootstrap,
        "database_dsn": dsn,
        "metrics_port": "0",
        "log_level": os.environ.get("BENCH_LOG_LEVEL", "warning"),
        **settings,
    }
    return others | {f"VOLTPASS_{name.upper()}": value for name, value in ours.items()}


@contextmanager
def running(
    role: str, environment: dict[str, str], log: Path | None = None
) -> Iterator["subprocess.Popen[bytes]"]:
    """Run a role; what it logs goes to ``log``, or where this process writes."""
    command = [sys.executable, "-m", "service", role]
    with (log or Path(os.devnull)).open("ab") as file:
        process = subprocess.Popen(command, env=environment, stderr=file if log else None)
    try:
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(_STOP_WITHIN_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def check_alive(process: "subprocess.Popen[bytes]", role: str) -> None:
    """Raise if a role has ended.

    Raises:
        RoleError: It has; what it logged says why.
    """
    if process.poll() is not None:
        raise RoleError(f"{role} ended with status {process.returncode}; see what it logged")


def resident_bytes(pid: int) -> int:
    """Return the memory of a process that is in use, shared pages included."""
    return int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1]) * _PAGE_BYTES


def processor_s(pid: int) -> float:
    """Return the seconds of processor that all threads of a process have used."""
    fields = _stat(pid)
    return (int(fields[11]) + int(fields[12])) * _TICK_S


def family_processor_s(pid: int) -> float:
    """Return the same of a process and of all its children, those that have ended included."""
    fields = _stat(pid)
    own = sum(int(field) for field in fields[11:15]) * _TICK_S
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()
    used = 0.0
    for child in children:
        with suppress(FileNotFoundError, ProcessLookupError):  # it may end at any moment
            used += processor_s(int(child))
    return own + used


def parent_of(pid: int) -> int:
    """Return the process that started another."""
    return int(_stat(pid)[1])


def _stat(pid: int) -> list[str]:
    """Return the fields of a process's state, from its third on."""
    return Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rsplit(") ", 1)[1].split()
