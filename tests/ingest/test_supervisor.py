import pytest

from service.errors import TopicRecreatedError
from service.ingest.polled import LogPosition, Partition
from service.ingest.supervisor import (
    Glance,
    ProgressPolicy,
    ProgressState,
    Stall,
    ends_process,
    look,
)

POLICY = ProgressPolicy(stall_s=120.0, suspect_s=60.0, beyond_end_s=10.0)
HERE = Partition("readings", 0)


def position(
    at: int | None, high_water: int | None, answered_ms: int | None = 1, *, is_paused: bool = False
) -> LogPosition:
    return LogPosition(
        position=at, high_water=high_water, answered_ms=answered_ms, is_paused=is_paused
    )


def glance(
    now_s: float,
    at: LogPosition | None = None,
    *,
    turned_s: float | None = None,
    trying_since_s: float | None = None,
    stored_s: float | None = None,
) -> Glance:
    """What is seen at ``now_s`` of a consumer that is well, but for what is given."""
    return Glance(
        turned_s=now_s if turned_s is None else turned_s,
        trying_since_s=trying_since_s,
        stored_s=now_s if stored_s is None else stored_s,
        has_unstored=True,
        positions={} if at is None else {HERE: at},
    )


def stalls(*positions: LogPosition) -> list[Stall | None]:
    """Return what is seen when a partition is looked at every thirty seconds."""
    state = ProgressState()
    return [look(POLICY, state, glance(30.0 * i, at), 30.0 * i) for i, at in enumerate(positions)]


@pytest.mark.parametrize(
    "positions",
    [
        [position(5, 5, i) for i in range(5)],  # nothing to read, and the broker says so
        [position(i, 100, i) for i in range(5)],  # behind, but moving
        [position(5, 100, 1, is_paused=True)] * 5,  # by our own will
    ],
)
def test_a_partition_that_moves_or_may_rest_is_no_stall(positions: list[LogPosition]) -> None:
    assert stalls(*positions) == [None] * 5


def test_messages_that_nobody_takes_are_a_stall() -> None:
    seen = stalls(*[position(5, 100, i) for i in range(4)])

    assert seen == [None, None, Stall("readings/0 stands at offset 5", 0.0), seen[2]]


@pytest.mark.parametrize("at", [position(5, 5, 1), position(None, None, None)])
def test_a_broker_that_does_not_answer_is_a_stall(at: LogPosition) -> None:
    assert stalls(at, at, at)[2] == Stall("no broker answers for readings/0", 0.0)


def test_time_spent_paused_does_not_count() -> None:
    paused = position(5, 100, 1, is_paused=True)

    assert stalls(paused, paused, paused, position(5, 100, 1), position(5, 100, 1)) == [None] * 5


@pytest.mark.parametrize(
    ("seen", "what"),
    [
        (glance(200.0, turned_s=139.0), "the client does not return"),
        (glance(200.0, trying_since_s=139.0), "a checkpoint neither fails nor ends"),
    ],
)
def test_what_hangs_ends_the_process_after_its_time(seen: Glance, what: str) -> None:
    stall = look(POLICY, ProgressState(), seen, 200.0)

    assert stall == Stall(what, 139.0)
    assert not ends_process(POLICY, stall, 258.9)
    assert ends_process(POLICY, stall, 259.0)


def test_a_database_that_fails_is_shown_but_does_not_end_the_process() -> None:
    stall = look(POLICY, ProgressState(), glance(1000.0, stored_s=0.0), 1000.0)

    assert stall == Stall("nothing could be stored", 0.0, ends_process=False)
    assert not ends_process(POLICY, stall, 1000.0)


def test_what_ends_the_process_is_named_before_what_does_not() -> None:
    seen = glance(1000.0, stored_s=0.0, turned_s=900.0)

    stall = look(POLICY, ProgressState(), seen, 1000.0)

    assert stall is not None
    assert stall.what == "the client does not return"


def test_a_position_that_stays_beyond_the_end_is_refused() -> None:
    state = ProgressState()
    beyond = position(100, 40)

    assert look(POLICY, state, glance(0.0, beyond), 0.0) is None
    assert look(POLICY, state, glance(9.9, beyond), 9.9) is None
    with pytest.raises(TopicRecreatedError, match=r"offset 100 .* ends at 40"):
        look(POLICY, state, glance(10.0, beyond), 10.0)


def test_a_new_leader_may_know_less_for_a_moment() -> None:
    state = ProgressState()

    for now_s, at in [
        (0.0, position(100, 40)),
        (9.0, position(100, 100)),
        (12.0, position(100, 40)),
    ]:
        assert look(POLICY, state, glance(now_s, at), now_s) is None
