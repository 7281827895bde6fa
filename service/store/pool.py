"""The door to the database: connections, their limits, and the driver's errors as ours."""

import asyncio
import contextlib
import copy
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from types import TracebackType
from typing import TYPE_CHECKING, Final, Self, TypeAlias, TypeVar

import asyncpg
import tenacity

from service.domain.access import EVERYWHERE, Territory
from service.errors import (
    SchemaError,
    ServiceError,
    StoreConflictError,
    StoreError,
    StoreRefusedError,
    StoreTimeoutError,
    StoreUnavailableError,
)
from service.settings.parts import DatabaseSettings
from service.store.connecting import Purpose, connect_arguments
from service.store.statements import statement

if TYPE_CHECKING:
    from asyncpg.pool import PoolConnectionProxy

T = TypeVar("T")
Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record] | PoolConnectionProxy[asyncpg.Record]"

_PAUSE_S: Final = 0.05  # before the second try; then twice as long each time
_PAUSE_MAX_S: Final = 2.0
_CLOSE_WITHIN_S: Final = 5.0
_JSONB_VERSION: Final = b"\x01"

# The schema has a twin of each table; a connection that goes back to its pool forgets both settings.
_LIMIT = statement(
    "territory_limit",
    """
    SELECT set_config('search_path', 'territory, ' || current_setting('search_path'), false),
           set_config('voltpass.regions', $1::text[]::text, false)
    """,
)

# Found in the schema of all regions by who is limited to some: refused rather than shown.
_UNLIMITED = statement(
    "territory_unlimited",
    """
    SELECT string_agg(relname, ', ' ORDER BY relname)
      FROM pg_class
     WHERE relnamespace = current_schema()::regnamespace
       AND relkind IN ('r', 'p', 'v')
       AND to_regclass(format('territory.%I', relname)) IS NULL
       AND NOT EXISTS (SELECT FROM pg_depend WHERE objid = pg_class.oid AND deptype = 'e')
    """,
)

# The first family that fits decides.
_FAMILIES: Final[tuple[tuple[type[StoreError], tuple[type[Exception], ...]], ...]] = (
    (StoreTimeoutError, (asyncpg.QueryCanceledError, asyncpg.LockNotAvailableError)),
    (
        StoreConflictError,
        (asyncpg.TransactionRollbackError, asyncpg.InvalidCachedStatementError),
    ),
    (
        StoreUnavailableError,
        (
            asyncpg.PostgresConnectionError,
            asyncpg.OperatorInterventionError,  # starts, or shuts down
            asyncpg.InsufficientResourcesError,  # connections, memory, disk
            asyncpg.PostgresSystemError,
            asyncpg.IdleInTransactionSessionTimeoutError,
            asyncpg.ReadOnlySQLTransactionError,  # the primary is another server now
        ),
    ),
    (StoreRefusedError, (asyncpg.PostgresError,)),
)


class Pool:
    """Connections for one purpose; what fails in them is a ``StoreError``.

    Nothing connects before it is needed, so a pool can be opened while the database is away.
    """

    def __init__(self, settings: DatabaseSettings, purpose: Purpose, *, max_size: int) -> None:
        self._settings = settings
        self._purpose: Purpose = purpose
        self._territory = EVERYWHERE
        self._pool: asyncpg.Pool[asyncpg.Record] = asyncpg.create_pool(
            min_size=0, max_size=max_size, init=_initialise, **connect_arguments(settings, purpose)
        )

    async def __aenter__(self) -> Self:
        await self._pool
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            async with asyncio.timeout(_CLOSE_WITHIN_S):
                await self._pool.close()
        except TimeoutError:
            self._pool.terminate()

    def within(self, territory: Territory) -> Self:
        """Return the same connections, on which nothing outside of a territory is seen; they are to read with."""
        twin = copy.copy(self)
        twin._territory = territory  # noqa: SLF001 (of this class)
        return twin

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Connection]:
        """Lend a connection; what is not in a transaction of the borrower commits by itself.

        Raises:
            StoreError: Whatever goes wrong with the database inside the block.
        """
        try:
            connection = await self._pool.acquire(timeout=self._settings.database_connect_timeout_s)
        except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError) as error:
            raise _unreachable(error) from error
        try:
            with translating(connection):
                if self._territory.regions is not None:
                    await _limit(connection, self._territory.regions)
                yield connection
        finally:
            # It is reset on its way back, and one that is lost by then goes nowhere: what was done
            # with it is done, or has failed already.
            with contextlib.suppress(asyncpg.PostgresError, asyncpg.InterfaceError, OSError):
                await self._pool.release(connection)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Connection]:
        """Lend a connection inside a READ COMMITTED transaction; an error rolls it back.

        Raises:
            StoreError: Whatever goes wrong with the database inside the block, or at its commit.
        """
        async with self.connection() as connection, connection.transaction():
            yield connection

    async def run(self, work: Callable[[Connection], Awaitable[T]], *, within_s: float) -> T:
        """Return what ``work`` returns, done in one transaction; again if the failure may pass.

        ``work`` must be such that doing it twice is as good as once: after a lost connection
        nobody knows whether it was committed. No try begins later than ``within_s`` seconds.

        Raises:
            StoreError: The last try's.
        """
        async for attempt in retrying(within_s=within_s):
            with attempt:
                async with self.transaction() as connection:
                    return await work(connection)
        raise AssertionError  # the last attempt raises


async def connect(
    settings: DatabaseSettings, purpose: Purpose
) -> "asyncpg.Connection[asyncpg.Record]":
    """Return a connection of its own, outside any pool; the caller closes it.

    Raises:
        StoreUnavailableError: The server does not answer, or lets nobody in at present.
        StoreRefusedError: The database or the user does not exist, or the password is wrong.
    """
    try:
        connection: asyncpg.Connection[asyncpg.Record] = await asyncpg.connect(
            **connect_arguments(settings, purpose)
        )
        await _initialise(connection)
    except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError) as error:
        raise _unreachable(error) from error
    return connection


class translating:  # noqa: N801  (used like contextlib's)
    """Turn the driver's errors inside a ``with`` block into ours."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def __enter__(self) -> None:
        return None

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if isinstance(error, Exception):
            ours = _translated(error, is_lost=_is_closed(self._connection))
            if ours is not None:
                raise ours from error


def retrying(*, within_s: float) -> tenacity.AsyncRetrying:
    """Return the attempts at something that raises a retryable error while it may yet succeed."""
    return tenacity.AsyncRetrying(
        retry=tenacity.retry_if_exception(
            lambda error: isinstance(error, ServiceError) and error.retryable
        ),
        wait=tenacity.wait_random_exponential(multiplier=_PAUSE_S, max=_PAUSE_MAX_S),
        stop=tenacity.stop_after_delay(within_s),
        reraise=True,
    )


async def _limit(connection: Connection, regions: frozenset[str]) -> None:
    """Let a connection see some regions only, until it goes back to its pool.

    Raises:
        SchemaError: There are tables that nobody has limited.
    """
    unlimited = await connection.fetchval(_UNLIMITED)
    if unlimited is not None:
        raise SchemaError(
            f"the schema territory has no twin of {unlimited}: CALL grant_rights() makes it"
        )
    await connection.execute(_LIMIT, sorted(regions))


async def _initialise(connection: Connection) -> None:
    await connection.set_type_codec(
        "jsonb",
        schema="pg_catalog",
        format="binary",  # so that COPY takes it too
        encoder=lambda value: _JSONB_VERSION + json.dumps(value, ensure_ascii=False).encode(),
        decoder=lambda value: json.loads(value[1:]),
    )


def _is_closed(connection: Connection) -> bool:
    try:
        return connection.is_closed()
    except asyncpg.InterfaceError:  # the pool has taken a lost connection away from its borrower
        return True


def _unreachable(error: Exception) -> StoreError:
    if isinstance(error, OSError):  # TimeoutError is one
        return StoreUnavailableError(f"no connection to the database: {_text(error)}")
    return _translated(error, is_lost=True) or StoreUnavailableError(_text(error))


def _translated(error: Exception, *, is_lost: bool) -> StoreError | None:
    for ours, theirs in _FAMILIES:
        if isinstance(error, theirs):
            state = getattr(error, "sqlstate", None)
            return ours(f"{_text(error)} (SQLSTATE {state})")
    if isinstance(error, ConnectionError) or (
        isinstance(error, asyncpg.InterfaceError) and is_lost
    ):
        return StoreUnavailableError(f"the connection to the database is lost: {_text(error)}")
    if isinstance(error, TimeoutError):
        return StoreTimeoutError("the database did not answer in time")
    return None


def _text(error: Exception) -> str:
    return str(error) or type(error).__name__
