"""Alerts of silent points are held back and noted, each once."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from service import clock
from service.domain.instants import epoch_us
from service.errors import StoreUnavailableError
from service.ingest.folding import FoldThread
from service.ingest.held import HeldAlerts, held_points
from service.ingest.holding import Holding
from service.metrics import ConsumeMetrics, Kind, new_registry
from tests.metrics.test_metrics import values

AT = datetime(2026, 11, 2, 12, tzinfo=UTC)


class KeptIncidents:
    """Incidents that a test opens and closes."""

    def __init__(self) -> None:
        self.silent: dict[int, datetime] = {}
        self.interrupted: list[tuple[int, datetime, datetime | None]] = []
        self.held: dict[int, Kind] = {}
        self.declared: dict[int, int] = {}
        self.held_declared: dict[int, tuple[int, Kind]] = {}
        self.is_away = False

    async def silent_points(self) -> Mapping[int, datetime]:
        if self.is_away:
            raise StoreUnavailableError("away")
        return self.silent

    async def hold_alerts(self, breaches: Mapping[int, Kind]) -> int:
        fresh = breaches.keys() - self.held.keys()
        self.held |= {point: breaches[point] for point in fresh}
        return len(fresh)

    async def declared_points(self, now: datetime) -> Mapping[int, int]:
        assert now.tzinfo is not None
        return self.declared

    async def interruptions(
        self, since: datetime
    ) -> Sequence[tuple[int, datetime, datetime | None]]:
        return [one for one in self.interrupted if one[2] is None or one[2] > since]

    async def hold_declared(self, breaches: Mapping[int, tuple[int, Kind]]) -> int:
        self.held_declared |= dict(breaches)
        return len(breaches)


@pytest.fixture
def thread() -> Iterator[FoldThread]:
    one = FoldThread()
    yield one
    one.close()


async def test_silent_points_hold_on_while_the_database_is_away_and_go_with_their_incident(
    thread: FoldThread,
) -> None:
    incidents, metrics = KeptIncidents(), ConsumeMetrics(new_registry())
    alerts = HeldAlerts(incidents, thread, Holding(), metrics)
    incidents.silent = {7: AT.astimezone(ZoneInfo("Asia/Shanghai")), 3: AT + timedelta(minutes=15)}

    await alerts.refresh()
    first = alerts.points
    incidents.is_away = True
    with pytest.raises(StoreUnavailableError):
        await alerts.refresh()
    kept = alerts.points
    incidents.silent, incidents.is_away = {}, False
    await alerts.refresh()

    at_ms = epoch_us(AT) // 1000
    assert first.point.tolist() == [3, 7]
    assert first.silent_to_ms.tolist() == [at_ms + 900_000, at_ms]
    assert kept is first
    assert alerts.points.point.size == 0
    assert values(metrics.registry, "voltpass_alerts_held_total") == {
        ("communication",): 0.0,
        ("declared_window",): 0.0,
        ("stale",): 0.0,
    }


async def test_interruptions_of_points_come_in_order_and_one_that_lasts_has_no_end(
    thread: FoldThread,
) -> None:
    incidents = KeptIncidents()
    alerts = HeldAlerts(incidents, thread, Holding(), ConsumeMetrics(new_registry()))
    now = clock.now()
    incidents.interrupted = [(9, now, None), (4, now, now + timedelta(minutes=1))]

    await alerts.refresh()

    found = alerts.holds(0).interrupted
    now_ms = epoch_us(now) // 1000
    assert found.point.tolist() == [4, 9]
    assert found.from_ms.tolist() == [now_ms, now_ms]
    assert found.to_ms[0] - now_ms in (60_000, 60_001)
    assert found.to_ms[1] > now_ms + 10**12


def test_points_are_ordered_whatever_order_they_come_in() -> None:
    found = held_points({5: AT, 1: AT, 3: AT})

    assert found.point.tolist() == [1, 3, 5]
