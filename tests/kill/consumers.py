"""Roles of the service as processes: started, asked, stopped, killed, frozen."""

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from tests.real.instance import LOOPBACK, free_ports

SESSION_S = 6
CHECKPOINT_S = 2
_ANSWERS_WITHIN_S = 3.0
_ENDS_WITHIN_S = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What the processes of one run have in common."""

    bootstrap: str
    topic: str
    dsn: str
    group: str
    folder: Path  # of their logs

    def environment(self, metrics_port: int) -> dict[str, str]:
        """Return the environment of a process."""
        ours = {name: v for name, v in os.environ.items() if not name.startswith("VOLTPASS_")}
        return ours | {
            "VOLTPASS_KAFKA_BOOTSTRAP": self.bootstrap,
            "VOLTPASS_TOPICS": self.topic,
            "VOLTPASS_METER_EVENT_TOPICS": ",",
            "VOLTPASS_GROUP": self.group,
            "VOLTPASS_DATABASE_DSN": self.dsn,
            "VOLTPASS_METRICS_PORT": str(metrics_port),
            "VOLTPASS_CHECKPOINT_INTERVAL_S": str(CHECKPOINT_S),
            "VOLTPASS_SESSION_TIMEOUT_S": str(SESSION_S),
            "VOLTPASS_REBALANCE_TIMEOUT_S": "20",
            "VOLTPASS_WRITER_IDLE_TIMEOUT_S": "5",
            "VOLTPASS_WRITER_LOCK_TIMEOUT_S": "5",
            "VOLTPASS_STALL_S": "60",
            "VOLTPASS_SETTLE_INTERVAL_S": "5",
        }


@dataclass(slots=True, eq=False)
class Consumer:
    """One process that consumes, or settles."""

    port: int
    process: "subprocess.Popen[bytes]"
    told: dict[str, float] = field(default_factory=dict)  # its metrics, when it last answered
    is_frozen: bool = False

    @classmethod
    def start(
        cls, where: Surroundings, number: int, role: Literal["consume", "settle"] = "consume"
    ) -> "Consumer":
        (port,) = free_ports(1)
        with (where.folder / f"{where.group}-{number:03}-{role}.log").open("wb") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "service", role],
                env=where.environment(port),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        return cls(port, process)

    @property
    def pid(self) -> int:
        return self.process.pid

    @property
    def is_alive(self) -> bool:
        return self.process.poll() is None

    @property
    def n_unstored(self) -> int:
        """Readings folded and not stored, when it last answered."""
        return int(self.told.get("voltpass_readings_unstored", 0))

    async def ask(self) -> Mapping[str, float]:
        """Return its metrics, summed over labels; none if it does not answer."""
        self.told |= {"voltpass_readings_unstored": 0.0}
        with contextlib.suppress(OSError):  # TimeoutError is one
            async with asyncio.timeout(_ANSWERS_WITHIN_S):
                told = await _get(self.port, "/metrics")
                self.told = _sums(told)
                return self.told
        return {}

    def kill(self) -> None:
        """SIGKILL, at once."""
        self.process.kill()
        self.process.wait()

    def freeze(self) -> None:
        """SIGSTOP; return when it is stopped."""
        self.process.send_signal(signal.SIGSTOP)
        while self.is_alive and _state(self.pid) != "T":
            pass  # microseconds
        self.is_frozen = True

    def thaw(self) -> None:
        """SIGCONT."""
        self.process.send_signal(signal.SIGCONT)
        self.is_frozen = False

    async def stop(self) -> int:
        """SIGTERM; return the exit status."""
        await self.ask()
        self.process.terminate()
        return await asyncio.to_thread(self.process.wait, _ENDS_WITHIN_S)


async def _get(port: int, path: str) -> str:
    reader, writer = await asyncio.open_connection(LOOPBACK, port)
    try:
        writer.write(f"GET {path} HTTP/1.1\r\nHost: {LOOPBACK}\r\n\r\n".encode())
        answer = await reader.read()
    finally:
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()
    return answer.decode().partition("\r\n\r\n")[2]


def _sums(exposition: str) -> dict[str, float]:
    sums: dict[str, float] = {}
    for line in exposition.splitlines():
        if line and not line.startswith("#"):
            series, _, value = line.rpartition(" ")
            name = series.partition("{")[0]
            sums[name] = sums.get(name, 0.0) + float(value)
    return sums


def _state(pid: int) -> str:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
