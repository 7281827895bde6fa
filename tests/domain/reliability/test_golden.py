"""Worked examples of the domain reference, with the numbers that it gives."""

import csv
from datetime import UTC, date, datetime
from decimal import ROUND_HALF_EVEN, Context, Decimal
from fractions import Fraction
from pathlib import Path

import pytest

from service.domain.instants import epoch_us
from service.domain.reliability.interruption_indices import (
    Asked,
    InterruptionIndices,
    interruption_indices,
)
from service.domain.reliability.major_event_days import threshold_of
from service.domain.reliability.outages import (
    Definition,
    Outage,
    Service,
    Span,
    constant_service,
    definition_of,
)
from service.domain.reliability.supply_reliability import supply_reliability
from service.domain.reliability.user_interruptions import user_interruptions
from service.domain.rules import load_rule_set
from tests.domain.reliability.outage_records import (
    HOUR_S,
    MINUTE_S,
    definition,
    outage,
    service,
)

EIA = Path(__file__).parents[2] / "data" / "eia861_2024_reliability.csv"
RULES = definition_of(load_rule_set("sgcc-2003").reliability)
BETA_FACTOR = Decimal("2.5")


def indices(
    outages: list[Outage], of: Service, rule: Definition = RULES, asked: Asked | None = None
) -> InterruptionIndices:
    through = of.span.end
    return interruption_indices(
        user_interruptions(outages, rule, through), of, rule, asked or Asked()
    )


# ------------------------------------------------------------------------------- DL/T 836, 3.4


def test_the_example_of_dl_t_836_gives_its_four_reliabilities() -> None:
    of = service(720 * HOUR_S, 1000)
    outages = [
        outage(10 * HOUR_S, 14 * HOUR_S, 50, "planned_maintenance"),
        outage(20 * HOUR_S, 20 * HOUR_S + 90 * MINUTE_S, 200, "fault_internal"),
        outage(30 * HOUR_S, 32 * HOUR_S, 100, "supply_shortage"),
        outage(40 * HOUR_S, 40 * HOUR_S + 30 * MINUTE_S, 300, "fault_external"),
        outage(50 * HOUR_S, 50 * HOUR_S + 2 * MINUTE_S, 400, "fault_internal"),
    ]

    four = supply_reliability(outages, of, RULES, of.span.end).in_order()

    hours = [Fraction(2590, 3000), Fraction(2140, 3000), Fraction(1990, 3000), Fraction(850, 1000)]
    assert [each.aihc_hours for each in four] == hours
    assert [f"{float(each.aihc_hours or -1):.6f}" for each in four] == [
        "0.863333",
        "0.713333",
        "0.663333",
        "0.850000",
    ]
    assert [f"{float(100 * (each.rs or 0)):.6f}" for each in four] == [
        "99.880093",
        "99.900926",
        "99.907870",
        "99.881944",
    ]
    assert four[0].aitc == Fraction("1.05")
    assert four[3].aitc == Fraction("0.65")


@pytest.mark.parametrize(
    ("percent", "minutes"),
    [
        ("99", "5256"),
        ("99.8", "1051.2"),
        ("99.89", "578.16"),
        ("99.90", "525.6"),
        ("99.896", "546.624"),
    ],
)
def test_a_year_of_8760_hours_turns_reliability_into_minutes(percent: str, minutes: str) -> None:
    of = service(8760 * HOUR_S, 100)
    outages = [outage(0, int(Fraction(minutes) * MINUTE_S * 100), 1)]

    first = supply_reliability(outages, of, RULES, of.span.end).all

    assert first.rs == Fraction(percent) / 100
    assert first.aihc_hours == Fraction(minutes) / 60


def test_a_leap_year_has_8784_hours() -> None:
    whole_years = [
        Span(epoch_us(datetime(y, 1, 1, tzinfo=UTC)), epoch_us(datetime(y + 1, 1, 1, tzinfo=UTC)))
        for y in (2023, 2024)
    ]

    found = []
    for span in whole_years:
        of = constant_service(span, 1)
        day = Outage(start=span.start, end=span.start + 86_400_000_000)
        found.append(supply_reliability([day], of, RULES, span.end).all.rs)

    assert found == [1 - Fraction(24, 8760), 1 - Fraction(24, 8784)]


# -------------------------------------------------------------------------------- IEEE 1366, 4.3


def test_o2_the_textbook_example() -> None:
    of = service(8760 * HOUR_S, 100_000)
    outages = [
        outage(day * 86_400, day * 86_400 + minutes * MINUTE_S, n)
        for day, (n, minutes) in enumerate([(8000, 240), (1500, 90), (600, 150), (3200, 60)])
    ]
    outages.append(outage(9 * 86_400, 9 * 86_400 + 30, 12_000))

    found = indices(outages, of, definition(300))

    assert found.n_customer_interruptions == 13_300
    assert found.customer_us == 2_337_000 * 60_000_000
    assert found.saidi_minutes == Fraction("23.37")
    assert found.saifi == Fraction("0.133")
    assert f"{float(found.caidi_minutes or 0):.3f}" == "175.714"
    assert found.maifi == Fraction("0.12")


CIRCUIT_7075 = [  # off, on, customers, kVA
    ("2024-03-17 12:12:20", "12:20:30", 200, 800),
    ("2024-04-15 18:23:56", "18:24:26", 400, 1600),
    ("2024-05-05 00:23:10", "01:34:29", 600, 1800),
    ("2024-06-12 23:17:00", "23:47:14", 25, 75),
    ("2024-07-06 09:30:10", "09:31:10", 2000, 4000),
    ("2024-08-20 15:45:39", "20:12:50", 90, 500),
    ("2024-08-31 08:20:00", "10:20:00", 700, 2100),
    ("2024-09-03 17:10:00", "17:20:00", 1500, 3000),
    ("2024-10-27 10:15:00", "10:55:00", 100, 200),
]


def circuit_7075(*, named: bool) -> list[Outage]:
    """Return its interruptions; if named, sustained ones are of 1800 distinct customers."""
    outages = []
    for i, (off, on, n, kva) in enumerate(CIRCUIT_7075):
        # Of 2000 customers 1800 are interrupted: 1500 on 3 September, and 300 others before.
        last = {2: 1800, 7: 1500}.get(i, n)
        users = tuple(f"C{k}" for k in range(last - n, last))
        start = datetime.fromisoformat(f"{off}+00:00")
        end = datetime.fromisoformat(f"{off[:10]} {on}+00:00")
        outages.append(
            Outage(
                start=epoch_us(start),
                end=epoch_us(end),
                n_users=n,
                users=users if named else None,
                kva=Fraction(kva),
            )
        )
    return outages


@pytest.mark.parametrize("sustained_s", [180, 300])
def test_o5_circuit_7075_gives_every_figure(sustained_s: int) -> None:
    year = Span(
        epoch_us(datetime(2024, 1, 1, tzinfo=UTC)), epoch_us(datetime(2024, 12, 31, tzinfo=UTC))
    )
    assert year.length_us == 365 * 86_400_000_000
    of = constant_service(year, 2000, Fraction(14_000))

    found = indices(circuit_7075(named=True), of, definition(sustained_s), Asked(many=(1, 2, 3)))

    assert found.n_customer_interruptions == 3215
    assert found.n_distinct == 1800
    assert found.customer_us == Fraction("172225") * 60_000_000 + 40_000_000  # 172 225.67 min
    assert found.saifi == Fraction("1.6075")
    assert found.maifi == found.maifi_e == Fraction("1.2")
    assert [
        f"{float(value or 0):.3f}"
        for value in (
            found.saidi_minutes,
            found.caidi_minutes,
            found.ctaidi_minutes,
            found.caifi,
            found.asifi,
        )
    ] == ["86.113", "53.569", "95.681", "1.786", "0.605"]
    assert f"{float(found.asai or 0):.6f}" == "0.999836"
    assert f"{float(found.asidi_minutes or 0):.2f}" == "40.05"
    assert found.cemi[1] == Fraction(1800, 2000)


def test_o5_with_customers_only_counted_has_no_figure_of_distinct_ones() -> None:
    of = service(366 * 86_400, 2000, 14_000, start_s=-60 * 86_400)

    found = indices(circuit_7075(named=False), of, RULES, Asked(many=(2,)))

    assert found.saifi == Fraction("1.6075")
    assert f"{float(found.asifi or 0):.3f}" == "0.605"
    assert (found.n_distinct, found.caifi, found.ctaidi_minutes) == (None, None, None)
    assert found.cemi == {2: None}


# ----------------------------------------------------------------------------- major event days


TOY = ["0.5", "1", "2", "0", "4", "8", "0.25"]


def test_o4_beta_is_that_of_a_sample_and_days_of_zero_are_dropped() -> None:
    daily = {date(2023, 5, 1 + i): Fraction(saidi) for i, saidi in enumerate(TOY)}

    threshold = threshold_of(daily, BETA_FACTOR)

    assert threshold is not None
    assert f"{threshold.alpha:.7f}" == "0.3465736"
    assert f"{threshold.beta:.7f}" == "1.2967596"
    assert f"{threshold.t_med_minutes:.6f}" == "36.178777"
    assert f"{threshold.t_med_minutes:.6f}" != "27.276050"  # with the population's beta
    assert threshold.n_days == 6


def test_o4_the_guide_s_alpha_and_beta_give_its_threshold() -> None:
    # Two days whose logarithms have the mean 1.62 and the sample deviation 1.18.
    step = Decimal("1.18") / Decimal(2).sqrt()
    daily = {
        date(2023, 1, 1): Fraction((Decimal("1.62") - step).exp()),
        date(2023, 1, 2): Fraction((Decimal("1.62") + step).exp()),
    }

    threshold = threshold_of(daily, BETA_FACTOR)

    assert threshold is not None
    assert (f"{threshold.alpha:.6f}", f"{threshold.beta:.6f}") == ("1.620000", "1.180000")
    assert f"{threshold.t_med_minutes:.2f}" == "96.54"


# ------------------------------------------------------------------- EIA-861, as utilities report


def reported() -> list[dict[str, str]]:
    with EIA.open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def as_outages(saidi: Decimal, saifi: Decimal) -> list[Outage]:
    """Return outages of 1000 customers with this SAIDI (minutes) and SAIFI: one has all the time."""
    n, total_us = int(saifi * 1000), int(saidi * 1000) * 60_000_000
    outages = [Outage(start=0, end=total_us)] if n else []
    return outages + ([Outage(start=0, end=0, n_users=n - 1)] if n > 1 else [])


def test_caidi_of_every_utility_is_saidi_over_saifi_to_its_eight_digits() -> None:
    eight_digits = Context(prec=8, rounding=ROUND_HALF_EVEN)
    rule = definition(0, inclusive=True)
    of = constant_service(Span(0, 40 * 366 * 86_400_000_000), 1000)
    n_agreeing, differing, without = 0, [], []

    for row in reported():
        saidi, saifi = Decimal(row["saidi_minutes"]), Decimal(row["saifi"])
        found = indices(as_outages(saidi, saifi), of, rule)
        caidi = found.caidi_minutes
        assert (found.saidi_minutes, found.saifi) == (Fraction(saidi), Fraction(saifi))
        if not row["caidi_minutes"]:
            without.append((saidi, saifi, caidi))
        elif caidi is not None and eight_digits.divide(
            Decimal(caidi.numerator), Decimal(caidi.denominator)
        ) == Decimal(row["caidi_minutes"]):
            n_agreeing += 1
        else:
            differing.append(row)

    # No row differs: the form has no CAIDI of its own, it is computed from the two as printed.
    assert (n_agreeing, differing) == (2363, [])
    # Where the form has none, nobody was interrupted, and there is nothing to divide by.
    assert without == [(Decimal(0), Decimal(0), None)] * 22
