"""The public keys of an issuer of tokens: fetched when they are needed, kept, and fetched again within bounds.

A token of a key that is kept never waits for the issuer: keys that are no longer fresh are good on while they are
fetched again beside. Only what names a key that is not there waits, and that asks once per pause.
"""

import asyncio
import json
import ssl
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import jwt

from service.errors import SettingsError
from service.errors.access import IssuerUnavailableError, UnauthenticatedError
from service.logs import logger

log = logger(__name__)

FRESH_S: Final = 600.0  # then they are fetched again
KEPT_S: Final = 3600.0  # while the issuer is away they are good for so long
PAUSE_S: Final = 10.0  # between two fetches, whatever is presented
_BYTES_MAX: Final = 1 << 19
_DISCOVERY: Final = "/.well-known/openid-configuration"
_TYPES: Final = {"RS": "RSA", "PS": "RSA", "ES": "EC", "Ed": "OKP"}  # of keys, by algorithm


@dataclass(frozen=True, slots=True, kw_only=True)
class IssuerPlace:
    """Where the keys are."""

    issuer: str
    jwks_url: str | None  # None: the issuer's discovery says
    ca_file: Path | None
    timeout_s: float


class IssuerKeys:
    """The keys of one issuer; asked by any number of requests, it fetches at most every ``PAUSE_S`` seconds.

    Let ``keep_fresh`` run beside: without it keys are fetched again only when they are not good any more.
    """

    def __init__(self, place: IssuerPlace, *, monotonic_s: Callable[[], float]) -> None:
        self._place = place
        self._monotonic_s = monotonic_s
        self._opener = _opener(place.ca_file)
        self._keys: list[jwt.PyJWK] = []
        self._fetched_s = self._tried_s = float("-inf")
        self._turn = asyncio.Lock()
        self._is_stale = (
            asyncio.Event()
        )  # somebody was answered from keys that are to be fetched again

    async def keep_fresh(self) -> None:
        """Fetch the keys again whenever some that are no longer fresh are in use, until cancelled."""
        while True:
            await self._is_stale.wait()
            self._is_stale.clear()
            async with self._turn:
                if self._age_s() > FRESH_S:
                    await self._fetch_again()

    async def key_of(self, kid: str | None, algorithm: str) -> jwt.PyJWK:
        """Return the key that a token names, of the type that its algorithm needs.

        Raises:
            UnauthenticatedError: The issuer has no such key.
            IssuerUnavailableError: Its keys cannot be had.
        """
        found = self._find(kid, algorithm)
        if found is None or self._age_s() > KEPT_S:
            async with self._turn:
                found = self._find(kid, algorithm)
                if found is None or self._age_s() > KEPT_S:
                    await self._fetch_again()
            found = self._find(kid, algorithm)
        if self._age_s() > FRESH_S and not self._has_just_tried():
            self._is_stale.set()
        if self._age_s() > KEPT_S:
            raise IssuerUnavailableError(f"the keys of {self._place.issuer} cannot be had")
        if found is None:
            raise UnauthenticatedError("the issuer has no key of the token's kid and algorithm")
        return found

    def _find(self, kid: str | None, algorithm: str) -> jwt.PyJWK | None:
        """Return a key by its kid; a token without one means the only key of its type."""
        found = [
            one
            for one in self._keys
            if one.key_type == _TYPES[algorithm[:2]] and kid in {None, one.key_id}
        ]
        return found[0] if len(found) == 1 else None

    def _age_s(self) -> float:
        return self._monotonic_s() - self._fetched_s

    def _has_just_tried(self) -> bool:
        return self._monotonic_s() - self._tried_s < PAUSE_S

    async def _fetch_again(self) -> None:
        """Fetch the keys, unless that was tried just now."""
        if self._has_just_tried():
            return
        self._tried_s = self._monotonic_s()
        await asyncio.to_thread(self._fetch_and_keep, self._tried_s)

    def _fetch_and_keep(self, tried_s: float) -> None:
        """Fetch the keys and keep them, also where who asked has gone; on a failure those that are there stay."""
        try:
            keys = self._fetch()
        except (
            OSError,
            ValueError,
            jwt.PyJWTError,
        ) as error:  # URLError and TimeoutError are OSErrors
            log.warning("issuer_keys_not_fetched", issuer=self._place.issuer, error=str(error))
            return
        self._keys, self._fetched_s = keys, tried_s
        log.info("issuer_keys_fetched", issuer=self._place.issuer, keys=len(keys))

    def _fetch(self) -> list[jwt.PyJWK]:
        place = self._place
        url = place.jwks_url
        if url is None:
            described = self._get(place.issuer.rstrip("/") + _DISCOVERY)
            if described.get("issuer") != place.issuer:
                raise ValueError(f"its discovery is of the issuer {described.get('issuer')!r}")
            url = str(described.get("jwks_uri"))
            if urlsplit(url).scheme != "https" and urlsplit(place.issuer).scheme == "https":
                raise ValueError(f"its keys are at {url!r}, which is not https")
        found = jwt.PyJWKSet.from_dict(self._get(url)).keys
        # A key that could be a shared secret, or that encrypts, signs no token here.
        return [
            one
            for one in found
            if one.key_type in _TYPES.values() and one.public_key_use in {None, "sig"}
        ]

    def _get(self, url: str) -> dict[str, object]:
        if urlsplit(url).scheme not in {"http", "https"}:
            raise ValueError(f"{url!r} is no web address")
        asked = urllib.request.Request(url, headers={"Accept": "application/json"})  # noqa: S310 (checked above)
        with self._opener.open(asked, timeout=self._place.timeout_s) as answer:
            body = answer.read(_BYTES_MAX + 1)
        if answer.status != HTTPStatus.OK or len(body) > _BYTES_MAX:
            raise ValueError(f"{url} answers with {answer.status} and {len(body)} bytes or more")
        found = json.loads(body)
        if not isinstance(found, dict):
            raise ValueError(f"{url} answers with no JSON object")  # noqa: TRY004 (of what came, not of an argument)
        return found


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """Stays where it was sent: who could send it elsewhere could bring keys of their own."""

    def redirect_request(self, *_: object, **__: object) -> None:
        return None


def _opener(ca_file: Path | None) -> urllib.request.OpenerDirector:
    try:
        context = ssl.create_default_context(cafile=ca_file)
    except OSError as error:
        raise SettingsError(f"VOLTPASS_OIDC_CA_FILE = {ca_file}: {error}") from error
    return urllib.request.build_opener(urllib.request.HTTPSHandler(context=context), _NoRedirect())
