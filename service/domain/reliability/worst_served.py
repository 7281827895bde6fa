"""Who is served worst: the customers behind CEMI_n and CELID, each with what happened to them."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from service.domain.reliability.outages import HOUR_US, Definition, Span
from service.domain.reliability.user_interruptions import UserInterruption
from service.domain.reliability.users import User

Index = Literal["cemi", "celid_s", "celid_t"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Criterion:
    """Whom to list: those whom an index counts for a number."""

    index: Index
    at_least: Fraction  # interruptions of cemi, else hours


@dataclass(frozen=True, slots=True, kw_only=True)
class WorstServed:
    """A user, and the sustained interruptions that it had in a period."""

    user: User
    n_interruptions: int  # that start in the period
    longest_us: int  # of those, to its end
    dark_us: int  # without supply in the period

    def found(self, index: Index) -> int:
        """Return what an index compares: interruptions, or microseconds."""
        return {"cemi": self.n_interruptions, "celid_s": self.longest_us, "celid_t": self.dark_us}[
            index
        ]


def worst_served(
    users: Iterable[User],
    interruptions: Iterable[UserInterruption],
    period: Span,
    definition: Definition,
    criterion: Criterion,
) -> Sequence[WorstServed]:
    """Return the users that an index counts, the worst first, at last by name.

    Args:
        users: Of whom the list is.
        interruptions: Of these users and perhaps others.
        period: In which interruptions start; time counts in it alone, but for the longest one.
        definition: "n or more", or "more than n".
        criterion: Which index, for which number.

    Source: IEEE 1366-2012, CEMI_n, CELID-s and CELID-t.
    """
    own: dict[str, list[UserInterruption]] = defaultdict(list)
    for one in interruptions:
        if one.is_sustained and one.user is not None:
            own[one.user].append(one)
    unit = 1 if criterion.index == "cemi" else HOUR_US
    found = [_one(user, mine, period) for user in users if (mine := own.get(user.user)) is not None]
    many = [
        one
        for one in found
        if (one.n_interruptions or one.dark_us)
        and definition.is_many(one.found(criterion.index), criterion.at_least * unit)
    ]
    return sorted(many, key=lambda one: (-one.found(criterion.index), -one.dark_us, one.user.user))


def _one(user: User, interruptions: Sequence[UserInterruption], period: Span) -> WorstServed:
    starting = [one for one in interruptions if one.starts_in(period)]
    return WorstServed(
        user=user,
        n_interruptions=len(starting),
        longest_us=max((one.length_us for one in starting), default=0),
        dark_us=sum(one.time_in(period) for one in interruptions),
    )
