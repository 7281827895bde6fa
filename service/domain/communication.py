"""Communications incidents: when so many points of a place stop reporting together that it is not theirs alone.

An incident makes no interruption and changes no minute: what is silent stays MISSING.
"""

from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from datetime import datetime
from fractions import Fraction

from service.domain.communication_rows import CommunicationRow
from service.domain.reporting import (
    PLACE_KINDS,
    Against,
    Cell,
    History,
    KeptCount,
    Level,
    Place,
    SlotCount,
    added,
    cells_by_place,
    level_of,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Incident:
    """A loss of communication of one place."""

    place: Place
    from_at: datetime  # start of the first slot that fell short
    to_at: datetime | None = None  # start of the first that did not any more; None while open
    against: Against
    n_due: int  # points that were to report when it began
    n_usual: int  # of these, would have reported; rounded
    n_silent: int  # fewer than that, at the worst slot; rounded

    @property
    def level(self) -> Level:
        """What would have reported when it began."""
        return Level(share=Fraction(self.n_usual, self.n_due), against=self.against)


@dataclass(frozen=True, slots=True, kw_only=True)
class SlotOutcome:
    """What a slot that closes brings."""

    whole: SlotCount  # of all points, those without a place too
    kept: Mapping[Place, KeptCount]
    opened: Sequence[Incident]
    worsened: Sequence[Incident]  # open ones with a greater n_silent
    closed: Sequence[Incident]
    still_open: Mapping[Place, Incident]  # after it


def close_slot(
    slot_at: datetime,
    cells: Sequence[Cell],
    history: History,
    open_incidents: Mapping[Place, Incident],
    rule: CommunicationRow,
) -> SlotOutcome:
    """Return what the counts of one slot say; slots come in order.

    An incident opens in a slot in which the points that report are at least ``share_below`` (the
    edge counts) and at least ``points_min`` points fewer than would. It closes in the first slot in
    which they are less than ``share_closed`` or fewer than ``points_min`` points fewer: also where
    none is left to report, because all are known to be without supply or have left.

    Args:
        slot_at: Start of the slot.
        cells: The points that were due or without supply in it, by their places.
        history: The same slots of the days before.
        open_incidents: Those that are open before it, by place.
        rule: What a loss of communication is.
    """
    inside = cells_by_place(cells)
    counts = {place: added(cells[i].count for i in mine) for place, mine in inside.items()}
    levels = {place: _level(place, history, open_incidents, rule) for place in counts}
    short = {
        place
        for place, count in counts.items()
        if falls_short(count, levels[place], _share(place, open_incidents, rule), rule.points_min)
    }
    going_on = {place: one for place, one in open_incidents.items() if place in short}
    worse = [
        replace(one, n_silent=n_silent)
        for place, one in going_on.items()
        if (n_silent := _rounded(_missing(counts[place], levels[place]))) > one.n_silent
    ]
    nesting = _Nesting(cells=cells, inside=inside, levels=levels, rule=rule)
    opened = [
        _incident(place, slot_at, counts[place], levels[place])
        for place in sorted(nesting.holders(short - going_on.keys(), going_on.keys()))
    ]
    return SlotOutcome(
        whole=added(cell.count for cell in cells),
        kept={
            place: KeptCount(
                count=count, is_short=place in short and levels[place].against == "usual"
            )
            for place, count in counts.items()
        },
        opened=opened,
        worsened=worse,
        closed=[
            replace(one, to_at=slot_at)
            for place, one in open_incidents.items()
            if place not in going_on
        ],
        still_open=going_on | {one.place: one for one in (*worse, *opened)},
    )


def falls_short(count: SlotCount, level: Level, share_below: Fraction, points_min: int) -> bool:
    """Return whether at least this share, and at least so many points, fewer report than would."""
    missing = _missing(count, level)
    return missing >= points_min and missing >= share_below * level.share * count.n_due


def _missing(count: SlotCount, level: Level) -> Fraction:
    return level.share * count.n_due - count.n_reporting


def _level(
    place: Place,
    history: History,
    open_incidents: Mapping[Place, Incident],
    rule: CommunicationRow,
) -> Level:
    """Return what would report; where a loss lasts longer than what is kept, what did when it began."""
    level = level_of(place, history, rule)
    if level.against == "expected" and place in open_incidents:
        return open_incidents[place].level
    return level


def _share(
    place: Place, open_incidents: Mapping[Place, Incident], rule: CommunicationRow
) -> Fraction:
    return Fraction(rule.share_closed if place in open_incidents else rule.share_below)


def _incident(place: Place, slot_at: datetime, count: SlotCount, level: Level) -> Incident:
    return Incident(
        place=place,
        from_at=slot_at,
        against=level.against,
        n_due=count.n_due,
        n_usual=_rounded(level.share * count.n_due),
        n_silent=_rounded(_missing(count, level)),
    )


def _rounded(number: Fraction) -> int:
    """Return the nearest integer, of two the greater."""
    return int((number + Fraction(1, 2)) // 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Nesting:
    """Which of several places that fall short at once has the incident."""

    cells: Sequence[Cell]
    inside: Mapping[Place, Sequence[int]]  # cells of each place
    levels: Mapping[Place, Level]
    rule: CommunicationRow

    def holders(self, candidates: AbstractSet[Place], held: AbstractSet[Place]) -> set[Place]:
        """Return the places among ``candidates`` that have an incident of their own.

        From the smallest to the largest, each either takes the incident from those that lie mostly
        in it, or leaves it to them.

        Args:
            candidates: Places that fall short and have no open incident.
            held: Places whose incident is open; it stays theirs.
        """
        found: set[Place] = set()
        of_cell: list[set[Place]] = [set() for _ in self.cells]
        for place in held:
            self._mark(of_cell, place)
        for place in sorted(candidates, key=self._size):
            if self._takes(place, of_cell, held):
                for lesser in self._within(place, of_cell, held):
                    found.discard(lesser)
                    for i in self.inside[lesser]:
                        of_cell[i].discard(lesser)
                found.add(place)
                self._mark(of_cell, place)
        return found

    def _takes(
        self, place: Place, of_cell: Sequence[AbstractSet[Place]], held: AbstractSet[Place]
    ) -> bool:
        """Return whether the incident is this place's.

        It is if points outside open incidents fall short by themselves, and these are not just those
        of smaller places: what is left without them falls short, too, or is nothing, or two or more
        of them have more than half of it.
        """
        unheld = [i for i in self.inside[place] if not of_cell[i] & held]
        if not self._falls_short(place, unheld):
            return False
        rest = [i for i in unheld if not of_cell[i]]
        if self._falls_short(place, rest) or not self._n_due(rest):
            return True
        n_lesser = len(self._within(place, of_cell, held))
        n_taken = self._n_due(unheld) - self._n_due(rest)
        return n_lesser > 1 and 2 * n_taken > self._n_due(unheld)

    def _within(
        self, place: Place, of_cell: Sequence[AbstractSet[Place]], held: AbstractSet[Place]
    ) -> set[Place]:
        """Return the places found so far with more than half of their points in ``place``."""
        mine = set(self.inside[place])
        lesser = {one for i in mine for one in of_cell[i]} - held
        return {
            one
            for one in lesser
            if 2 * self._n_due(mine.intersection(self.inside[one])) > self._n_due(self.inside[one])
        }

    def _falls_short(self, place: Place, cells: Iterable[int]) -> bool:
        count = added(self.cells[i].count for i in cells)
        share = Fraction(self.rule.share_below)
        return falls_short(count, self.levels[place], share, self.rule.points_min)

    def _mark(self, of_cell: Sequence[set[Place]], place: Place) -> None:
        for i in self.inside[place]:
            of_cell[i].add(place)

    def _n_due(self, cells: Iterable[int]) -> int:
        return sum(self.cells[i].count.n_due for i in cells)

    def _size(self, place: Place) -> tuple[int, int, str]:
        return self._n_due(self.inside[place]), PLACE_KINDS.index(place.kind), place.code
