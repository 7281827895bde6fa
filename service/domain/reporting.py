"""Who reported in a slot of time, counted by place, and how many usually do.

Places are compared by the share of their points that report, not by their number: a place that
grows or shrinks has not lost anything. Points that are known to have been without supply are left
out of both, so that an outage is no loss of communication.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from typing import Final, Literal, NamedTuple, get_args
from zoneinfo import ZoneInfo

from service.domain.communication_rows import CommunicationRow

PlaceKind = Literal["concentrator", "transformer", "feeder"]
Against = Literal["usual", "expected"]

PLACE_KINDS: Final[tuple[PlaceKind, ...]] = get_args(PlaceKind)  # of places alike: the larger last


class Place(NamedTuple):
    """Through which, or below which, points report."""

    kind: PlaceKind
    code: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SlotCount:
    """Points in one slot."""

    n_due: int  # that were to report, those without supply left out
    n_reporting: int  # of these
    n_interrupted: int  # left out

    @property
    def share(self) -> Fraction | None:
        """The share that reported; None where none was to."""
        return Fraction(self.n_reporting, self.n_due) if self.n_due else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """Points of one slot that have all their places in common; a place that is not known is empty."""

    concentrator: str
    transformer: str
    feeder: str
    count: SlotCount

    def places(self) -> list[Place]:
        """Return the places of these points."""
        codes = zip(PLACE_KINDS, (self.concentrator, self.transformer, self.feeder), strict=True)
        return [Place(kind, code) for kind, code in codes if code]


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptCount:
    """What is kept of a slot of one place."""

    count: SlotCount
    is_short: bool  # fell short of what is usual, and so takes no part in it


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """What is kept of the same slots of the days before."""

    reaches_back: bool  # counts are kept from the first of these days on
    slots: Sequence[Mapping[Place, KeptCount]]  # of the days that were counted at all


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """The share of a place's points that would report."""

    share: Fraction
    against: Against


_ALL: Final = Level(share=Fraction(1), against="expected")


def added(counts: Iterable[SlotCount]) -> SlotCount:
    """Return the sum."""
    n_due = n_reporting = n_interrupted = 0
    for one in counts:
        n_due += one.n_due
        n_reporting += one.n_reporting
        n_interrupted += one.n_interrupted
    return SlotCount(n_due=n_due, n_reporting=n_reporting, n_interrupted=n_interrupted)


def cells_by_place(cells: Sequence[Cell]) -> dict[Place, list[int]]:
    """Return which of ``cells`` each place is made of, by their indices."""
    found: defaultdict[Place, list[int]] = defaultdict(list)
    for index, cell in enumerate(cells):
        for place in cell.places():
            found[place].append(index)
    return dict(found)


def same_slots(slot_at: datetime, zone: ZoneInfo, days: int) -> list[datetime]:
    """Return the starts, in UTC, of the slots at the same time of day on the ``days`` days before, the newest first.

    On the clocks of ``zone``. A time that they skip on such a day is left out; of one that they
    show twice the first is taken.
    """
    local = slot_at.astimezone(zone)
    found = []
    for n_days in range(1, days + 1):
        day = local.date() - timedelta(days=n_days)
        there = datetime.combine(day, local.time().replace(fold=0), tzinfo=zone)
        at = there.astimezone(UTC)
        if at.astimezone(zone).time() == there.time():
            found.append(at)
    return found


def level_of(place: Place, history: History, rule: CommunicationRow) -> Level:
    """Return the share of the points of ``place`` that would report.

    What is usual is the median of the same slots of the days before: one bad day does not move it.
    Slots that fell short of it take no part, or a long loss would become usual. Until the place has
    been counted on all these days (those on which nothing was counted aside), or where fewer than
    ``days_min`` of them are of use, every point is expected: its readings fill all its minutes, and
    a slot is closed only after its interval and delivery delay.
    """
    kept = [slot.get(place) for slot in history.slots]
    if not history.reaches_back or None in kept:
        return _ALL
    shares = sorted(
        one.count.share
        for one in kept
        if one is not None and not one.is_short and one.count.share is not None
    )
    if len(shares) < rule.days_min:
        return _ALL
    middle = len(shares) // 2
    return Level(share=(shares[middle] + shares[-1 - middle]) / 2, against="usual")


@dataclass(frozen=True, slots=True, kw_only=True)
class PartitionReach:
    """How far one partition has been read."""

    data_through: datetime  # end of its newest reading
    moved_at: datetime  # end of the newest reading of all, when it was last seen to move


def closable_before(
    partitions: Sequence[PartitionReach], longest_wait: timedelta, rule: CommunicationRow
) -> datetime | None:
    """Return the instant up to which slots can be closed; None before the first reading.

    A partition that lags must not look like silent points, so the one that has come least far
    decides. One that stood still while newer data came for more than ``lag_max_s`` is silent itself,
    or nobody reads it; it is not waited for.

    Args:
        partitions: Those that have readings.
        longest_wait: Interval and delivery delay of the slowest device that counts.
        rule: What a loss of communication is.
    """
    if not partitions:
        return None
    newest = max(one.data_through for one in partitions)
    lag_max = timedelta(seconds=rule.lag_max_s)
    awaited = [one.data_through for one in partitions if newest - one.moved_at <= lag_max]
    return min([newest, *awaited]) - longest_wait
