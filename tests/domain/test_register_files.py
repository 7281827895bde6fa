"""The register as CSV files: read as they are meant, and what is wrong is named with its place."""

from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from service.domain.outage_files import read_outages, write_outages
from service.domain.register import (
    NOTICE_FIELDS,
    NewDeadline,
    NewDeclaration,
    NewFaultCall,
    Place,
    ToldCustomer,
)
from service.domain.register_files import (
    read_calls,
    read_deadlines,
    write_calls,
    write_deadlines,
)
from tests.domain.register_entries import DAY, HOUR, NOON, abnormal, planned

ZONE = ZoneInfo("Asia/Shanghai")
HEADER = (
    "ticket,kind,cause,place,codes,window_from,window_to,notice_at,notice_fields,important_customers,"
    "important_told_at,off_at,on_at,cancelled_at,author,approver,entered_at\n"
)
PLANNED = (
    "P-1,planned,planned_maintenance,feeder,F1,2026-03-10T12:00+08:00,2026-03-10T16:00+08:00,"
    "2026-03-02T12:00+08:00,area;lines;off;restore,C1,2026-03-02T12:00+08:00,2026-03-10T12:00+08:00,"
    "2026-03-10T15:00+08:00,,li.na,wang.wei,2026-03-01T12:00+08:00\n"
)
texts = st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"]), min_size=1, max_size=8)
codes = texts.filter(lambda text: not set(text) & {",", ";"})
instants = st.integers(0, 10**12).map(lambda n: NOON + timedelta(microseconds=n))


def normal(told: NewDeclaration) -> tuple[object, ...]:
    """Return a declaration with its lists in order."""
    return (
        *(told.kind, told.outage_kind, told.ticket, told.author, told.approver, told.cause),
        *(told.from_at, told.to_at, told.window_from, told.window_to, told.notice_at),
        *(told.cancelled_at, told.made_at, sorted(told.places), set(told.notice_fields)),
        sorted(told.important_told),
    )


@st.composite
def declarations(draw: st.DrawFn) -> NewDeclaration:
    places = draw(
        st.lists(
            st.builds(Place, st.sampled_from(["feeder", "point", "region"]), codes),
            min_size=1,
            max_size=4,
            unique=True,
        )
    )
    start = draw(instants)
    shared: dict[str, Any] = {
        "places": places,
        "ticket": draw(texts),
        "from_at": start,
        "to_at": draw(st.one_of(st.none(), st.just(start + HOUR))),
        "made_at": draw(instants),
    }
    if draw(st.booleans()):
        return abnormal(**shared, cause=draw(st.one_of(st.just(""), texts)))
    customers = draw(st.lists(codes, max_size=3, unique=True))
    told_at = draw(st.lists(instants, min_size=len(customers), max_size=len(customers)))
    return planned(
        **shared,
        notice_fields=draw(st.lists(st.sampled_from(NOTICE_FIELDS), unique=True)),
        important_told=tuple(map(ToldCustomer, customers, told_at)),
    )


@given(st.lists(declarations(), max_size=4, unique_by=lambda one: one.ticket))
@example([abnormal(cause="；", from_at=NOON)])  # no list of words
def test_what_is_written_is_read_again(told: list[NewDeclaration]) -> None:
    found = read_outages(write_outages(told, ZONE), ZONE)

    assert found.bad_rows == []
    assert list(map(normal, found.rows)) == list(map(normal, told))


def test_a_row_is_read_as_it_is_meant() -> None:
    (found,) = read_outages(HEADER + PLANNED, ZONE).rows

    assert normal(found) == normal(planned(made_at=NOON - 9 * DAY))
    assert write_outages([found], ZONE) == HEADER + PLANNED


def test_lists_of_a_row_belong_together_one_by_one_or_one_for_all() -> None:
    row = PLANNED.replace("feeder,F1", "feeder;point,F1;P9").replace("C1,2026", "C2;C1,2026")
    twice = PLANNED.replace("F1", "F2;F1")

    (mixed,) = read_outages(HEADER + row, ZONE).rows
    (alike,) = read_outages(HEADER + twice, ZONE).rows

    assert set(mixed.places) == {Place("feeder", "F1"), Place("point", "P9")}
    assert {one.customer for one in mixed.important_told} == {"C1", "C2"}
    assert {one.told_at for one in mixed.important_told} == {NOON - 8 * DAY}
    assert set(alike.places) == {Place("feeder", "F1"), Place("feeder", "F2")}


@pytest.mark.parametrize(
    ("change", "column", "allowed"),
    [
        (("P-1,", ","), "ticket", "not empty"),
        (("planned,", "storm,"), "kind", "planned, temporary"),
        (("planned_maintenance", "fault_internal"), "cause", "planned_maintenance, planned_cons"),
        (("feeder,F1", "street,F1"), "place", "organisation, region"),
        (("feeder,F1", "feeder;feeder,F1;F1"), "codes", "each once"),
        (("feeder,F1", "feeder;point,F1;F2;F3"), "place", "one for each of 3 codes"),
        (("feeder,F1", "feeder,"), "codes", "not empty"),
        (("area;lines", "area;town"), "notice_fields", "area, lines, off, restore"),
        (("restore,C1", "restore,"), "important_told_at", "0 customers"),
        (("restore,C1", "restore,C1;C1"), "important_customers", "told once"),
        (("2026-03-10T15:00+08:00", "2026-03-10T12:00+08:00"), "on_at", "after 2026-03-10T04"),
        (("2026-03-10T15:00+08:00,", "2026-03-10T15:00+08:00,2026-03-10"), "cancelled_at", "left out"),
        (("2026-03-10T16:00+08:00", "tomorrow"), "window_to", "2026-01-31T15:00+08:00"),
        (("wang.wei", "li.na"), "approver", "somebody else"),
        (("2026-03-01T12:00+08:00", "1926-03-01"), "entered_at", "from 1970"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_row_is_named(
    change: tuple[str, str], column: str, allowed: str
) -> None:
    found = read_outages(HEADER + PLANNED.replace(*change), ZONE)

    (bad,) = found.bad_rows
    assert (bad.line, bad.column) == (2, column)
    assert allowed in bad.allowed


def test_a_ticket_stands_once_for_each_kind() -> None:
    other = PLANNED.replace("planned,planned_maintenance", "temporary,temporary")

    found = read_outages(HEADER + PLANNED + other + PLANNED, ZONE)

    (bad,) = found.bad_rows
    assert (bad.line, bad.column, bad.value) == (4, "ticket", "P-1")
    assert "line 2" in bad.allowed


def test_calls_are_read_and_written() -> None:
    text = (
        "call,customer,point,response_area,called_at,arrived_at,restored_at,severe_weather\n"
        "95598-1,C1,P1,urban,2026-03-10T12:00+08:00,2026-03-10T12:45:30+08:00,,no\n"
        "95598-2,,,special_remote,2026-03-10T12:00+08:00,,2026-03-10T13:00+08:00,yes\n"
    )

    found = read_calls(text, ZONE)

    assert found.bad_rows == []
    assert found.rows[0] == NewFaultCall(
        call="95598-1",
        customer="C1",
        point="P1",
        response_area="urban",
        called_at=NOON,
        arrived_at=NOON + timedelta(minutes=45, seconds=30),
    )
    assert found.rows[1].severe_weather
    assert write_calls(found.rows, ZONE) == text


def test_deadlines_are_read_and_written() -> None:
    text = (
        "reference,promise,subject,opened_at,answered_at\n"
        "YK-1,supply_plan,low_voltage,2026-03-10T12:00+08:00,\n"
        "YK-2,complaint,,2026-03-10T12:00+08:00,2026-03-11T12:00+08:00\n"
    )

    found = read_deadlines(text, ZONE)

    assert found.bad_rows == []
    assert found.rows[0] == NewDeadline(
        reference="YK-1", promise="supply_plan", subject="low_voltage", opened_at=NOON
    )
    assert write_deadlines(found.rows, ZONE) == text


@pytest.mark.parametrize(
    ("row", "bad"),
    [
        ("95598-1,urban,2026-03-10T12:00+08:00,2026-03-10T11:59+08:00", (3, "arrived_at")),
        ("95598-0,urban,2026-03-10T12:00+08:00,", (3, "call")),
        ("95598-1,town,2026-03-10T12:00+08:00,", (3, "response_area")),
        ("95598-1,urban,,", (3, "called_at")),
    ],
)
def test_what_is_wrong_with_a_call_is_named(row: str, bad: tuple[int, str]) -> None:
    header = "call,response_area,called_at,arrived_at\n95598-0,urban,2026-03-10,\n"

    (found,) = read_calls(f"{header}{row}\n", ZONE).bad_rows

    assert (found.line, found.column) == bad
