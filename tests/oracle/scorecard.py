"""Targets and budgets the plain way: members and minutes one by one, fractions of lists."""

from collections.abc import Sequence
from fractions import Fraction

Member = tuple[str, str, Fraction | None]  # region, area, share; None: nothing is known of it


def mean(shares: Sequence[Fraction]) -> Fraction | None:
    """Return the plain mean of some shares."""
    return sum(shares, Fraction(0)) / len(shares) if shares else None


def verdict(members: Sequence[Member], area: str, reach: str, at_least: Fraction | None) -> str:
    """Return whether these members keep a target."""
    chosen = [one for one in members if area in ("any", one[1])]
    if at_least is None:
        return "no_target"
    groups: dict[str, list[Fraction]] = {}
    for region, _, share in chosen:
        groups.setdefault(region if reach == "each" else "all", [])
        if share is not None:
            groups[region if reach == "each" else "all"].append(share)
    means = [mean(shares) for shares in groups.values()]
    if any(one is not None and one < at_least for one in means):
        return "broken"
    if not means or any(one is None for one in means):
        return "not_enough_data"
    return "kept"


def burn_rate(minutes: Sequence[bool | None], at_least: Fraction) -> Fraction | None:
    """Return the burn rate of member minutes: good, bad, or not known."""
    known = [one for one in minutes if one is not None]
    if not known or at_least == 1:
        return None
    n_bad = len([one for one in known if not one])
    return Fraction(n_bad, len(known)) / (1 - at_least)
