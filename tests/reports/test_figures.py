"""Figures are written down without loss, and what moved is found cell by cell."""

import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from service.reports.changes import changes_between
from service.reports.figures import read_figures, written
from tests.reports.made_up import figures, worst_point

VALUES = st.one_of(
    st.none(),
    st.integers(-(2**63), 2**63),
    st.fractions(),
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00")),
    st.dates(),
    st.datetimes(timezones=st.just(UTC)),
)


@given(st.lists(st.fixed_dictionaries({"point": VALUES, "rate": VALUES, "over": VALUES})))
def test_what_was_written_reads_back_exactly(rows: list[dict[str, object]]) -> None:
    made = figures("voltage", {"worst_points": rows})  # type: ignore[dict-item]

    found = read_figures(json.loads(json.dumps(written(made))))

    assert found == made
    assert found.digest == made.digest


def test_the_digest_is_of_the_figures_not_of_how_far_the_data_reach() -> None:
    made = figures("voltage", {"worst_points": [worst_point("P1")]})
    later = replace(made, judgement=99, data_through=datetime(2030, 1, 1, tzinfo=UTC))
    moved = figures("voltage", {"worst_points": [worst_point("P1", over=1441)]})

    assert later.digest == made.digest
    assert moved.digest != made.digest


def test_changes_name_sheet_row_and_column_with_both_values() -> None:
    signed = figures("voltage", {"worst_points": [worst_point("P1"), worst_point("P2")]})
    present = figures(
        "voltage",
        {
            "worst_points": [
                worst_point("P2"),
                worst_point("P1", rate=Fraction(1, 2)),
                worst_point("P3"),
            ]
        },
    )

    found = changes_between(signed, present)

    shown = {(one.key["point"], one.column.key): (one.signed, one.present) for one in found}
    assert shown["P1", "rate"] == (Fraction(2, 3), Fraction(1, 2))
    assert shown["P3", "over"] == (None, 1440)
    assert {point for point, _ in shown} == {"P1", "P3"}
    assert changes_between(signed, signed) == []


def test_days_and_instants_keep_their_kind() -> None:
    at = datetime(2024, 3, 1, 8, 30, 1, 500, tzinfo=UTC) + timedelta(hours=1)
    made = figures(
        "supply",
        {"outages": [{"outage": 1, "start": at}], "major_event_days": [{"day": date(2024, 3, 1)}]},
    )

    found = read_figures(json.loads(json.dumps(written(made)))).tables

    assert found["outages"][0]["start"] == at
    assert found["major_event_days"][0]["day"] == date(2024, 3, 1)
