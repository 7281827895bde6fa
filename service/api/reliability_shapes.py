"""Reliability figures as answers show them."""

from collections.abc import Mapping
from fractions import Fraction
from typing import Literal, Self

from pydantic import Field

from service.api.shapes import Shape
from service.domain.instants import MINUTE_US
from service.domain.registry import UserClass
from service.domain.reliability.causes import PARENT, CauseNode
from service.domain.reliability.figures import CountedUsers, NatureFigures
from service.domain.reliability.grades import GradeTotal, totals_by_grade
from service.domain.reliability.interruption_indices import Asked, InterruptionIndices
from service.domain.reliability.supply_reliability import SupplyReliability
from service.domain.reliability.user_interruptions import parts_of
from service.domain.rule_rows import ReliabilityRow
from service.domain.supply.pieces import Grade

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
    cemi_users: dict[str, int | None] = Field(description="how many users these are; as `cemi`")
    cemsmi_users: dict[str, int | None] = Field(description="how many users; as `cemsmi`")
    celid_s_users: dict[str, int | None] = Field(description="how many users; as `celid_s`")
    celid_t_users: dict[str, int | None] = Field(description="how many users; as `celid_t`")
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
            cemi_users=_counts(indices.many.cemi),
            cemsmi_users=_counts(indices.many.cemsmi),
            celid_s_users=_counts(indices.many.celid_s),
            celid_t_users=_counts(indices.many.celid_t),
            interruptions=indices.n_customer_interruptions,
            users_interrupted=indices.n_distinct,
        )


class NatureShape(Shape):
    """What outages of one nature have of the indices that count everything; natures add up."""

    nature: str = Field(description="fault, prearranged or unknown", examples=["fault"])
    saidi_hours: float | None = Field(description="hours without supply a user; short ones too")
    saifi: float | None = Field(description="interruptions a user; short ones too")
    maifi: float | None = Field(description="momentary interruptions a user")

    @classmethod
    def of(cls, one: NatureFigures) -> Self:
        """Return the figures as part of an answer."""
        return cls(
            nature=one.nature,
            saidi_hours=number_of(one.saidi_hours),
            saifi=number_of(one.saifi),
            maifi=number_of(one.maifi),
        )


class EvidenceShape(Shape):
    """Interruptions of users by the best evidence that they rest on."""

    evidence: Grade
    in_figures: bool = Field(
        description="false: only inferred from the silence of others, and in no figure"
    )
    interruptions: int = Field(
        description="that start in the period, short ones too, summed over users"
    )
    user_minutes: float = Field(description="without supply, summed over users")

    @classmethod
    def of(cls, one: GradeTotal) -> Self:
        """Return the total as part of an answer."""
        return cls(
            evidence=one.evidence,
            in_figures=one.evidence != "inferred",
            interruptions=one.n_interruptions,
            user_minutes=float(Fraction(one.user_us, MINUTE_US)),
        )


class ReliabilityShape(Shape):
    """The figures of a group of users."""

    group: str = Field(
        description="region, feeder, area, level (kV between phases) or cause; all: every user"
    )
    parent: str | None = Field(
        description="of a cause: the one that it hangs under; groups that are nobody's parent add up to `all`"
    )
    n_users: float | None = Field(description="on average over the period, by time in service")
    rs_1: float | None = Field(description="supply reliability on evidence, 0..1")
    lower: float | None = Field(
        description="RS-1 if outages were as long as their edges allow, and all unobserved time dark; "
        "of a cause also with the outages whose cause is not known that far"
    )
    upper: float | None = Field(
        description="RS-1 at best: no more than the evidence was dark; of a cause also without those "
        "of which only no other cause is known"
    )
    dl_t_836: list[SupplyShape]
    by_nature: list[NatureShape] = Field(description="faults, pre-arranged outages, without cause")
    ieee_1366: IndexShape
    by_evidence: list[EvidenceShape] = Field(
        description="the best first; declared and inferred ones have no physical evidence"
    )

    @classmethod
    def of(cls, group: str, counted: CountedUsers, node: CauseNode, asked: Asked) -> Self:
        """Return the figures of a node of the tree of causes as part of an answer.

        What is only inferred has no part in any of them, and is to be added.
        """
        figures = counted.figures(asked, node)
        bounds = figures.bounds
        parts = parts_of(counted.interruptions, node)
        return cls(
            group=group,
            parent=PARENT.get(node) if group == node else None,
            n_users=number_of(bounds.n_users),
            rs_1=number_of(bounds.rs_1),
            lower=number_of(bounds.lower),
            upper=number_of(bounds.upper),
            dl_t_836=[SupplyShape.of(n, one) for n, one in enumerate(figures.four.in_order(), 1)],
            by_nature=[NatureShape.of(one) for one in counted.by_nature(node)],
            ieee_1366=IndexShape.of(figures.indices),
            by_evidence=[
                EvidenceShape.of(one)
                for one in totals_by_grade(parts, counted.service.span).values()
            ],
        )


def number_of(figure: Fraction | None) -> float | None:
    """Return the float next to an exact figure."""
    return None if figure is None else float(figure)


def _by_number(
    shares: Mapping[int, Fraction | None] | Mapping[Fraction, Fraction | None],
) -> dict[str, float | None]:
    return {f"{float(n):g}": number_of(share) for n, share in shares.items()}


def _counts(
    counts: Mapping[int, int | None] | Mapping[Fraction, int | None],
) -> dict[str, int | None]:
    return {f"{float(n):g}": count for n, count in counts.items()}
