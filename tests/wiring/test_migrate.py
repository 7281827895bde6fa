"""What ``voltpass migrate`` adopts, and that no role starts with another rule set than the deployment's."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner

from service.__main__ import main
from service.domain.catalogue import checksum_of, read_catalogue
from service.domain.rules import load_rule_set
from service.errors import RuleSetDiffersError, SettingsError, UnknownRuleSetError
from service.settings import Settings
from service.settings.parts import DatabaseSettings
from service.settle.knowledge import load_knowledge
from service.store.deployment import require_rule_set
from service.store.migrations import current_revision, head_revision, migrate
from service.store.pool import Pool
from service.wiring.consume import run_consume
from service.wiring.migrate import run_migrate
from service.wiring.serve import run_serve
from service.wiring.settle import run_settle
from tests.api.clients import application, client_of, problem
from tests.settle.plant import table

pytestmark = pytest.mark.integration

OWN = """
name = "own-2024"
title = "Own limits"
extends = "sgcc-2003"
effective_from = 2024-01-01
abnormal_bands = []
"""
EDIT = """
[coverage]
floor = 0.95
source = "a test"
certainty = "confirm"
effective_from = 2024-01-01
"""


def settings_of(database: DatabaseSettings, **others: object) -> Settings:
    return Settings.model_validate(
        {
            "database_dsn": database.database_dsn,
            "api_port": 0,
            "metrics_port": 0,
            "kafka_bootstrap": "127.0.0.1:1",
            "stall_s": 5,
            **others,
        }
    )


async def state_of(database: DatabaseSettings) -> tuple[str, str, int, list[str]]:
    """Return rule set, checksum, judgement number, and the reasons of open changes that concern every point."""
    async with Pool(database, "writer", max_size=1) as pool:
        (deployment,) = await table(pool, "SELECT rule_set, rule_set_checksum FROM deployment")
        (judgement,) = await table(pool, "SELECT number FROM judgement")
        changes = await table(
            pool,
            "SELECT reason FROM judgement_change"
            " WHERE rescored_at IS NULL AND point_id IS NULL AND to_at = 'infinity' ORDER BY number",
        )
    return (
        str(deployment["rule_set"]),
        str(deployment["rule_set_checksum"]),
        int(str(judgement["number"])),
        [str(change["reason"]) for change in changes],
    )


async def test_a_fresh_database_adopts_its_rule_set_without_judging_anything_again(
    empty_database: Callable[[], DatabaseSettings],
) -> None:
    database = empty_database()

    await migrate(database)
    before = await state_of(database)
    done = await run_migrate(settings_of(database))

    checksum = checksum_of(load_rule_set("sgcc-2003"))
    assert before == ("sgcc-2003", "", 1, [])
    assert await state_of(database) == ("sgcc-2003", checksum, 1, [])
    assert (done.revision, done.is_new_zone, done.is_new_rule_set) == (
        head_revision(),
        False,
        False,
    )


async def test_another_rule_set_concerns_every_point_once(
    fresh_database: Callable[[], DatabaseSettings],
) -> None:
    database = fresh_database()

    first, second = [
        await run_migrate(settings_of(database, rule_set="en-50160")) for _ in range(2)
    ]

    checksum = checksum_of(load_rule_set("en-50160"))
    reason = "rule set: en-50160 instead of sgcc-2003"
    assert (first.is_new_rule_set, second.is_new_rule_set) == (True, False)
    assert await state_of(database) == ("en-50160", checksum, 2, [reason])


async def test_replicas_that_migrate_at_once_raise_the_number_once(
    fresh_database: Callable[[], DatabaseSettings],
) -> None:
    settings = settings_of(fresh_database(), rule_set="en-50160")

    done = await asyncio.gather(*(run_migrate(settings) for _ in range(4)))

    assert sorted(one.is_new_rule_set for one in done) == [False, False, False, True]
    assert (await state_of(settings))[2] == 2


async def test_an_edited_file_is_another_set_of_rules(
    fresh_database: Callable[[], DatabaseSettings], tmp_path: Path
) -> None:
    file = tmp_path / "own-2024.toml"
    file.write_text(OWN)
    settings = settings_of(fresh_database(), rule_set="own-2024", rule_set_folder=tmp_path)
    await run_migrate(settings)

    file.write_text(OWN + EDIT)
    edited = read_catalogue(tmp_path).load("own-2024")
    async with Pool(settings, "writer", max_size=1) as pool, pool.connection() as connection:
        with pytest.raises(
            RuleSetDiffersError, match=r"own-2024 was edited.*restore it, or run `volt"
        ):
            await require_rule_set(connection, edited)
    done = await run_migrate(settings)

    assert done.is_new_rule_set
    name, checksum, number, reasons = await state_of(settings)
    assert (name, checksum, number) == ("own-2024", checksum_of(edited), 3)
    assert reasons[-1] == "rule set: own-2024 was edited"


async def test_no_role_starts_with_another_rule_set_than_the_deployment_s(
    fresh_database: Callable[[], DatabaseSettings],
) -> None:
    database = fresh_database()
    other = settings_of(database, rule_set="gb-12325-2008")

    for role in (run_consume, run_settle, run_serve):
        with pytest.raises(
            SettingsError,
            match=r"VOLTPASS_RULE_SET is gb-12325-2008, but .* sgcc-2003.*`voltpass mig",
        ):
            await role(other, asyncio.Event())
    async with client_of(application(other)) as client:
        found = await problem(client, "/readyz")

    assert (found["status"], found["code"]) == (503, "rule_set_differs")
    assert "voltpass migrate" in found["next"]


async def test_a_deployment_that_adopted_nothing_says_what_to_do(
    empty_database: Callable[[], DatabaseSettings],
) -> None:
    database = empty_database()
    await migrate(database)

    async with Pool(database, "writer", max_size=1) as pool:
        with pytest.raises(
            SettingsError, match=r"not adopted sgcc-2003 yet: run `voltpass migrate`"
        ):
            await load_knowledge(pool, load_rule_set("sgcc-2003"), "Asia/Shanghai")


async def test_a_rule_set_that_is_not_there_leaves_the_database_alone(
    empty_database: Callable[[], DatabaseSettings],
) -> None:
    database = empty_database()

    with pytest.raises(UnknownRuleSetError, match="none-1999"):
        await run_migrate(settings_of(database, rule_sets_beside=("none-1999",)))

    assert await current_revision(database) is None


def test_the_command_says_what_it_changed(
    fresh_database: Callable[[], DatabaseSettings], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VOLTPASS_DATABASE_DSN", fresh_database().database_dsn)
    monkeypatch.setenv("VOLTPASS_RULE_SET", "en-50160")

    first, second = [CliRunner().invoke(main, ["migrate"]) for _ in range(2)]

    assert (first.exit_code, second.exit_code) == (0, 0)
    revision = f"schema is at revision {head_revision()}\n"
    assert first.output == (
        f"{revision}pages are judged by en-50160 from now on; settle judges the stored ones again\n"
    )
    assert second.output == revision
