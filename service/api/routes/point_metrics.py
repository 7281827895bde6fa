"""Gauges of single points, in the way of Prometheus' multi-target exporters."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Final

from fastapi import APIRouter, Query, Request, Response
from fastapi.concurrency import run_in_threadpool
from prometheus_client import CollectorRegistry

from service.api.context import Context, ServeContext
from service.api.parameters import Text
from service.api.running import running_days
from service.domain.rates import rate_of
from service.errors import NotFoundError, RequestError, TooMuchError
from service.metrics import Period, render
from service.metrics.exposition import Values, snapshot
from service.store.deployment_reads import Snapshot, reading
from service.store.figure_reads import By, PointFigures, chosen_points, point_figures

router = APIRouter(tags=["operations"])

VERDICTS: Final = ("pass", "over", "under", "interrupted", "exempt", "invalid", "missing")
SERIES_PER_POINT: Final = 2 * (len(VERDICTS) + 3)  # of the day and the month
_NAMED_MAX: Final = 10


@router.get("/metrics/points", summary="Metrics of single points", response_class=Response)
async def points_metrics(
    context: Context,
    request: Request,
    feeder: Annotated[Text | None, Query(description="all points of this feeder")] = None,
    transformer: Annotated[Text | None, Query(description="all points of this one")] = None,
    point: Annotated[
        str | None,
        Query(
            description="these points, comma between them", pattern=r"^[^\x00]+$", max_length=20_000
        ),
    ] = None,
) -> Response:
    """Return gauges of the points of a feeder or transformer, or of those named: exactly one is given.

    They are of the running day and month, those that the data have reached, in the deployment's
    zone. Late data, declarations and new rules may lower them. Counted are interruptions that reach
    into the period, and the part of them that lies in it.
    """
    by, codes = _asked(feeder, transformer, point)
    async with reading(context.reader) as taken:
        point_ids = await _point_ids(context, taken, by, codes)
        days = running_days(taken, context.now())
        figures = {
            period: await point_figures(taken.connection, span, point_ids)
            for period, span in days.items()
        }
    accept = request.headers.get("accept", "")
    body, content_type = await run_in_threadpool(_exposition, figures, accept)
    return Response(body, headers={"Content-Type": content_type})


def _asked(
    feeder: str | None, transformer: str | None, point: str | None
) -> tuple[By, Sequence[str]]:
    if point is not None:
        names = tuple(dict.fromkeys(name for part in point.split(",") if (name := part.strip())))
    else:
        names = ()
    given: dict[By, Sequence[str]] = {
        "feeder": [feeder] if feeder else [],
        "transformer": [transformer] if transformer else [],
        "point": names,
    }
    chosen = [(by, codes) for by, codes in given.items() if codes]
    if len(chosen) != 1:
        raise RequestError(
            "give exactly one of feeder=CODE, transformer=CODE and point=P1,P2", "query"
        )
    return chosen[0]


async def _point_ids(
    context: ServeContext, taken: Snapshot, by: By, codes: Sequence[str]
) -> list[int]:
    n_max = context.point_series_max // SERIES_PER_POINT
    found = await chosen_points(taken.connection, by, codes, n_max)
    if found.n_all > n_max:
        raise TooMuchError(
            f"{found.n_all} points have {found.n_all * SERIES_PER_POINT} series, "
            f"{context.point_series_max} are given at once ({n_max} points): "
            "ask for single transformers or points, or raise VOLTPASS_POINT_SERIES_MAX",
            "query",
            by,
        )
    unknown = sorted(set(codes) - set(found.ids)) if by == "point" else list(codes)
    if unknown and (by == "point" or not found.ids):
        named = ", ".join(map(repr, unknown[:_NAMED_MAX]))
        more = f" and {len(unknown) - _NAMED_MAX} more" if len(unknown) > _NAMED_MAX else ""
        what = "no point" if by == "point" else f"no point of the {by}"
        raise NotFoundError(f"the registry has {what} {named}{more}")
    return list(found.ids.values())


def _exposition(figures: Mapping[Period, Sequence[PointFigures]], accept: str) -> tuple[bytes, str]:
    registry = CollectorRegistry(auto_describe=False)
    of_point = [(one, (one.point, period)) for period, many in figures.items() for one in many]
    snapshot(
        registry,
        "point_minutes",
        "Minutes of the running period by verdict.",
        ("point", "verdict", "period"),
    ).show(_minutes(figures))
    snapshot(
        registry,
        "point_interruption_seconds",
        "Time without supply in the running period.",
        ("point", "period"),
    ).show({key: one.interrupted_s for one, key in of_point})
    snapshot(
        registry,
        "point_interruptions",
        "Interruptions that reach into the running period.",
        ("point", "period"),
    ).show({key: one.n_interruptions for one, key in of_point})
    rates = {key: rate_of(one.counts).rate for one, key in of_point}
    snapshot(
        registry,
        "point_pass_ratio",
        "Voltage pass rate of the running period, 0..1; absent without a judged minute.",
        ("point", "period"),
    ).show({key: float(rate) for key, rate in rates.items() if rate is not None})
    return render(registry, accept)


def _minutes(figures: Mapping[Period, Sequence[PointFigures]]) -> Values:
    return {
        (one.point, verdict, period): getattr(one.counts, f"n_{verdict}")
        for period, many in figures.items()
        for one in many
        for verdict in VERDICTS
    }
