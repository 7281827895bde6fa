"""Reliability figures as answers show them."""

from collections.abc import Mapping
from fractions import Fraction
from typing import Literal, Self

from pydantic import Field

from service.api.shapes import Shape
from service.domain.registry import UserClass
from service.domain.reliability.figures import ReliabilityFigures
from service.domain.reliability.interruption_indices import InterruptionIndices
from service.domain.reliability.supply_reliability import SupplyReliability
from service.domain.rule_rows import ReliabilityRow

LeftOut = Literal["nothing", "external influence", "power shortage", "short interruptions"]
_LEFT_OUT: tuple[LeftOut, ...] = (
    "nothing",
    "external influence",
    "power shortage",
    "short interruptions",
)


class DefinitionShape(Shape):
    """What counts as an interruption of a user."""

    users: UserClass = Field(
        description="LV, MV or HV users; MV: customers and public transformers"
    )
    sustained_over_s: int = Field(description="longer interruptions are sustained, seconds")
    sustained_inclusive: bool = Field(description="exactly as long is sustained, too")
    merge_within_s: int = Field(description="interruptions of a user this close count as one")
    momentary_event_s: int = Field(description="momentary ones within this time are one event")
    many_inclusive: bool = Field(description="CEMI and CELID mean n or more, not more than n")
    transformer_share_min: float = Field(
        description="a transformer without a terminal point is out while this share of its meters is"
    )
    source: str = Field(description="standard and clause")
    certainty: Literal["confirmed", "confirm"] = Field(
        description="confirm: to be compared with the paper standard"
    )

    @classmethod
    def of(cls, row: ReliabilityRow, users: UserClass) -> Self:
        """Return the definition of a rule set."""
        return cls(
            users=users,
            sustained_over_s=row.sustained_s,
            sustained_inclusive=row.sustained_inclusive,
            merge_within_s=row.merge_within_s,
            momentary_event_s=row.momentary_event_s,
            many_inclusive=row.many_inclusive,
            transformer_share_min=float(row.transformer_share_min),
            source=row.source,
            certainty=row.certainty,
        )


class SupplyShape(Shape):
    """One of the four ways of DL/T 836 to count."""

    number: int = Field(description="1 to 4: RS-1, AIHC-1, AITC-1 and so on")
    left_out: LeftOut
    rs: float | None = Field(description="share of user time with supply, 0..1")
    aihc_hours: float | None = Field(description="hours without supply a user")
    aitc: float | None = Field(description="interruptions a user")

    @classmethod
    def of(cls, number: int, one: SupplyReliability) -> Self:
        """Return one of them."""
        return cls(
            number=number,
            left_out=_LEFT_OUT[number - 1],
            rs=number_of(one.rs),
            aihc_hours=number_of(one.aihc_hours),
            aitc=number_of(one.aitc),
        )


class IndexShape(Shape):
    """The indices of IEEE 1366; null where there is no denominator."""

    saidi_minutes: float | None = Field(description="minutes without supply a user, sustained")
    saifi: float | None = Field(description="sustained interruptions a user")
    caidi_minutes: float | None = Field(description="minutes an interruption")
    ctaidi_minutes: float | None = Field(description="minutes a user interrupted")
    caifi: float | None = Field(description="interruptions a user interrupted")
    asai: float | None = Field(description="share of user time without sustained interruption")
    maifi: float | None = Field(description="momentary interruptions a user")
    maifi_e: float | None = Field(description="momentary events a user")
    asifi: float | None = Field(
        description="by connected capacity; null unless it is known of all users"
    )
    asidi_minutes: float | None = Field(description="by connected capacity, minutes")
    cemi: dict[str, float | None] = Field(description="share of users with so many sustained ones")
    cemsmi: dict[str, float | None] = Field(description="the same, momentary ones included")
    celid_s: dict[str, float | None] = Field(description="share with one of so many hours")
    celid_t: dict[str, float | None] = Field(description="share with so many hours together")
    interruptions: int = Field(description="sustained interruptions, summed over users")
    users_interrupted: int | None = Field(
        description="users with a sustained interruption that starts in the period"
    )

    @classmethod
    def of(cls, indices: InterruptionIndices) -> Self:
        """Return the indices as part of an answer."""
        return cls(
            saidi_minutes=number_of(indices.saidi_minutes),
            saifi=number_of(indices.saifi),
            caidi_minutes=number_of(indices.caidi_minutes),
            ctaidi_minutes=number_of(indices.ctaidi_minutes),
            caifi=number_of(indices.caifi),
            asai=number_of(indices.asai),
            maifi=number_of(indices.maifi),
            maifi_e=number_of(indices.maifi_e),
            asifi=number_of(indices.asifi),
            asidi_minutes=number_of(indices.asidi_minutes),
            cemi=_by_number(indices.cemi),
            cemsmi=_by_number(indices.cemsmi),
            celid_s=_by_number(indices.celid_s),
            celid_t=_by_number(indices.celid_t),
            interruptions=indices.n_customer_interruptions,
            users_interrupted=indices.n_distinct,
        )


class ReliabilityShape(Shape):
    """The figures of a group of users."""

    group: str = Field(description="region, feeder, area or cause; all: every user")
    n_users: float | None = Field(description="on average over the period, by time in service")
    rs_1: float | None = Field(description="supply reliability on evidence, 0..1")
    lower: float | None = Field(
        description="RS-1 if outages were as long as their edges allow, and all unobserved time dark; "
        "null of a cause"
    )
    upper: float | None = Field(description="RS-1 at best: no more than the evidence was dark")
    dl_t_836: list[SupplyShape]
    ieee_1366: IndexShape

    @classmethod
    def of(cls, group: str, figures: ReliabilityFigures, *, with_bounds: bool = True) -> Self:
        """Return the figures as part of an answer."""
        bounds = figures.bounds
        return cls(
            group=group,
            n_users=number_of(bounds.n_users),
            rs_1=number_of(bounds.rs_1),
            lower=number_of(bounds.lower) if with_bounds else None,
            upper=number_of(bounds.upper) if with_bounds else None,
            dl_t_836=[SupplyShape.of(n, one) for n, one in enumerate(figures.four.in_order(), 1)],
            ieee_1366=IndexShape.of(figures.indices),
        )


def number_of(figure: Fraction | None) -> float | None:
    """Return the float next to an exact figure."""
    return None if figure is None else float(figure)


def _by_number(
    shares: Mapping[int, Fraction | None] | Mapping[Fraction, Fraction | None],
) -> dict[str, float | None]:
    return {f"{float(n):g}": number_of(share) for n, share in shares.items()}
