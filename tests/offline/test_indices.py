"""``voltpass indices``: records of interruptions into the indices of both standards."""

from pathlib import Path

import pytest

from tests.offline.files import write_csv
from tests.offline.records import indices_json, run_indices

CIRCUIT_7075 = [  # domain reference, 4.3 O5
    ("2024-03-17T12:12:20", "2024-03-17T12:20:30", 200, 800),
    ("2024-04-15T18:23:56", "2024-04-15T18:24:26", 400, 1600),
    ("2024-05-05T00:23:10", "2024-05-05T01:34:29", 600, 1800),
    ("2024-06-12T23:17:00", "2024-06-12T23:47:14", 25, 75),
    ("2024-07-06T09:30:10", "2024-07-06T09:31:10", 2000, 4000),
    ("2024-08-20T15:45:39", "2024-08-20T20:12:50", 90, 500),
    ("2024-08-31T08:20:00", "2024-08-31T10:20:00", 700, 2100),
    ("2024-09-03T17:10:00", "2024-09-03T17:20:00", 1500, 3000),
    ("2024-10-27T10:15:00", "2024-10-27T10:55:00", 100, 200),
]
IEEE = ("--sustained-over", "300", "--sustained-exclusive")


def names(first: int, last: int) -> str:
    return ";".join(f"C{i}" for i in range(first, last))


def test_circuit_7075_gives_the_figures_of_the_guide(tmp_path: Path) -> None:
    rows = [
        (*row, names((upper := {2: 1800, 7: 1500}.get(i, row[2])) - row[2], upper))
        for i, row in enumerate(CIRCUIT_7075)
    ]
    path = write_csv(tmp_path / "i.csv", "start,end,customers,kva,customer_ids", rows)
    year = ("--from", "2024-01-01", "--to", "2024-12-31")  # 8760 hours

    found = indices_json(path, *year, *IEEE, "--kva", "14000", customers=2000)

    assert found["saifi"] == 1.6075
    assert found["saidi_minutes"] == pytest.approx(86.113, abs=5e-4)
    assert found["caidi_minutes"] == pytest.approx(53.569, abs=5e-4)
    assert found["ctaidi_minutes"] == pytest.approx(95.681, abs=5e-4)
    assert found["caifi"] == pytest.approx(1.786, abs=5e-4)
    assert found["asai"] == pytest.approx(0.999836, abs=5e-7)
    assert found["asifi"] == pytest.approx(0.605, abs=5e-4)
    assert found["asidi_minutes"] == pytest.approx(40.05, abs=5e-3)
    assert (found["maifi"], found["maifi_e"]) == (1.2, 1.2)
    assert found["cemi"]["1"] == 0.9
    assert found["remarks"] == []


def test_the_example_of_dl_t_836_gives_its_four_reliabilities(tmp_path: Path) -> None:
    rows = [
        ("2024-06-01T00:00", "2024-06-01T04:00", 50, "planned"),
        ("2024-06-02T00:00", "2024-06-02T01:30", 200, "fault_internal"),
        ("2024-06-03T00:00", "2024-06-03T02:00", 100, "supply_shortage"),
        ("2024-06-04T00:00", "2024-06-04T00:30", 300, "fault_external"),
        ("2024-06-05T00:00", "2024-06-05T00:02", 400, ""),
    ]
    path = write_csv(tmp_path / "i.csv", "start,end,customers,cause", rows)

    found = indices_json(path, "--from", "2024-06-01", "--to", "2024-07-01")

    assert [f"{100 * found[f'rs_{i}']:.6f}" for i in (1, 2, 3, 4)] == [
        "99.880093",
        "99.900926",
        "99.907870",
        "99.881944",
    ]
    assert [f"{found[f'aihc_{i}_hours']:.6f}" for i in (1, 2, 3, 4)] == [
        "0.863333",
        "0.713333",
        "0.663333",
        "0.850000",
    ]
    assert (found["aitc_1"], found["aitc_4"]) == (1.05, 0.65)
    hours = {node: one["aihc_1_hours"] for node, one in found["by_cause"].items()}
    assert hours == {
        "all": pytest.approx(2590 / 3000),
        "fault": 0.45,
        "fault_internal": 0.3,
        "fault_external": 0.15,
        "prearranged": 0.4,
        "planned": 0.2,
        "planned_unspecified": 0.2,
        "rationing": 0.2,
        "supply_shortage": 0.2,
        "unknown": pytest.approx(400 * 2 / 60 / 1000),
    }
    assert found["by_cause"]["planned_unspecified"]["parent"] == "planned"
    assert (found["by_cause"]["unknown"]["maifi"], found["by_cause"]["unknown"]["saifi"]) == (
        0.4,
        0,
    )
    options = ("--from", "2024-06-01", "--to", "2024-07-01")
    (shown,) = [
        line.split()
        for line in run_indices(path, *options).stdout.splitlines()
        if "planned_unspecified" in line
    ]
    assert shown == ["planned_unspecified", "0.200000", "0.0500", "12.0000", "0.0500", "0.0000"]


def test_who_is_only_counted_has_no_figure_of_distinct_customers_and_is_told_so(
    tmp_path: Path,
) -> None:
    path = write_csv(
        tmp_path / "i.csv", "start,end,customers,kva", [row[:4] for row in CIRCUIT_7075]
    )

    found = indices_json(path, customers=2000)
    result = run_indices(path, customers=2000)

    for name in ("caifi", "ctaidi_minutes", "cemi", "cemsmi", "celid_s", "celid_t"):
        assert found[name] is None, name
    assert found["asifi"] is None
    assert any("give customer_ids in every record" in remark for remark in found["remarks"])
    assert any("give --kva" in remark for remark in found["remarks"])
    assert "customer_ids" in result.stdout


@pytest.mark.parametrize(
    ("options", "sustained"),
    [
        ((), 2),  # sgcc-2003: longer than 180 s
        (("--sustained-inclusive",), 3),
        (("--sustained-over", "300"), 1),
        (("--sustained-over", "300", "--sustained-inclusive"), 2),
        (("--sustained-over", "60", "--sustained-exclusive"), 3),
    ],
)
def test_the_cut_off_and_its_side_come_from_the_rule_set_or_the_options(
    tmp_path: Path, options: tuple[str, ...], sustained: int
) -> None:
    rows = [
        ("2024-02-29T10:00:00", "2024-02-29T10:03:00", 100),
        ("2024-02-29T11:00:00", "2024-02-29T11:05:00", 100),
        ("2024-02-29T12:00:00", "2024-02-29T13:00:00", 100),
    ]
    path = write_csv(tmp_path / "i.csv", "start,end,customers", rows)

    found = indices_json(path, *options)

    assert found["saifi"] == sustained / 10
    assert found["maifi"] == (3 - sustained) / 10
    assert found["definition"]["sustained_inclusive"] is ("--sustained-inclusive" in options)


def test_stepwise_restoration_is_one_event_and_a_reclosing_sequence_is_one_momentary_event(
    tmp_path: Path,
) -> None:
    rows = [
        ("2024-05-01T10:00:00", "2024-05-01T10:00:05", "A;B;C", "R"),
        ("2024-05-01T10:00:30", "2024-05-01T10:00:35", "A;B;C", "R"),
        ("2024-05-01T10:01:00", "2024-05-01T11:01:00", "C", "R"),
        ("2024-05-01T10:30:00", "2024-05-01T10:40:00", "C", "R"),
        ("2024-05-01T12:00:00", "2024-05-01T12:10:00", "C", "R"),
    ]
    path = write_csv(tmp_path / "i.csv", "start,end,customer_ids,event_id", rows)

    found = indices_json(path, customers=10)

    assert found["saifi"] == 0.1  # C, once, with the time of both parts
    assert found["saidi_minutes"] == 7.0
    assert found["maifi"] == 0.6
    assert found["maifi_e"] == 0.2  # A and B; C was locked out


def test_open_records_count_up_to_the_end_of_the_period_and_no_further(tmp_path: Path) -> None:
    rows = [("2024-12-31T23:00:00", "", 100), ("2023-12-31T23:00:00", "2024-01-01T01:00:00", 100)]
    path = write_csv(tmp_path / "i.csv", "start,end,customers", rows)

    found = indices_json(path)

    assert found["aihc_1_hours"] == 0.2
    assert found["aitc_1"] == 0.1
    assert found["rs_1"] == pytest.approx(1 - 200 / (1000 * 8784), abs=1e-15)
    assert "records without an end, which count up to the end of the period: 1" in found["remarks"]
    assert (
        "interruptions that began before the period, which count in it as time only: 1"
        in found["remarks"]
    )


def test_days_begin_where_the_zone_says_and_a_day_of_change_has_its_real_length(
    tmp_path: Path,
) -> None:
    rows = [("2024-03-31T01:30:00", "2024-03-31T03:30:00", 1)]  # one hour: clocks go forward
    path = write_csv(tmp_path / "i.csv", "start,end,customers", rows)
    day = ("--from", "2024-03-31", "--to", "2024-04-01", "--timezone", "Europe/Berlin")

    found = indices_json(path, *day, customers=1)

    assert found["from"] == "2024-03-31T00:00:00+01:00"
    assert found["aihc_1_hours"] == 1.0
    assert found["rs_1"] == pytest.approx(1 - 1 / 23, abs=1e-15)


def test_major_event_days_are_left_out_by_the_years_before_and_by_the_start_day(
    tmp_path: Path,
) -> None:
    toy = ["0.5", "1", "2", "0", "4", "8", "0.25"]
    days = [(f"2023-05-0{i + 1}", saidi) for i, saidi in enumerate(toy)]
    history = write_csv(tmp_path / "d.csv", "date,saidi_minutes", [*days, ("2024-01-01", 10_000)])
    rows = [
        ("2024-07-01T23:00:00", "2024-07-02T05:00:00", 101),  # 36.36 min: beyond 36.178777
        ("2024-08-01T12:00:00", "2024-08-01T18:00:00", 100),  # 36.00 min
    ]
    path = write_csv(tmp_path / "i.csv", "start,end,customers", rows)

    found = indices_json(path, "--daily-saidi", str(history))

    assert f"{found['med']['t_med_minutes']:.6f}" == "36.178777"
    assert found["med"]["days"] == ["2024-07-01"]
    assert found["saidi_minutes"] == 72.36
    assert found["without_major_event_days"]["saidi_minutes"] == 36.0
    assert found["without_major_event_days"]["saifi"] == 0.1


def test_what_started_on_a_major_event_day_before_the_period_is_left_out_of_it(
    tmp_path: Path,
) -> None:
    toy = ["0.5", "1", "2", "4", "8", "0.25"]
    days = [(f"2023-05-0{i + 1}", saidi) for i, saidi in enumerate(toy)]
    history = write_csv(tmp_path / "d.csv", "date,saidi_minutes", days)
    rows = [
        ("2024-06-30T20:00:00", "2024-07-01T02:00:00", 101),  # 36.36 min: beyond 36.178777
        ("2024-08-01T12:00:00", "2024-08-01T18:00:00", 100),
        ("2024-12-24T12:00:00", "2024-12-24T22:00:00", 500),  # a day after the period
    ]
    path = write_csv(tmp_path / "i.csv", "start,end,customers", rows)
    summer = ("--from", "2024-07-01", "--to", "2024-09-01")

    found = indices_json(path, *summer, "--daily-saidi", str(history))

    assert found["saidi_minutes"] == 36 + 12.12  # two hours of 101 customers reach in
    assert found["without_major_event_days"]["saidi_minutes"] == 36.0
    assert found["med"]["days"] == []


def test_without_daily_saidi_nothing_is_said_of_major_event_days(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "i.csv", "start,end,customers", [CIRCUIT_7075[0][:3]])
    future = write_csv(tmp_path / "d.csv", "date,saidi_minutes", [("2024-01-01", 1)])

    plain = indices_json(path)
    unknown = indices_json(path, "--daily-saidi", str(future))

    assert (plain["med"], plain["without_major_event_days"]) == (None, None)
    assert unknown["med"] == {
        "alpha": None,
        "beta": None,
        "t_med_minutes": None,
        "n_days": 0,
        "days": None,
    }
    assert any("no T_MED" in remark for remark in unknown["remarks"])


def test_a_csv_has_a_line_of_names_and_one_of_values(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "i.csv", "start,end,customers", [CIRCUIT_7075[0][:3]])

    result = run_indices(path, "--format", "csv")
    names_line, values_line = result.stdout.splitlines()
    values = dict(zip(names_line.split(","), values_line.split(","), strict=True))

    assert values["saifi"] == "0.2"
    assert values["caifi"] == ""
    assert values["definition_rule_set"] == "sgcc-2003"
    assert "customer_ids" in result.stderr


def test_the_table_cuts_a_share_and_never_rounds_it_to_all(tmp_path: Path) -> None:
    row = ("2024-02-01T00:00:00", "2024-02-01T00:10:00", 1)
    path = write_csv(tmp_path / "i.csv", "start,end,customers", [row])

    result = run_indices(path, customers=1_000_000)

    assert "99.999999" in result.stdout
    assert "100.0000" not in result.stdout


# ------------------------------------------------------------------------------ what is refused


@pytest.mark.parametrize(
    ("column", "value", "allowed"),
    [
        ("start", "yesterday", "ISO 8601"),
        ("start", "", "not empty"),
        ("start", "2024-02-30T00:00:00", "ISO 8601"),
        ("end", "2024-05-01T09:59:59", "a time that is not before start, or nothing"),
        ("customers", "0", "a whole number, 1 to"),
        ("customers", "1.5", "a whole number, 1 to"),
        ("customers", "", "or name the customers in customer_ids"),
        ("customers", "1001", "up to 1000, the --customers there are"),
        ("kva", "-1", "kVA, 0 or more"),
        ("kva", "nan", "kVA, 0 or more"),
        (
            "cause",
            "lightning",
            "fault_internal, fault_external, emergency, planned_maintenance, planned_construction, "
            "customer_request, temporary, supply_shortage, network_limit, fault, prearranged, planned, "
            "rationing; or nothing, if it is not known",
        ),
        ("customer_ids", "A;A", "each once"),
        ("customer_ids", "A;B;C", "3, as many as customer_ids names"),
        ("momentary", "perhaps", "yes, no"),
        ("served_share", "1", "0 or more, below 1"),
    ],
)
def test_a_field_that_is_wrong_is_named_with_line_column_value_and_what_is_allowed(
    tmp_path: Path, column: str, value: str, allowed: str
) -> None:
    good = {
        "start": "2024-05-01T10:00:00",
        "end": "2024-05-01T11:00:00",
        "customers": "2",
        "kva": "10",
        "cause": "planned",
        "customer_ids": "",
        "momentary": "",
        "served_share": "",
    }
    rows = [list(good.values()), "", list((good | {column: value}).values())]
    path = write_csv(tmp_path / "i.csv", ",".join(good), rows)

    result = run_indices(path)

    shown_column = "customers" if value == "A;B;C" else column
    assert result.exit_code == 2
    assert result.stdout == ""
    assert f"line 4: column {shown_column}, value " in result.stderr
    assert allowed in result.stderr


def test_times_that_clocks_skip_or_show_twice_are_wrong_without_their_offset(
    tmp_path: Path,
) -> None:
    rows = [
        ("2024-03-31T02:30:00", "2024-03-31T04:00:00", 1),
        ("2024-10-27T02:30:00", "2024-10-27T04:00:00", 1),
        ("2024-10-27T02:30:00+02:00", "2024-10-27T02:30:00+01:00", 1),
    ]
    path = write_csv(tmp_path / "i.csv", "start,end,customers", rows)

    result = run_indices(path, "--timezone", "Europe/Berlin")

    assert result.exit_code == 2
    assert "fields that are wrong: 2" in result.stderr
    assert "does not exist in Europe/Berlin" in result.stderr
    assert "exists twice in Europe/Berlin" in result.stderr


def test_an_open_record_is_not_momentary(tmp_path: Path) -> None:
    row = ("2024-05-01T10:00:00", "", 1, "yes")
    path = write_csv(tmp_path / "i.csv", "start,end,customers,momentary", [row])

    result = run_indices(path)

    assert result.exit_code == 2
    assert "it still goes on" in result.stderr


@pytest.mark.parametrize(
    ("header", "message"),
    [
        ("end,customers", "no column start; the first line has: end, customers"),
        ("start;end;customers", "no column start"),
        ("start,start,end", "column start is there twice"),
    ],
)
def test_a_header_that_does_not_name_what_is_needed_is_refused(
    tmp_path: Path, header: str, message: str
) -> None:
    path = write_csv(tmp_path / "i.csv", header, [])

    result = run_indices(path)

    assert result.exit_code == 2
    assert message in result.stderr


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--rule-set", "nobody"], "rule set 'nobody' is unknown"),
        (["--sustained-over", "x"], "--sustained-over is x; allowed: a whole number, 0 to 86400"),
        (["--cemi", "0"], "--cemi is 0; allowed: a whole number, 1 to"),
        (["--celid", "-1"], "--celid is -1; allowed: hours above 0"),
        (["--kva", "0"], "--kva is 0; allowed: kVA above 0"),
        (["--timezone", "Berlin"], "--timezone is Berlin; allowed: an IANA name"),
        (["--from", "then", "--to", "2025-01-01"], "--from is then; allowed: a day (2024-01-01)"),
        (["--from", "2024-01-01", "--to", "2024-01-01"], "--to has to be later"),
        (["--daily-saidi", "nowhere.csv"], "nowhere.csv does not exist"),
    ],
)
def test_an_option_that_does_not_fit_says_what_is_allowed(
    tmp_path: Path, options: list[str], message: str
) -> None:
    path = write_csv(tmp_path / "i.csv", "start,end,customers", [CIRCUIT_7075[0][:3]])

    result = run_indices(path, *options)

    assert result.exit_code == 2
    assert message in result.stderr


def test_more_customers_by_name_than_there_are_is_refused(tmp_path: Path) -> None:
    rows = [("2024-05-01T10:00:00", "2024-05-01T11:00:00", name) for name in "ABC"]
    path = write_csv(tmp_path / "i.csv", "start,end,customer_ids", rows)

    result = run_indices(path, customers=2)

    assert result.exit_code == 2
    assert "names 3 different customers in customer_ids, --customers is 2" in result.stderr


def test_a_period_of_two_years_has_no_single_t_med(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "i.csv", "start,end,customers", [CIRCUIT_7075[0][:3]])
    history = write_csv(tmp_path / "d.csv", "date,saidi_minutes", [("2023-01-01", 1)])
    years = ("--from", "2024-01-01", "--to", "2026-01-01")

    result = run_indices(path, *years, "--daily-saidi", str(history))

    assert result.exit_code == 2
    assert "touches the years 2024 to 2025" in result.stderr
