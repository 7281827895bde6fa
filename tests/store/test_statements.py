"""Every statement in the register is one that a migrated database understands."""

import importlib
import pkgutil
from collections.abc import Iterator

import pytest

import service.store
from service.settings.parts import DatabaseSettings
from service.store.pool import connect
from service.store.statements import STATEMENTS, statement

pytestmark = pytest.mark.integration


def _modules() -> Iterator[str]:
    return (
        module.name for module in pkgutil.iter_modules(service.store.__path__, "service.store.")
    )


async def test_every_statement_can_be_prepared(database: DatabaseSettings) -> None:
    for name in _modules():
        importlib.import_module(name)
    connection = await connect(database, "migrator")
    failed = {}
    try:
        for name, sql in STATEMENTS.items():
            try:
                await connection.prepare(sql)
            except Exception as error:  # noqa: BLE001
                failed[name] = str(error)
    finally:
        await connection.close()

    assert not failed
    assert len(STATEMENTS) > 20


def test_a_name_is_given_once() -> None:
    with pytest.raises(ValueError, match="judgement_number"):
        statement("judgement_number", "SELECT 1")
