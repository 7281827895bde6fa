"""API keys as rows: their secrets are there as hashes only, and who made or revoked one stays on record."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from service.domain.access import Scope
from service.errors.access import ApiKeyError
from service.store.pool import Connection
from service.store.statements import statement

_ALL = statement(
    "api_keys_all",
    """
    SELECT key_id, secret_hash, owner, scopes, regions, created_at, expires_at, revoked_at, last_used_on
      FROM api_key
     ORDER BY created_at, key_id
    """,
)

_ADD = statement(
    "api_key_add",
    """
    INSERT INTO api_key (key_id, secret_hash, owner, scopes, regions, expires_at)
    VALUES ($1, $2, $3, $4, $5, $6)
    RETURNING key_id, secret_hash, owner, scopes, regions, created_at, expires_at, revoked_at, last_used_on
    """,
)

_REVOKE = statement(
    "api_key_revoke",
    """
    UPDATE api_key
       SET revoked_at = now()
     WHERE key_id = $1
       AND revoked_at IS NULL
    RETURNING key_id, secret_hash, owner, scopes, regions, created_at, expires_at, revoked_at, last_used_on
    """,
)

_NOTE = statement(
    "api_key_change_add",
    """
    INSERT INTO api_key_change (key_id, action, made_by, after)
    VALUES ($1, $2, $3, $4)
    """,
)

_REGIONS = statement(
    "api_key_regions",
    """
    SELECT DISTINCT region
      FROM point
     WHERE region <> ''
     ORDER BY region
    """,
)

_USED = statement(
    "api_keys_used",
    """
    UPDATE api_key
       SET last_used_on = used.day
      FROM unnest($1::text[], $2::date[]) AS used (key_id, day)
     WHERE api_key.key_id = used.key_id
       AND (last_used_on IS NULL OR last_used_on < used.day)
    """,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewApiKey:
    """A key that is to be stored."""

    key_id: str  # the part that may be seen
    secret_hash: bytes  # SHA-256
    owner: str  # who asks with it, for people and for the trail
    scopes: frozenset[Scope]
    regions: frozenset[str] | None  # None: everywhere
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredApiKey(NewApiKey):
    """A key as the database has it."""

    created_at: datetime
    revoked_at: datetime | None  # it is refused since
    last_used_on: date | None  # UTC; None: never


async def read_api_keys(connection: Connection) -> list[StoredApiKey]:
    """Return all keys, also those that are refused; the oldest first."""
    return [_key(row) for row in await connection.fetch(_ALL)]


async def add_api_key(connection: Connection, new: NewApiKey, made_by: str) -> StoredApiKey:
    """Store a key, with its row of the trail, in the transaction of the connection.

    Raises:
        ApiKeyError: A region is not one of the registry; the message names those there are.
    """
    await _check_regions(connection, new.regions)
    regions = None if new.regions is None else sorted(new.regions)
    row = await connection.fetchrow(
        _ADD, new.key_id, new.secret_hash, new.owner, sorted(new.scopes), regions, new.expires_at
    )
    made = _key(row)
    await connection.execute(_NOTE, made.key_id, "created", made_by, _content(made))
    return made


async def revoke_api_key(connection: Connection, key_id: str, made_by: str) -> StoredApiKey:
    """Let a key be refused from now on, with its row of the trail, in the transaction of the connection.

    Raises:
        ApiKeyError: There is no such key, or it was revoked before.
    """
    row = await connection.fetchrow(_REVOKE, key_id)
    if row is None:
        raise ApiKeyError(
            f"there is no key {key_id!r} that could be revoked; `voltpass keys list` shows them"
        )
    revoked = _key(row)
    await connection.execute(_NOTE, key_id, "revoked", made_by, _content(revoked))
    return revoked


async def note_used(connection: Connection, days: Mapping[str, date]) -> None:
    """Note on which day (UTC) keys were used last; an earlier day than is noted changes nothing."""
    await connection.execute(_USED, list(days), list(days.values()))


async def _check_regions(connection: Connection, regions: frozenset[str] | None) -> None:
    if regions is None:
        return
    known = [row["region"] for row in await connection.fetch(_REGIONS)]
    unknown = sorted(regions - set(known))
    if unknown or not regions:
        there_are = ", ".join(known) or "none: import points first"
        raise ApiKeyError(
            f"regions: {', '.join(unknown) or 'nothing'} is not in the registry, which has {there_are}"
        )


def _content(key: StoredApiKey) -> dict[str, object]:
    return {
        "owner": key.owner,
        "scopes": sorted(key.scopes),
        "regions": None if key.regions is None else sorted(key.regions),
        "expires_at": key.expires_at.astimezone(UTC).isoformat(),
        "revoked_at": key.revoked_at and key.revoked_at.astimezone(UTC).isoformat(),
    }


def _key(row: Any) -> StoredApiKey:
    regions: Sequence[str] | None = row["regions"]
    values = dict(row) | {
        "scopes": frozenset(row["scopes"]),
        "regions": None if regions is None else frozenset(regions),
    }
    return StoredApiKey(**values)
