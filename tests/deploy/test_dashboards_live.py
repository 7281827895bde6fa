"""Every query of the dashboards, against a real Prometheus and the database of a real run of the service."""

from pathlib import Path
from typing import Any

import pytest

from tests.deploy.dashboards import Query, promql_queries, sql_queries
from tests.deploy.watched import Asked, asked

pytestmark = [pytest.mark.real, pytest.mark.slow, pytest.mark.timeout(900)]


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Asked:
    """What came of every query, in one run for all of them."""
    folder: Path = tmp_path_factory.mktemp("dashboards") / "district"
    return asked(folder)


@pytest.mark.parametrize("query", [*promql_queries(), *sql_queries()], ids=str)
def test_query_answers(found: Asked, query: Query) -> None:
    assert found.complaints[query.text] == ""


@pytest.mark.parametrize("query", [one for one in sql_queries() if one.fields], ids=str)
def test_columns_have_names_that_people_read(found: Asked, query: Query) -> None:
    assert [name for name in found.rows[query.text][0] if name != "time"] == list(query.fields)


def test_what_was_made_is_what_the_panels_show(found: Asked) -> None:
    (incident, *_) = rows_of(found, "supply.json: Losses of communication")
    (waiting,) = rows_of(found, "promises.json: Calls without a crew")
    (files,) = rows_of(found, "promises.json: Open files")
    letters = {row["reason"] for row in rows_of(found, "pipeline.json: What was refused")}
    unaccounted = {
        row["unaccounted"] for row in rows_of(found, "pipeline.json: Every reading counted")
    }
    (deployment,) = rows_of(found, "pipeline.json: What the figures rest on")

    assert incident["silent_points"] > 0
    assert waiting["calls"] == files["files"] == 1
    assert {"undecodable_message", "unknown_device", "stamp_ahead"} <= letters
    assert unaccounted == {0}
    assert (deployment["zone_check"], deployment["rule_set_check"]) == ("as_shown", "as_shown")


def rows_of(found: Asked, place: str) -> list[dict[str, Any]]:
    """Return the rows of the query that stands at a place of the English dashboards."""
    (query,) = (query for query in sql_queries() if query.place == f"en/{place}: A")
    return found.rows[query.text]
