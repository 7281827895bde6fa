"""The register: exact where nothing else speaks, never wider than what was seen, and where causes come from."""

import pytest

from service.domain.supply.register import RegisterEntry
from tests.supply.builders import (
    DARK,
    LIVE,
    SILENT,
    at,
    edges,
    entry,
    found,
    meter,
    minutes_of,
    point,
    told,
)

ONE = meter(1)


def test_a_declared_outage_is_exact_where_nothing_was_measured() -> None:
    runs = [(LIVE, 10), (SILENT, 50), (LIVE, 10)]

    (one,) = found(point(runs, how=ONE), entries=[entry(10.25, 59.25, cause="storm")])

    assert edges(one) == (10.25, 10.25, 59.25, 59.25)
    assert (one.grades, one.declaration_id, one.cause) == (("declared",), 8, "storm")


def test_what_was_measured_keeps_its_edges_and_takes_the_cause() -> None:
    runs = [(LIVE, 12), (DARK, 40), (LIVE, 20)]

    (one,) = found(point(runs, how=ONE), entries=[entry(10, 60, cause="works")])

    assert edges(one) == (11, 12, 52, 53)
    assert (one.grades, one.cause) == (("measured", "declared"), "works")


@pytest.mark.parametrize("times", [(31, 149), (34, 152), (30, 148), (20, 151)])
def test_declared_times_that_are_off_do_not_widen_an_outage_nor_make_another(
    times: tuple[float, float],
) -> None:
    log = [told("power_failure_log", 32.5 * 60, 150 * 60)]
    runs = [(LIVE, 30), (SILENT, 120), (LIVE, 60)]

    (one,) = found(
        point(runs, log, how=meter(15, self_powered=True)), entries=[entry(*times, cause="fault")]
    )

    assert edges(one) == (32.5, 32.5, 150, 150)
    assert (one.grades, one.cause) == (("meter_event", "declared"), "fault")


def test_a_short_outage_takes_its_cause_from_an_entry_that_just_misses_it() -> None:
    log = [told("power_failure_log", 600, 700)]

    (one,) = found(
        point([(LIVE, 60)], log, how=meter(15, self_powered=True)),
        entries=[entry(12, 14, cause="fault")],
    )

    assert one.cause == "fault"
    assert minutes_of(one.start) == 10


def test_a_declared_outage_goes_on_where_the_measured_dark_falls_silent() -> None:
    runs = [(LIVE, 12), (DARK, 10), (SILENT, 30), (LIVE, 20)]

    (one,) = found(point(runs, how=ONE), entries=[entry(10, 51.5)])

    assert edges(one) == (11, 12, 51.5, 51.5)
    assert one.evidence == "measured"


def test_a_declared_outage_joins_what_a_silence_parts() -> None:
    runs = [(LIVE, 12), (DARK, 10), (SILENT, 30), (DARK, 10), (LIVE, 20)]

    assert len(found(point(runs, how=ONE))) == 2
    (one,) = found(point(runs, how=ONE), entries=[entry(10, 70)])

    assert edges(one) == (11, 12, 62, 63)


def test_a_declared_end_closes_a_dark_that_nothing_measured_follows() -> None:
    runs = [(LIVE, 12), (DARK, 10), (SILENT, 60)]

    (one,) = found(point(runs, how=ONE), entries=[entry(12, 52)])

    assert edges(one) == (11, 12, 52, 52)


def test_dark_measured_beyond_the_declared_end_stays_open() -> None:
    (one,) = found(point([(LIVE, 12), (DARK, 40)], how=ONE), entries=[entry(12, 30)])

    assert one.is_open
    assert one.declaration_id == 8


@pytest.mark.parametrize("on", [60, None])
def test_where_supply_was_measured_a_declaration_says_nothing(on: float | None) -> None:
    runs = [(LIVE, 20), (SILENT, 1), (LIVE, 20), (SILENT, 1), (LIVE, 48)]

    assert found(point([(LIVE, 90)], how=ONE, through=90), entries=[entry(10, on)]) == ()
    assert found(point(runs, how=ONE, through=90), entries=[entry(10, on)]) == ()


def test_a_declared_outage_partly_contradicted_keeps_its_silent_part() -> None:
    runs = [(LIVE, 20), (SILENT, 30), (LIVE, 20)]

    (one,) = found(point(runs, how=ONE), entries=[entry(10, 60)])

    assert edges(one) == (19, 20, 50, 51)


def test_an_open_declared_outage_is_open_until_supply_is_measured() -> None:
    dark, back = [(LIVE, 20), (SILENT, 30)], [(LIVE, 20), (SILENT, 30), (LIVE, 10)]

    (still_open,) = found(point(dark, how=ONE, through=50), entries=[entry(20, None)], through=50)
    (closed,) = found(point(back, how=ONE, through=60), entries=[entry(20, None)], through=60)

    assert (still_open.is_open, still_open.start) == (True, at(20))
    assert edges(closed) == (20, 20, 50, 51)


def test_an_outage_declared_to_begin_after_the_data_does_not_count_yet() -> None:
    assert found(point([(LIVE, 20)], how=ONE, through=20), entries=[entry(60, 90)]) == ()


FAR = (2, 3, 4, 5)


@pytest.mark.parametrize(
    ("entries", "chosen"),
    [
        ([entry(30, 60, declaration_id=1), entry(30, 90, declaration_id=2)], 2),  # more overlap
        (
            [entry(20, 99, 1, *FAR, declaration_id=1), entry(20, 99, declaration_id=2)],
            2,
        ),  # narrower
        ([entry(29, 99, declaration_id=1), entry(28, 99, declaration_id=2)], 2),  # earlier
        ([entry(20, 99, declaration_id=2), entry(20, 99, declaration_id=1)], 1),  # smaller number
        ([entry(None, None, declaration_id=3, window=(20, 95))], 3),  # it starts in the window
        ([entry(None, None, declaration_id=3, window=(31, 95))], None),
        ([entry(None, None, declaration_id=3, window=(20, 30))], None),  # which is half-open
        ([entry(80, 99, declaration_id=1), entry(None, None, declaration_id=2, window=(0, 99))], 1),
        (
            [
                entry(None, None, declaration_id=2, window=(0, 99)),
                entry(100, 110, declaration_id=1),
            ],
            2,
        ),
    ],
)
def test_of_several_entries_one_gives_the_cause_in_any_order(
    entries: list[RegisterEntry], chosen: int | None
) -> None:
    log = [told("power_failure_log", 1800, 5400)]
    one = point([(LIVE, 30), (SILENT, 60), (LIVE, 90)], log, how=meter(15, self_powered=True))

    (given,) = found(one, entries=entries)
    (turned,) = found(one, entries=entries[::-1])

    assert given.declaration_id == chosen
    assert turned == given


def test_a_window_alone_makes_no_interruption() -> None:
    assert found(point([(SILENT, 120)]), entries=[entry(None, None, window=(10, 90))]) == ()


def test_an_entry_that_comes_later_reclassifies_and_changes_nothing_else() -> None:
    log = [told("power_failure_log", 1800, 5400)]
    one = point([(LIVE, 30), (SILENT, 60), (LIVE, 90)], log, how=meter(15, self_powered=True))

    (before,) = found(one)
    (after,) = found(one, entries=[entry(29, 91, cause="works")])

    assert (before.cause, after.cause) == ("", "works")
    assert edges(before) == edges(after)
