"""Interruptions that were found, held against the truth of a simulated district."""

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from service.domain.supply.feeders import FeederSupply
from service.domain.supply.interruptions import Interruption
from tests.simulate.district import District
from tests.supply.district_evidence import us

SECOND = 1_000_000
PHYSICAL = frozenset(
    {
        *("power_off", "power_on", "last_gasp", "restored", "power_failure_log"),
        *("zero_voltage", "feeder_head"),
    }
)
STATUTORY = frozenset({"measured", "meter_event", "feeder", "declared"})  # best grades in figures


@dataclass(frozen=True, slots=True)
class TrueOutage:
    """A row of truth/point_outages.csv; microseconds."""

    outage: str
    start: int
    end: int
    is_physical: bool


@dataclass(frozen=True, slots=True)
class Pair:
    """A true outage of a point and the interruption that was found for it."""

    point: str
    true: TrueOutage
    found: Interruption

    @property
    def holds_start(self) -> bool:
        """Whether supply went in ``earliest .. start``, to the second that meters show."""
        return self.found.earliest <= self.true.start < self.found.start + SECOND

    @property
    def holds_end(self) -> bool:
        """Whether supply came back in ``end .. latest``, to the second that meters show."""
        end, latest = self.found.end, self.found.latest
        return end is not None and latest is not None and end <= self.true.end < latest + SECOND


@dataclass(frozen=True, slots=True)
class Comparison:
    """What was found, beside what was true."""

    pairs: tuple[Pair, ...]
    missed: tuple[tuple[str, TrueOutage], ...]  # with physical evidence
    invented: tuple[tuple[str, Interruption], ...]

    @property
    def recall(self) -> Fraction:
        """Share of the true outages with physical evidence that were found."""
        n = sum(pair.true.is_physical for pair in self.pairs)
        return Fraction(n, max(n + len(self.missed), 1))

    @property
    def precision(self) -> Fraction:
        """Share of what was found that is true."""
        return Fraction(len(self.pairs), max(len(self.pairs) + len(self.invented), 1))

    @property
    def containment(self) -> Fraction:
        """Share of starts and ends that lie where they were said to lie."""
        n = sum(pair.holds_start + pair.holds_end for pair in self.pairs)
        return Fraction(n, max(2 * len(self.pairs), 1))


@dataclass(frozen=True, slots=True)
class Indices:
    """SAIDI, minutes, and SAIFI of all customers."""

    saidi_min: Fraction
    saifi: Fraction


def true_outages(district: District) -> dict[str, list[TrueOutage]]:
    """Return the true outages by point; a reserve entrance has the evidence of the other one."""
    rows = district.rows("truth/point_outages.csv")
    told = {(row["outage"], row["point"]): set(row["evidence"].split(";")) for row in rows}
    found: defaultdict[str, list[TrueOutage]] = defaultdict(list)
    previous = ""
    for row in rows:
        evidence = told[row["outage"], row["point"]]
        if district.device_of[row["point"]]["role"] == "reserve":
            evidence = evidence | told.get((row["outage"], previous), set())
        previous = row["point"]
        found[row["point"]].append(
            TrueOutage(row["outage"], us(row["start"]), us(row["end"]), bool(evidence & PHYSICAL))
        )
    return dict(found)


def found_interruptions(
    district: District, supplies: Iterable[FeederSupply]
) -> dict[str, list[Interruption]]:
    """Return what was found by point."""
    names = [row["point"] for row in district.rows("points.csv")]
    return {
        names[point_id - 1]: list(supply.interruptions)
        for one in supplies
        for point_id, supply in one.points.items()
    }


def compare(
    true: Mapping[str, Sequence[TrueOutage]], found: Mapping[str, Sequence[Interruption]]
) -> Comparison:
    """Return which interruption is which true outage: those that meet, the closest first."""
    pairs: list[Pair] = []
    missed: list[tuple[str, TrueOutage]] = []
    invented: list[tuple[str, Interruption]] = []
    for point in sorted({*true, *found}):
        mine = _paired(point, true.get(point, ()), found.get(point, ()))
        pairs += mine
        seen, known = {pair.true for pair in mine}, {pair.found for pair in mine}
        missed += [
            (point, one) for one in true.get(point, ()) if one not in seen and one.is_physical
        ]
        invented += [(point, one) for one in found.get(point, ()) if one not in known]
    return Comparison(tuple(pairs), tuple(missed), tuple(invented))


def _paired(point: str, true: Sequence[TrueOutage], found: Sequence[Interruption]) -> list[Pair]:
    near = 5 * 60 * SECOND  # a clock may be off
    ranked = sorted(
        (abs(one.start - other.start), i, j)
        for i, one in enumerate(true)
        for j, other in enumerate(found)
        if other.earliest - near <= one.end
        and (other.latest is None or one.start <= other.latest + near)
    )
    pairs: dict[int, int] = {}
    for _, i, j in ranked:
        if i not in pairs and j not in pairs.values():
            pairs[i] = j
    return [Pair(point, true[i], found[j]) for i, j in sorted(pairs.items())]


def indices(district: District, found: Mapping[str, Sequence[Interruption]]) -> Indices:
    """Return SAIDI and SAIFI of what was found, of grades that figures count.

    A customer with several entrances is out while all of them are.
    """
    dark, n_interruptions, n_customers = 0, 0, 0
    for row in district.rows("customers.csv"):
        n_customers += 1
        out = _spans(found.get(row["points"].split(";")[0], ()))
        for point in row["points"].split(";")[1:]:
            other = _spans(found.get(point, ()))
            both = [(max(a, c), min(b, d)) for a, b in out for c, d in other]
            out = [(a, b) for a, b in both if a <= b]
        dark += sum(b - a for a, b in out)
        n_interruptions += len(out)
    return Indices(
        Fraction(dark, 60 * SECOND * n_customers), Fraction(n_interruptions, n_customers)
    )


def with_physical_evidence(
    found: Mapping[str, Sequence[Interruption]], comparison: Comparison
) -> dict[str, list[Interruption]]:
    """Return what was found, without what is true but left no physical evidence at its point.

    Such outages are reported apart, here as in the truth.
    """
    apart = {(one.point, one.found) for one in comparison.pairs if not one.true.is_physical}
    return {
        point: [one for one in mine if (point, one) not in apart] for point, mine in found.items()
    }


def _spans(found: Iterable[Interruption]) -> list[tuple[int, int]]:
    return [
        (one.start, one.end) for one in found if one.evidence in STATUTORY and one.end is not None
    ]


def true_indices(district: District) -> Indices:
    """Return SAIDI and SAIFI of the outages with physical evidence, as the simulator counted them."""
    figures = json.loads((district.out / "truth/figures.json").read_text())
    of_all = figures["with_physical_evidence"]["longer_than_0_s"]
    return Indices(Fraction(of_all["saidi_min"]), Fraction(of_all["saifi"]))
