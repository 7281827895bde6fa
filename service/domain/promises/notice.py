"""Whether people were told of an outage in time: State Grid norm, art. 9(3)."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Literal, NamedTuple
from zoneinfo import ZoneInfo

from service.domain.promise_rows import NoticeField, NoticeRow
from service.domain.promises.cases import Breach, Case
from service.domain.promises.leads import Lead, shortfall

OutageKind = Literal["planned", "temporary", "customer_request"]


@dataclass(frozen=True, slots=True, kw_only=True)
class AnnouncedOutage:
    """An outage of the register, with what was announced of it and what came."""

    declaration_id: int
    ticket: str
    outage_kind: OutageKind
    cause: str = ""
    regions: tuple[str, ...] = ()
    window_from: int | None = None  # as announced
    window_to: int | None = None
    from_at: int | None = (
        None  # as it came, by the register or by meters; None: not, or nobody said
    )
    to_at: int | None = None
    notice_at: int | None = None  # public notice
    notice_fields: frozenset[NoticeField] = frozenset()  # what it named
    is_cancelled: bool = False
    important: frozenset[str] = frozenset()  # important customers in its scope, by account
    told: Mapping[str, int] = field(default_factory=dict)  # who of them was told, and when

    @property
    def off_at(self) -> int:
        """When supply was announced to go, or went where nothing was announced.

        Raises:
            ValueError: There is neither.
        """
        off = self.from_at if self.window_from is None else self.window_from
        if off is None:
            raise ValueError(
                f"declaration {self.declaration_id} has neither window nor actual time"
            )
        return off

    @property
    def at(self) -> int:
        """What places it in a period: when supply went, or was to go."""
        return self.off_at if self.from_at is None else self.from_at


def notice_case(row: NoticeRow, outage: AnnouncedOutage, now: int, zone: ZoneInfo) -> Case:
    """Return whether an outage had its notice; as long as there is time for it, it is open.

    Of ``public_or_told`` either way is enough; telling important customers is one only where there
    are any, so that an outage without them needs its public notice.
    """
    lead = Lead(row.lead, row.lead_unit, zone)
    told_lead = lead._replace(n_units=row.told_lead or 0)
    public = _way(tuple(_public_breaches(row, outage, lead)), outage, lead, now)
    told = _way(tuple(_told_breaches(outage, told_lead)), outage, told_lead, now)
    is_kept, breaches = _demanded(row, public, told, has_important=bool(outage.important))
    return Case(
        subject=outage.ticket,
        record_id=outage.declaration_id,
        regions=outage.regions,
        at=outage.at,
        is_kept=None if outage.is_cancelled else is_kept,
        would_be_kept=is_kept,
        is_open=is_kept is not True and outage.from_at is None and outage.off_at > now,
        exemption="cancelled" if outage.is_cancelled else "",
        breaches=breaches,
    )


class _Way(NamedTuple):
    """One way of telling people."""

    breaches: tuple[Breach, ...]
    is_pending: bool  # there is time to make it good


def _way(breaches: tuple[Breach, ...], outage: AnnouncedOutage, lead: Lead, now: int) -> _Way:
    return _Way(breaches, bool(breaches) and shortfall(lead, now, outage.off_at) is None)


def _demanded(
    row: NoticeRow, public: _Way, told: _Way, *, has_important: bool
) -> tuple[bool | None, tuple[Breach, ...]]:
    """Return whether what a row demands was done, None while it still can be, and what was not."""
    if row.demands == "public_or_told":
        ways = [public, told] if has_important else [public]
        if not all(way.breaches for way in ways):
            return True, ()
        if any(way.is_pending for way in ways):
            return None, ()
        return False, tuple(breach for way in ways for breach in way.breaches)
    ways = [public] if row.demands == "public" else [public, told]
    broken = tuple(breach for way in ways if not way.is_pending for breach in way.breaches)
    if broken:
        return False, broken
    return (None if any(way.is_pending for way in ways) else True), ()


def _public_breaches(row: NoticeRow, outage: AnnouncedOutage, lead: Lead) -> Iterator[Breach]:
    if outage.notice_at is None:
        yield Breach("no_public_notice", Fraction(0), "")
        return
    late = shortfall(lead, outage.notice_at, outage.off_at)
    if late is not None:
        yield Breach("public_notice_late", late.by, late.unit)
    n_missing = len(row.public_fields - outage.notice_fields)
    if n_missing:
        yield Breach("public_notice_incomplete", Fraction(n_missing), "fields")


def _told_breaches(outage: AnnouncedOutage, lead: Lead) -> Iterator[Breach]:
    n_not_told = len(outage.important - outage.told.keys())
    if n_not_told:
        yield Breach("important_customers_not_told", Fraction(n_not_told), "customers")
    late = [
        found
        for customer in outage.important & outage.told.keys()
        if (found := shortfall(lead, outage.told[customer], outage.off_at)) is not None
    ]
    if late:
        latest = max(late)
        yield Breach("important_customers_told_late", latest.by, latest.unit)
