import pytest

from service.ingest.checkpoint_policy import FIRST_SHARE, CheckpointPolicy
from service.ingest.holding import Waiting

POLICY = CheckpointPolicy(
    interval_s=5.0, long_s=8.0, max_pages=10, max_late=20, max_letters=30, max_payload_bytes=40
)


@pytest.mark.parametrize(
    ("began_s", "now_s", "wait_s"), [(100.0, 100.0, 5.0), (100.0, 104.0, 1.0), (100.0, 107.0, 0.0)]
)
def test_a_checkpoint_is_due_an_interval_after_the_begin_of_the_last(
    began_s: float, now_s: float, wait_s: float
) -> None:
    assert POLICY.wait_s(began_s, now_s) == wait_s


@pytest.mark.parametrize(
    ("waiting", "is_full"),
    [
        (Waiting(n_pages=9, n_late=19, n_letters=29, n_payload_bytes=39), False),
        (Waiting(n_pages=10), True),
        (Waiting(n_late=20), True),
        (Waiting(n_letters=30), True),
        (Waiting(n_payload_bytes=40), True),
    ],
)
def test_memory_is_full_at_any_of_its_bounds(waiting: Waiting, is_full: bool) -> None:
    assert POLICY.is_full(waiting) is is_full


@pytest.mark.parametrize(
    ("waiting", "is_full"),
    [
        (Waiting(n_pages=4, n_late=9, n_letters=29, n_payload_bytes=39), False),
        (Waiting(n_pages=5), True),
        (Waiting(n_late=10), True),
    ],
)
def test_only_a_share_of_the_rows_may_wait(waiting: Waiting, is_full: bool) -> None:
    assert POLICY.is_full(waiting, share=0.5) is is_full


@pytest.mark.parametrize(
    ("share", "took_s", "next_share"),
    [(0.5, 8.1, 0.25), (0.5, 8.0, 0.5), (0.5, 2.1, 0.5), (0.5, 2.0, 1.0), (1.0, 0.1, 1.0)],
)
def test_a_checkpoint_that_took_long_makes_the_next_one_smaller(
    share: float, took_s: float, next_share: float
) -> None:
    assert POLICY.next_share(share, took_s) == next_share


def test_a_database_that_stays_slow_is_given_little_but_never_nothing() -> None:
    share = FIRST_SHARE
    for _ in range(100):
        share = POLICY.next_share(share, took_s=1000.0)

    assert 0 < share < FIRST_SHARE
