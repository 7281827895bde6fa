"""The same evidence gives the same interruptions and outages, in whatever order and however often it comes."""

from hypothesis import given
from hypothesis import strategies as st

from service.domain.supply.feeders import FeederSupply
from service.domain.supply.measured import MeasuredEvent
from service.domain.supply.meter_events import MeterEvent
from service.domain.supply.own_evidence import OwnEvidence
from service.domain.supply.register import RegisterEntry
from tests.supply.builders import (
    DARK,
    LIVE,
    SILENT,
    at,
    entry,
    meter,
    point,
    second,
    supply,
    told,
)

ROLES = ("head", "terminal", "meter", "meter", "meter", "other")
KINDS = st.sampled_from(["power_off", "power_on", "last_gasp", "restored", "power_failure_log"])
# Around few instants, so that points agree, nearly agree and contradict each other.
INSTANTS = st.sampled_from([1800, 1802, 1830, 1980, 3600, 3604, 3640, 7000, 7300])
EVENTS = st.lists(
    st.builds(
        lambda kind, s, n: told(kind, s, s + n if kind == "power_failure_log" else None),
        KINDS,
        INSTANTS,
        st.sampled_from([2, 100, 1800, 1810, 5000]),
    ),
    max_size=4,
)
RUNS = st.lists(
    st.tuples(st.sampled_from([LIVE, LIVE, SILENT, DARK]), st.sampled_from([15, 30])), max_size=6
)
MEASURED = st.lists(
    st.builds(
        lambda s, n: MeasuredEvent(
            earliest=second(s), start=second(s), end=second(s + n), latest=second(s + n)
        ),
        INSTANTS,
        st.sampled_from([900, 1800]),
    ),
    max_size=1,
)
POINTS = st.lists(
    st.tuples(RUNS, EVENTS, MEASURED, st.booleans(), st.sampled_from(["mean", "instant"])),
    min_size=1,
    max_size=len(ROLES),
)
ENTRIES = st.lists(
    st.builds(
        lambda off, n, ids, window: entry(
            None if window else off / 60,
            None if window or not n else (off + n) / 60,
            *ids,
            window=(off / 60, off / 60 + 60) if window else None,
        ),
        INSTANTS,
        st.sampled_from([0, 1750, 3600]),
        st.sets(st.integers(1, len(ROLES)), min_size=1),
        st.booleans(),
    ),
    max_size=3,
)

Raw = tuple[list[tuple[str, int]], list[MeterEvent], list[MeasuredEvent], bool, str]


def made(place: int, raw: Raw, data: st.DataObject) -> OwnEvidence:
    """Return a point whose evidence comes in some order, some of it twice."""
    runs, events, measured, self_powered, kind = raw
    role = ROLES[place]
    return point(
        runs,
        data.draw(st.permutations([*events, *events[:1]])),
        point_id=place + 1,
        how=meter(15, self_powered=self_powered, kind="instant" if kind == "instant" else "mean"),
        measured=data.draw(st.permutations(measured)),
        transformer={"head": "", "other": "T2"}.get(role, "T1"),
        is_feeder_head=role == "head",
        is_terminal=role == "terminal",
    )


@given(raws=POINTS, raw_entries=ENTRIES, data=st.data())
def test_any_order_of_arrival_gives_the_same_interruptions_and_outages(
    raws: list[Raw], raw_entries: list[RegisterEntry], data: st.DataObject
) -> None:
    entries = [
        RegisterEntry(
            declaration_id=number,
            point_ids=one.point_ids,
            off=one.off,
            on=one.on,
            window_from=one.window_from,
            window_to=one.window_to,
        )
        for number, one in enumerate(raw_entries, 1)
    ]

    def once() -> FeederSupply:
        points = [made(place, raw, data) for place, raw in enumerate(raws)]
        return supply(
            *data.draw(st.permutations(points)), entries=data.draw(st.permutations(entries))
        )

    first, other = once(), once()

    assert {i: one.interruptions for i, one in first.points.items()} == {
        i: one.interruptions for i, one in other.points.items()
    }
    assert first.outages == other.outages
    assert first.n_false_alarms == other.n_false_alarms
    for one in first.points.values():
        for before, after in zip(one.interruptions, one.interruptions[1:], strict=False):
            assert before.until(at(1440)) < after.start
