"""What the live watch would see of an outage, and what it remembers; in plain words, as the database answers it."""

from collections.abc import Sequence

from service.domain.alerts.counting import Part
from service.domain.alerts.darkness import DarkPoint, DeclaredWindow
from service.domain.alerts.standing import (
    AlertKey,
    AlertState,
    KnownAlert,
    Look,
    OutagePart,
    Standing,
    standing_of,
)
from service.domain.alerts.words import OutageReason
from tests.alerts.builders import FOREVER, MINUTE, ROW

WAIT = 3 * MINUTE
EARLY, LATE = 15 * MINUTE, 20 * MINUTE  # of a window


class LiveWatch:
    """Looks at one outage again and again, as ``settle`` does, and remembers as the database does."""

    def __init__(self, members: Sequence[DarkPoint], windows: Sequence[DeclaredWindow]) -> None:
        self.members = members
        self.windows = windows
        self.rows: list[AlertState] = []  # as they stood last
        self.known: dict[AlertKey, KnownAlert] = {}
        self.told: dict[str, int] = {}  # by kind, the first time
        self.over: dict[str, int] = {}  # of what was told

    def look(self, at: int) -> Standing:
        """Look once."""
        parts = parts_at(self.members, self.windows, at, self.told)
        look = Look(now=at, through=at, parts=parts, known=list(self.known.values()))
        standing = standing_of(ROW, look)
        for number in standing.over:
            self._end(number, at)
        for one in standing.alerts:
            self._note(one)
        return standing

    @property
    def reasons(self) -> list[OutageReason | None]:
        """Why nobody was told, of each alert that was noted; None: it was waited with to the end."""
        return [one.reason for one in self.rows if one.told is None]

    def _note(self, one: AlertState) -> None:
        before = self.known.get(one.key)
        if before is None:
            self.rows.append(one)
        number = len(self.rows) - 1 if before is None else before.alert_id
        self.rows[number] = one
        is_first_told = one.told is not None and (before is None or before.told is None)
        if is_first_told and one.told is not None:
            self.told.setdefault(one.kind, one.told)
        n_before = 0 if before is None or is_first_told else before.n_points
        self.known[one.key] = KnownAlert(
            alert_id=number,
            key=one.key,
            noted=one.noted,
            ready=one.ready,
            told=one.told,
            reason=one.reason,
            n_points=max(n_before, one.part.n_points),
        )

    def _end(self, number: int, at: int) -> None:
        (key,) = (key for key, one in self.known.items() if one.alert_id == number)
        one = self.known.pop(key)
        if one.told is None:
            return
        self.over.setdefault(key.kind, at)
        self.known[key] = KnownAlert(
            alert_id=number,
            key=key,
            noted=one.noted,
            ready=one.ready,
            told=one.told,
            reason=None,
            n_points=one.n_points,
            is_over=True,
        )


def parts_at(
    members: Sequence[DarkPoint],
    windows: Sequence[DeclaredWindow],
    at: int,
    told: dict[str, int],
) -> list[OutagePart]:
    """Return what is known at an instant of an outage, if any of its points is without supply."""
    known = [one for one in members if _is_known(one, at)]
    if not any(_is_dark(one, at) for one in known):
        return []
    backs = [one.back for one in known if not _is_dark(one, at) and one.back is not None]
    by_part: dict[Part, list[DarkPoint]] = {}
    for one in known:
        by_part.setdefault(_part(one, members, windows, at, told), []).append(one)
    return [
        OutagePart(
            outage_id=1,
            part=part,
            place="transformer",
            organisation="ORG",
            region="R1",
            feeder="F1",
            feeder_name="",
            start=min(one.start for one in known),
            newest=max((one.start for one in mine if _went(one, at)), default=0),
            first_back=min(backs, default=None),
            declaration_id=None,
            n_said=sum(_is_said(one, at) for one in mine),
            n_went=sum(_went(one, at) for one in mine),
            n_gone=sum(_went(one, at) and one.start + WAIT <= at for one in mine),
            n_left=sum(
                _is_said(one, at) and _is_dark(one, at) and one.start + WAIT <= at for one in mine
            ),
            n_points=sum(_is_dark(one, at) for one in mine),
            n_transformers=1,
            n_customers=sum(_is_dark(one, at) for one in mine),
        )
        for part, mine in sorted(by_part.items())
    ]


def _is_said(one: DarkPoint, at: int) -> bool:
    return one.heard is not None and one.heard <= at


def _is_back(one: DarkPoint, at: int) -> bool:
    return one.back is not None and one.back <= at


def _went(one: DarkPoint, at: int) -> bool:
    return _is_said(one, at) or _is_back(one, at)


def _is_known(one: DarkPoint, at: int) -> bool:
    return _went(one, at) or (one.heard is None and one.start <= at)


def _is_dark(one: DarkPoint, at: int) -> bool:
    return _is_known(one, at) and one.start <= at and not _is_back(one, at)


def _part(
    one: DarkPoint,
    members: Sequence[DarkPoint],
    windows: Sequence[DeclaredWindow],
    at: int,
    told: dict[str, int],
) -> Part:
    """Return how a point stands to what was declared when it was told of, or would be."""
    joined = one.start + WAIT
    known_at = min(at, max(told.get("interruption", at), joined))
    held_at = min(at, max(told.get("overrun", at), joined))
    covering = [
        other
        for other in windows
        if one.point_id in other.point_ids
        and (other.withdrawn is None or other.withdrawn > at)
        and (other.ends is None or other.ends > one.start)
    ]
    if not any(_holds_at(other) <= known_at for other in covering):
        return "free"
    is_held = any(
        _holds_at(other) <= held_at
        and not (
            other.ends is not None
            and other.ends + LATE <= at
            and _was_dark_after(other.ends, other.point_ids, members, at)
        )
        for other in covering
    )
    return "covered" if is_held else "overrun"


def _holds_at(other: DeclaredWindow) -> int:
    return max(other.entered, other.begins - EARLY)


def _was_dark_after(
    ends: int, point_ids: frozenset[int], members: Sequence[DarkPoint], at: int
) -> bool:
    return any(
        word.at > ends and word.arrives <= at
        for one in members
        if one.point_id in point_ids
        for word in one.measured
    )


def instants(members: Sequence[DarkPoint], windows: Sequence[DeclaredWindow]) -> list[int]:
    """Return whenever anything changes, in order."""
    waits = [ROW.return_wait_s * 1_000_000, ROW.left_wait_s * 1_000_000]
    found: set[int] = set()
    for one in members:
        found |= {one.start, one.start + WAIT}
        found |= {at for at in (one.told, one.heard, one.back) if at is not None}
        found |= {one.back + wait for wait in waits if one.back is not None}
        found |= {word.arrives for word in one.measured}
    for other in windows:
        found |= {_holds_at(other)}
        found |= set() if other.ends is None else {other.ends + LATE}
        found |= set() if other.withdrawn is None else {other.withdrawn}
    return sorted(at for at in found if at < FOREVER)
