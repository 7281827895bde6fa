"""Scoring a file of readings: what ``voltpass score`` does, without the command line."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from kernels import warm_up
from service.domain.bands import band_of
from service.domain.catalogue import read_catalogue
from service.domain.instants import MINUTE_US, at_us
from service.domain.judging import make_judge
from service.domain.registry import Device, Exemption, Point, Registry
from service.domain.rules import RuleSet
from service.errors import ScoreInputError
from service.offline.csv_text import open_csv
from service.offline.day_spreads import day_scores
from service.offline.exempt_months import exempt_months
from service.offline.figures import point_score
from service.offline.header import Header, read_header
from service.offline.intervals import infer_intervals
from service.offline.ledger import FileLedger, fold_table
from service.offline.options import ScoreOptions
from service.offline.readings import ReadingTable, read_table
from service.offline.report import ScoreReport

_ALWAYS = datetime(1800, 1, 1, tzinfo=UTC)  # before any stamp


def score_file(path: Path, options: ScoreOptions | None = None) -> ScoreReport:
    """Return the figures of a file of readings, CSV, gzip or plain.

    Raises:
        ScoreInputError: Nothing of it can be read, or the options do not fit it.
        RuleSetError: There is no such rule set, or the folder holds a file that is none.
    """
    options = options or ScoreOptions()
    rule_set = read_catalogue(options.rule_set_folder).load(options.rule_set)
    with open_csv(path) as text:
        header = read_header(
            text.header, options.wiring, with_power=options.pf_required is not None
        )
        _check_band(rule_set, _point(0, "the points", options, header))
        table = read_table(header, text.batches, options.zone, _name_of(path))
    if not table.stamp_ms.size:
        raise ScoreInputError(_nothing_readable(path, table))
    return score_table(table, header, options, rule_set)


def score_table(
    table: ReadingTable, header: Header, options: ScoreOptions, rule_set: RuleSet
) -> ScoreReport:
    """Return the figures of readings; there is at least one.

    Raises:
        ScoreInputError: Their interval cannot be inferred.
    """
    warm_up()
    table = table.in_time_order()
    if options.interval_s is None:
        interval_ms = infer_intervals(table.points, table.point, table.stamp_ms)
    else:
        interval_ms = np.full(len(table.points), options.interval_s * 1000, np.int64)
    points = [_point(i, name, options, header) for i, name in enumerate(table.points)]
    devices = [
        _device(point, int(ms), options) for point, ms in zip(points, interval_ms, strict=True)
    ]
    ledger = fold_table(table, points, devices)
    registry, remarks = _registry(points, ledger, options, rule_set)
    days = day_scores(ledger.pages, registry, rule_set, options.zone)
    make_judge(registry, rule_set).judge(ledger.pages)
    scores = [
        point_score(point, table, ledger, rule_set, interval_s=device.interval_s, zone=options.zone)
        for point, device in zip(registry.points, devices, strict=True)
    ]
    return ScoreReport(
        points=tuple(
            replace(
                score,
                days=tuple(days[i]) if i in days else None,
                remarks=(*score.remarks, *remarks[i]),
            )
            for i, score in enumerate(scores)
        ),
        nominal_mv=options.nominal_mv,
        wiring=header.wiring,
        zone=options.zone.key,
        n_rows=table.n_rows,
        n_bad=table.n_bad,
        bad_rows=tuple(table.bad_rows),
        notes=_notes(header, ledger, devices, is_inferred=options.interval_s is None),
    )


def _registry(
    points: list[Point], ledger: FileLedger, options: ScoreOptions, rule_set: RuleSet
) -> tuple[Registry, list[list[str]]]:
    """Return the points in service for as long as the file reaches, and what exempts them."""
    judged: list[Point] = []
    exemptions: list[Exemption] = []
    remarks: list[list[str]] = []
    for point in points:
        from_minute, to_minute = ledger.span_of(point.point_id)
        cut = replace(
            point,
            valid_from=at_us(from_minute * MINUTE_US),
            valid_to=at_us(to_minute * MINUTE_US),
        )
        judged.append(cut)
        said: list[str] = []
        if options.pf_required is not None and rule_set.power_factor is None:
            said = [
                f"rule set {rule_set.name} knows no requirement of the power factor: nothing is exempt"
            ]
        elif options.pf_required is not None and rule_set.power_factor is not None:
            found, said = exempt_months(
                ledger, cut, options.pf_required, rule_set.power_factor, options.zone
            )
            exemptions += found
        remarks.append(said)
    return Registry(judgement=0, points=judged, exemptions=exemptions), remarks


def _point(point_id: int, name: str, options: ScoreOptions, header: Header) -> Point:
    lower, upper = options.band or (None, None)
    return Point(
        point_id=point_id,
        point=name,
        nominal_mv=options.nominal_mv,
        wiring=header.wiring,
        point_class="D",
        band_lower=lower,
        band_upper=upper,
        valid_from=_ALWAYS,
    )


def _device(point: Point, interval_ms: int, options: ScoreOptions) -> Device:
    return Device(
        device_id=point.point_id,
        device=point.point,
        point_id=point.point_id,
        interval_s=interval_ms // 1000,
        stamp_at=options.stamp_at,
        valid_from=_ALWAYS,
    )


def _check_band(rule_set: RuleSet, point: Point) -> None:
    """Refuse a band that the rule set does not allow."""
    operator = rule_set.operator_band
    if point.band_lower is None:
        return
    if rule_set.contract_band is None:
        raise ScoreInputError(
            f"--band: rule set {rule_set.name} judges by its own bands only; leave the option out"
        )
    if operator is not None and band_of(rule_set, point) is None:
        raise ScoreInputError(
            f"--band is wider than {operator.max_width_percent} % of nominal, which "
            f"rule set {rule_set.name} does not allow from {operator.from_kv} kV on"
        )


def _name_of(path: Path) -> str:
    """Return the name of the one point of a file: the file's, without what it ends in."""
    return path.name.removesuffix(".gz").removesuffix(".csv") or path.name


def _nothing_readable(path: Path, table: ReadingTable) -> str:
    if not table.bad_rows:
        return f"{path} has no rows after its first line"
    bad = table.bad_rows[0]
    where = f"column {bad.column}, " if bad.column else ""
    return (
        f"none of the {table.n_rows} rows of {path} can be read; the first, line {bad.line}: "
        f"{where}value {bad.value!a}, {bad.reason}"
    )


def _notes(
    header: Header, ledger: FileLedger, devices: list[Device], *, is_inferred: bool
) -> tuple[str, ...]:
    """Return what was assumed or left aside, of the file as a whole."""
    found = sorted({device.interval_s for device in devices})
    intervals = ", ".join(f"{interval_s} s" for interval_s in found)
    notes = [f"interval {intervals}" + (", inferred from the median step" if is_inferred else "")]
    if ledger.n_invalid:
        notes.append(f"{ledger.n_invalid} readings without a valid voltage (INVALID)")
    if ledger.n_repeated:
        notes.append(f"{ledger.n_repeated} repeated readings changed nothing")
    if header.ignored:
        notes.append(f"columns left aside: {', '.join(header.ignored)}")
    return tuple(notes)
