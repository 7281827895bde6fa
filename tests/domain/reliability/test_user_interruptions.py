"""What counts as one interruption, whether it is sustained, and to which period it belongs."""

from datetime import date
from fractions import Fraction
from zoneinfo import ZoneInfo

import pytest

from service.domain.reliability.interruption_indices import (
    Asked,
    InterruptionIndices,
    interruption_indices,
)
from service.domain.reliability.major_event_days import (
    MajorEventThreshold,
    daily_saidi,
    major_event_days,
    past_days,
    without_days,
)
from service.domain.reliability.momentary_events import n_momentary_events
from service.domain.reliability.outages import (
    HOUR_US,
    SECOND_US,
    Definition,
    Outage,
    Service,
    Span,
    in_service,
)
from service.domain.reliability.supply_reliability import supply_reliability
from service.domain.reliability.user_interruptions import UserInterruption, user_interruptions
from tests.domain.reliability.outage_records import (
    HOUR_S,
    MINUTE_S,
    START,
    definition,
    outage,
    service,
    span,
    us,
)

DAY_S = 24 * HOUR_S


def found(
    *outages: Outage, rule: Definition | None = None, through_s: int = DAY_S
) -> list[UserInterruption]:
    return user_interruptions(outages, rule or definition(), us(through_s))


def indices(
    *outages: Outage,
    of: Service | None = None,
    rule: Definition | None = None,
    asked: Asked | None = None,
) -> InterruptionIndices:
    of = of or service(DAY_S, 10)
    rule = rule or definition()
    known = user_interruptions(outages, rule, of.span.end)
    return interruption_indices(known, of, rule, asked or Asked())


# ----------------------------------------------------------------------- sustained or momentary


@pytest.mark.parametrize(
    ("length_s", "sustained_s", "inclusive", "expected"),
    [
        (59, 60, True, False),  # Wisconsin: a minute or more
        (60, 60, True, True),
        (180, 180, False, False),  # DL/T 836: longer than three minutes
        (181, 180, False, True),
        (300, 300, False, False),  # IEEE 1366: longer than five minutes
        (301, 300, False, True),
        (299, 300, True, False),  # California: five minutes or longer
        (300, 300, True, True),
        (0, 0, True, True),
        (0, 0, False, False),
    ],
)
def test_the_cut_off_is_on_one_side_or_the_other_never_on_both(
    length_s: int, sustained_s: int, inclusive: bool, expected: bool
) -> None:
    (one,) = found(outage(0, length_s), rule=definition(sustained_s, inclusive=inclusive))

    assert one.is_sustained is expected


def test_a_report_that_says_what_it_is_overrides_its_length() -> None:
    long, short = found(
        outage(0, HOUR_S, is_momentary=True), outage(2 * HOUR_S, 2 * HOUR_S + 1, is_momentary=False)
    )

    assert (long.is_sustained, short.is_sustained) == (False, True)
    assert long.is_against_length
    assert short.is_against_length


# --------------------------------------------------------------------------- united and merged


def test_overlapping_outages_of_one_user_are_one() -> None:
    (one,) = found(outage(0, 600), outage(300, 900), outage(900, 1000))

    assert one.length_us == 1000 * SECOND_US


def test_overlapping_outages_of_users_that_are_only_counted_stay_apart() -> None:
    assert [one.n_users for one in found(outage(0, 600, 5), outage(300, 900, 7))] == [5, 7]


@pytest.mark.parametrize(("gap_s", "n"), [(59, 1), (60, 1), (61, 2)])
def test_interruptions_within_the_merge_time_count_as_one_but_supply_between_is_supply(
    gap_s: int, n: int
) -> None:
    rule = definition(merge_within_s=60)
    outages = [outage(0, 120), outage(120 + gap_s, 240 + gap_s)]

    interruptions = found(*outages, rule=rule)

    assert len(interruptions) == n
    assert sum(one.length_us for one in interruptions) == 240 * SECOND_US
    assert [one.is_sustained for one in interruptions] == ([True] if n == 1 else [False, False])


def test_one_that_goes_on_lasts_as_long_as_is_known_and_may_be_prolonged_later() -> None:
    open_one = outage(HOUR_S, None)

    assert found(open_one, through_s=2 * HOUR_S)[0].length_us == HOUR_US
    assert found(open_one, through_s=9 * HOUR_S)[0].length_us == 8 * HOUR_US
    assert found(open_one, through_s=0)[0].length_us == 0


def test_stepwise_restoration_is_one_interruption_of_each_user_with_its_own_end() -> None:
    outages = [
        outage(0, 1800, ("A", "B"), event="E"),
        outage(0, 3600, ("C",), event="E"),
        outage(2400, 3000, ("A",), event="E"),  # switched off once more meanwhile
        outage(7200, 7800, ("A",), event="F"),
    ]

    figures = indices(*outages)

    assert figures.n_customer_interruptions == 4
    assert figures.customer_us == (1800 * 2 + 3600 + 600 + 600) * SECOND_US
    assert figures.n_distinct == 3


# --------------------------------------------------------------------------------- the period


def test_time_counts_in_both_periods_and_the_interruption_where_it_starts() -> None:
    crossing = outage(DAY_S - HOUR_S, DAY_S + 2 * HOUR_S)

    first = indices(crossing, of=service(DAY_S, 10))
    second = indices(crossing, of=service(DAY_S, 10, start_s=DAY_S))

    assert (first.saidi_minutes, first.saifi) == (Fraction(6), Fraction(1, 10))
    assert (second.saidi_minutes, second.saifi) == (Fraction(12), Fraction(0))


def test_a_major_event_day_has_the_whole_of_what_starts_on_it() -> None:
    zone = ZoneInfo("Asia/Shanghai")  # START is 8 o'clock there
    evening = outage(15 * HOUR_S, 20 * HOUR_S, 5)  # 23:00 to 04:00
    morning = outage(17 * HOUR_S, 18 * HOUR_S, 5)  # 01:00 of the next day
    interruptions = found(evening, morning)

    daily = daily_saidi(interruptions, span(0, DAY_S), lambda _: Fraction(10), zone)
    rest = without_days(interruptions, [date(2024, 3, 1)], zone)

    assert daily == {date(2024, 3, 1): Fraction(150), date(2024, 3, 2): Fraction(30)}
    assert [one.start for one in rest] == [us(17 * HOUR_S)]
    assert START.hour == 0


def test_a_day_that_just_reaches_the_threshold_is_no_major_event_day() -> None:
    threshold = MajorEventThreshold(alpha=0.0, beta=0.0, t_med_minutes=4.0, n_days=9)
    daily = {
        date(2024, 1, 1): Fraction(4),
        date(2024, 1, 2): Fraction(4) + Fraction(1, 10**30),
        date(2024, 1, 3): Fraction(3),
    }

    assert major_event_days(daily, threshold) == [date(2024, 1, 2)]


def test_only_past_years_set_a_threshold_and_at_most_so_many() -> None:
    daily = {date(year, 7, 1): Fraction(1) for year in range(2015, 2026)}

    assert [day.year for day in past_days(daily, 2024, 5)] == [2019, 2020, 2021, 2022, 2023]
    assert [day.year for day in past_days(daily, 2017, 5)] == [2015, 2016]
    assert past_days(daily, 2015, 5) == {}


def test_users_count_by_the_time_that_they_are_in_service() -> None:
    month = Span(us(0), us(30 * DAY_S))
    validities = [month, Span(us(15 * DAY_S), us(99 * DAY_S)), Span(us(-9), us(-1))]
    of = Service(span=month, user_us=in_service(month, validities))

    figures = indices(outage(20 * DAY_S, 20 * DAY_S + 900), of=of)

    assert of.n_users == Fraction(3, 2)
    assert figures.saifi == Fraction(2, 3)


def test_an_empty_period_has_no_figures() -> None:
    empty = service(0, 10)

    figures = indices(outage(0, 900), of=empty)
    four = supply_reliability([outage(0, 900)], empty, definition(), us(900))

    assert (figures.saidi_minutes, figures.asai, figures.maifi) == (None, None, None)
    assert (four.all.rs, four.all.aihc_hours, four.all.aitc) == (None, None, None)


# ------------------------------------------------------------------------------ what is left out


def test_time_that_another_cause_covers_too_is_not_left_out() -> None:
    outages = [
        outage(0, 2 * HOUR_S, cause="fault_external"),
        outage(HOUR_S, 3 * HOUR_S, cause="planned_maintenance"),
    ]

    four = supply_reliability(outages, service(DAY_S, 1), definition(), us(DAY_S))

    assert four.all.aihc_hours == 3
    assert four.without_external.aihc_hours == 2


def test_rationing_without_tripping_counts_as_time_by_the_share_that_was_not_served() -> None:
    third = Fraction(1, 3)
    outages = [
        outage(0, 3 * HOUR_S, ("A",), "supply_shortage", unserved=third),
        outage(2 * HOUR_S, 4 * HOUR_S, ("A",), "supply_shortage", unserved=third / 2),
        outage(HOUR_S, 2 * HOUR_S, ("A",)),  # dark anyway
        outage(0, HOUR_S, 6, "supply_shortage", unserved=third),
    ]

    four = supply_reliability(outages, service(DAY_S, 10), definition(), us(DAY_S))

    # A: dark for one hour, two hours at a third, one at a sixth; six others: an hour at a third.
    assert four.all.outage_us == HOUR_US * (1 + 2 * third + third / 2 + 6 * third)
    assert four.all.aitc == Fraction(1, 10)
    assert four.without_shortage.outage_us == HOUR_US
    assert indices(*outages).customer_us == HOUR_US


# ------------------------------------------------------------------------------ momentary events


def times(*starts_s: int, user: str = "A") -> list[Outage]:
    return [outage(start_s, start_s + 10, (user,)) for start_s in starts_s]


@pytest.mark.parametrize(
    ("starts_s", "n"),
    [
        ([], 0),
        ([0], 1),
        ([0, 30, 60], 1),
        ([0, 300], 1),
        ([0, 301], 2),
        ([0, 200, 400], 2),  # from the first one, not from one to the next
    ],
)
def test_reclosings_within_the_event_time_of_the_first_are_one_event(
    starts_s: list[int], n: int
) -> None:
    interruptions = found(*times(*starts_s))

    assert n_momentary_events(interruptions, definition(), span(0, DAY_S)) == n
    assert sum(not one.is_sustained for one in interruptions) == len(starts_s)


@pytest.mark.parametrize(("lockout_s", "n"), [(60, 0), (300, 0), (301, 1)])
def test_an_event_that_a_lockout_follows_is_none(lockout_s: int, n: int) -> None:
    interruptions = found(*times(0, 30), outage(lockout_s, lockout_s + HOUR_S))

    assert n_momentary_events(interruptions, definition(), span(0, DAY_S)) == n


def test_of_users_only_counted_an_event_has_as_many_as_its_largest_report_less_those_locked_out() -> (
    None
):
    interruptions = found(
        outage(0, 10, 1000, event="E"),
        outage(40, 50, 1000, event="E"),
        outage(90, HOUR_S, 200, event="E"),
        outage(HOUR_S, HOUR_S + 5, 30),
        outage(HOUR_S + 60, HOUR_S + 65, 30),
    )

    assert n_momentary_events(interruptions, definition(), span(0, DAY_S)) == 800 + 30 + 30


# ------------------------------------------------------------------- many and long interruptions


@pytest.mark.parametrize(
    ("many_inclusive", "shares"), [(True, [2, 1, 1, 0]), (False, [1, 1, 0, 0])]
)
def test_cemi_is_n_or_more_or_more_than_n(many_inclusive: bool, shares: list[int]) -> None:
    rule = definition(many_inclusive=many_inclusive)
    outages = [outage(i * HOUR_S, i * HOUR_S + 600, ("A",)) for i in range(3)]
    outages.append(outage(0, 600, ("B",)))

    cemi = indices(*outages, rule=rule, asked=Asked(many=(1, 2, 3, 4))).cemi

    assert cemi == {n: Fraction(count, 10) for n, count in enumerate(shares, 1)}


def test_cemsmi_adds_momentary_ones_and_celid_asks_for_hours_at_once_or_together() -> None:
    outages = [
        outage(0, 10),
        outage(HOUR_S, 3 * HOUR_S),
        outage(9 * HOUR_S, 10 * HOUR_S),
        outage(0, 2 * HOUR_S + MINUTE_S, ("B",)),
    ]
    two, three = Fraction(2), Fraction(3)

    figures = indices(
        *outages, asked=Asked(many=(3,), single_hours=(two, three), total_hours=(two, three))
    )

    assert figures.cemi == {3: Fraction(0)}
    assert figures.cemsmi == {3: Fraction(1, 10)}
    assert figures.celid_s == {two: Fraction(2, 10), three: Fraction(0)}
    assert figures.celid_t == {two: Fraction(2, 10), three: Fraction(1, 10)}


def test_an_outage_that_goes_on_is_sustained_however_short_it_is_so_far() -> None:
    (alone,) = found(outage(DAY_S - 10, None))
    (merged,) = found(outage(DAY_S - 20, DAY_S - 10), outage(DAY_S - 10, None))
    (counted,) = found(outage(DAY_S - 10, None, 7))
    (ended,) = found(outage(DAY_S - 10, DAY_S))

    assert [one.is_sustained for one in (alone, merged, counted, ended)] == [
        True,
        True,
        True,
        False,
    ]
    assert not alone.is_against_length


def test_what_reaches_into_a_period_is_time_of_it_and_no_interruption() -> None:
    before = outage(-HOUR_S, HOUR_S, ("A",))
    beyond = outage(DAY_S - HOUR_S, DAY_S + 2 * HOUR_S, ("B",))
    one, two, three = (Fraction(n) for n in (1, 2, 3))

    figures = indices(
        before, beyond, asked=Asked(single_hours=(one, two, three), total_hours=(one, two))
    )

    assert (figures.n_customer_interruptions, figures.n_distinct) == (1, 1)
    assert figures.caifi == 1  # of B alone
    assert figures.ctaidi_minutes == 60  # of A and B, an hour each
    assert figures.celid_s == {one: Fraction(1, 10), two: Fraction(1, 10), three: Fraction(1, 10)}
    assert figures.celid_t == {one: Fraction(2, 10), two: Fraction(0)}


def test_a_period_into_which_outages_only_reach_has_ctaidi_and_no_caifi() -> None:
    figures = indices(outage(-HOUR_S, HOUR_S, ("A",)))

    assert figures.caifi is None
    assert figures.ctaidi_minutes == 60


def test_capacity_counts_only_where_it_is_known_of_every_interruption() -> None:
    of = service(DAY_S, 10, kva=100)
    known = outage(0, HOUR_S, 3, kva=Fraction(20))
    unknown = outage(0, HOUR_S, 3)

    figures = indices(known, of=of)

    assert (figures.asifi, figures.asidi_minutes) == (Fraction(1, 5), Fraction(12))
    assert indices(known, unknown, of=of).asifi is None
    assert indices(known).asifi is None  # of what there is in all, nothing is known


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"end": us(-1)}, "before its start"),
        ({"end": None, "is_momentary": True}, "is not momentary"),
        ({"n_users": 2}, "1 users are named, 2 are counted"),
        ({"unserved": Fraction(0)}, "unserved is 0; allowed: above 0"),
    ],
)
def test_an_outage_that_contradicts_itself_is_refused(
    wrong: dict[str, object], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        outage(0, 60, ("A",), "unknown", **wrong)
