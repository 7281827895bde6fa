"""A month of a small district: what was measured minute by minute, and what it comes to, recounted plainly."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from fractions import Fraction

from kernels.layout import CELL_NONE
from tests.api.seeding import NewPoint, Seeder

START = datetime(2024, 2, 29, 16, tzinfo=UTC)  # 1 March, midnight in Shanghai
MINUTE = timedelta(minutes=1)
N_DAYS = 3  # in service
END = START + timedelta(days=N_DAYS)
MONTH_END = START + timedelta(days=31)
FINAL = MONTH_END + timedelta(days=10)  # late readings are waited for until then
FLOOR = Fraction(9, 10)


def minutes(n_pass: int, n_over: int = 0, n_under: int = 0) -> list[int]:
    """Return three days of cells: good ones, high ones, low ones, silence."""
    cells = [100] * n_pass + [800] * n_over + [-1200] * n_under
    return cells + [CELL_NONE] * (N_DAYS * 1440 - len(cells))


@dataclass(frozen=True, kw_only=True)
class Measured:
    """A point and its minutes."""

    region: str
    area: str | None
    point_class: str
    nominal_v: float
    cells: list[int]
    interval_s: int = 60

    @property
    def n_pass(self) -> int:
        """Minutes inside the band: 0 .. +7 % of a class A bus, +7 / -10 % at 220 V, +-7 % of the others."""
        return sum(cell == 100 for cell in self.cells)

    @property
    def n_judged(self) -> int:
        return sum(cell != CELL_NONE for cell in self.cells)

    @property
    def is_monitored(self) -> bool:
        return Fraction(self.n_judged, len(self.cells)) >= FLOOR

    @property
    def rate(self) -> Fraction:
        return Fraction(self.n_pass, self.n_judged)


POINTS = {
    "A-1": Measured(region="R1", area=None, point_class="A", nominal_v=10_000, cells=minutes(4286, 34)),
    "B-1": Measured(region="R1", area=None, point_class="B", nominal_v=10_000, cells=minutes(4320)),
    "C-1": Measured(region="R2", area=None, point_class="C", nominal_v=10_000, cells=minutes(4000, 60, 40)),
    "D-1": Measured(region="R1", area="urban", point_class="D", nominal_v=220, cells=minutes(4286, 34)),
    "=D-2": Measured(region="R1", area="urban", point_class="D", nominal_v=220, cells=minutes(3800, 150, 50)),
    "D-3": Measured(region="R2", area="rural", point_class="D", nominal_v=220, cells=minutes(3100, 700, 200)),
    "D-4": Measured(region="R2", area="rural", point_class="D", nominal_v=220, cells=minutes(1000, 1)),
    "D-5": Measured(
        region="R2", area="urban", point_class="D", nominal_v=220, cells=minutes(4000, 320), interval_s=900
    ),
}  # fmt: skip
USERS = {name: one for name, one in POINTS.items() if one.point_class == "D"}  # a transformer each
# Point, first and last minute of the month, cause.
OUTAGES = [
    ("D-1", 100, 160, "planned_maintenance"),
    ("D-3", 500, 620, "fault_internal"),
    ("D-3", 1000, 1002, "fault_internal"),
    ("D-4", 2000, 2030, "fault_external"),
    ("D-5", 3000, 3010, "supply_shortage"),
]


async def seed(seeder: Seeder) -> None:
    """Put the district: measured, settled, with its interruptions, the data so far that no reading of it can come."""
    for name, one in POINTS.items():
        await seeder.points(
            NewPoint(
                point=name,
                region=one.region,
                area=one.area,
                point_class=one.point_class,
                nominal_v=one.nominal_v,
                feeder=f"F-{one.region}",
                transformer=f"T-{name}",
                valid_from=START,
                valid_to=END,
            )
        )
        await seeder.minutes(name, START, [one.cells], one.interval_s)
    await seeder.run("UPDATE point SET region_name = '=HYPERLINK(\"x\")' WHERE region = 'R2'")
    await seeder.reach(FINAL)
    await seeder.settle()
    for name, first, last, cause in OUTAGES:
        await interrupt(seeder, name, first, last, cause)


async def interrupt(seeder: Seeder, name: str, first: int, last: int, cause: str) -> None:
    """Store an interruption of a point, and the outage that it is."""
    edges = (START + first * MINUTE, START + last * MINUTE)
    number = await seeder.run(
        """
        INSERT INTO outage (place, code, feeder, earliest_at, start_at, end_at, last_end_at, evidence, cause,
                            n_points, n_nested, n_customers)
        VALUES ('point', $1, 'F', $2, $2, $3, $3, 'measured', $4, 1, 0, 1)
        RETURNING outage_id
        """,
        name,
        *edges,
        cause,
    )
    await seeder.run(
        """
        INSERT INTO interruption (point_id, earliest_at, start_at, end_at, latest_at, evidence, grades, cause,
                                  outage_id)
        VALUES ($1, $2, $2, $3, $3, 'measured', '{measured}', $4, $5)
        """,
        seeder.point_ids[name],
        *edges,
        cause,
        number,
    )


# ------------------------------------------------------------------------------ a plain recount


def mean(rates: Iterator[Fraction]) -> Fraction | None:
    """Return the unweighted mean, None of nothing."""
    found = list(rates)
    return sum(found, Fraction(0)) / len(found) if found else None


def class_rate(name: str) -> Fraction | None:
    return mean(one.rate for one in POINTS.values() if one.point_class == name and one.is_monitored)


def residential_rate(area: str, region: str | None = None) -> Fraction | None:
    return mean(
        one.rate
        for one in POINTS.values()
        if one.area == area and one.is_monitored and region in {None, one.region}
    )


def composite() -> Fraction:
    """Return 0.5 A + 0.5 (B + C + D) / 3."""
    a, b, c, d = (class_rate(name) for name in "ABCD")
    assert a is not None
    assert b is not None
    assert c is not None
    assert d is not None
    return Fraction(1, 2) * a + Fraction(1, 2) * (b + c + d) / 3


def reliability(
    area: str | None, *left_out: str, short: bool = True
) -> tuple[Fraction, Fraction, Fraction]:
    """Return RS, AIHC in hours, AITC of the users of an area, the month being 744 hours long."""
    members = {name for name, one in USERS.items() if area in {None, one.area}}
    counted = [
        last - first
        for name, first, last, cause in OUTAGES
        if name in members and cause not in left_out and (short or last - first > 3)
    ]
    n_users = Fraction(len(members) * N_DAYS, 31)
    hours = Fraction(sum(counted), 60) / n_users
    rs = 1 - Fraction(sum(counted), len(members) * N_DAYS * 1440)
    return rs, hours, Fraction(len(counted)) / n_users
