"""A key says who asks; only its hash is stored, and what is revoked is refused within seconds."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime, timedelta

import pytest

from service.auth.api_keys import KEPT_S, KeyRing, new_key_text
from service.auth.authenticator import authenticating
from service.domain.access import EVERYWHERE, LOCAL_ACCESS, Territory
from service.errors import StoreUnavailableError
from service.errors.access import ApiKeyError, UnauthenticatedError
from service.settings import Settings
from service.settings.parts import DatabaseSettings
from service.store.api_keys import revoke_api_key
from service.store.pool import Connection, Pool
from tests.api.clients import NOW, NOWHERE, settings_of
from tests.api.key_holders import keyed_client, new_key
from tests.api.seeding import NewPoint, Seeder


@pytest.fixture(scope="module")
def settings(fresh_database: Callable[[], DatabaseSettings]) -> Settings:
    """A database of the module's own."""
    return settings_of(fresh_database(), auth="keys")


class Clocks:
    """Stand until they are moved, together."""

    def __init__(self) -> None:
        self.at_s = 50.0

    def now(self) -> datetime:
        return NOW + timedelta(seconds=self.at_s)

    def monotonic_s(self) -> float:
        return self.at_s


@pytest.fixture
def clocks() -> Clocks:
    return Clocks()


@pytest.fixture
async def pool(settings: Settings) -> AsyncIterator[Pool]:
    async with Pool(settings, "writer", max_size=2) as pool:
        yield pool


@pytest.fixture
def ring(pool: Pool, clocks: Clocks) -> KeyRing:
    return KeyRing(pool, now=clocks.now, monotonic_s=clocks.monotonic_s)


def test_a_new_key_is_long_and_never_the_same() -> None:
    keys = [new_key_text() for _ in range(100)]

    assert len({one.text for one in keys}) == len({one.key_id for one in keys}) == 100
    assert {len(one.text) for one in keys} == {3 + 10 + 1 + 43}
    assert all(one.text.startswith(f"vp_{one.key_id}_") for one in keys)


async def test_where_nothing_is_asked_for_everybody_is_local() -> None:
    async with authenticating(NOWHERE) as (who, _):
        assert await who.access_of(None) == LOCAL_ACCESS
        assert await who.access_of("anything") == LOCAL_ACCESS
        assert not who.tells_apart


async def test_without_the_database_no_key_is_good() -> None:
    asked = NOWHERE.model_copy(update={"auth": "keys"})
    async with authenticating(asked) as (who, _):
        with pytest.raises(StoreUnavailableError):
            await who.access_of(new_key_text().text)


@pytest.mark.integration
async def test_a_key_says_who_asks(settings: Settings, ring: KeyRing, pool: Pool) -> None:
    await Seeder(settings, pool).points(NewPoint(point="P1", region="R-OWN"))
    everywhere = await new_key(settings, "read:aggregate", "write:declarations")
    limited = await new_key(settings, "read:customer", regions=["R-OWN"])

    one, two = await ring.access_of(everywhere), await ring.access_of(limited)

    assert one.principal == f"key:{everywhere.split('_')[1]} desk"
    assert set(one.scopes) == {"read:aggregate", "write:declarations"}
    assert set(two.scopes) == {"read:customer"}
    assert (one.territory, two.territory) == (EVERYWHERE, Territory.of(["R-OWN"]))


@pytest.mark.integration
async def test_every_other_text_is_refused(settings: Settings, ring: KeyRing) -> None:
    good = await new_key(settings, "admin")
    changed = good[:-1] + ("A" if good[-1] != "A" else "B")
    another = new_key_text().text
    mixed = another[:14] + good[14:]

    for text in (
        "",
        "vp_",
        good[:-1],
        good + "A",
        changed,
        another,
        mixed,
        good.upper(),
        f" {good}",
    ):
        with pytest.raises(UnauthenticatedError) as caught:
            await ring.access_of(text)
        assert good not in str(caught.value)


@pytest.mark.integration
async def test_a_revoked_key_is_refused_within_seconds(
    settings: Settings, ring: KeyRing, clocks: Clocks, pool: Pool
) -> None:
    key = await new_key(settings, "read:customer")
    await ring.access_of(key)
    async with pool.transaction() as connection:
        await revoke_api_key(connection, key.split("_")[1], "boss")

    clocks.at_s += KEPT_S

    with pytest.raises(UnauthenticatedError, match="was revoked"):
        await ring.access_of(key)


@pytest.mark.integration
async def test_a_key_ends_on_its_instant(settings: Settings, ring: KeyRing, clocks: Clocks) -> None:
    end = datetime(2100, 1, 1, tzinfo=UTC)
    key = await new_key(settings, "read:customer", expires_at=end)
    clocks.at_s = (end - NOW).total_seconds() - 0.5
    await ring.access_of(key)

    clocks.at_s += 0.5

    with pytest.raises(UnauthenticatedError, match="has expired"):
        await ring.access_of(key)


class CountingPool(Pool):
    """Counts how often a connection is lent."""

    n_lent = 0

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Connection]:
        self.n_lent += 1
        async with super().connection() as connection:
            yield connection


@pytest.mark.integration
async def test_a_flood_of_unknown_keys_reads_the_database_once(
    settings: Settings, clocks: Clocks
) -> None:
    async with CountingPool(settings, "reader", max_size=1) as pool:
        ring = KeyRing(pool, now=clocks.now, monotonic_s=clocks.monotonic_s)

        answers = await asyncio.gather(
            *(ring.access_of(new_key_text().text) for _ in range(50)), return_exceptions=True
        )

    assert {type(one) for one in answers} == {UnauthenticatedError}
    assert pool.n_lent == 1


@pytest.mark.integration
async def test_the_day_of_the_last_use_is_noted(
    settings: Settings, ring: KeyRing, clocks: Clocks, pool: Pool
) -> None:
    key = await new_key(settings, "read:customer")
    await ring.access_of(key)
    clocks.at_s += 86_400
    await ring.access_of(key)

    await ring.write_used(pool)

    used = await Seeder(settings, pool).run(
        "SELECT last_used_on FROM api_key WHERE key_id = $1", key.split("_")[1]
    )
    assert used == date(2024, 6, 2)


@pytest.mark.integration
async def test_neither_the_key_nor_a_part_of_it_is_stored(settings: Settings, pool: Pool) -> None:
    key = await new_key(settings, "admin")
    secret = key.split("_", 2)[2]
    seeder = Seeder(settings, pool)

    stored = str(await seeder.rows("SELECT * FROM api_key")) + str(
        await seeder.rows("SELECT * FROM api_key_change")
    )

    assert key.split("_")[1] in stored
    assert secret not in stored


@pytest.mark.integration
async def test_a_key_for_a_region_that_is_none_is_not_made(settings: Settings, pool: Pool) -> None:
    await Seeder(settings, pool).points(NewPoint(point="P2", region="R-TWO"))

    with pytest.raises(ApiKeyError, match=r"R-NONE is not in the registry, which has .*R-TWO"):
        await new_key(settings, "read:customer", regions=["R-TWO", "R-NONE"])


@pytest.mark.integration
async def test_the_trail_names_the_key(settings: Settings) -> None:
    key = await new_key(settings, "write:declarations")
    deadline = {
        "reference": "YK-9",
        "promise": "supply_plan",
        "opened_at": "2024-03-10T08:30:00+08:00",
        "author": "somebody else",
    }

    async with keyed_client(settings, key) as client:
        assert (await client.post("/v1/deadlines", json=deadline)).status_code == 201

    async with Pool(settings, "reader", max_size=1) as pool:
        made_by = await Seeder(settings, pool).run("SELECT made_by FROM register_change")
    assert made_by == f"key:{key.split('_')[1]} desk"
