"""Scorecard and budget as one CSV file: of each commitment a line, one for all regions together, one a region."""

import csv
import io
from typing import Final, TypeAlias, get_args

from service.api.scorecard_shapes import (
    BudgetShape,
    CommitmentShape,
    Scorecard,
    StandingShape,
    YearBudget,
)
from service.domain.budget import Window
from service.terminal.promise_rows import PROMISE_COLUMNS, promise_csv_rows

Value: TypeAlias = str | int | float | bool | None

_TARGET: Final = ("figure", "area", "population", "reach", "target", "set_by", "source")
_STANDING: Final = (
    *("region", "verdict", "certain", "actual", "lower", "upper", "coverage", "margin_points"),
    *("method", "members", "known", "not_known"),
)
_BUDGET: Final = (
    *("allowed_minutes", "used_minutes", "used_ratio", "projected_minutes", "projected_ratio"),
)


def csv_text(scorecard: Scorecard, budget: YearBudget) -> str:
    """Return the file; ``line`` says what a line is about: ``commitment``, ``together``, ``region``.

    The line of a commitment has its verdict, what decides it, and its budget. Lines that begin with
    ``undeclared_`` are the same as if nobody had declared an outage. Promises follow, with
    ``promise`` and ``promise_region``.
    """
    out = io.StringIO()
    writer = csv.DictWriter(out, _columns(), lineterminator="\n", restval="")
    writer.writeheader()
    budgets = {_key(one): one for one in budget.budgets}
    for one in scorecard.commitments:
        target = _basis(scorecard) | _fields(one, _TARGET)
        verdict: dict[str, Value] = {"verdict": one.verdict, "certain": one.certain}
        lines = [
            _line("commitment", one.decisive) | verdict | _budget(budget, budgets.get(_key(one))),
            _line("together", one.together),
            *(_line("region", region) for region in one.regions),
            *_undeclared(one),
        ]
        writer.writerows(
            {name: "" if value is None else value for name, value in (target | line).items()}
            for line in lines
        )
    for row in promise_csv_rows(scorecard.promises):
        line = _basis(scorecard) | row
        writer.writerow({name: "" if value is None else value for name, value in line.items()})
    return out.getvalue().removesuffix("\n")


def _undeclared(one: CommitmentShape) -> list[dict[str, Value]]:
    untold = one.without_declarations
    if untold is None:
        return []
    verdict: dict[str, Value] = {"verdict": untold.verdict, "certain": untold.certain}
    return [
        _line("undeclared_commitment", untold.decisive) | verdict,
        _line("undeclared_together", untold.together),
        *(_line("undeclared_region", region) for region in untold.regions),
    ]


def _columns() -> list[str]:
    burns = [f"burn_rate_{window}" for window in get_args(Window)]
    basis = ("rule_set", "judged_by", "zone", "from", "to", "data_through")
    return [*basis, *_TARGET, "line", *_STANDING, "year", *_BUDGET, *burns, *PROMISE_COLUMNS]


def _basis(scorecard: Scorecard) -> dict[str, Value]:
    through = scorecard.data_through
    return {
        "rule_set": scorecard.rule_set,
        "judged_by": scorecard.judged_by,
        "zone": scorecard.zone,
        "from": scorecard.from_day.isoformat(),
        "to": scorecard.to_day.isoformat(),
        "data_through": None if through is None else through.isoformat(),
    }


def _line(kind: str, one: StandingShape) -> dict[str, Value]:
    return {"line": kind, **_fields(one, _STANDING)}


def _budget(budget: YearBudget, one: BudgetShape | None) -> dict[str, Value]:
    if one is None:
        return {}
    burns: dict[str, Value] = {f"burn_rate_{b.window}": b.burn_rate for b in one.burn_rates}
    return _fields(one, _BUDGET) | burns | {"year": budget.year}


def _fields(
    one: CommitmentShape | StandingShape | BudgetShape, names: tuple[str, ...]
) -> dict[str, Value]:
    return {name: getattr(one, name) for name in names}


def _key(one: CommitmentShape | BudgetShape) -> tuple[Value, ...]:
    return one.figure, one.area, one.population, one.reach, one.target
