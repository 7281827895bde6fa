"""A registry and pages in a migrated database, put there as the service itself does."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np

from kernels.layout import CELL_NONE, RANK_GOOD, RANK_SHIFT, SHARE_FULL, SHARE_SHIFT
from service.domain.pages import PageColumns, empty_pages
from service.domain.rules import RuleSet, load_rule_set
from service.metrics import SettleMetrics, new_registry
from service.settings import Settings
from service.settle.knowledge import load_knowledge
from service.settle.settler import Settler
from service.store.page_batches import PageWriter
from service.store.pool import Pool
from service.wiring.settle import policy_of

SGCC = load_rule_set("sgcc-2003")
FOREVER = datetime(2020, 1, 1, tzinfo=UTC)
GOOD = RANK_GOOD << RANK_SHIFT | SHARE_FULL << SHARE_SHIFT
HOUR = timedelta(hours=1)


@dataclass(frozen=True, kw_only=True)
class NewPoint:
    """A point, with defaults for what a test does not care about."""

    point: str
    nominal_v: float = 220
    wiring: str = "1p"
    point_class: str = "D"
    region: str = "R1"
    feeder: str = "F1"
    transformer: str = "T1"
    valid_from: datetime = FOREVER
    valid_to: datetime | None = None
    area: str | None = None  # of its one customer; None: no customer


@dataclass
class Seeder:
    """Writes to one database."""

    settings: Settings
    pool: Pool  # writer
    point_ids: dict[str, int] = field(default_factory=dict)

    async def zone(self, name: str) -> None:
        """Make ``name`` the zone of the deployment."""
        await self.run("UPDATE deployment SET zone = $1", name)

    async def points(self, *points: NewPoint) -> None:
        """Put points into the registry, a customer for each that has an area."""
        for one in points:
            point_id = await self.run(
                """
                INSERT INTO point (point, nominal_mv, wiring, class, region, region_name, feeder, feeder_name,
                                   transformer, valid_from, valid_to)
                VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, coalesce($11::timestamptz, 'infinity'))
                RETURNING point_id
                """,
                one.point, round(one.nominal_v * 1000), one.wiring, one.point_class, one.region, f"区 {one.region}",
                one.feeder, f"线 {one.feeder}", one.transformer, one.valid_from, one.valid_to,
            )  # fmt: skip
            self.point_ids[one.point] = point_id
            if one.area is not None:
                await self.run(
                    """
                    WITH made AS (
                        INSERT INTO customer (customer, voltage_level_mv, residential, important, user_class,
                                              target_area, response_area, valid_from)
                        VALUES ($1, 220000, true, false, 'LV', $2, 'urban', $3)
                        RETURNING customer_id
                    )
                    INSERT INTO customer_point SELECT customer_id, $4 FROM made
                    """,
                    f"C-{one.point}", one.area, FOREVER, point_id,
                )  # fmt: skip

    async def device(self, point: str, device: str, interval_s: int = 60) -> None:
        """Let a device serve a point."""
        await self.run(
            """
            INSERT INTO device (device, point_id, voltage_ratio, reading_kind, interval_s, stamp_at, zone,
                                delivery_delay_s, self_powered, valid_from)
            VALUES ($1, $2, 1, 'mean', $3, 'start', 'UTC', 0, false, $4)
            """,
            device, self.point_ids[point], interval_s, FOREVER,
        )  # fmt: skip

    async def minutes(
        self, point: str, start: datetime, cells: Sequence[Sequence[int]], interval_s: int = 60
    ) -> None:
        """Judge and store minutes of a point from ``start`` on; ``cells`` by phase and minute."""
        pages = pages_of(self.point_ids[point], start, cells, interval_s)
        zone = await self.zone_name()
        known = await load_knowledge(self.pool, SGCC, zone)
        await PageWriter(self.pool, zone).write(pages, known.judge)

    async def reach(self, data_through: datetime) -> None:
        """Let the data reach ``data_through``."""
        await self.run(
            """
            INSERT INTO partition_progress (topic, partition, epoch, owner, data_through)
            VALUES ('readings', 0, 1, 'test', $1)
                ON CONFLICT (topic, partition) DO UPDATE
               SET data_through = EXCLUDED.data_through
            """,
            data_through,
        )

    async def settle(self, *beside: RuleSet) -> None:
        """Make one pass of the settle role: judge again, roll days up, derive interruptions.

        With rule sets ``beside`` these are kept from then on, and no others.
        """
        settler = Settler(
            pool=self.pool,
            rule_set=SGCC,
            zone=await self.zone_name(),
            policy=policy_of(self.settings),
            metrics=SettleMetrics(new_registry()),
            monotonic_s=lambda: 0.0,
            beside=beside,
        )
        if beside:
            await settler.keep_rule_sets()
        await settler.make_pass()

    async def run(self, sql: str, *values: Any) -> Any:
        """Run one statement and return the first value of its first row."""
        async with self.pool.connection() as connection:
            return await connection.fetchval(sql, *values)

    async def rows(self, sql: str, *values: Any) -> list[dict[str, Any]]:
        """Return the rows of one statement."""
        async with self.pool.connection() as connection:
            return [dict(row) for row in await connection.fetch(sql, *values)]

    async def zone_name(self) -> str:
        """Return the zone of the deployment."""
        name: str = await self.run("SELECT zone FROM deployment")
        return name


def pages_of(
    point_id: int, start: datetime, cells: Sequence[Sequence[int]], interval_s: int = 60
) -> PageColumns:
    """Return the pages of minutes from ``start`` on, any minute; CELL_NONE is silence."""
    first = int(start.timestamp()) // 60
    lead = first % 60
    n_phases, n_minutes = len(cells), len(cells[0])
    n_hours = -(-(lead + n_minutes) // 60)
    grid = np.full((n_phases, n_hours * 60), CELL_NONE, np.int16)
    grid[:, lead : lead + n_minutes] = cells
    pages = empty_pages(np.full(n_hours, n_phases, np.uint8))
    pages.point[:] = point_id
    pages.hour[:] = first // 60 + np.arange(n_hours)
    pages.interval_s[:] = interval_s
    by_hour = grid.reshape(n_phases, n_hours, 60).swapaxes(0, 1)
    pages.planes.cell[:] = by_hour.reshape(n_hours * n_phases, 60)
    pages.planes.mark[:] = np.where(pages.planes.cell == CELL_NONE, 0, GOOD)
    return pages
