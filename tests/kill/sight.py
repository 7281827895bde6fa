"""What consumers do in the database right now: whose backend is in which transaction."""

import os
import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import asyncpg

_WRITERS = """
    SELECT client_port, state, query, xact_start IS NOT NULL AS is_open
      FROM pg_stat_activity
     WHERE datname = current_database()
       AND application_name = 'voltpass-writer'
"""
_PROGRESS = """
    SELECT partition, owner, epoch, next_offset, consumed, stored_at
      FROM partition_progress
     ORDER BY partition
"""
_SOCKET = re.compile(r"socket:\[(\d+)\]")
# What only the transaction of a checkpoint says; making the temporary tables is before it.
_OF_CHECKPOINT = re.compile(r"voltpass_next|^\s*WITH wanted|FOR SHARE|^\s*SAVEPOINT|dirty_day")
_BEFORE_OR_AFTER = re.compile(r"\s*(CREATE|ALTER|SET|COMMIT|ROLLBACK)")


@dataclass(frozen=True, slots=True)
class Backend:
    """A connection of a consumer."""

    client_port: int
    state: str
    query: str
    is_open: bool  # a transaction is

    @property
    def is_in_checkpoint(self) -> bool:
        """Whether the transaction of a checkpoint is open, and not about to be committed."""
        if not self.is_open or _BEFORE_OR_AFTER.match(self.query):
            return False
        return _OF_CHECKPOINT.search(self.query) is not None

    @property
    def is_copying(self) -> bool:
        return self.state == "active" and self.query.lstrip().startswith("COPY")


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a partition stands."""

    partition: int
    pid: int  # of the owner
    next_offset: int | None
    stored_at: datetime


class Sight:
    """A connection that looks at those of others."""

    def __init__(self, connection: "asyncpg.Connection[asyncpg.Record]") -> None:
        self._connection = connection

    async def backends(self, ports: Collection[int]) -> list[Backend]:
        """Return the connections that come from these ports."""
        rows = await self._connection.fetch(_WRITERS)
        found = [Backend(*row) for row in rows if row["state"] is not None]
        return [one for one in found if one.client_port in ports]

    async def standing(self) -> list[Standing]:
        """Return where every partition stands."""
        return [
            Standing(
                row["partition"],
                int(row["owner"].split(":")[1]),
                row["next_offset"],
                row["stored_at"],
            )
            for row in await self._connection.fetch(_PROGRESS)
        ]


def client_ports(pid: int, server_port: int) -> set[int]:
    """Return the local ports of a process's connections to a port of this machine."""
    inodes = set()
    folder = f"/proc/{pid}/fd"
    for name in os.listdir(folder):  # noqa: PTH208 (twice as fast, and it is a race)
        try:
            inodes.add(os.readlink(f"{folder}/{name}"))  # noqa: PTH115
        except FileNotFoundError:
            continue
    wanted = {found.group(1) for inode in inodes if (found := _SOCKET.match(inode))}
    ports = set()
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        fields = line.split()
        local, remote, inode = fields[1], fields[2], fields[9]
        if inode in wanted and int(remote.partition(":")[2], 16) == server_port:
            ports.add(int(local.partition(":")[2], 16))
    return ports
