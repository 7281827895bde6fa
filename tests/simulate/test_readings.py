"""Readings against the truth: what meters send is what happened to them."""

from collections import Counter, defaultdict
from datetime import UTC, datetime
from pathlib import Path

import pytest

from service.domain.batch import Message
from service.errors.simulation import SimulationError
from service.simulate.frames import Frame, read_frames, write_frames
from service.wire import Decoder
from tests.simulate.district import District, Reading, make, ms

pytestmark = pytest.mark.slow

NIGHT_UTC = range(13, 21)  # 21 to 5 o'clock in China


def test_messages_arrive_in_order_after_what_they_measure(district: District) -> None:
    arrivals = [frame.arrives_ms for frame in district.frames()]

    assert arrivals == sorted(arrivals)
    most_ms = 240_000  # a clock that is fast stamps ahead
    for device, readings in district.readings.items():
        for reading in readings:
            ends_ms = district.begins_ms(device, reading) + district.plan.interval_ms
            assert ends_ms <= reading.arrives_ms + most_ms


def test_every_device_keeps_its_key(district: District) -> None:
    keys: defaultdict[str, set[bytes]] = defaultdict(set)
    for offset, frame in enumerate(district.frames()):
        (batch,) = Decoder().decode([Message(offset, frame.arrives_ms, frame.value)]).batches
        for name in batch.names:
            keys[name].add(frame.key)

    assert set(keys) == set(district.registered)
    assert {len(found) for found in keys.values()} == {1}


def test_there_is_no_voltage_inside_an_outage(district: District) -> None:
    n_silent = n_zero = 0
    for device, spans in district.dark_spans.items():
        inside = _inside(district, device, spans)
        if district.device_of[district.registered[device]["point"]]["supply"] == "self_powered":
            assert inside == []
            n_silent += 1
        else:
            assert all(volts == 0 for reading in inside for volts in reading.volts)
            n_zero += len(inside)
    assert n_silent > 100
    assert n_zero > 100


def test_outside_outages_and_losses_every_interval_is_measured(tmp_path: Path) -> None:
    kept = make(
        tmp_path / "kept",
        *("delivery.reading_lost_share=0", "delivery.long_losses=0", "delivery.short_losses=0"),
        *("faults.feeder_faults=0", "faults.reclosed=0", "faults.short_faults=0"),
        *("operation.maintenance=0", "operation.construction=0", "operation.temporary=0"),
        *("operation.emergency=0", "operation.rationing=0", "operation.network_limit=0"),
        days=2,
    )
    spans_of = _without_full_voltage(kept)
    n_whole = n_live = 0
    for device, readings in kept.readings.items():
        if device not in spans_of:
            assert len({one.stamp_ms for one in readings}) == 2 * kept.plan.intervals_per_day
            n_whole += 1
        if _is_normal(kept, device):
            live = [one for one in readings if not _touches(kept, device, one, spans_of)]
            assert all(volts > 50 for one in live for volts in one.volts)
            n_live += len(live)
    assert n_whole > 100
    assert n_live > 0.9 * kept.made.n_readings


def test_a_three_phase_meter_loses_one_phase_and_keeps_its_supply(district: District) -> None:
    (lost,) = [row for row in district.rows("truth/outages.csv") if row["level"] == "phase"]
    phase, unit = int(lost["phase"]), lost["codes"]
    dark = [
        row for row in district.rows("truth/point_outages.csv") if row["outage"] == lost["outage"]
    ]

    phases = {district.device_of[row["point"]]["phase"] for row in dark}
    dimmed = [
        row["device"]
        for row in district.device_of.values()
        if row["point"].startswith(unit) and not row["phase"]
    ]

    assert phases == {str(phase)}
    assert dimmed
    span = [(ms(lost["start"]), ms(lost["restored"]))]
    for device in dimmed:
        for reading in _inside(district, device, span):
            dead = [place for place, volts in enumerate(reading.volts, 1) if volts == 0]
            assert dead == [phase]


def test_devices_that_sleep_or_have_no_input_read_zero_although_there_is_supply(
    district: District,
) -> None:
    found = Counter[str]()
    for row in district.device_of.values():
        for reading in district.readings[row["device"]]:
            hour = datetime.fromtimestamp(reading.stamp_ms / 1000, UTC).hour
            if row["behaviour"] == "no_transformer_input":
                assert set(reading.volts) == {0.0}
                found["without input"] += 1
            elif row["behaviour"] == "sleeping" and hour in NIGHT_UTC:
                assert set(reading.volts) == {0.0}
                found["asleep"] += 1
            elif row["behaviour"] == "sleeping" and hour == 4:
                found["awake"] += any(reading.volts)
    assert min(found["without input"], found["asleep"], found["awake"]) > 0


def test_nothing_arrives_from_a_concentrator_during_a_loss_of_communication(
    district: District,
) -> None:
    losses = district.rows("truth/communication_losses.csv")
    assert any(row["level"] == "feeder" for row in losses)
    prefix = {"feeder": "C{}-", "concentrator": "{}"}
    for loss in losses:
        code = loss["code"].removeprefix("F") if loss["level"] == "feeder" else loss["code"]
        key = prefix[loss["level"]].format(code).encode()
        from_ms, to_ms = ms(loss["from"]), ms(loss["to"])
        arrived = [
            frame
            for frame in district.frames()
            if frame.key.startswith(key) and from_ms <= frame.arrives_ms < to_ms
        ]
        assert arrived == []


@pytest.mark.parametrize(("backfilled", "share"), [(1, 1.0), (0, 0.0)])
def test_after_a_loss_its_readings_come_or_never(
    backfilled: int, share: float, tmp_path: Path
) -> None:
    lossy = make(
        tmp_path / "lossy",
        *("delivery.short_losses=0", "delivery.reading_lost_share=0", "delivery.late_share=0"),
        f"delivery.backfilled_share={backfilled}",
    )
    (loss,) = lossy.rows("truth/communication_losses.csv")
    from_ms, to_ms = ms(loss["from"]), ms(loss["to"])
    cut = [
        row["device"]
        for row in lossy.device_of.values()
        if row["point"].startswith(f"{loss['code']}-T")
    ]
    length_ms, margin_ms = lossy.plan.interval_ms, 600_000
    expected = len(range(-(-(from_ms + margin_ms) // length_ms), to_ms // length_ms - 1))

    assert to_ms - from_ms == 6 * 3_600_000
    assert len(cut) == int(loss["n_points"])
    for device in cut:
        begins = {lossy.begins_ms(device, reading) for reading in lossy.readings[device]}
        inside = [one for one in begins if from_ms + margin_ms <= one < to_ms - length_ms - 1]
        assert len(inside) == pytest.approx(share * expected, abs=1)


def test_lost_and_late_and_repeated_readings_are_as_many_as_planned(tmp_path: Path) -> None:
    lossy = make(
        tmp_path / "lossy",
        *("delivery.reading_lost_share=0.1", "delivery.refilled_share=0.6"),
        *("delivery.repeated_share=0.05", "delivery.long_losses=0", "delivery.short_losses=0"),
        days=2,
    )
    n_all = n_twice = 0
    for readings in lossy.readings.values():
        stamps = Counter(reading.stamp_ms for reading in readings)
        n_all += len(stamps)
        n_twice += sum(n > 1 for n in stamps.values())

    # Shares of some 70,000 readings; repetitions come by message, of some 4,500.
    assert 1 - n_all / lossy.made.n_readings == pytest.approx(0.1 * 0.4, abs=0.004)
    assert n_twice / n_all == pytest.approx(0.05 * 0.9, abs=0.015)


def test_json_says_what_arrow_says(district: District, tmp_path: Path) -> None:
    text = make(tmp_path / "text", wire_format="json")

    assert set(text.readings) == set(district.readings)
    for device, readings in district.readings.items():
        others = text.readings[device]
        assert [one.stamp_ms for one in others] == [one.stamp_ms for one in readings]
        for reading, other in zip(readings, others, strict=True):
            assert other.volts == pytest.approx(reading.volts, abs=0.006)


def test_a_shorter_interval_makes_more_readings(tmp_path: Path) -> None:
    fine = make(tmp_path / "fine", meters=60, feeders=1, days=1, interval_s=60)

    assert {row["interval_s"] for row in fine.registered.values()} == {"60"}
    assert fine.made.n_readings > 0.8 * 60 * 1440


def test_a_file_of_frames_that_is_cut_or_foreign_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "one.frames"
    write_frames(path, [Frame(5, b"key", b"value"), Frame(6, b"", b"")])
    whole = path.read_bytes()

    assert list(read_frames(path)) == [Frame(5, b"key", b"value"), Frame(6, b"", b"")]
    for size in (*range(9, 30), len(whole) - 1):
        path.write_bytes(whole[:size])
        with pytest.raises(SimulationError, match="is cut off"):
            list(read_frames(path))
    path.write_bytes(b"PK\x03\x04 something else")
    with pytest.raises(SimulationError, match="is no file of frames"):
        list(read_frames(path))


def _inside(district: District, device: str, spans: list[tuple[int, int]]) -> list[Reading]:
    """Return the readings that fall wholly into one of the spans; of instants their own time counts."""
    is_instant = district.registered[device]["reading_kind"] == "instant"
    length_ms = 0 if is_instant else district.plan.interval_ms
    found = []
    for reading in district.readings[device]:
        begins_ms = district.begins_ms(device, reading)
        if any(
            start <= begins_ms and begins_ms + length_ms <= end and begins_ms < end
            for start, end in spans
        ):
            found.append(reading)
    return found


def _is_normal(district: District, device: str) -> bool:
    row = district.device_of[district.registered[device]["point"]]
    return row["behaviour"] == "normal"


def _without_full_voltage(district: District) -> dict[str, list[tuple[int, int]]]:
    """Return the outages of each device, and of three-phase meters the losses of one phase."""
    spans_of = {device: list(spans) for device, spans in district.dark_spans.items()}
    for row in district.rows("truth/outages.csv"):
        if row["level"] == "phase":
            for device in district.device_of.values():
                if device["point"].startswith(row["codes"]) and not device["phase"]:
                    span = (ms(row["start"]), ms(row["restored"]))
                    spans_of.setdefault(device["device"], []).append(span)
    return spans_of


def _touches(
    district: District, device: str, reading: Reading, spans_of: dict[str, list[tuple[int, int]]]
) -> bool:
    begins_ms = district.begins_ms(device, reading)
    ends_ms = begins_ms + district.plan.interval_ms
    return any(start < ends_ms and begins_ms < end for start, end in spans_of.get(device, []))
