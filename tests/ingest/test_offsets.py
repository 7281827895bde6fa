import pytest

from service.errors import DataGapError, TopicRecreatedError
from service.ingest.offsets import OffsetPolicy, Start, resume_at, start_of
from service.ingest.polled import Partition

HERE = Partition("readings", 3)
RECORD, REFUSE = OffsetPolicy(data_gap="record"), OffsetPolicy(data_gap="refuse")


@pytest.mark.parametrize("policy", [RECORD, REFUSE])
@pytest.mark.parametrize(
    ("stored", "beginning", "start"),
    [
        (None, 0, Start(0)),
        (None, 7, Start(7)),  # nothing was promised of what came before
        (7, 0, Start(7)),
        (7, 7, Start(7)),
    ],
)
def test_a_partition_begins_where_it_was_stored_or_with_what_there_is(
    policy: OffsetPolicy, stored: int | None, beginning: int, start: Start
) -> None:
    assert start_of(policy, HERE, stored, beginning) == start


def test_a_gap_is_noted_and_skipped_when_the_policy_says_so() -> None:
    assert start_of(RECORD, HERE, 7, 9) == Start(9, gap=(7, 9))


def test_a_gap_is_refused_with_the_offsets_and_the_setting() -> None:
    with pytest.raises(DataGapError, match=r"readings/3: offsets 7 to 8 .* VOLTPASS_DATA_GAP"):
        start_of(REFUSE, HERE, 7, 9)


def test_an_offset_that_is_gone_is_a_gap_before_the_log_and_another_log_after_it() -> None:
    assert resume_at(RECORD, HERE, 7, 9) == Start(9, gap=(7, 9))
    with pytest.raises(DataGapError):
        resume_at(REFUSE, HERE, 7, 9)
    with pytest.raises(TopicRecreatedError, match="offset 7 is beyond the end"):
        resume_at(RECORD, HERE, 7, 0)
