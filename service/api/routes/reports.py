"""The monthly reports, as workbook, PDF or JSON."""

import asyncio
from typing import Annotated, Final, NamedTuple

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from starlette.exceptions import HTTPException

from service.api.context import Context
from service.api.report_shapes import ReportShape
from service.domain.report_month import ReportMonth, report_month
from service.errors import RequestError
from service.reports.columns import Language
from service.reports.figures import Report
from service.reports.forms import MEDIA_TYPES, FileForm, report_file
from service.reports.monthly_report import Shown, read_report
from service.store.deployment_reads import reading

router = APIRouter(tags=["reports"])

_JSON: Final = "application/json"
_FORM_OF: Final[dict[str, FileForm | None]] = {
    _JSON: None,
    **{media_type: form for form, media_type in MEDIA_TYPES.items()},
}
_FILES: Final = {
    media_type: {"schema": {"type": "string", "format": "binary"}}
    for media_type in MEDIA_TYPES.values()
}


class _Asked(NamedTuple):
    label: str
    lang: Language
    figures: Shown


def _asked(
    month: Annotated[
        str,
        Query(
            description="year and month: the calendar month in which it ends; VOLTPASS_MONTH_START_DAY says where it "
            "begins",
            examples=["2026-10"],
        ),
    ],
    lang: Annotated[Language, Query(description="of names and headings")] = "zh",
    figures: Annotated[
        Shown,
        Query(
            description="signed: those that were signed off, if somebody has; present: those of now"
        ),
    ] = "signed",
) -> _Asked:
    return _Asked(month, lang, figures)


@router.get(
    "/v1/reports/{report}",
    summary="Monthly report: 电压合格率月报 or 供电可靠性月报",
    response_model=ReportShape,
    responses={200: {"content": _FILES}},
)
async def monthly_report(
    context: Context,
    request: Request,
    report: Annotated[Report, Path(description="voltage: 电压合格率月报; supply: 供电可靠性月报")],
    asked: Annotated[_Asked, Depends(_asked)],
) -> Response | ReportShape:
    """Return the report of a month as `Accept` asks: JSON, a workbook (xlsx) or a PDF.

    Once it was signed off the signed figures are shown, and `changes` has what moved since. Until then it is
    provisional. Figures are those of the other routes: `/v1/composite-pass-rate`, `/v1/residential-pass-rate`,
    `/v1/reliability`, `/v1/scorecard`, `/v1/major-event-days`.
    """
    form = _form_of(request.headers.get("accept", ""))
    month = _month(asked.label, context.month_start_day)
    async with reading(context.reader) as snapshot:
        found = await read_report(snapshot, report, month, context.rule_set, asked.figures)
    if form is None:
        return ReportShape.of(found, asked.lang)
    file = await asyncio.to_thread(report_file, found, form, asked.lang, context.report_font)
    return Response(
        file.content,
        media_type=file.media_type,
        headers={"Content-Disposition": file.disposition, "Vary": "Accept"},
    )


def _month(label: str, start_day: int) -> ReportMonth:
    try:
        return report_month(label, start_day)
    except ValueError as error:
        raise RequestError(str(error), "query", "month") from error


def _form_of(accept: str) -> FileForm | None:
    """Return the form that a request likes best, None for JSON; that without a wish.

    Raises:
        HTTPException: None of the forms is acceptable.
    """
    wishes = [_wish(part) for part in accept.split(",") if part.strip()]
    if not wishes:
        return None
    best: tuple[float, int, str] | None = None
    for place, media_type in enumerate(_FORM_OF):
        weights = [weight for wanted, weight in wishes if wanted == media_type] or [
            weight
            for wanted, weight in wishes
            if wanted in {"*/*", f"{media_type.partition('/')[0]}/*"}
        ]
        weight = max(weights, default=0.0)
        if weight > 0 and (best is None or weight > best[0]):
            best = (weight, place, media_type)
    if best is None:
        raise HTTPException(406, f"a report is {', '.join(_FORM_OF)}, not {accept}")
    return _FORM_OF[best[2]]


def _wish(part: str) -> tuple[str, float]:
    """Return a media type that is accepted, and how much it is liked, 0..1."""
    media_type, *parameters = (one.strip() for one in part.lower().split(";"))
    for one in parameters:
        name, _, value = one.partition("=")
        if name.strip() == "q":
            try:
                return media_type, min(1.0, max(0.0, float(value)))
            except ValueError:
                return media_type, 0.0
    return media_type, 1.0
