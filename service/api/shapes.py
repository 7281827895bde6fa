"""What several answers share: rates with what they rest on, and instants of the deployment."""

from datetime import datetime
from fractions import Fraction
from typing import Self, TypedDict
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field

from service.api.context import ServeContext
from service.domain.rates import Method, VerdictCounts, is_monitored, method_of, rate_of
from service.domain.rules import RuleSet
from service.store.deployment_reads import Snapshot

RATE = "pass / (pass + over + under), 0..1; null without a denominator"
LOWER = "pass / (pass + over + under + missing + invalid), 0..1: as if all unknown minutes were bad"
UPPER = "(pass + missing) / (pass + over + under + missing + invalid), 0..1: as if all missing minutes were good"
COVERAGE = "(pass + over + under) / (pass + over + under + missing + invalid), 0..1"
METHOD = "continuous: at least one value a minute; sampled: slower, such a rate is not statutory; null: no data"


class Shape(BaseModel):
    """A part of an answer."""

    model_config = ConfigDict(frozen=True, populate_by_name=True)


class Basis(Shape):
    """What the figures of an answer rest on."""

    rule_set: str = Field(
        description="name of the rule set, see /v1/rule-sets", examples=["sgcc-2003"]
    )
    zone: str = Field(
        description="IANA zone in which days and months are counted and times are shown",
        examples=["Asia/Shanghai"],
    )
    data_through: datetime | None = Field(
        description="minutes from here on are not due yet; null before the first reading"
    )


class Minutes(Shape):
    """Minutes by verdict; the seven verdicts sum to `due`."""

    due: int = Field(description="minutes in service that the data have reached")
    pass_: int = Field(alias="pass", description="inside the band")
    over: int = Field(description="above it")
    under: int = Field(description="below it")
    interrupted: int = Field(description="without supply")
    exempt: int = Field(description="judged by no rule")
    invalid: int = Field(description="measured, but not validly")
    missing: int = Field(description="not measured, or only estimated")

    @classmethod
    def of(cls, counts: VerdictCounts) -> Self:
        """Return the counts as part of an answer."""
        return cls(
            due=counts.n_due,
            pass_=counts.n_pass,
            over=counts.n_over,
            under=counts.n_under,
            interrupted=counts.n_interrupted,
            exempt=counts.n_exempt,
            invalid=counts.n_invalid,
            missing=counts.n_missing,
        )


class Rates(Shape):
    """A rate with its bounds and coverage; null where there is no denominator."""

    rate: float | None = Field(description=RATE, examples=[0.9645390070921985])
    lower: float | None = Field(description=LOWER, examples=[0.9577464788732394])
    upper: float | None = Field(description=UPPER, examples=[0.9647887323943662])
    coverage: float | None = Field(description=COVERAGE, examples=[0.9929577464788732])


class PointRates(Rates):
    """The rate of one point over one period."""

    monitored: bool = Field(
        description="whether there is a rate and coverage reaches the floor of the rule set"
    )
    method: Method | None = Field(description=METHOD)
    minutes: Minutes


class BasisFields(TypedDict):
    """The fields of ``Basis``."""

    rule_set: str
    zone: str
    data_through: datetime | None


def basis_of(
    context: ServeContext, snapshot: Snapshot, rule_set: RuleSet | None = None
) -> BasisFields:
    """Return what the figures read from ``snapshot`` rest on; without ``rule_set`` the one in force."""
    return {
        "rule_set": (rule_set or context.rule_set).name,
        "zone": snapshot.zone.key,
        "data_through": local(snapshot.data_through, snapshot.zone),
    }


def rates(counts: VerdictCounts) -> Rates:
    """Return the rate of counted minutes."""
    rate = rate_of(counts)
    return Rates(
        rate=_number(rate.rate),
        lower=_number(rate.lower),
        upper=_number(rate.upper),
        coverage=_number(rate.coverage),
    )


def point_rates(
    counts: VerdictCounts, interval_s: int | None, coverage_floor: Fraction
) -> PointRates:
    """Return the rate of one point; ``interval_s`` is that of its slowest readings, None without data."""
    return PointRates(
        **dict(rates(counts)),
        monitored=is_monitored(counts, coverage_floor),
        method=None if interval_s is None else method_of(interval_s),
        minutes=Minutes.of(counts),
    )


def local(at: datetime | None, zone: ZoneInfo) -> datetime | None:
    """Return an instant on the clocks of the deployment."""
    return None if at is None else at.astimezone(zone)


def _number(share: Fraction | None) -> float | None:
    return None if share is None else float(share)
