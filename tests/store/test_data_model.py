"""docs/data-model.md names what there is, and nothing else."""

import re
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from service.domain.outage_files import read_outages
from service.domain.register_files import read_calls, read_deadlines
from service.domain.registry_files import read_customers, read_devices, read_points
from service.settings.parts import DatabaseSettings
from service.store.pool import connect

pytestmark = pytest.mark.integration

TEXT = Path("docs/data-model.md").read_text(encoding="utf-8")


def named_in_tables(text: str) -> set[str]:
    """Return what stands in backticks in the first column of tables."""
    cells = re.findall(r"^\| (`[^|]*) \|", text, flags=re.MULTILINE)
    return {name for cell in cells for name in re.findall(r"`(\w+)`", cell)}


async def test_every_table_and_column_is_described(database: DatabaseSettings) -> None:
    connection = await connect(database, "reader")
    rows = await connection.fetch(
        "SELECT table_name, array_agg(column_name::text) AS columns FROM information_schema.columns"
        "  JOIN information_schema.tables USING (table_schema, table_name)"
        " WHERE table_schema = 'public' AND table_type = 'BASE TABLE' AND table_name <> 'alembic_version'"
        " GROUP BY table_name"
    )
    await connection.close()

    sections = re.split(r"^### `(\w+)`\n", TEXT.split("\n## Views")[0], flags=re.MULTILINE)
    described = {
        name: named_in_tables(text)
        for name, text in zip(sections[1::2], sections[2::2], strict=True)
    }
    assert described == {row["table_name"]: set(row["columns"]) for row in rows}


async def test_every_view_is_described(database: DatabaseSettings) -> None:
    connection = await connect(database, "reader")
    rows = await connection.fetch("SELECT viewname FROM pg_views WHERE schemaname = 'public'")
    await connection.close()

    named = set(re.findall(r"`(v_\w+)`", TEXT))

    assert named == {row["viewname"] for row in rows}


@pytest.mark.parametrize(
    ("kind", "read"),
    [
        ("points", read_points),
        ("devices", read_devices),
        ("customers", read_customers),
        ("outages", read_outages),
        ("calls", read_calls),
        ("deadlines", read_deadlines),
    ],
)
def test_every_column_of_the_files_is_described(kind: str, read: object) -> None:
    assert callable(read)
    section = TEXT.split(f"\n**{kind}** ")[1].split("\n\n**")[0].split("\n## ")[0]
    required = {
        name
        for line in section.splitlines()
        if line.split("|")[2:3] == [" required "]
        for name in re.findall(r"`(\w+)`", line.split("|")[1])
    }

    missing = read("", ZoneInfo("UTC"))
    unknown = read("what\n", ZoneInfo("UTC"))

    assert {bad.column for bad in missing.bad_rows} == required
    (columns,) = {bad.allowed for bad in unknown.bad_rows if bad.column == "what"}
    assert set(columns.partition(";")[0].split(": ")[1].split(", ")) == named_in_tables(section) - {
        "column"
    }
