"""``voltpass keys``: who may ask, with which scopes and where."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Final, TypeVar, cast

import click
from rich.console import Console
from rich.table import Table

from service import clock
from service.auth.api_keys import KEPT_S, new_key_text
from service.domain.access import SCOPES, Scope
from service.settings import read_settings
from service.store.api_keys import (
    NewApiKey,
    StoredApiKey,
    add_api_key,
    read_api_keys,
    revoke_api_key,
)
from service.store.pool import Connection, Pool

T = TypeVar("T")

_DAYS: Final = 365
_DAYS_MAX: Final = 1830

_author = click.option(
    "--author", required=True, metavar="NAME", help="Who does this; goes to the trail."
)


@click.group(short_help="Create, list and revoke API keys.")
def keys() -> None:
    """Create, list and revoke API keys: who may ask `serve`, for what, and about which regions.

    `serve` takes them with VOLTPASS_AUTH = keys, as `Authorization: Bearer`.
    """


@keys.command()
@click.argument("owner")
@click.option(
    "--scope",
    "scopes",
    multiple=True,
    required=True,
    type=click.Choice(SCOPES),
    help="What may be asked; give it once for each.",
)
@click.option("--region", "regions", multiple=True, help="Code of a region; once for each.")
@click.option("--everywhere", is_flag=True, help="All regions, also those that come later.")
@click.option(
    "--days",
    type=click.IntRange(1, _DAYS_MAX),
    default=_DAYS,
    show_default=True,
    help="The key is good for so many days.",
)
@_author
def create(
    *,
    owner: str,
    scopes: tuple[str, ...],
    regions: tuple[str, ...],
    everywhere: bool,
    days: int,
    author: str,
) -> None:
    """Create a key for OWNER and print it, this once: only its hash is stored.

    The key alone goes to standard output, so that it can be piped into a secret store.
    """
    if everywhere == bool(regions):
        raise click.UsageError("give --region CODE, once for each, or --everywhere")
    made_by, name = _named(author, "--author"), _named(owner, "OWNER")
    made = new_key_text()
    new = NewApiKey(
        key_id=made.key_id,
        secret_hash=made.secret_hash,
        owner=name,
        scopes=frozenset(cast("tuple[Scope, ...]", scopes)),
        regions=None if everywhere else frozenset(regions),
        expires_at=clock.now() + timedelta(days=days),
    )
    stored = _run(lambda connection: add_api_key(connection, new, made_by))
    click.echo(
        f"key {stored.key_id} of {name}: {_scopes(stored)}; {_regions(stored)}; until {_day(stored.expires_at)}. "
        "It is shown this once:",
        err=True,
    )
    click.echo(made.text)


@keys.command("list")
@click.option("--all", "with_refused", is_flag=True, help="Also revoked and expired ones.")
def list_(*, with_refused: bool) -> None:
    """List keys, the oldest first; days are those of UTC."""
    now = clock.now()
    found = _run(read_api_keys)
    table = Table("key", "owner", "scopes", "regions", "created", "last used", "state", box=None)
    for one in found:
        state = _state(one, now)
        if with_refused or not state.startswith(("revoked", "expired")):
            used = "never" if one.last_used_on is None else one.last_used_on.isoformat()
            table.add_row(
                *(one.key_id, one.owner, _scopes(one), _regions(one), _day(one.created_at)),
                *(used, state),
            )
    Console(width=None if Console().is_terminal else 200).print(table)


@keys.command()
@click.argument("key_id")
@_author
def revoke(*, key_id: str, author: str) -> None:
    """Let a key be refused, for good; KEY_ID is the part of it that `list` shows."""
    made_by = _named(author, "--author")
    revoked = _run(lambda connection: revoke_api_key(connection, key_id, made_by))
    click.echo(
        f"key {revoked.key_id} of {revoked.owner} is revoked; every `serve` refuses it within {KEPT_S:g} s"
    )


def _run(work: Callable[[Connection], Awaitable[T]]) -> T:
    settings = read_settings()

    async def once() -> T:
        async with (
            Pool(settings, "writer", max_size=1) as pool,
            pool.transaction() as connection,
        ):
            return await work(connection)

    return asyncio.run(once())


def _named(text: str, what: str) -> str:
    if not text.strip():
        raise click.UsageError(f"{what} is empty; it says who")
    return text.strip()


def _scopes(key: StoredApiKey) -> str:
    return ", ".join(sorted(key.scopes))


def _regions(key: StoredApiKey) -> str:
    return "everywhere" if key.regions is None else ", ".join(sorted(key.regions))


def _state(key: StoredApiKey, now: datetime) -> str:
    if key.revoked_at is not None:
        return f"revoked {_day(key.revoked_at)}"
    return f"{'expired' if key.expires_at <= now else 'until'} {_day(key.expires_at)}"


def _day(at: datetime) -> str:
    return at.astimezone(UTC).date().isoformat()
