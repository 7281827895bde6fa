"""Pages of candidates, and their join."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from tests.oracle.assignments import Assignment
from tests.oracle.words import HOUR_MINUTES, NOTHING, Candidate, Rank


class PageKey(NamedTuple):
    """The key of a page: a point (or, within one log, a lane) and an hour since the epoch."""

    owner: int
    hour: int


class Energy(NamedTuple):
    """What is known of an hour's energy. Of two, the greater is kept: the fuller one."""

    power_s: int = 0  # seconds of known power
    active_ws: int = 0
    reactive_vars: int = 0


NO_ENERGY = Energy()


@dataclass(slots=True)
class Page:
    """One hour."""

    minutes: list[list[Candidate]]  # [phase][minute of the hour]
    energy: Energy = NO_ENERGY

    def cells(self) -> list[list[int]]:
        """Return the cells, by phase and minute."""
        return [[found.cell for found in phase] for phase in self.minutes]

    def marks(self) -> list[list[int]]:
        """Return the marks without verdicts, by phase and minute."""
        return [[found.mark for found in phase] for phase in self.minutes]


def empty_page(n_phases: int) -> Page:
    """Return a page in which nothing is known."""
    return Page([[NOTHING] * HOUR_MINUTES for _ in range(n_phases)])


@dataclass(slots=True)
class Ledger:
    """Pages by owner and hour."""

    pages: dict[PageKey, Page] = field(default_factory=dict)

    def page(self, owner: int, hour: int, n_phases: int) -> Page:
        """Return a page, made empty if it is new."""
        key = PageKey(owner, hour)
        page = self.pages.get(key)
        if page is None:
            page = self.pages[key] = empty_page(n_phases)
        return page

    def put(self, lane: Assignment, minute: int, phase: int, found: Candidate) -> bool:
        """Join a candidate into the cell of a lane; return whether the cell changed."""
        hour, place = divmod(minute, HOUR_MINUTES)
        minutes = self.page(lane.device_id, hour, lane.n_phases).minutes[phase]
        if found <= minutes[place]:
            return False
        minutes[place] = found
        return True

    def is_measured(self, lane: Assignment, minute: int) -> bool:
        """Return whether any phase of the lane has a good cell for the minute."""
        hour, place = divmod(minute, HOUR_MINUTES)
        page = self.pages.get(PageKey(lane.device_id, hour))
        return page is not None and any(phase[place].rank == Rank.GOOD for phase in page.minutes)

    def add_energy(
        self, lane: Assignment, minute: int, power: tuple[int, int], seconds: int
    ) -> None:
        """Add the energy of some seconds at this power (watts, var) to the lane's hour."""
        page = self.page(lane.device_id, minute // HOUR_MINUTES, lane.n_phases)
        power_s, active_ws, reactive_vars = page.energy
        page.energy = Energy(
            power_s + seconds, active_ws + power[0] * seconds, reactive_vars + power[1] * seconds
        )


def join(left: Page, right: Page) -> Page:
    """Return what two pages of one owner and hour say together."""
    minutes = [
        [max(pair) for pair in zip(*phases, strict=True)]
        for phases in zip(left.minutes, right.minutes, strict=True)
    ]
    return Page(minutes, max(left.energy, right.energy))


def join_ledgers(
    ledgers: Iterable[Ledger], owner_of: Callable[[int], int] = lambda owner: owner
) -> Ledger:
    """Return what some ledgers say together; ``owner_of`` renames the owners of their pages."""
    whole = Ledger()
    for ledger in ledgers:
        for key, page in ledger.pages.items():
            renamed = PageKey(owner_of(key.owner), key.hour)
            known = whole.pages.get(renamed) or empty_page(len(page.minutes))
            whole.pages[renamed] = join(known, page)
    return whole
