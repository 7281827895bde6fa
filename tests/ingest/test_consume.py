import pytest

from tests.ingest.network import Network, reading, this_minute_ms

pytestmark = pytest.mark.integration


async def test_readings_become_pages(network: Network) -> None:
    await network.register("M1", "M2")
    now = this_minute_ms()

    network.consume()
    await network.send(
        [reading("M1", now - 60_000 * i, 220 + i) for i in range(3, 0, -1)],
        [reading("M2", now - 60_000, 300.0)],
    )
    sums = await network.stored(4)

    assert sums == {
        "consumed": 4, "folded": 4, "duplicate": 0, "late": 0, "invalid": 0, "dead_lettered": 0
    }  # fmt: skip
    counts = await network.connection.fetchrow(
        "SELECT sum(n_pass) AS n_pass, sum(n_over) AS n_over FROM page"
    )
    assert counts is not None
    assert tuple(counts) == (3, 1)
