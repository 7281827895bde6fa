"""The worked case of docs/interruptions.md, read from the page."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from pathlib import Path

import numpy as np

from kernels.layout import INTERRUPTED, PASS
from service.domain.instants import MINUTE_US, at_us, epoch_us
from service.domain.supply.feeders import FeederSupply, feeder_supply
from service.domain.supply.meter_events import METER_EVENT_KINDS, MeterEvent
from service.domain.supply.own_evidence import PointRecord, own_evidence
from service.domain.supply.readings import Ledger, Meter
from service.domain.supply.register import RegisterEntry
from tests.supply.builders import RULE

PAGE = Path(__file__).parents[2] / "docs" / "interruptions.md"
YEAR_MONTH = (2026, 3)
STATUTORY = ("measured", "meter_event", "feeder", "declared")

Row = dict[str, str]


@dataclass(frozen=True)
class Case:
    """The tables of the page."""

    points: list[Row]
    arrivals: list[Row]
    interruptions: list[Row]
    figures: list[Row]
    text: str

    @property
    def evenings(self) -> list[str]:
        return [row["on"] for row in self.figures]


def read_case() -> Case:
    text = PAGE.read_text(encoding="utf-8").partition("## A worked case")[2]
    points, arrivals, interruptions, figures = _tables(text)
    return Case(points, arrivals, interruptions, figures, text)


def _tables(text: str) -> Iterator[list[Row]]:
    lines = text.splitlines()
    for place, line in enumerate(lines):
        if not line.startswith("| ---"):
            continue
        names = _cells(lines[place - 1])
        rows = []
        for row in lines[place + 1 :]:
            if not row.startswith("|"):
                break
            rows.append(dict(zip(names, _cells(row), strict=True)))
        yield rows


def _cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip().strip("|").split("|")]


def instant(day: int, clock: str) -> int:
    hour, minute, second = [*map(int, clock.split(":")), 0][:3]
    return epoch_us(datetime(*YEAR_MONTH, day, hour, minute, second, tzinfo=UTC))


def supply_on(case: Case, evening: str) -> FeederSupply:
    """Return what is known at 22:00 of a day."""
    known = [row for row in case.arrivals if _arrival(row["arrives"]) <= _evening(evening)]
    through = instant(2, "13:00")
    number = {row["point"]: i for i, row in enumerate(case.points, 1)}
    records = [
        PointRecord(
            point_id=number[row["point"]],
            point=row["point"],
            transformer=row["transformer"],
            meter=Meter(interval_s=900, self_powered=row["supply of the meter"] == "self-powered"),
            ledger=_ledger(row["readings"]),
            meter_events=[_event(one) for one in known if one["from"] == row["point"]],
        )
        for row in case.points
    ]
    entries = [_entry(case, one, number) for one in known if one["from"] == "register"]
    own = [own_evidence(record, RULE, through) for record in records]
    return feeder_supply("F1", own, entries, RULE, through)


def interruption_rows(case: Case, evening: str, supply: FeederSupply) -> list[Row]:
    """Return the interruptions as the page shows them."""
    rows = []
    for point_id, row in enumerate(case.points, 1):
        for one in supply.points[point_id].interruptions:
            assert one.end is not None
            assert one.latest is not None
            rows.append(
                {
                    "on": evening,
                    "point": row["point"],
                    "earliest": clock(one.earliest),
                    "start": clock(one.start),
                    "end": clock(one.end),
                    "latest": clock(one.latest),
                    "grades": ", ".join(one.grades),
                    "cause": one.cause,
                }
            )
    return rows


def figure_row(case: Case, evening: str, supply: FeederSupply) -> Row:
    """Return the figures as the page shows them."""
    lengths = [
        one.end - one.start
        for point in supply.points.values()
        for one in point.interruptions
        if one.evidence in STATUTORY and one.end is not None
    ]
    n_customers = len(case.points)
    minutes = Fraction(sum(lengths), MINUTE_US)
    return {
        "on": evening,
        "interruptions": str(len(lengths)),
        "customer minutes": f"{float(minutes):.2f}",
        "SAIFI": f"{len(lengths) / n_customers:.4f}",
        "SAIDI, minutes": f"{float(minutes / n_customers):.2f}",
    }


def clock(us: int) -> str:
    return f"{at_us(us):%H:%M:%S}"


def _evening(text: str) -> datetime:
    return datetime(*YEAR_MONTH, int(text.split(maxsplit=1)[0]), 22, tzinfo=UTC)


def _arrival(text: str) -> datetime:
    day, _, time = text.split()
    hour, minute = map(int, time.split(":"))
    return datetime(*YEAR_MONTH, int(day), tzinfo=UTC) + timedelta(hours=hour, minutes=minute)


def _ledger(text: str) -> Ledger:
    minutes: list[int] = []
    verdicts: list[int] = []
    for part in text.split(";"):
        kind, start, _, end = part.split()
        span = range(instant(2, start) // MINUTE_US, instant(2, end) // MINUTE_US)
        minutes += span
        verdicts += [INTERRUPTED if kind == "dark" else PASS] * len(span)
    return Ledger(
        np.array(minutes, np.int64), np.array(verdicts, np.uint8), np.ones(len(minutes), np.bool_)
    )


def _event(row: Row) -> MeterEvent:
    kind = next(kind for kind in METER_EVENT_KINDS if kind == row["what"])
    at = instant(2, row["at"])
    return MeterEvent(event=kind, at=at, until=instant(2, row["until"]) if row["until"] else at)


def _entry(case: Case, row: Row, number: dict[str, int]) -> RegisterEntry:
    transformer, cause = row["what"].split(", ")
    scope: Sequence[Row] = [one for one in case.points if one["transformer"] == transformer]
    return RegisterEntry(
        declaration_id=1,
        point_ids=frozenset(number[one["point"]] for one in scope),
        cause=cause,
        off=instant(2, row["at"]),
        on=instant(2, row["until"]),
    )
