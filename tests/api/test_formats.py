"""Every list is the same list in JSON, CSV, Arrow and Parquet."""

import csv
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from io import BytesIO, StringIO
from typing import Any

import httpx
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.api.accepting import MEDIA_TYPES, Format, chosen_format
from service.api.refusals import NotAcceptableError
from service.api.tables import rendered
from tests.api.clients import NOWHERE, application, client_of, get, problem_of
from tests.api.seeding import NewPoint, Seeder
from tests.api.test_access import GIVEN, path_of
from tests.api.test_access import seed as seed_register

ALL: tuple[Format, ...] = ("json", "csv", "arrow", "parquet")
SPREAD = "phases"  # becomes columns


async def seed(seeder: Seeder) -> None:
    await seed_register(seeder)
    await seeder.points(*(NewPoint(point=f"N-{n}", region="R2") for n in range(7)))


@pytest.mark.parametrize(
    ("accept", "taken"),
    [
        ("", "json"),
        ("*/*", "json"),
        ("text/csv", "csv"),
        ("TEXT/CSV; charset=utf-8", "csv"),
        ("text/*", "csv"),
        ("application/*", "json"),
        ("application/vnd.apache.parquet, text/csv;q=0.9", "parquet"),
        ("application/json;q=0.1, text/csv;q=0.2", "csv"),
        ("application/json;q=0, */*", "csv"),
        ("*/*;q=0.1, application/vnd.apache.arrow.stream;q=0.2", "arrow"),
        ("text/html, application/xhtml+xml, */*;q=0.8", "json"),
        ("text/csv;q=never", "csv"),
    ],
)
def test_accept_chooses(accept: str, taken: Format) -> None:
    assert chosen_format(accept, ALL) == taken


@pytest.mark.parametrize("accept", ["text/html", "json", "*/*;q=0", "application/json;q=0"])
def test_what_is_not_offered_is_refused_with_what_is(accept: str) -> None:
    with pytest.raises(NotAcceptableError) as refused:
        chosen_format(accept, ALL)

    assert all(one in str(refused.value) for one in MEDIA_TYPES.values())


@given(st.text(max_size=200))
def test_any_header_chooses_or_is_refused(accept: str) -> None:
    try:
        assert chosen_format(accept, ALL) in ALL
    except NotAcceptableError:
        assert accept.strip(", ") != ""


OF_ANOTHER_KIND = {"/v1/breaches/live", "/v1/reports/{report}"}  # a stream; workbooks and pages


def test_every_list_is_offered_as_a_table() -> None:
    document = application(NOWHERE).openapi()
    offering = {}
    for path, methods in document["paths"].items():
        if path.startswith("/v1/") and "get" in methods and path not in OF_ANOTHER_KIND:
            offering[path] = set(methods["get"]["responses"]["200"]["content"])

    single = {path for path, kinds in offering.items() if kinds == {"application/json"}}

    assert {path.count("{") for path in single} == {1}  # one thing, not a list
    assert single == {
        "/v1/points/{point}",
        "/v1/declarations/{declaration_id}",
        "/v1/fault-calls/{call_id}",
        "/v1/deadlines/{deadline_id}",
    }
    for path in offering.keys() - single - {"/v1/minutes"}:
        assert offering[path] == set(MEDIA_TYPES.values()), path


def flat(row: dict[str, Any], names: list[str], before: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in row.items():
        if name == SPREAD and isinstance(value, list) and value and isinstance(value[0], dict):
            for nth, one in enumerate(value, 1):
                yield from flat(one, names, f"{before}phase_{nth}_")
        elif isinstance(value, dict) and before + name in names:
            yield before + name, json.dumps(value, ensure_ascii=False)  # names of its own
        elif isinstance(value, dict):
            yield from flat(value, names, f"{before}{name}_")
        else:
            yield before + name, value


def told(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(UTC)
    if isinstance(value, str):
        try:
            at = datetime.fromisoformat(value)
        except ValueError:
            return value
        return at.astimezone(UTC) if at.tzinfo else value
    return value.isoformat() if hasattr(value, "isoformat") else value


LISTS = {  # and where their rows are
    "/v1/points": "points",
    "/v1/points/{point}/pass-rate": "periods",
    "/v1/points/{point}/minutes": "minutes",
    "/v1/pass-rate": "groups",
    "/v1/residential-pass-rate": "regions",
    "/v1/interruptions": "interruptions",
    "/v1/outages": "outages",
    "/v1/sarfi": "groups",
    "/v1/reliability": "groups",
    "/v1/promises": "promises",
    "/v1/declarations": "declarations",
    "/v1/fault-calls": "fault_calls",
    "/v1/worst-served": "worst",
}


def alike(row: dict[str, Any], found: dict[str, Any]) -> set[str]:
    """Return the columns whose value is that of the JSON, told in whatever way."""
    return {
        key
        for key, value in row.items()
        if key in found and told(found[key]) == told(value) and not isinstance(value, list)
    }


@pytest.mark.integration
@pytest.mark.parametrize("path", LISTS)
async def test_a_list_has_the_same_rows_and_values_in_every_format(
    reader: httpx.AsyncClient, path: str
) -> None:
    asked = GIVEN.get(path) or ({"from": "2024-03-01", "to": "2024-03-02"} if "{" in path else {})
    body = {}
    for one in ALL:
        answer = await reader.get(path_of(path), params={**asked, "format": one})
        assert answer.status_code == 200, answer.text
        assert answer.headers["content-type"].partition(";")[0] == MEDIA_TYPES[one]
        body[one] = answer.content
    whole = json.loads(body["json"])

    arrow = pa.ipc.open_stream(BytesIO(body["arrow"])).read_all()
    rows = [dict(flat(row, arrow.schema.names)) for row in whole[LISTS[path]]]
    lines = list(csv.reader(StringIO(body["csv"].decode(), newline="")))

    assert rows
    assert arrow.to_pylist() == pq.read_table(BytesIO(body["parquet"])).to_pylist()
    assert [head.partition(" [")[0] for head in lines[0]] == arrow.schema.names
    assert len(lines) - 1 == arrow.num_rows == len(rows)
    for row, found, line in zip(rows, arrow.to_pylist(), lines[1:], strict=True):
        scalars = {
            key for key, value in row.items() if value is not None and not isinstance(value, list)
        }
        assert scalars - alike(row, found) == set()
        texts = dict(zip(arrow.schema.names, line, strict=True))
        assert {key for key in texts if texts[key] == ""} == {
            key for key, value in found.items() if value in (None, "")
        }
    if "rule_set" in whole and "rule_set" not in rows[0]:
        assert set(arrow.column("rule_set").to_pylist()) == {whole["rule_set"]}


def test_csv_holds_no_formulas_and_numbers_stay_numbers() -> None:
    table = pa.table(
        {"point": ["=HYPERLINK(1)", "P1", None], "deviation_percent": [-1.5, 2.0, None]}
    )

    lines = list(csv.reader(StringIO(rendered(table, "csv").decode(), newline="")))

    assert lines[1:] == [["'=HYPERLINK(1)", "-1.5"], ["P1", "2.0"], ["", ""]]
    assert pq.read_table(BytesIO(rendered(table, "parquet"))).to_pydict() == table.to_pydict()


@pytest.mark.integration
async def test_csv_is_as_rfc_4180_has_it_with_units_above_the_columns(
    reader: httpx.AsyncClient,
) -> None:
    asked = {"from": "2024-03-01", "to": "2024-03-02", "format": "csv"}
    answer = await reader.get("/v1/points/SECRET-POINT/minutes", params=asked)
    points = await reader.get("/v1/points?format=csv")

    assert answer.headers["content-type"] == "text/csv; charset=utf-8; header=present"
    assert answer.headers["content-disposition"] == 'attachment; filename="minutes.csv"'
    head, first, *_ = answer.text.split("\r\n")
    assert head.startswith("minute,verdict,phase_1_cell [0.01 %],phase_1_voltage_v [V]")
    assert first.startswith("2024-03-01T00:00:00+08:00,pass,400,228.8,good,")
    assert "\n" not in answer.text.replace("\r\n", "")
    assert "区 R1" in points.content.decode("utf-8")


@pytest.mark.integration
async def test_a_column_of_arrow_knows_its_unit_and_meaning(reader: httpx.AsyncClient) -> None:
    answer = await reader.get("/v1/points?format=arrow")

    schema = pa.ipc.open_stream(BytesIO(answer.content)).schema
    assert (schema.field("nominal_v").metadata or {})[b"unit"] == b"V"
    assert b"nominal" in (schema.field("nominal_v").metadata or {})[b"description"]
    assert schema.field("valid_from").type == pa.timestamp("us", tz="UTC")


async def test_a_form_that_is_not_offered_is_a_problem_before_anything_is_read() -> None:
    async with client_of(application(NOWHERE)) as client:
        answer = await client.get("/v1/points", headers={"accept": "text/html"})
        wrong = await client.get("/v1/points?format=xml")

    found = problem_of(answer)
    assert (found["status"], found["code"]) == (406, "not_acceptable")
    assert "text/csv (?format=csv)" in found["detail"]
    assert problem_of(wrong)["status"] == 422


@pytest.mark.integration
@pytest.mark.parametrize("wanted", ["json", "csv", "parquet"])
async def test_the_link_to_the_next_page_leads_through_the_list(
    reader: httpx.AsyncClient, wanted: str
) -> None:
    path, n_rows, n_pages = f"/v1/points?limit=2&region=R2&format={wanted}", 0, 0
    while path:
        answer = await reader.get(path)
        n_pages += 1
        if wanted == "json":
            n_rows += len(answer.json()["points"])
        elif wanted == "csv":
            n_rows += len(answer.text.splitlines()) - 1
        else:
            n_rows += pq.read_table(BytesIO(answer.content)).num_rows
        link = answer.headers.get("link", "")
        path = link.partition(">")[0].removeprefix("<")
        assert not link or link.endswith('; rel="next"')

    assert (n_rows, n_pages) == (7, 4)


@pytest.mark.integration
async def test_a_page_goes_on_where_it_was_though_rows_came_before_it(
    settings: Any, seeder: Seeder, client: httpx.AsyncClient
) -> None:
    await seeder.points(*(NewPoint(point=f"P-{n}") for n in (2, 4, 6, 8)))
    first = await get(client, "/v1/points", limit=2)

    await seeder.points(NewPoint(point="P-1"), NewPoint(point="P-3"), NewPoint(point="P-7"))
    rest = await get(client, "/v1/points", limit=9, cursor=first["next_cursor"])

    assert [one["point"] for one in rest["points"]] == ["P-6", "P-7", "P-8"]
