"""Where ``voltpass scorecard`` has its figures from: the database of the settings, or a ``serve``."""

import json
import urllib.error
import urllib.parse
import urllib.request
from dataclasses import dataclass
from datetime import datetime
from typing import Final, TypeVar

from pydantic import ValidationError

from service.api.parameters import day_of, days_of
from service.api.scorecard_shapes import Scorecard, YearBudget
from service.api.scorecards import budget_of_year, scorecard_of
from service.api.shapes import Shape
from service.domain.catalogue import chosen_rule_sets
from service.errors import ServeAnswerError
from service.settings import Settings
from service.store.deployment import require_rule_set
from service.store.deployment_reads import reading
from service.store.pool import Pool

T = TypeVar("T", bound=Shape)

_ANSWER_WITHIN_S: Final = 120.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What is asked for; None: the statutory set, the month that the data have reached."""

    rule_set: str | None
    from_: str | None
    to: str | None


async def from_database(
    settings: Settings, asked: Asked, now: datetime
) -> tuple[Scorecard, YearBudget]:
    """Return scorecard and budget from one snapshot of the database.

    Raises:
        RuleSetError: There is no such rule set, or its verdicts are not stored.
        RuleSetDiffersError: The settings name another statutory set than the deployment has.
        RequestError: The days cannot be understood.
        StoreError: The database does not answer.
    """
    chosen = chosen_rule_sets(settings)
    statutory = chosen.statutory
    rules = statutory if asked.rule_set is None else chosen.catalogue.load(asked.rule_set)
    async with Pool(settings, "reader", max_size=1) as pool, reading(pool) as snapshot:
        await require_rule_set(snapshot.connection, statutory)
        days = days_of(asked.from_, asked.to, snapshot, now)
        to_at = None if asked.to is None else day_of(asked.to, "to", snapshot.zone)
        return (
            await scorecard_of(snapshot, days, rules, statutory, now),
            await budget_of_year(snapshot, rules, statutory, to_at),
        )


def from_serve(url: str, asked: Asked, key: str | None = None) -> tuple[Scorecard, YearBudget]:
    """Return the same, as the ``serve`` at ``url`` answers to an API key or token; None: nothing is shown.

    Raises:
        ServeAnswerError: It does not answer, or refuses; the message says what it says.
    """
    query = {"rule_set": asked.rule_set, "from": asked.from_, "to": asked.to}
    scorecard = _ask(_address(url, "/v1/scorecard", query), key, Scorecard)
    return scorecard, _ask(_address(url, "/v1/budget", {**query, "from": None}), key, YearBudget)


def _address(url: str, path: str, query: dict[str, str | None]) -> str:
    given = {name: value for name, value in query.items() if value is not None}
    asked = f"{url.rstrip('/')}{path}?{urllib.parse.urlencode(given)}"
    if not asked.startswith(("http://", "https://")):
        raise ServeAnswerError(f"--url must begin with http:// or https://, not {url!r}")
    return asked


def _ask(asked: str, key: str | None, shape: type[T]) -> T:
    request = urllib.request.Request(asked)  # noqa: S310 (see above)
    if key is not None:  # not for where a redirect leads
        request.add_unredirected_header("Authorization", f"Bearer {key}")
    try:
        with urllib.request.urlopen(request, timeout=_ANSWER_WITHIN_S) as answer:  # noqa: S310
            return shape.model_validate_json(answer.read())
    except urllib.error.HTTPError as error:
        raise ServeAnswerError(f"{asked}: {error.code}: {_said(error.read())}") from error
    except (OSError, ValueError) as error:  # URLError is an OSError; ValidationError a ValueError
        why = "that is no answer of this version" if isinstance(error, ValidationError) else error
        raise ServeAnswerError(
            f"{asked}: {why}; is --url the address of `voltpass serve`?"
        ) from error


def _said(content: bytes) -> str:
    """Return what a problem says, and what to do next."""
    try:
        problem = json.loads(content)
        return f"{problem['detail']} {problem['next']}"
    except (ValueError, TypeError, KeyError):
        return "no problem of `voltpass serve`; is --url its address?"
