"""What a simulated district sends, as the records that `service.domain.supply` works on.

Ledgers are made from the readings in plain numpy, without a fold or a database: a reading fills the
minutes of its interval, and a point is dark where all its voltages are below the threshold.
"""

import json
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from kernels.layout import INTERRUPTED, PASS
from service.domain.batch import Message
from service.domain.supply.feeders import FeederSupply, feeder_supply
from service.domain.supply.measured import MeasuredEvent
from service.domain.supply.meter_events import MeterEvent
from service.domain.supply.own_evidence import PointRecord, own_evidence
from service.domain.supply.readings import Ledger, Meter, empty_ledger
from service.domain.supply.register import RegisterEntry
from service.domain.supply_rows import EvidenceRow
from service.wire import Decoder
from tests.simulate.district import District

DARK_BELOW = 0.10  # of nominal
MINUTE_MS = 60_000


@dataclass(frozen=True, slots=True)
class Columns:
    """The readings of one device, each interval once, in order."""

    begins_ms: NDArray[np.int64]
    is_dark: NDArray[np.bool_]


def us(text: str) -> int:
    """Return microseconds of an ISO instant."""
    return round(datetime.fromisoformat(text).timestamp() * 1000) * 1000


def supplies_of(
    district: District, rule: EvidenceRow, *, arrived_by_us: int | None = None
) -> dict[str, FeederSupply]:
    """Return what is known of each feeder, from all evidence or from what had arrived by an instant."""
    through = us(json.loads((district.out / "truth/figures.json").read_text())["to"])
    through = through if arrived_by_us is None else min(through, arrived_by_us)
    records = records_of(district, arrived_by_us)
    entries = entries_of(district, arrived_by_us)
    by_feeder: defaultdict[str, list[PointRecord]] = defaultdict(list)
    for feeder, record in records:
        by_feeder[feeder].append(record)
    return {
        feeder: feeder_supply(
            feeder,
            [own_evidence(record, rule, through) for record in mine],
            [one for one in entries if one.point_ids & {record.point_id for record in mine}],
            rule,
            through,
        )
        for feeder, mine in by_feeder.items()
    }


def records_of(district: District, arrived_by_us: int | None) -> list[tuple[str, PointRecord]]:
    """Return the points with their feeders; ids count from 1 in the order of the registry."""
    columns = _columns(district, arrived_by_us)
    events = _meter_events(district.out / "meter_events.jsonl", arrived_by_us)
    device_of = {row["point"]: row for row in district.rows("devices.csv")}
    found = []
    for point_id, row in enumerate(district.rows("points.csv"), 1):
        device = device_of[row["point"]]
        mine = columns.get(device["device"])
        if mine is not None and device["zero_means"] != "no_supply":  # zeros are no measurement
            mine = Columns(mine.begins_ms[~mine.is_dark], mine.is_dark[~mine.is_dark])
        meter = Meter(
            interval_s=int(device["interval_s"]),
            reading_kind="instant" if device["reading_kind"] == "instant" else "mean",
            self_powered=device["self_powered"] == "yes",
        )
        record = PointRecord(
            point_id=point_id,
            point=row["point"],
            transformer=row["transformer"],
            is_feeder_head=row["feeder_head"] == "yes",
            is_terminal=row["terminal"] == "yes",
            can_witness=device["zero_means"] != "no_input",
            meter=meter,
            ledger=_ledger(mine, meter),
            measured_events=_measured_events(mine, meter),
            meter_events=events.get(device["device"], ()),
        )
        found.append((row["feeder"], record))
    return found


def entries_of(district: District, arrived_by_us: int | None) -> list[RegisterEntry]:
    """Return the outages in the register, in the order in which they were entered."""
    found = []
    for number, row in enumerate(district.rows("outages.csv"), 1):
        is_late = arrived_by_us is not None and us(row["entered_at"]) > arrived_by_us
        if row["kind"] == "abnormal_state" or row["cancelled_at"] or is_late:
            continue
        codes = district.scopes[row["place"]]
        times = {name: us(row[name]) if row[name] else None for name in _ENTRY_TIMES}
        for name in ("off_at", "on_at"):  # nobody writes down what has not happened yet
            if arrived_by_us is not None and (times[name] or 0) > arrived_by_us:
                times[name] = None
        found.append(
            RegisterEntry(
                declaration_id=number,
                point_ids=frozenset().union(*(codes[code] for code in row["codes"].split(";"))),
                cause=row["cause"],
                off=times["off_at"],
                on=times["on_at"],
                window_from=times["window_from"],
                window_to=times["window_to"],
            )
        )
    return found


_ENTRY_TIMES = ("off_at", "on_at", "window_from", "window_to")


def _columns(district: District, arrived_by_us: int | None) -> dict[str, Columns]:
    decoder = Decoder()
    names: list[str] = []  # of all batches, one after the other
    parts: list[tuple[NDArray[np.int32], NDArray[np.int64], NDArray[np.bool_]]] = []
    for offset, frame in enumerate(district.frames()):
        if arrived_by_us is not None and frame.arrives_ms * 1000 > arrived_by_us:
            break
        decoded = decoder.decode([Message(offset, frame.arrives_ms, frame.value)])
        for batch in decoded.batches:
            volts = [column for column in (batch.v1, batch.v2, batch.v3) if column.size]
            nominal_v = 100 if not batch.v2.size and len(volts) > 1 else 220
            is_dark = np.max(volts, axis=0) < DARK_BELOW * nominal_v
            names.extend(batch.names)
            parts.append((batch.device + len(names) - len(batch.names), batch.stamp_ms, is_dark))
    distinct, number = np.unique(names, return_inverse=True)
    device = number[np.concatenate([one for one, _, _ in parts])]
    stamp = np.concatenate([one for _, one, _ in parts])
    dark = np.concatenate([one for _, _, one in parts])
    order = np.lexsort((stamp, device))
    device, stamp, dark = device[order], stamp[order], dark[order]
    is_first = np.ones(stamp.size, np.bool_)
    is_first[1:] = (device[1:] != device[:-1]) | (stamp[1:] != stamp[:-1])
    device, stamp, dark = device[is_first], stamp[is_first], dark[is_first]
    edges = np.searchsorted(device, np.arange(distinct.size + 1))
    found = {}
    for place, name in enumerate(distinct.tolist()):
        mine = slice(edges[place], edges[place + 1])
        at_end = district.registered[name]["stamp_at"] == "end"
        found[name] = Columns(stamp[mine] - at_end * district.plan.interval_ms, dark[mine])
    return found


def _ledger(columns: Columns | None, meter: Meter) -> Ledger:
    if columns is None or not columns.begins_ms.size:
        return empty_ledger()
    n_minutes = meter.interval_s // 60
    minute = columns.begins_ms[:, None] // MINUTE_MS + np.arange(n_minutes)
    verdict = np.where(np.repeat(columns.is_dark, n_minutes), INTERRUPTED, PASS)
    return Ledger(
        minute=minute.reshape(-1),
        verdict=verdict.astype(np.uint8),
        measured=np.ones(minute.size, np.bool_),
    )


def _measured_events(columns: Columns | None, meter: Meter) -> list[MeasuredEvent]:
    """Return the interruptions that the live watch sees in single readings."""
    if columns is None or not columns.is_dark.any():
        return []
    interval, found = meter.interval_s * 1_000_000, []
    begins = (columns.begins_ms * 1000).tolist()
    dark = columns.is_dark.tolist()
    first: int | None = None
    for place, is_dark in enumerate([*dark, False]):
        if is_dark and first is None:
            first = place
        elif not is_dark and first is not None:
            closed = place < len(begins)
            found.append(
                MeasuredEvent(
                    earliest=begins[first - 1] + interval if first else begins[first],
                    start=begins[first],
                    end=begins[place - 1] + interval if closed else None,
                    latest=begins[place] if closed else None,
                )
            )
            first = None
    return found


def _meter_events(path: Path, arrived_by_us: int | None) -> Mapping[str, list[MeterEvent]]:
    found: defaultdict[str, list[MeterEvent]] = defaultdict(list)
    for line in path.read_text().splitlines():
        row = json.loads(line)
        if arrived_by_us is not None and us(row["arrives_at"]) > arrived_by_us:
            break
        at = us(row["at"])
        until = us(row["until"]) if "until" in row else at
        found[row["device"]].append(MeterEvent(event=row["event"], at=at, until=until))
    return found
