"""The register of SQL statements; each stands beside the function that binds it."""

from types import MappingProxyType
from typing import Final

_STATEMENTS: Final[dict[str, str]] = {}
STATEMENTS: Final = MappingProxyType(_STATEMENTS)  # by name; complete once every module is imported


def statement(name: str, sql: str) -> str:
    """Return ``sql``, entered in the register: a test prepares every entry on a real database.

    Statements on temporary tables cannot be prepared there and stay out of it.
    """
    if name in _STATEMENTS:
        raise ValueError(f"statement {name!r} is registered twice")
    _STATEMENTS[name] = sql
    return sql
