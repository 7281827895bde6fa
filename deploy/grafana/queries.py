"""Where the panels get their figures from, and the pieces that depend on the choices above them."""

# ruff: noqa: S608  (constants of this folder are put together, nothing from outside)

from typing import Final, Literal

from grafana_foundation_sdk.builders import prometheus as prometheus_builders
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.cog.variants import Dataquery
from grafana_foundation_sdk.models.dashboard import DataSourceRef
from grafana_foundation_sdk.models.prometheus import PromQueryFormat

TIMESCALE: Final = DataSourceRef(
    type_val="grafana-postgresql-datasource", uid="voltpass-timescaledb"
)
PROMETHEUS: Final = DataSourceRef(type_val="prometheus", uid="voltpass-prometheus")

# The place chosen above a dashboard. "All" is the expression .* there. Live metrics have labels for region and feeder
# only, so that their number does not grow with that of transformers.
IN_ORGANISATION: Final = "organisation ~ '^(${organisation:regex})$'"
IN_REGION: Final = f"{IN_ORGANISATION}\n   AND region ~ '^(${{region:regex}})$'"
IN_FEEDER: Final = f"{IN_REGION}\n   AND feeder ~ '^(${{feeder:regex}})$'"
IN_PLACE: Final = f"{IN_FEEDER}\n   AND transformer ~ '^(${{transformer:regex}})$'"
SELECTED: Final = '{region=~"$region",feeder=~"$feeder"}'

# The chosen time, for days of the deployment's zone and for instants.
FROM_AT: Final = "$__timeFrom()::timestamptz"
TO_AT: Final = "$__timeTo()::timestamptz"
IN_DAYS: Final = f"""day >= ({FROM_AT} AT TIME ZONE (SELECT zone FROM deployment))::date
   AND day <= ({TO_AT} AT TIME ZONE (SELECT zone FROM deployment))::date"""
DAY_AS_TIME: Final = "day_start(day, (SELECT zone FROM deployment))"

# Declarations whose scope has a point of the chosen place in it.
DECLARED_IN_PLACE: Final = f"""declaration_id IN (
           SELECT declaration_id
             FROM declaration_scope
             JOIN v_place_point USING (place, code)
             JOIN point USING (point_id)
            WHERE {IN_PLACE}
       )"""


class SqlTarget(Dataquery, Builder["SqlTarget"]):
    """A query of a panel to the TimescaleDB data source."""

    def __init__(self, sql: str, shape: Literal["table", "time_series"]):
        self._sql = sql.strip()
        self._shape = shape
        self.ref_id = "A"

    def build(self) -> "SqlTarget":
        """Return the query itself."""
        return self

    def to_json(self) -> dict[str, object]:
        """Return what stands in the dashboard."""
        return {
            "refId": self.ref_id,
            "datasource": TIMESCALE,
            "editorMode": "code",
            "format": self._shape,
            "rawQuery": True,
            "rawSql": self._sql,
        }


def table(sql: str) -> SqlTarget:
    """Return a query whose rows are shown as they are."""
    return SqlTarget(sql, "table")


def series(sql: str) -> SqlTarget:
    """Return a query whose column ``time`` is the time and each other column a series."""
    return SqlTarget(sql, "time_series")


def range_of(expression: str, legend: str, ref_id: str = "A") -> prometheus_builders.Dataquery:
    """Return a PromQL query over the chosen time."""
    return _prometheus(expression, legend, ref_id).range()


def instant_of(expression: str, legend: str, ref_id: str = "A") -> prometheus_builders.Dataquery:
    """Return a PromQL query for the end of the chosen time."""
    return _prometheus(expression, legend, ref_id).instant()


def _prometheus(expression: str, legend: str, ref_id: str) -> prometheus_builders.Dataquery:
    return (
        prometheus_builders.Dataquery()
        .expr(expression)
        .legend_format(legend)
        .format(PromQueryFormat.TIME_SERIES)
        .datasource(PROMETHEUS)
        .ref_id(ref_id)
    )
