"""What a database holds after a run, in the shape in which it is compared."""

from collections.abc import Set
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import asyncpg
import numpy as np

from service.clock import monotonic_s
from service.domain.rules import load_rule_set
from service.metrics import SettleMetrics, new_registry
from service.settings import Settings
from service.settle.settler import Settler
from service.store.pool import Pool
from service.wiring.settle import policy_of
from tests.kill.street import METERS
from tests.oracle.judging import Masks, Rules, judge_page
from tests.oracle.ledger import Page
from tests.oracle.watching import Event, Kind
from tests.oracle.words import HOUR_MINUTES, Verdict

Row = dict[str, Any]
PageKey = tuple[int, int]  # point and hour
_SUMS = ("consumed", "folded", "duplicate", "late", "invalid", "dead_lettered")
_MAX_PASSES = 200


@dataclass(frozen=True, slots=True)
class Stored:
    """The rows that count. Events and interruptions are those of points whose meter stays."""

    pages: dict[PageKey, Row]  # without what tells when and how often they were written
    events: dict[tuple[int, str, int], Row]
    interruptions: list[Row]
    dark: list[tuple[int, int, int]]  # point, from and to, ms: of all points, where silence is dark
    sums: dict[int, dict[str, int]]  # by partition
    late: dict[int, tuple[int, int]]  # merged and duplicate, by partition
    devices: list[tuple[Any, ...]]


async def settle(dsn: str) -> int:
    """Make passes until there is nothing to do; return their number."""
    settings = Settings(database_dsn=dsn)
    async with Pool(settings, "writer", max_size=3) as pool:
        settler = Settler(
            pool=pool,
            rule_set=load_rule_set(settings.rule_set),
            zone=settings.zone,
            policy=policy_of(settings),
            metrics=SettleMetrics(new_registry()),
            monotonic_s=monotonic_s,
        )
        for number in range(_MAX_PASSES):
            if (await settler.make_pass()).is_idle:
                return number
    raise AssertionError(f"settle is not idle after {_MAX_PASSES} passes")


async def stored(dsn: str) -> Stored:
    """Return what a database holds."""
    connection = await asyncpg.connect(dsn)
    staying = [meter.point for meter in METERS if not meter.moves]
    try:
        pages = await connection.fetch("SELECT * FROM page")
        events = await connection.fetch(
            "SELECT event.* FROM event JOIN point USING (point_id) WHERE point = ANY($1)", staying
        )
        interruptions = await connection.fetch(
            "SELECT interruption.* FROM interruption JOIN point USING (point_id) WHERE point = ANY($1)"
            " ORDER BY point_id, start_at",
            staying,
        )
        dark = await connection.fetch(
            "SELECT point_id, start_at, coalesce(end_at, '2100-01-01Z') AS end_at FROM v_dark_interruption"
        )
        sums = await connection.fetch("SELECT * FROM partition_progress")
        late = await connection.fetch("SELECT partition, merged, duplicate FROM late_progress")
        devices = await connection.fetch("SELECT * FROM device ORDER BY device_id")
    finally:
        await connection.close()
    return Stored(
        pages={(row["point_id"], _hour(row)): _page(row) for row in pages},
        events={(row["point_id"], row["kind"], _ms(row["start_at"])): dict(row) for row in events},
        # Outages have the numbers that they came by.
        interruptions=[
            {name: value for name, value in row.items() if name != "outage_id"}
            for row in interruptions
        ],
        dark=[(row["point_id"], _ms(row["start_at"]), _ms(row["end_at"])) for row in dark],
        sums={row["partition"]: {name: row[name] for name in _SUMS} for row in sums},
        late={row["partition"]: (row["merged"], row["duplicate"]) for row in late},
        devices=[tuple(row) for row in devices],
    )


def judged(page: Page, rules: Rules, interrupted: Set[int]) -> Row:
    """Return the columns of the twin's page that say what was measured and how it is judged."""
    scores = judge_page(page, rules, Masks(interrupted=interrupted))
    marks = [
        [mark | verdict for mark, verdict in zip(*each, strict=True)]
        for each in zip(page.marks(), scores.phases, strict=True)
    ]
    counts = {f"n_{verdict.name.lower()}": scores.counter[verdict] for verdict in Verdict}
    measured, spread = scores.measured or (None, None), scores.spread or (None, None)
    is_single = len(page.minutes) == 1
    return counts | {
        "cells": np.array(page.cells(), "<i2").tobytes(),
        "marks": np.array(marks, np.uint8).tobytes(),
        "verdicts": None if is_single else bytes(scores.verdicts),
        "phase_counts": None
        if is_single
        else bytes(n for phase in scores.phase_counters for n in phase),
        "n_phases": len(page.minutes),
        "cell_min": measured[0],
        "cell_max": measured[1],
        "spread_min": spread[0],
        "spread_max": spread[1],
    }


def event_row(key: tuple[int, Kind, int], event: Event) -> Row:
    """Return the twin's event in the words of the table."""
    return {
        "point_id": key[0],
        "kind": key[1].name.lower(),
        "start": key[2],
        "earliest": event.earliest_ms,
        "end": event.end_ms,
        "latest": event.latest_ms,
        "extreme_ppm": event.extreme_ppm,
        "phases": event.phases,
        "device_id": event.device_id,
    }


def in_words_of_the_twin(row: Row) -> Row:
    """Return a stored event in the same words."""
    instants = ("start", "earliest", "end", "latest")
    return {
        name: row[name] for name in ("point_id", "kind", "extreme_ppm", "phases", "device_id")
    } | {name: None if row[f"{name}_at"] is None else _ms(row[f"{name}_at"]) for name in instants}


def differences(ours: dict[Any, Any], theirs: dict[Any, Any], n_shown: int = 5) -> list[str]:
    """Return the first differences between two tables, readable."""
    found = []
    for key in sorted(ours.keys() | theirs.keys()):
        left, right = ours.get(key), theirs.get(key)
        if left != right:
            found.append(f"{key}: {_difference(left, right)}")
    return [*found[:n_shown], f"... {len(found)} in all"] if found else []


def _difference(left: Row | None, right: Row | None) -> str:
    if left is None or right is None:
        return f"only {'right' if left is None else 'left'}: {str(left or right)[:300]}"
    return "; ".join(
        _field(name, left[name], right[name]) for name in left if left[name] != right[name]
    )


def _field(name: str, left: object, right: object) -> str:
    if isinstance(left, bytes) and isinstance(right, bytes) and len(left) == len(right):
        kind = "<i2" if name == "cells" else "u1"
        a, b = np.frombuffer(left, kind), np.frombuffer(right, kind)
        where = np.flatnonzero(a != b)[:4].tolist()
        places = [(i // HOUR_MINUTES, i % HOUR_MINUTES, int(a[i]), int(b[i])) for i in where]
        return f"{name} (phase, minute, left, right) {places}"
    return f"{name} {left!r} / {right!r}"


def _page(row: asyncpg.Record) -> Row:
    page = {name: value for name, value in row.items() if name not in {"revision", "judgement"}}
    for name, n_minutes in (("marks", 60 * row["n_phases"]), ("verdicts", 60)):
        if page[name] and len(page[name]) == 1:  # they are all alike
            page[name] *= n_minutes
    return page


def _hour(row: asyncpg.Record) -> int:
    return int(row["hour"].timestamp()) // 3600


def _ms(at: datetime) -> int:
    return round(at.timestamp() * 1000)
