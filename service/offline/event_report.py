"""What classifying a file of voltage events comes to: their classes, how many of each, and SARFI."""

from collections import Counter
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from service.domain.event_classes import CLASS_NAMES, EventClasses, EventClassifier
from service.domain.event_tables import EventTables
from service.domain.sarfi import Sarfi, sarfi_index, sarfi_names, sarfi_of
from service.errors import ScoreInputError
from service.offline.event_file import EventFile, FileEvent

SINGLE_EVENT_METHOD = "a row of the file is one event of one point, with its voltage and duration"


@dataclass(frozen=True, slots=True, kw_only=True)
class Monitoring:
    """What SARFI is counted over."""

    n_points: int
    days: Decimal | None  # for how long each was monitored; None: figures a point only


@dataclass(frozen=True, slots=True, kw_only=True)
class EventReport:
    """The events of a file with their classes."""

    file: EventFile
    classes: tuple[EventClasses, ...]  # of each event
    frequency_hz: int
    counts: dict[str, dict[str, int]]  # events by class of each kind, the most frequent first
    monitoring: Monitoring | None
    sarfi: dict[str, Sarfi] | None  # by index; None where it was not asked for
    remarks: tuple[str, ...]


def event_report(
    file: EventFile, tables: EventTables, frequency_hz: int, monitoring: Monitoring | None
) -> EventReport:
    """Return the events of a file with their classes.

    Raises:
        ScoreInputError: SARFI is asked for, and there are rows that could not be read, or the file
        names more points than are said to be monitored.
    """
    classifier = EventClassifier(tables, frequency_hz)
    classes = tuple(classifier.classify(each.event) for each in file.events)
    return EventReport(
        file=file,
        classes=classes,
        frequency_hz=frequency_hz,
        counts={
            kind: dict(Counter(str(getattr(one, kind)) for one in classes).most_common())
            for kind in CLASS_NAMES
        },
        monitoring=monitoring,
        sarfi=None if monitoring is None else _sarfi(file, tables, frequency_hz, monitoring),
        remarks=_remarks(tables, frequency_hz),
    )


def as_json(report: EventReport, *, with_summary: bool) -> dict[str, object]:
    """Return ``{"events": [...]}``, and where it is wanted or SARFI was asked for a summary."""
    rows = zip(report.file.events, report.classes, strict=True)
    shown: dict[str, object] = {"events": [event_fields(one, classes) for one, classes in rows]}
    if with_summary or report.sarfi is not None:
        shown["summary"] = {
            "frequency_hz": report.frequency_hz,
            "n_events": len(report.classes),
            **report.counts,
            **_sarfi_json(report),
        }
    return shown


def event_fields(one: FileEvent, classes: EventClasses) -> dict[str, float | str | None]:
    """Return an event and its classes, in the order in which they are shown."""
    return {
        **({} if one.point is None else {"point": one.point}),
        "residual_pu": float(one.event.voltage_pu),
        "duration_s": float(one.event.duration_s),
        **{kind: getattr(classes, kind) for kind in CLASS_NAMES},
    }


def _sarfi(
    file: EventFile, tables: EventTables, frequency_hz: int, monitoring: Monitoring
) -> dict[str, Sarfi]:
    if file.n_bad:
        bad = file.bad_rows[0]
        raise ScoreInputError(
            f"{file.n_bad} of {file.n_rows} rows could not be read, and SARFI has to count every event; mend them, "
            f"or leave --points out; the first: line {bad.line}, column {bad.column or '-'}, value {bad.value!r}: "
            f"{bad.reason}"
        )
    n_named = len({each.point for each in file.events if each.point is not None})
    if n_named > monitoring.n_points:
        raise ScoreInputError(
            f"the file names {n_named} points, --points is {monitoring.n_points}; "
            "give the number of all points that were monitored, with and without events"
        )
    point_days = Fraction(monitoring.days or 0) * monitoring.n_points
    periods_days = [row.days for row in tables.sarfi.periods]
    found = {}
    for name in sarfi_names(tables):
        index = sarfi_index(name, tables, frequency_hz)
        n_events = sum(index.counts(each.event) for each in file.events)
        found[name] = sarfi_of(n_events, monitoring.n_points, point_days, periods_days)
    return found


def _sarfi_json(report: EventReport) -> dict[str, object]:
    if report.sarfi is None or report.monitoring is None:
        return {}
    days = report.monitoring.days
    return {
        "sarfi": {
            "points": report.monitoring.n_points,
            "days": None if days is None else float(days),
            "single_event_method": SINGLE_EVENT_METHOD,
            "indices": [
                {
                    "index": f"SARFI-{name}",
                    "events": one.n_events,
                    "sarfi": None if one.per_point is None else float(one.per_point),
                    **{
                        f"per_{period}_days": None if value is None else float(value)
                        for period, value in one.per_days.items()
                    },
                }
                for name, one in report.sarfi.items()
            ],
        }
    }


def _remarks(tables: EventTables, frequency_hz: int) -> tuple[str, ...]:
    if frequency_hz == 60:  # noqa: PLR2004 (the frequency that the curve was drawn for)
        return (f"ITIC is for {tables.itic.applies_to}",)
    return (
        f"ITIC is for {tables.itic.applies_to}: at {frequency_hz} Hz its verdict compares events "
        "with one another, it is no compliance",
    )
