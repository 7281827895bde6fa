"""The one place that turns what is presented into who asks; the API and the console call it alike."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime

from service import clock
from service.auth.api_keys import PREFIX, KeyRing
from service.auth.issuer_keys import IssuerKeys, IssuerPlace
from service.auth.tokens import TokenCheck, TokenPolicy
from service.domain.access import LOCAL_ACCESS, Access
from service.errors.access import UnauthenticatedError
from service.settings import Settings
from service.settings.auth import NO_PREFIX, AuthSettings
from service.store.pool import Pool


@dataclass(frozen=True, slots=True, kw_only=True)
class Authenticator:
    """Knows who asks by API keys, by tokens, or by both; without either everybody is local."""

    keys: KeyRing | None
    tokens: TokenCheck | None

    @property
    def tells_apart(self) -> bool:
        """Return whether a key or token is needed."""
        return self.keys is not None or self.tokens is not None

    async def access_of(self, presented: str | None) -> Access:
        """Return who asks with a key or token; None: nothing was presented.

        Raises:
            UnauthenticatedError: Something is needed and did not come, or is not good.
            IssuerUnavailableError, StoreError: Nobody can say whether it is.
        """
        if not self.tells_apart:
            return LOCAL_ACCESS
        if not presented:
            raise UnauthenticatedError(f"{self._wanted()} is needed", was_presented=False)
        if self.keys is not None and presented.startswith(PREFIX):
            return await self.keys.access_of(presented)
        if self.tokens is not None:
            return await self.tokens.access_of(presented)
        raise UnauthenticatedError(f"what was presented is not {self._wanted()}")

    def _wanted(self) -> str:
        both = {"an API key": self.keys, "a token of the OIDC issuer": self.tokens}
        return " or ".join(name for name, one in both.items() if one is not None)


@asynccontextmanager
async def authenticating(
    settings: Settings,
    *,
    now: Callable[[], datetime] = clock.now,
    monotonic_s: Callable[[], float] = clock.monotonic_s,
) -> AsyncIterator[tuple[Authenticator, Callable[[], Coroutine[object, object, None]]]]:
    """Lend what knows who asks, as the settings want it, and what is to run beside it until cancelled.

    Its connections are its own: who asks is known also while all others are busy.
    """
    async with (
        Pool(settings, "reader", max_size=1) as reader,
        Pool(settings, "writer", max_size=1) as writer,
    ):
        ring = (
            KeyRing(reader, now=now, monotonic_s=monotonic_s) if "keys" in settings.auth else None
        )
        issuer = _issuer_keys(settings, monotonic_s) if "oidc" in settings.auth else None
        tokens = None if issuer is None else TokenCheck(_token_policy(settings), issuer)

        async def beside() -> None:
            async with asyncio.TaskGroup() as tasks:
                if ring is not None:
                    tasks.create_task(ring.keep_used(writer))
                if issuer is not None:
                    tasks.create_task(issuer.keep_fresh())

        yield Authenticator(keys=ring, tokens=tokens), beside
        if ring is not None:
            await ring.write_used(writer)


def _issuer_keys(settings: AuthSettings, monotonic_s: Callable[[], float]) -> IssuerKeys:
    place = IssuerPlace(
        issuer=settings.oidc_issuer or "",
        jwks_url=settings.oidc_jwks_url,
        ca_file=settings.oidc_ca_file,
        timeout_s=settings.oidc_timeout_s,
    )
    return IssuerKeys(place, monotonic_s=monotonic_s)


def _token_policy(settings: AuthSettings) -> TokenPolicy:
    prefix = settings.oidc_scope_prefix
    return TokenPolicy(
        issuer=settings.oidc_issuer or "",
        audience=settings.oidc_audience or (),
        algorithms=tuple(settings.oidc_algorithms),
        principal_claim=settings.oidc_principal_claim,
        scope_claim=settings.oidc_scope_claim,
        scope_prefix="" if prefix == NO_PREFIX else prefix,
        region_claim=settings.oidc_region_claim,
        leeway_s=settings.oidc_leeway_s,
    )
