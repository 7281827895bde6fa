"""What is seen of the service from outside each second: its lag, its memory, its processor time."""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass, field

import asyncpg

from tests.bench.usage import family_processor_s, parent_of, processor_s, resident_bytes

_EVERY_S = 1.0

_STATE = """
    SELECT (SELECT coalesce(sum(consumed), 0)::bigint FROM partition_progress) AS n_consumed,
           (SELECT coalesce(sum(late + invalid + dead_lettered), 0)::bigint FROM partition_progress) AS n_aside
"""


@dataclass(frozen=True, slots=True)
class Sight:
    """One moment."""

    at_s: float
    n_consumed: int  # readings that checkpoints stand for
    n_aside: int  # of those late, invalid or dead-lettered
    memory: Mapping[str, int]  # bytes, by role
    processor_s: Mapping[str, float]  # so far, by role, and of the database with all its processes


@dataclass(slots=True)
class Watch:
    """Looks once a second; what it saw stands in ``seen``."""

    dsn: str
    pids: Mapping[str, int]  # by role
    seen: list[Sight] = field(default_factory=list)

    async def run(self, until_s: float) -> None:
        """Look until then."""
        connection = await asyncpg.connect(self.dsn)
        try:
            server = parent_of(await connection.fetchval("SELECT pg_backend_pid()"))
            while time.time() < until_s:
                row = await connection.fetchrow(_STATE)
                assert row is not None
                self.seen.append(
                    Sight(
                        time.time(),
                        row["n_consumed"],
                        row["n_aside"],
                        {role: resident_bytes(pid) for role, pid in self.pids.items()},
                        {role: processor_s(pid) for role, pid in self.pids.items()}
                        | {"database": family_processor_s(server)},
                    )
                )
                await asyncio.sleep(_EVERY_S)
        finally:
            await connection.close()
