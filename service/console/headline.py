"""The verdict on a point in words: what was needed, what it had, and what spoiled it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

from service.console.formats import Formats
from service.console.texts import Texts
from service.domain.explanation.finding import Finding, Outcome
from service.domain.explanation.outside import Outside
from service.domain.spread import SpreadOfDay
from service.store.explanation_reads import Explanation

Kind = Literal["good", "bad", "unsure", "none"]  # of a badge
KINDS: Final[dict[Outcome, Kind]] = {
    "kept": "good",
    "failed": "bad",
    "no_target": "none",
    "not_monitored": "unsure",
    "nothing_judged": "none",
    "no_readings": "unsure",
    "no_rule": "none",
    "not_due": "none",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Headline:
    """What stands on top of the page."""

    kind: Kind
    word: str  # failed, kept, not monitored
    verdict: str  # one sentence
    reasons: Sequence[str]  # what spoiled it, a sentence each


def headline_of(
    explained: Explanation, outsides: Sequence[Outside], rule_set: str, texts: Texts, fmt: Formats
) -> Headline:
    """Return the verdict on a point in words."""
    finding = explained.finding
    outcome = finding.outcome
    target = None if finding.target is None else finding.target.at_least
    return Headline(
        kind=KINDS[outcome],
        word=texts(f"point.outcome.{outcome}"),
        verdict=texts(
            f"point.verdict.{outcome}",
            needed=fmt.target(target),
            had=fmt.percent(finding.rate.rate),
            coverage=fmt.percent(finding.rate.coverage),
            floor=fmt.target(finding.floor),
            rule_set=rule_set,
        ),
        reasons=[
            *_outside(finding, outsides, texts, fmt),
            *_wide(explained.spreads, texts, fmt),
            *_others(finding, texts, fmt),
        ],
    )


def _outside(
    finding: Finding, outsides: Sequence[Outside], texts: Texts, fmt: Formats
) -> list[str]:
    band = finding.band
    if band is None:
        return []
    found = []
    for one in outsides:
        where = texts(
            "point.in_parts",
            days=fmt.number(one.n_days),
            parts=texts(f"point.{one.part or 'day'}{'' if one.n_days == 1 else 's'}"),
        )
        values = {
            "minutes": fmt.number(one.n_minutes),
            "limit": fmt.deviation(band.upper if one.side == "over" else band.lower),
            "where": where,
            "in_part": fmt.number(one.n_minutes_in_part),
            "volts": fmt.volts(None if one.furthest_v is None else one.furthest_v * 1000),
            "deviation": fmt.deviation(one.furthest_cell),
        }
        is_all = one.part is None or one.n_minutes_in_part == one.n_minutes
        found.append(texts(f"point.{one.side}_{'all' if is_all else 'mostly'}", **values))
    return found


def _wide(spreads: Sequence[SpreadOfDay], texts: Texts, fmt: Formats) -> list[str]:
    """Return how many days were too wide, at 35 kV and above; that they were not, too."""
    n_wide = sum(not one.found.within for one in spreads)
    if not spreads:
        return []
    return [
        texts("point.reason.spread", n=fmt.number(n_wide), days=fmt.number(len(spreads)))
        if n_wide
        else texts("point.reason.spread_good", days=fmt.number(len(spreads)))
    ]


def _others(finding: Finding, texts: Texts, fmt: Formats) -> list[str]:
    counts = finding.counts
    found = [
        texts(f"point.reason.{name}", minutes=fmt.number(n))
        for name in ("interrupted", "exempt", "missing", "invalid")
        if (n := getattr(counts, f"n_{name}"))
        and finding.outcome != "no_readings"
        and (name, finding.outcome) != ("exempt", "no_rule")  # nobody exempts what nothing judges
    ]
    if finding.is_sampled:
        found.append(texts("point.reason.sampled"))
    return found
