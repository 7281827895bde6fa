"""API keys: how one is written, and who asks with it."""

import asyncio
import base64
import hashlib
import hmac
import re
import secrets
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from typing import Final, NamedTuple

from service.domain.access import Access, Territory
from service.errors import StoreError
from service.errors.access import UnauthenticatedError
from service.logs import logger
from service.store.api_keys import StoredApiKey, note_used, read_api_keys
from service.store.pool import Pool

log = logger(__name__)

KEPT_S: Final = 5.0  # keys are at most so old, so a revoked one is refused after so long
NOTE_EVERY_S: Final = 30.0  # the day of the last use is written so often
PREFIX: Final = "vp_"  # so that a key is known as one, also by what looks for secrets in files
_FORM: Final = re.compile(r"vp_([a-z2-7]{10})_([A-Za-z0-9_-]{43})")
_ID_BYTES: Final = 10
_SECRET_BYTES: Final = 32
_NO_HASH: Final = bytes(32)


class KeyText(NamedTuple):
    """A key as its owner has it: the one time that its secret is seen."""

    text: str
    key_id: str  # may be seen
    secret_hash: bytes


def new_key_text() -> KeyText:
    """Return a new key: an id of ten letters, and a secret of 256 random bits."""
    key_id = base64.b32encode(secrets.token_bytes(_ID_BYTES)).decode().lower()[:10]
    secret = secrets.token_urlsafe(_SECRET_BYTES)
    return KeyText(f"{PREFIX}{key_id}_{secret}", key_id, _hash(secret))


class KeyRing:
    """The keys of the database, as they were at most ``KEPT_S`` seconds ago."""

    def __init__(
        self, reader: Pool, *, now: Callable[[], datetime], monotonic_s: Callable[[], float]
    ) -> None:
        self._reader = reader
        self._now = now
        self._monotonic_s = monotonic_s
        self._keys: Mapping[str, StoredApiKey] = {}
        self._read_at_s = float("-inf")
        self._turn = asyncio.Lock()
        self._used: dict[str, date] = {}

    async def access_of(self, presented: str) -> Access:
        """Return who asks with a key.

        Raises:
            UnauthenticatedError: It is no key, or one that is refused.
            StoreError: The keys cannot be read.
        """
        form = _FORM.fullmatch(presented)
        if form is None:
            raise UnauthenticatedError("what was presented is no API key: a part of it is missing")
        key_id, secret = form.groups()
        key = (await self._fresh()).get(key_id)
        # Always compared, so that the time of the answer does not say whether there is such an id.
        is_same = hmac.compare_digest(_hash(secret), _NO_HASH if key is None else key.secret_hash)
        if key is None or not is_same:
            raise UnauthenticatedError("there is no such API key")
        self._check(key)
        self._used[key_id] = self._now().astimezone(UTC).date()
        return Access(
            principal=f"key:{key_id} {key.owner}",
            scopes=key.scopes,
            territory=Territory(regions=key.regions),
        )

    async def keep_used(self, writer: Pool) -> None:
        """Write on which day keys were used last, until cancelled; a login that may not write does not."""
        while True:
            await asyncio.sleep(NOTE_EVERY_S)
            await self.write_used(writer)

    async def write_used(self, writer: Pool) -> None:
        """Write it now; what cannot be written now is tried again later."""
        days, self._used = self._used, {}
        if not days:
            return
        try:
            async with writer.transaction() as connection:
                await note_used(connection, days)
        except StoreError as error:
            self._used = days | self._used
            log.warning("key_use_not_noted", code=error.code, error=str(error))

    def _check(self, key: StoredApiKey) -> None:
        if key.revoked_at is not None:
            raise UnauthenticatedError(f"the API key {key.key_id} was revoked")
        if key.expires_at <= self._now():
            at = key.expires_at.astimezone(UTC).isoformat()
            raise UnauthenticatedError(f"the API key {key.key_id} has expired at {at}")

    async def _fresh(self) -> Mapping[str, StoredApiKey]:
        if self._is_fresh():
            return self._keys
        async with self._turn:
            if not self._is_fresh():  # somebody else has not read them meanwhile
                began_s = self._monotonic_s()
                async with self._reader.connection() as connection:
                    self._keys = {one.key_id: one for one in await read_api_keys(connection)}
                self._read_at_s = began_s
        return self._keys

    def _is_fresh(self) -> bool:
        return self._monotonic_s() - self._read_at_s < KEPT_S


def _hash(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()
