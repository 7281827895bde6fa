"""What a reader of the indices of a file has to know."""

from collections.abc import Iterator, Sequence

from service.domain.reliability.interruption_indices import InterruptionIndices
from service.domain.reliability.outages import Outage, Span
from service.domain.reliability.user_interruptions import UserInterruption
from service.offline.index_options import IndexOptions


def index_remarks(
    outages: Sequence[Outage],
    interruptions: Sequence[UserInterruption],
    indices: InterruptionIndices,
    options: IndexOptions,
) -> Iterator[str]:
    """Yield, line by line, which figures are missing and why, and what was counted how."""
    yield from _missing(outages, indices, options)
    period = options.period
    found = {
        "interruptions that count as column momentary says, against their length": sum(
            one.is_against_length for one in interruptions
        ),
        "records without an end, which count up to the end of the period": sum(
            outage.end is None and outage.start < period.end for outage in outages
        ),
        "interruptions that began before the period, which count in it as time only": sum(
            one.start < period.start and one.time_in(period) > 0 for one in interruptions
        ),
        "interruptions outside the period": sum(
            not one.starts_in(period) and not one.time_in(period) for one in interruptions
        ),
    }
    yield from (f"{said}: {n}" for said, n in found.items() if n)
    if _most_at_once(outages, period) > options.n_customers:
        yield (
            "more customers are interrupted at once than there are: records of the same customers "
            "overlap, and without customer_ids they cannot be united"
        )


def _missing(
    outages: Sequence[Outage], indices: InterruptionIndices, options: IndexOptions
) -> Iterator[str]:
    if indices.n_distinct is None:
        yield (
            "CAIFI, CTAIDI, CEMI, CEMSMI and CELID need to know which customers were interrupted: "
            "give customer_ids in every record"
        )
    if options.kva is None and any(outage.kva is not None for outage in outages):
        yield "ASIFI and ASIDI need the connected capacity of all customers: give --kva"
    elif options.kva is not None and indices.asifi is None:
        yield "ASIFI and ASIDI need kva in every record of a sustained interruption"


def _most_at_once(outages: Sequence[Outage], period: Span) -> int:
    """Return the largest number of customers that were only counted, and interrupted at once."""
    steps: list[tuple[int, int]] = []
    for outage in outages:
        span = outage.span(period.end).cut(period)
        if outage.users is None and span.length_us:
            steps += [(span.start, outage.n_users), (span.end, -outage.n_users)]
    most = now = 0
    for _, step in sorted(steps):
        now += step
        most = max(most, now)
    return most
