"""Panels with the figures of groups of points, the worst first: regions, feeders, classes, levels."""

# ruff: noqa: S608  (constants of this folder are put together, nothing from outside)

from deploy.grafana.dashboards.rates import GROUP, METHOD, link_to, point_field
from deploy.grafana.edition import Edition
from deploy.grafana.figures import GROUP_FIGURES, points
from deploy.grafana.panels import Field, Look, Panel, deviations, plain, rates, rows
from deploy.grafana.queries import table


def classes(edition: Edition, width: int) -> Panel:
    """Return the classes of GB/T 12325."""
    return _groups(edition, Look(key="classes", unit="short", width=width), "class", plain("class"))


def regions(edition: Edition, width: int) -> Panel:
    """Return the regions, the worst first; a click chooses one."""
    url = link_to(edition, "voltage", "var-region=${__value.raw:percentencode}")
    fields = [*plain("organisation"), Field(name="region", url=url)]
    return _groups(
        edition, Look(key="regions", unit="short", width=width), "organisation, region", fields
    )


def feeders(edition: Edition, width: int) -> Panel:
    """Return the feeders, the worst first; a click leads to one."""
    url = link_to(edition, "feeder", "var-feeder=${__value.raw:percentencode}")
    fields = [*plain("region"), Field(name="feeder", url=url)]
    return _groups(
        edition, Look(key="feeders", unit="short", width=width), "region, feeder", fields
    )


def transformers(edition: Edition, width: int) -> Panel:
    """Return the transformers, the worst first."""
    fields = plain("feeder", "transformer")
    return _groups(
        edition, Look(key="transformers", unit="short", width=width), "feeder, transformer", fields
    )


def levels(edition: Edition, width: int) -> Panel:
    """Return the nominal voltages; Grafana shows V below 1 kV and kV above."""
    return rows(
        edition,
        Look(key="levels", unit="short", width=width),
        table(f"""
WITH points AS (
{points(edition.rules)}
)
SELECT nominal_mv / 1000.0::double precision AS nominal,
       {GROUP_FIGURES},
       min(nominal_mv * (100 + deviation_min_percent)) / 100000 AS lowest_voltage,
       max(nominal_mv * (100 + deviation_max_percent)) / 100000 AS highest_voltage
  FROM points
  JOIN (SELECT point_id, nominal_mv FROM point) AS nominals USING (point_id)
 GROUP BY nominal_mv
 ORDER BY nominal_mv DESC"""),
        [
            Field(name="nominal", unit="volt"),
            *GROUP,
            METHOD,
            Field(name="lowest_voltage", unit="volt"),
            Field(name="highest_voltage", unit="volt"),
        ],
    )


def worst_points(edition: Edition, width: int) -> Panel:
    """Return the points with the lowest rates; a click leads to one."""
    return rows(
        edition,
        Look(key="worst_points", unit="short", width=width, height=10),
        table(f"""
WITH points AS (
{points(edition.rules)}
)
SELECT point,
       region,
       feeder,
       transformer,
       class,
       rate AS pass_rate,
       coverage,
       n_under AS minutes_below,
       n_over AS minutes_above,
       deviation_min_percent AS lowest,
       deviation_max_percent AS highest
  FROM points
 WHERE rate IS NOT NULL
 ORDER BY rate, n_under + n_over DESC, point
 LIMIT 50"""),
        [
            point_field(edition),
            *plain("region", "feeder", "transformer", "class"),
            *rates("pass_rate", "coverage"),
            Field(name="minutes_below", unit="m"),
            Field(name="minutes_above", unit="m"),
            *deviations("lowest", "highest"),
        ],
    )


def _groups(edition: Edition, look: Look, group: str, fields: list[Field]) -> Panel:
    sql = f"""
WITH points AS (
{points(edition.rules)}
)
SELECT {group},
       {GROUP_FIGURES}
  FROM points
 GROUP BY {group}
 ORDER BY pass_rate NULLS LAST, {group}
 LIMIT 200"""
    return rows(edition, look, table(sql), [*fields, *GROUP, METHOD])
