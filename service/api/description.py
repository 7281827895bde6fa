"""What the OpenAPI document says beside the routes."""

from collections.abc import Sequence
from typing import Final

from fastapi import FastAPI

from service.api.access import needed_scopes
from service.api.problem import MEDIA_TYPE, Problem

TEXT: Final = """
Every minute of every point has exactly one verdict: pass, over, under, interrupted, exempt, invalid or missing.
A **rate** is pass / (pass + over + under). It is never shown alone: **coverage** says how much of the time is
known, **lower** and **upper** what the unknown rest could make of it. Below the coverage floor of the rule set
a point is *not monitored*, never compliant. The rate of a group is the unweighted mean of its monitored points.

Rates are numbers 0..1 at full precision, `null` without a denominator. Times are those of the deployment's zone,
with offset; days and months are counted in it. Ranges are half-open. `data_through` says how far the data reach:
minutes after it are not due yet.

Each path needs the scopes that `x-scope` names, all of them: `read:aggregate` for sums, `read:customer` for what may
show one customer, `write:declarations` for the register; `admin` has all. Where requests are authenticated, send an
API key or an OIDC token as `Authorization: Bearer`. Who may see some regions only is answered as if there were no
others; sums of few members are withheld from who may read sums only.

Every list is also a table: CSV by `Accept: text/csv` (or `?format=csv`), an Arrow IPC stream, or Parquet. Units stand
above the columns of CSV and at the fields of the others; what stands beside a list in JSON stands in each row of it.
Lists that grow come in pages: `Link: <...>; rel="next"` and `next_cursor` lead on, also while rows come in between.
`ETag` and `If-None-Match` spare a client what it has. A client that goes away takes its query with it.

A failure is a problem (RFC 9457, `application/problem+json`): `code` is for programs, `next` says what to do.
"""

TAGS: Final = [
    {
        "name": "points",
        "description": "The registry: where voltage is measured, by which meters, for whom.",
    },
    {"name": "pass rates", "description": "What share of the time the voltage was good."},
    {
        "name": "targets",
        "description": "What the rule set demands: whether it is kept, and how much of the year's budget is used.",
    },
    {
        "name": "promises",
        "description": "What was promised to customers: notice, arrival, answers; kept, broken, due.",
    },
    {"name": "evidence", "description": "Why: the minutes, as measured and as judged."},
    {
        "name": "interruptions and events",
        "description": "When supply was away, and what readings showed.",
    },
    {
        "name": "communications incidents",
        "description": "When points of a place stopped reporting together.",
    },
    {
        "name": "reliability",
        "description": "How often and how long users were without supply, by DL/T 836 and IEEE 1366.",
    },
    {
        "name": "reports",
        "description": "The monthly reports, provisional or signed off, as workbook, PDF or JSON.",
    },
    {
        "name": "declarations",
        "description": "What people tell the system: outages and abnormal states; the past is judged again by it.",
    },
    {
        "name": "register",
        "description": "Fault calls and dated promises, as records with a trail.",
    },
    {"name": "rule sets", "description": "Limits and thresholds, each with its source."},
    {"name": "operations", "description": "Health, readiness, metrics."},
]

_BEARER: Final = "bearer"  # {} beside it: without authentication nothing is sent

# Of parameters that say nothing more at their own place.
EXAMPLES: Final[dict[str, object]] = {
    "author": "li.na",
    "call_id": 1,
    "cause": "planned_construction",
    "code": "F-10-07",
    "cursor": "WyJQLTAwMDEiXQ",
    "deadline_id": 1,
    "declaration_id": 1,
    "feeder": "F-10-07",
    "from": "2024-03-01",
    "incident_id": 1,
    "n": 3,
    "outage_id": 1,
    "point": "P-0001",
    "promise": "crew_arrival",
    "region": "R-01",
    "rule_set": "sgcc-2003",
    "single_hours": 8,
    "ticket": "2024-0815",
    "to": "2024-04-01",
    "total_hours": 12,
    "transformer": "T-0107",
    "without": ["abnormal_state"],
    "year": 2024,
}

_PROBLEM: Final = {"$ref": "#/components/schemas/Problem"}
RESPONSES: Final[dict[int | str, dict[str, object]]] = {
    "default": {"description": "A problem", "model": Problem}
}


def install(app: FastAPI) -> None:
    """Let the document of ``app`` name scopes, and say that problems have a media type of their own."""
    plain = app.openapi

    def document() -> dict[str, object]:
        found = plain()
        found.setdefault("components", {})["securitySchemes"] = {
            _BEARER: {
                "type": "http",
                "scheme": "bearer",
                "description": "an API key, or an OIDC token",
            }
        }
        for path, operations in found["paths"].items():
            for method, operation in operations.items():
                scopes = needed_scopes(method, path)
                if scopes:
                    operation["x-scope"] = " ".join(scopes)
                    operation["security"] = [{_BEARER: []}, {}]
                _exemplify(operation.get("parameters", []))
                # FastAPI takes the media type of the good answer for it.
                operation["responses"]["default"]["content"] = {MEDIA_TYPE: {"schema": _PROBLEM}}
        return found

    app.openapi = document  # type: ignore[method-assign]  # FastAPI's own way


def _exemplify(parameters: Sequence[dict[str, object]]) -> None:
    """Give parameters an example, where what they take does not speak for itself."""
    for one in parameters:
        name, schema = str(one["name"]), one["schema"]
        assert isinstance(schema, dict)  # noqa: S101 (FastAPI writes it)
        if "example" not in one and "examples" not in schema and name in EXAMPLES:
            schema["examples"] = [EXAMPLES[name]]
