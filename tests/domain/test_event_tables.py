"""The tables of voltage events: every row has its source, and one with a gap or an overlap does not load."""

from importlib.resources import files

import pytest

from service.domain.event_tables import EventTables, load_event_tables, parse_event_tables
from service.domain.rule_rows import Row
from service.errors import RuleSetError

TABLES = load_event_tables()
TEXTS = {
    name: (files("service.domain") / "event_tables" / f"{name}.toml").read_text(encoding="utf-8")
    for name in EventTables.model_fields
}


def test_every_row_is_listed_with_its_limit_and_source() -> None:
    rows = TABLES.named_rows()

    assert len(rows) == sum(text.count("certainty = ") for text in TEXTS.values()) - 1  # a comment
    assert all(isinstance(row, Row) and row.source and limit for _, row, limit in rows)
    assert ("itic.steps", "u >= 0.7 pu up to 0.5 s") in {(part, limit) for part, _, limit in rows}
    assert (
        "ieee_1159.regions",
        "momentary_sag: 0.1 <= u < 0.9 pu, 30 < t cycles, t <= 3 s",
    ) in {(part, limit) for part, _, limit in rows}


@pytest.mark.parametrize(
    ("table", "old", "new", "message"),
    [
        ("ieee_1159", "below_pu = 0.9", "below_pu = 0.8", "lies in 0 rows, not in one"),
        ("ieee_1159", "above_cycles = 30", "from_cycles = 30", "lies in 2 rows, not in one"),
        ("ieee_1159", "above_cycles = 30", "above_cycles = 31", "lies in 0 rows, not in one"),
        ("ieee_1159", "above_s = 60", "above_s = 61", "lies in 0 rows, not in one"),
        ("ieee_1159", '"transient"', '"dip"', "Input should be 'none', 'transient'"),
        ("ieee_1159", "up_to_s = 3", "up_to_s = 3\nbelow_s = 3", "give up_to_s or below_s, not"),
        ("en_50160", "from_pu = 0.4", "above_pu = 0.4", "a voltage in pu of 0.4 lies in 0 rows"),
        ("en_50160", "above_s = 0.2", "from_s = 0.2", "a duration in s of 0.2 lies in 2 rows"),
        ("en_50160", "column = 5", 'column = 5\nname = "long"', "and not both"),
        ("itic", "level_pu = 0.7", "level_pu = 0.95", "tolerates more after 0.5 s than before"),
        ("itic", "up_to_s = 10", "up_to_s = 0.1", "not in the order of up_to_s"),
        ("itic", "level_pu = 1.1", "level_pu = 1.1\nup_to_s = 100", "the last one has no up_to_s"),
        ("semi_f47", 'side = "lower"', 'side = "upper"', "all steps are of the lower side"),
        ("semi_f47", "level_pu = 0.8", "level_pu = 0.95", "no step is above sag_below_pu"),
        ("sarfi", "percent = 90", "percent = 0", "greater than 0"),
        ("sarfi", "source =", "sauce =", "source: Field required"),
        ("itic", "[[steps]]", "[[steps]", "is no TOML"),
    ],
)
def test_a_table_that_does_not_hold_together_does_not_load(
    table: str, old: str, new: str, message: str
) -> None:
    assert old in TEXTS[table]

    with pytest.raises(RuleSetError, match="a table of events") as caught:
        parse_event_tables(TEXTS | {table: TEXTS[table].replace(old, new)})

    assert message in str(caught.value)
