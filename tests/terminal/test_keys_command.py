"""``voltpass keys`` makes keys that `serve` takes, shows them without their secrets, and ends them."""

import asyncio

import pytest
from click.testing import CliRunner, Result

from service.__main__ import main
from service.settings import Settings
from tests.api.key_holders import keyed_client
from tests.api.seeding import NewPoint, Seeder

pytestmark = pytest.mark.integration

CREATE = ("create", "outage desk", "--scope", "read:customer", "--author", "li.na")


async def seed(seeder: Seeder) -> None:
    await seeder.points(NewPoint(point="P1", region="R1"), NewPoint(point="P2", region="R2"))


def run(settings: Settings, *arguments: str) -> Result:
    """Run the command as somebody at a terminal does."""
    return CliRunner().invoke(
        main, ["keys", *arguments], env={"VOLTPASS_DATABASE_DSN": settings.database_dsn}
    )


def points_of(settings: Settings, key: str) -> tuple[int, list[str]]:
    async def ask() -> tuple[int, list[str]]:
        async with keyed_client(settings, key) as client:
            answer = await client.get("/v1/points")
            return answer.status_code, [one["point"] for one in answer.json().get("points", [])]

    return asyncio.run(ask())


def test_a_key_is_made_once_shown_listed_and_revoked(seeded: Settings) -> None:
    made = run(seeded, *CREATE, "--region", "R1", "--days", "30")
    key = made.stdout.strip()
    key_id = key.split("_")[1]

    assert made.exit_code == 0, made.output
    assert f"key {key_id} of outage desk: read:customer; R1; until" in made.stderr
    assert points_of(seeded, key) == (200, ["P1"])

    listed = run(seeded, "list").stdout
    assert all(
        one in listed for one in (key_id, "outage desk", "read:customer", "R1", "2024-06-01")
    )
    assert key not in listed

    gone = run(seeded, "revoke", key_id, "--author", "wang.wei")
    assert "every `serve` refuses it within 5 s" in gone.output
    assert points_of(seeded, key)[0] == 401
    assert key_id not in run(seeded, "list").stdout
    assert "revoked" in run(seeded, "list", "--all").stdout

    again = run(seeded, "revoke", key_id, "--author", "wang.wei")
    assert again.exit_code == 1
    assert "no key" in again.output


async def test_who_made_and_who_revoked_a_key_stays_on_record(
    settings: Settings, seeder: Seeder
) -> None:
    key = (await asyncio.to_thread(run, settings, *CREATE, "--everywhere")).stdout.strip()
    await asyncio.to_thread(run, settings, "revoke", key.split("_")[1], "--author", "wang.wei")

    trail = await seeder.rows("SELECT * FROM api_key_change ORDER BY change_id")
    assert [(one["action"], one["made_by"], one["after"]["owner"]) for one in trail] == [
        ("created", "li.na", "outage desk"),
        ("revoked", "wang.wei", "outage desk"),
    ]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (CREATE, "give --region CODE, once for each, or --everywhere"),
        ((*CREATE, "--region", "R1", "--everywhere"), "or --everywhere"),
        ((*CREATE, "--region", "R9"), "R9 is not in the registry, which has R1, R2"),
        ((*CREATE, "--everywhere", "--scope", "read:all"), "'read:all' is not one of"),
        ((*CREATE, "--everywhere", "--days", "0"), "1<=x<=1830"),
        (("create", " ", *CREATE[2:], "--everywhere"), "OWNER is empty"),
        (("create", "desk", "--scope", "admin", "--everywhere"), "--author"),
        (("revoke", "abcdefghij", "--author", "x"), "no key 'abcdefghij'"),
    ],
)
def test_what_cannot_be_made_is_refused(
    seeded: Settings, arguments: tuple[str, ...], said: str
) -> None:
    refused = run(seeded, *arguments)

    assert refused.exit_code != 0
    assert said in refused.output
    assert "vp_" not in refused.output
