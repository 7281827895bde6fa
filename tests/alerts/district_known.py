"""What was known of a simulated district, and when: real arrivals of readings and events, no database."""

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import cast

import numpy as np
from numpy.typing import NDArray

from service.domain.alerts.darkness import DarkPoint, DeclaredWindow, Word, dark_point
from service.domain.alerts.hearing import Dark, HeardEvent, words_of_events
from service.domain.alerts.outage_alerts import OutageRecord
from service.domain.alerts.policy import Known
from service.domain.alerts.rows import AlertsRow
from service.domain.batch import Message
from service.domain.supply.feeders import FeederSupply
from service.domain.supply.interruptions import Interruption
from service.domain.supply.meter_events import MeterEventKind
from service.domain.supply_rows import EvidenceRow
from service.wire import Decoder
from tests.simulate.district import District
from tests.supply.district_evidence import DARK_BELOW, us

_LONG_US = 4 * 86_400_000_000  # after the end of an interruption a reading comes
_ANNOUNCED = frozenset({"planned", "temporary", "emergency", "customer_request", "rationing"})


@dataclass(frozen=True, slots=True)
class Arrived:
    """The readings of one device, each as it came first, by the end of its interval; microseconds."""

    end: NDArray[np.int64]
    arrives: NDArray[np.int64]
    is_dark: NDArray[np.bool_]

    def words(self, after: int, until: int, *, is_dark: bool) -> list[Word]:
        """Return readings that end within a time."""
        part = slice(*np.searchsorted(self.end, (after, until), side="right").tolist())
        chosen = np.flatnonzero(self.is_dark[part] == is_dark)
        columns = (self.end[part][chosen].tolist(), self.arrives[part][chosen].tolist())
        return [Word(*one) for one in zip(*columns, strict=True)]


_NOTHING = Arrived(np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0, np.bool_))


def known_of(
    district: District,
    supplies: Mapping[str, FeederSupply],
    rules: tuple[AlertsRow, EvidenceRow],
) -> Known:
    """Return outages as they were found in the end, with what was known of each point when."""
    points = district.rows("points.csv")
    device_of = {row["point"]: row["device"] for row in district.rows("devices.csv")}
    n_customers: defaultdict[str, int] = defaultdict(int)
    for row in district.rows("customers.csv"):
        for point in row["points"].split(";"):
            n_customers[point] += 1
    readings, events = _readings(district), _events(district)
    found = []
    number = 0
    for feeder, supply in supplies.items():
        by_key = {
            (point_id, one.start): one
            for point_id, point in supply.points.items()
            for one in point.interruptions
        }
        for outage in supply.outages:
            number += 1
            members = []
            for key in outage.members:
                name = points[key[0] - 1]["point"]
                device = device_of[name]
                members.append(
                    _dark_point(
                        by_key[key],
                        n_customers[name],
                        readings.get(device, _NOTHING),
                        events.get(device, ()),
                        rules,
                    )
                )
            found.append(
                OutageRecord(
                    record_id=number,
                    organisation=points[outage.members[0][0] - 1]["organisation"],
                    feeder=feeder,
                    place=outage.place,
                    code=outage.code,
                    start=outage.start,
                    members=tuple(members),
                )
            )
    return Known(outages=found, windows=windows_of_district(district))


def windows_of_district(district: District) -> list[DeclaredWindow]:
    """Return what operators declared before it was over, with whom it concerns."""
    found = []
    for number, row in enumerate(district.rows("outages.csv"), 1):
        if row["kind"] not in _ANNOUNCED:
            continue
        codes = district.scopes[row["place"]]
        found.append(
            DeclaredWindow(
                declaration_id=number,
                point_ids=frozenset().union(*(codes[code] for code in row["codes"].split(";"))),
                begins=us(row["window_from"] or row["off_at"]),
                ends=us(row["window_to"] or row["on_at"]),
                entered=us(row["entered_at"]),
                withdrawn=us(row["cancelled_at"]) if row["cancelled_at"] else None,
            )
        )
    return found


def _dark_point(
    one: Interruption,
    n_customers: int,
    readings: Arrived,
    events: Sequence[HeardEvent],
    rules: tuple[AlertsRow, EvidenceRow],
) -> DarkPoint:
    dark = Dark(earliest=one.earliest, start=one.start, end=one.end, latest=one.latest)
    went, back = words_of_events(dark, events, rules[1].clock_tolerance_s * 1_000_000)
    until = 2**62 if one.end is None else one.end
    measured = readings.words(one.start, until, is_dark=True)
    live = [] if one.end is None else readings.words(until, until + _LONG_US, is_dark=False)
    return dark_point(
        point_id=one.point_id,
        n_customers=n_customers,
        start=one.start,
        told=went,
        measured=measured,
        back=[*back, *live],
        rule=rules[0],
    )


def _readings(district: District) -> dict[str, Arrived]:
    """Return when the readings of each device arrived; zeros that are no measurement are left out."""
    decoder = Decoder()
    names: list[str] = []
    parts: list[NDArray[np.int64]] = []  # device, stamp, whether dark, arrival
    for offset, frame in enumerate(district.frames()):
        decoded = decoder.decode([Message(offset, frame.arrives_ms, frame.value)])
        for batch in decoded.batches:
            volts = [column for column in (batch.v1, batch.v2, batch.v3) if column.size]
            nominal_v = 100 if not batch.v2.size and len(volts) > 1 else 220
            is_dark = np.max(volts, axis=0) < DARK_BELOW * nominal_v
            arrives = np.full(batch.stamp_ms.size, frame.arrives_ms)
            parts.append(
                np.stack([batch.device + len(names), batch.stamp_ms, is_dark, arrives]).astype(
                    np.int64
                )
            )
            names.extend(batch.names)
    device, stamp, dark, arrives = np.concatenate(parts, axis=1)
    distinct, number = np.unique(names, return_inverse=True)
    device = number[device]
    order = np.lexsort((arrives, stamp, device))
    device, stamp, dark, arrives = (one[order] for one in (device, stamp, dark, arrives))
    is_first = np.ones(stamp.size, np.bool_)
    is_first[1:] = (device[1:] != device[:-1]) | (stamp[1:] != stamp[:-1])
    devices = {row["device"]: row for row in district.rows("devices.csv")}
    edges = np.searchsorted(device, np.arange(distinct.size + 1)).tolist()
    found = {}
    for place, name in enumerate(distinct.tolist()):
        mine = np.arange(*edges[place : place + 2])
        is_kept = is_first[mine]
        if devices[name]["zero_means"] != "no_supply":
            is_kept &= dark[mine] == 0
        mine = mine[is_kept]
        at_start = devices[name]["stamp_at"] == "start"
        end_ms = stamp[mine] + at_start * district.plan.interval_ms
        found[name] = Arrived(end_ms * 1000, arrives[mine] * 1000, dark[mine] == 1)
    return found


def _events(district: District) -> dict[str, list[HeardEvent]]:
    found: defaultdict[str, list[HeardEvent]] = defaultdict(list)
    for line in (district.out / "meter_events.jsonl").read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        at = us(row["at"])
        found[row["device"]].append(
            HeardEvent(
                event=cast("MeterEventKind", row["event"]),
                at=at,
                until=us(row["until"]) if "until" in row else at,
                arrives=us(row["arrives_at"]),
            )
        )
    return found
