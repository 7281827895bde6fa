"""The service's roles as processes of their own."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

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
