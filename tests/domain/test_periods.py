"""Hours, days and months of a zone: no minute is lost or counted twice, whatever clocks do."""

from datetime import UTC, date, datetime, timedelta, timezone
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.domain.periods import (
    By,
    Period,
    day_start,
    minutes_due,
    month_start,
    next_month,
    periods,
)

BERLIN, KOLKATA, SHANGHAI = (
    ZoneInfo(name) for name in ("Europe/Berlin", "Asia/Kolkata", "Asia/Shanghai")
)
ZONES = [
    BERLIN,
    KOLKATA,
    SHANGHAI,
    ZoneInfo("Australia/Lord_Howe"),  # clocks change by half an hour
    ZoneInfo("America/Sao_Paulo"),  # at midnight, until 2019
    ZoneInfo("Pacific/Apia"),  # skipped 2011-12-30
    ZoneInfo("UTC"),
]


def local(zone: ZoneInfo, *when: int) -> datetime:
    year, month, day, hour, minute = (*when, 0, 0)[:5]
    return datetime(year, month, day, hour, minute, tzinfo=zone)


def split(zone: ZoneInfo, by: By, start: tuple[int, ...], end: tuple[int, ...]) -> list[Period]:
    return list(periods(local(zone, *start), local(zone, *end), by, zone))


def sizes(found: list[Period]) -> dict[str, int]:
    return {period.label: period.n_minutes for period in found}


def test_a_day_has_1380_1440_or_1500_minutes() -> None:
    spring = split(BERLIN, "day", (2024, 3, 30), (2024, 4, 2))
    autumn = split(BERLIN, "day", (2024, 10, 26), (2024, 10, 29))
    steady = split(SHANGHAI, "day", (2024, 3, 30), (2024, 4, 2))

    assert [*sizes(spring).values()] == [1440, 1380, 1440]
    assert sizes(autumn) == {"2024-10-26": 1440, "2024-10-27": 1500, "2024-10-28": 1440}
    assert [*sizes(steady).values()] == [1440] * 3
    assert steady[0].from_at == datetime(2024, 3, 29, 16, tzinfo=UTC)


def test_months_are_as_long_as_their_days() -> None:
    found = sizes(split(BERLIN, "month", (2024, 1, 1), (2025, 1, 1)))

    assert found["2024-02"] == 29 * 1440
    assert found["2024-03"] == 31 * 1440 - 60
    assert found["2024-10"] == 31 * 1440 + 60
    assert sum(found.values()) == 366 * 1440
    assert len(found) == 12


def test_the_hour_that_clocks_skip_is_not_there_and_the_one_they_repeat_is_there_twice() -> None:
    spring = [*sizes(split(BERLIN, "hour", (2024, 3, 31), (2024, 3, 31, 5)))]
    autumn = [*sizes(split(BERLIN, "hour", (2024, 10, 27, 1), (2024, 10, 27, 4)))]

    assert spring == [
        "2024-03-31T00:00+01:00",
        "2024-03-31T01:00+01:00",
        "2024-03-31T03:00+02:00",
        "2024-03-31T04:00+02:00",
    ]
    assert autumn == [
        "2024-10-27T01:00+02:00",
        "2024-10-27T02:00+02:00",
        "2024-10-27T02:00+01:00",
        "2024-10-27T03:00+01:00",
    ]


def test_where_clocks_repeat_half_an_hour_labels_stay_apart() -> None:
    lord_howe = ZoneInfo("Australia/Lord_Howe")

    found = sizes(split(lord_howe, "hour", (2024, 4, 7, 0), (2024, 4, 7, 3)))

    assert found == {
        "2024-04-07T00:00+11:00": 60,
        "2024-04-07T01:00+11:00": 60,
        "2024-04-07T01:00+10:30": 30,
        "2024-04-07T02:00+10:30": 60,
    }


def test_hours_of_a_half_hour_zone_begin_in_the_middle_of_utc_hours() -> None:
    hours = split(KOLKATA, "hour", (2024, 3, 1, 0), (2024, 3, 1, 2))
    days = split(KOLKATA, "day", (2024, 3, 1), (2024, 3, 2))

    assert [hour.from_at.minute for hour in hours] == [30, 30]
    assert sizes(hours) == {"2024-03-01T00:00+05:30": 60, "2024-03-01T01:00+05:30": 60}
    assert days == [
        Period(
            from_at=datetime(2024, 2, 29, 18, 30, tzinfo=UTC),
            to_at=datetime(2024, 3, 1, 18, 30, tzinfo=UTC),
            label="2024-03-01",
        )
    ]


@pytest.mark.parametrize("by", ["hour", "day", "month"])
def test_the_first_and_the_last_period_are_cut_to_what_was_asked_for(by: By) -> None:
    found = split(BERLIN, by, (2024, 3, 31, 1, 17), (2024, 3, 31, 3, 5))

    assert sum(period.n_minutes for period in found) == 48
    assert found[0].from_at == datetime(2024, 3, 31, 0, 17, tzinfo=UTC)
    assert found[-1].to_at == datetime(2024, 3, 31, 1, 5, tzinfo=UTC)
    assert len(found) == (2 if by == "hour" else 1)


@given(
    zone=st.sampled_from(ZONES),
    by=st.sampled_from(["hour", "day", "month"]),
    start=st.datetimes(datetime(2009, 1, 1), datetime(2030, 1, 1)),  # noqa: DTZ001
    n_minutes=st.integers(0, 60 * 24 * 40),
)
def test_periods_leave_no_gap_and_no_overlap(
    zone: ZoneInfo, by: By, start: datetime, n_minutes: int
) -> None:
    from_at = start.replace(second=0, microsecond=0, tzinfo=UTC)
    to_at = from_at + timedelta(minutes=n_minutes)

    found = list(periods(from_at, to_at, by, zone))

    assert sum(period.n_minutes for period in found) == n_minutes
    assert all(before.to_at == after.from_at for before, after in pairwise(found))
    if found:
        assert (found[0].from_at, found[-1].to_at) == (from_at, to_at)
    labels = [period.label for period in found]
    assert len(set(labels)) == len(labels)
    size = {"hour": 13, "day": 10, "month": 7}[by]
    for period in found:
        last = (period.to_at - timedelta(minutes=1)).astimezone(zone)
        first = period.from_at.astimezone(zone)
        assert first.isoformat()[:size] == period.label[:size]
        if by != "hour":
            assert last.isoformat()[:size] == period.label[:size]


def test_a_day_that_clocks_skip_is_not_there() -> None:
    apia = ZoneInfo("Pacific/Apia")
    found = sizes(split(apia, "day", (2011, 12, 29), (2012, 1, 1)))

    assert found == {"2011-12-29": 1440, "2011-12-31": 1440}


def test_a_day_without_midnight_begins_with_its_first_instant() -> None:
    sao_paulo = ZoneInfo("America/Sao_Paulo")

    start = day_start(date(2018, 11, 4), sao_paulo)

    assert start == datetime(2018, 11, 4, 3, tzinfo=UTC)
    assert start.astimezone(sao_paulo).hour == 1


@pytest.mark.parametrize(
    ("when", "message"),
    [
        (datetime(2024, 1, 1), "without zone"),  # noqa: DTZ001
        (datetime(2024, 1, 1, 0, 0, 1, tzinfo=UTC), "whole minute"),
        (datetime(2024, 1, 1, tzinfo=timezone(timedelta(seconds=30))), "whole minute"),
    ],
)
def test_ends_have_a_zone_and_lie_on_a_minute(when: datetime, message: str) -> None:
    good = datetime(2024, 2, 1, tzinfo=UTC)

    for start, end in ((when, good), (good, when)):
        with pytest.raises(ValueError, match=message):
            list(periods(start, end, "day", BERLIN))


@pytest.mark.parametrize(
    ("valid_from", "valid_to", "through", "n_minutes"),
    [
        ("00:00", None, "24:00", 1440),
        ("10:00", None, "24:00", 840),
        ("10:00", "10:05", "24:00", 5),
        ("00:00", None, "00:07", 7),
        ("10:00", None, "09:00", 0),
        ("00:00", "-1:00", "24:00", 0),
    ],
)
def test_due_are_the_minutes_in_service_that_the_data_have_reached(
    valid_from: str, valid_to: str | None, through: str, n_minutes: int
) -> None:
    day = Period(
        from_at=datetime(2024, 3, 1, tzinfo=UTC),
        to_at=datetime(2024, 3, 2, tzinfo=UTC),
        label="2024-03-01",
    )

    def clock(text: str) -> datetime:
        hour, minute = text.split(":")
        return day.from_at + timedelta(hours=int(hour), minutes=int(minute))

    reached = clock(through) + timedelta(seconds=59)  # a minute that is cut is not due yet

    validity = (clock(valid_from), None if valid_to is None else clock(valid_to))
    assert minutes_due(day, validity, reached) == n_minutes


def test_months_follow_each_other() -> None:
    assert next_month(date(2024, 1, 31)) == date(2024, 2, 1)
    assert next_month(date(2023, 12, 31)) == date(2024, 1, 1)
    assert month_start(date(2024, 3, 17), SHANGHAI) == datetime(2024, 2, 29, 16, tzinfo=UTC)
