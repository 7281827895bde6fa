"""What the rule set demands, as rows of a report: the commitments of the scorecard."""

from collections.abc import Sequence
from datetime import date
from fractions import Fraction

from service.domain.rules import RuleSet
from service.domain.scorecard import Commitment
from service.domain.target_rows import Figure
from service.reports.figures import Row
from service.store.deployment_reads import Snapshot
from service.store.scorecard_reads import read_scorecard


async def target_rows(
    snapshot: Snapshot, days: tuple[date, date], rule_set: RuleSet, figures: Sequence[Figure]
) -> list[Row]:
    """Return a row for each target of the rule set about one of ``figures``, in its order.

    Args:
        snapshot: Of the database.
        days: Half-open, of the deployment's zone.
        rule_set: The statutory one.
        figures: Which targets are meant.
    """
    targets = tuple(one for one in rule_set.targets if one.figure in figures)
    if not targets:
        return []
    chosen = rule_set.model_copy(update={"targets": targets})
    commitments = await read_scorecard(snapshot, days, chosen, rule_set)
    return [_row(number, one) for number, one in enumerate(commitments, 1)]


def _row(number: int, one: Commitment) -> Row:
    target, decisive = one.target, one.decisive
    actual = decisive.figure.actual.value()
    at_least = None if target.at_least is None else Fraction(target.at_least)
    untold = one.undeclared
    return {
        "number": number,
        "figure": target.figure,
        "population": target.population,
        "area": target.area,
        "reach": target.reach,
        "at_least": at_least,
        "actual": actual,
        "margin": None if actual is None or at_least is None else actual - at_least,
        "lower": decisive.figure.lower.value(),
        "upper": decisive.figure.upper.value(),
        "region": decisive.region or "",
        "members": one.together.figure.n_members,
        "known": one.together.figure.n_known,
        "verdict": one.verdict,
        "certain": "yes" if one.is_certain else "no",
        "undeclared": None if untold is None else untold.decisive.figure.actual.value(),
        "source": target.source if target.at_least is not None else target.set_by,
    }
