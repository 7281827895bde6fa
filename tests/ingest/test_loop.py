import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest

from service.errors import (
    DataGapError,
    StoreRefusedError,
    StoreUnavailableError,
    TopicRecreatedError,
)
from service.ingest.checkpoint_policy import CheckpointPolicy
from service.ingest.offsets import OffsetPolicy
from service.ingest.polled import Partition
from tests.ingest.consumers import NEVER, OFTEN, Consumer, consumer_of, running, until
from tests.ingest.fakes import P0, P1, FakeRegistrar, FakeSource, FakeStore, message, registry

AWAY = StoreUnavailableError("the database is away")


@dataclass(slots=True)
class World:
    """Fakes that belong together; what they are asked for stands in one list."""

    source: FakeSource
    store: FakeStore
    registrar: FakeRegistrar = field(default_factory=lambda: FakeRegistrar(registry("M1", "M2")))

    def consumer(
        self, checkpoint: CheckpointPolicy = OFTEN, let_go_within_s: float = 5.0
    ) -> Consumer:
        return consumer_of(
            self.source,
            self.store,
            self.registrar,
            checkpoint=checkpoint,
            let_go_within_s=let_go_within_s,
        )


def world(n_messages: int = 10, *, partitions: Sequence[Partition] = (P0,)) -> World:
    calls: list[str] = []
    logs = {one: [message(i) for i in range(n_messages)] for one in partitions}
    return World(FakeSource(logs, calls, assigned_at_start=partitions), FakeStore(calls))


def n_folded(consumer: Consumer) -> float:
    return consumer.value("voltpass_readings_total", outcome="folded")


async def test_what_is_read_is_stored_with_its_offset_and_told_to_kafka() -> None:
    it = world(10)

    async with running(it.consumer()):
        await until(lambda: it.source.told.get(P0) == 10)

    assert (it.store.n_consumed, it.store.progress[P0].next_offset) == (10, 10)


async def test_partitions_are_taken_over_and_sought_before_they_are_fetched_from() -> None:
    it = world(3, partitions=(P0, P1))

    async with running(it.consumer()):
        await until(lambda: it.store.n_consumed == 6)

    assert it.source.calls[:5] == [
        "start",
        "take over readings [0, 1]",
        "seek readings/0 0",
        "seek readings/1 0",
        "resume",
    ]


async def test_at_the_end_what_is_folded_is_stored_and_then_the_group_left() -> None:
    it = world(10)

    async with running(it.consumer(NEVER)) as one:
        await until(lambda: n_folded(one) == 10)
        n_stored_before = it.store.n_consumed

    assert (n_stored_before, it.store.n_consumed) == (0, 10)
    assert it.source.calls[-2:] == ["store", "stop"]


async def test_before_a_partition_is_taken_away_what_is_folded_is_stored() -> None:
    it = world(10)

    async with running(it.consumer(NEVER)) as one:
        await until(lambda: n_folded(one) == 10)
        await it.source.revoke()

        assert (it.store.n_consumed, it.source.calls[-2:]) == (10, ["store", "let go"])
        assert not one.loop.holding.partitions


async def test_messages_of_an_assignment_that_ended_are_thrown_away() -> None:
    it = world(10)
    was_revoked: list[int] = []

    async def revoke_and_assign() -> None:
        if it.source.position.get(P0) == 4 and not was_revoked:
            was_revoked.append(1)
            await it.source.revoke()
            it.source.assign(P0)

    it.source.on_poll = revoke_and_assign  # messages were taken, and their generation noted

    async with running(it.consumer()):
        await until(lambda: it.store.progress.get(P0, None) is not None)
        await until(lambda: it.store.progress[P0].next_offset == 10)

    assert (was_revoked, it.store.n_consumed) == ([1], 10)
    assert "seek readings/0 2" in it.source.calls  # the batch was read again


async def test_whoever_is_fenced_drops_everything_and_joins_again() -> None:
    it = world(10)

    async with running(it.consumer()) as one:
        await until(lambda: it.store.n_consumed == 10)
        await it.store.take_over(P0.topic, [P0.number], "another")
        it.source.logs[P0] += [message(10)]
        await until(lambda: it.store.n_consumed == 11)

    assert one.value("voltpass_fenced_total") == 1
    assert n_folded(one) == 12  # once in vain
    assert it.source.calls.count("start") == 2
    assert it.store.progress[P0].next_offset == 11


async def test_a_checkpoint_that_fails_is_tried_again_from_memory_while_folding_goes_on() -> None:
    it = world(2)
    it.store.failures = [AWAY, AWAY]
    at_tries: list[float] = []

    async with running(it.consumer()) as one:

        async def more() -> None:
            n_before = n_folded(one)
            at_tries.append(n_before)
            it.source.logs[P0] += [message(len(it.source.logs[P0]))]
            await until(lambda: n_folded(one) == n_before + 1)

        await until(lambda: n_folded(one) == 2)
        it.store.before_commit = more
        await until(lambda: len(at_tries) >= 3)
        it.store.before_commit = None
        await until(lambda: it.store.progress[P0].next_offset == len(it.source.logs[P0]))

    first, second, third = it.store.checkpoints[:3]
    assert first is second is third
    assert it.store.n_consumed == len(it.source.logs[P0])


async def test_when_the_judgement_moves_the_registry_is_loaded_and_the_same_image_judged() -> None:
    it = world(5)

    async with running(it.consumer(NEVER)) as one:
        await until(lambda: n_folded(one) == 5)
        it.registrar.registry = registry("M1", "M2", "M3", judgement=7)
        it.store.judgement = 7

    assert it.registrar.n_loads == 2
    assert it.store.judged_by == [1, 7]
    assert it.store.moved == [False, True]
    assert it.store.checkpoints[0] is it.store.checkpoints[1]
    assert it.store.n_consumed == 5


async def test_a_new_device_is_known_without_a_checkpoint_to_store() -> None:
    it = world(0)

    async with running(it.consumer()) as one:
        await until(lambda: one.loop.is_restored)
        it.registrar.registry = registry("M1", "M2", "M3", judgement=2)
        it.store.judgement = 2
        await one.knowledge.listen()
        it.source.logs[P0] += [message(0, "M3")]
        await until(lambda: it.store.n_consumed == 1)

    assert n_folded(one) == 1


async def test_a_declaration_changes_no_lane_so_engines_keep_their_directory() -> None:
    it = world(0)
    one = it.consumer()
    await one.knowledge.listen()
    before = one.knowledge.now.directory

    it.registrar.registry = registry("M1", "M2", judgement=2)
    await one.knowledge.listen()
    one.thread.close()

    assert one.knowledge.number == 2
    assert one.knowledge.now.directory is before


async def test_what_the_database_refuses_for_good_ends_the_consumer() -> None:
    it = world(5)
    it.store.failures = [StoreRefusedError("no right to write")]

    with pytest.raises(ExceptionGroup) as raised:
        async with running(it.consumer()):
            await until(lambda: it.store.n_consumed == 5)

    assert raised.group_contains(StoreRefusedError)
    assert it.source.calls[-1] == "stop"


async def test_letting_go_takes_no_longer_than_the_group_waits_and_loses_nothing() -> None:
    it = world(10)

    async with running(it.consumer(NEVER, let_go_within_s=0.2)) as one:
        await until(lambda: n_folded(one) == 10)
        it.store.failures = [AWAY] * 100
        await it.source.revoke()
        n_stored = it.store.n_consumed
        it.store.failures = []
        it.source.assign(P0)
        await until(lambda: n_folded(one) == 20)

    assert (n_stored, it.store.n_consumed) == (0, 10)


async def test_folding_waits_when_memory_is_full_and_polling_goes_on() -> None:
    it = world(60)
    small = CheckpointPolicy(interval_s=1000.0, max_letters=4)
    it.source.logs[P0] = [message(i, "nobody") for i in range(60)]
    gate = asyncio.Event()

    async def wait() -> None:
        await gate.wait()

    it.store.before_commit = wait

    async with running(it.consumer(small)) as one:
        await until(lambda: "pause" in it.source.calls)
        n_polls, waiting = it.source.n_polls, one.loop.holding.waiting()
        await until(lambda: it.source.n_polls > n_polls + 5)
        n_waiting = one.loop.holding.waiting().n_letters
        gate.set()
        # Fewer than the limit may wait for the next checkpoint, which the end of the consumer makes.
        await until(lambda: it.store.n_consumed > 60 - small.max_letters)

    assert it.store.n_consumed == 60
    assert waiting.n_letters <= n_waiting <= 4 + 2 * it.source.at_once
    assert it.source.calls.count("resume") >= 2


async def test_a_partition_begins_where_it_was_stored() -> None:
    it = world(10)
    async with running(it.consumer()):
        await until(lambda: it.store.n_consumed == 10)
    it.source.logs[P0] += [message(i) for i in range(10, 15)]

    async with running(it.consumer()) as one:
        await until(lambda: it.store.n_consumed == 15)

    assert "seek readings/0 10" in it.source.calls
    assert n_folded(one) == 5


@pytest.mark.parametrize("policy", ["record", "refuse"])
async def test_messages_deleted_before_they_were_read_are_a_gap(policy: str) -> None:
    it = world(10)
    async with running(it.consumer()):
        await until(lambda: it.store.n_consumed == 10)
    it.source.logs[P0] += [message(i) for i in range(10, 30)]
    it.source.first[P0] = 20
    one = consumer_of(
        it.source,
        it.store,
        it.registrar,
        offsets=OffsetPolicy(data_gap="record" if policy == "record" else "refuse"),
    )

    if policy == "refuse":
        with pytest.raises(ExceptionGroup) as raised:
            async with running(one):
                await until(lambda: it.store.n_consumed == 20)
        assert raised.group_contains(DataGapError, match="offsets 10 to 19")
        assert it.store.gaps == []
    else:
        async with running(one):
            await until(lambda: it.store.n_consumed == 20)
        assert it.store.gaps == [(P0.topic, 0, 10, 20)]
        assert one.value("voltpass_data_gaps_total") == 1


async def test_a_gap_that_opens_while_it_reads_is_noted_too() -> None:
    it = world(4)
    one = consumer_of(it.source, it.store, it.registrar, offsets=OffsetPolicy(data_gap="record"))

    async with running(one):
        await until(lambda: it.store.n_consumed == 4)
        it.source.first[P0] = 8
        it.source.logs[P0] += [message(i) for i in range(4, 10)]
        await until(lambda: it.store.n_consumed == 6)

    assert it.store.gaps == [(P0.topic, 0, 4, 8)]
    assert it.store.progress[P0].next_offset == 10


async def test_a_stored_offset_beyond_the_end_of_the_log_is_refused() -> None:
    it = world(10)
    async with running(it.consumer()):
        await until(lambda: it.store.n_consumed == 10)
    it.source.logs[P0] = [message(0)]  # the topic was made anew

    with pytest.raises(ExceptionGroup) as raised:
        async with running(it.consumer()):
            await until(lambda: it.store.n_consumed == 11)

    assert raised.group_contains(TopicRecreatedError, match="offset 10 is beyond the end")
    assert it.store.n_consumed == 10
