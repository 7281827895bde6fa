"""OIDC bearer tokens: whether one is good, and who asks with it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import jwt

from service.auth.issuer_keys import IssuerKeys
from service.domain.access import EVERYWHERE, SCOPES, Access, Territory
from service.errors.access import UnauthenticatedError
from service.logs import logger

log = logger(__name__)

_LENGTH_MAX: Final = 16_384
_REQUIRED: Final = ["exp", "iss", "aud"]
_EVERYWHERE: Final = "*"

# The first that fits says what is wrong; nothing of the token is told.
_REFUSALS: Final[tuple[tuple[type[Exception], str], ...]] = (
    (jwt.ExpiredSignatureError, "the token has expired"),
    (jwt.ImmatureSignatureError, "the token is not good yet"),
    (jwt.InvalidAudienceError, "the token is for another audience"),
    (jwt.InvalidIssuerError, "the token is of another issuer"),
    (jwt.MissingRequiredClaimError, f"the token lacks one of the claims {', '.join(_REQUIRED)}"),
    (jwt.InvalidSignatureError, "the token's signature is not the issuer's"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenPolicy:
    """Which tokens are good, and what their claims mean."""

    issuer: str
    audience: tuple[str, ...]  # one of these
    algorithms: tuple[str, ...]  # asymmetric ones only
    principal_claim: str
    scope_claim: str
    scope_prefix: (
        str  # stands before each scope, so that no `admin` of another service is one of ours
    )
    region_claim: str
    leeway_s: int


class TokenCheck:
    """Checks tokens against the keys of their issuer."""

    def __init__(self, policy: TokenPolicy, keys: IssuerKeys) -> None:
        self._policy = policy
        self._keys = keys

    async def access_of(self, token: str) -> Access:
        """Return who asks with a token.

        Raises:
            UnauthenticatedError: It is no token, or not a good one.
            IssuerUnavailableError: The issuer's keys cannot be had.
        """
        policy = self._policy
        kid, algorithm = self._header(token)
        key = await self._keys.key_of(kid, algorithm)
        try:
            claims: Mapping[str, object] = jwt.decode(
                token,
                key.key,
                algorithms=[algorithm],
                audience=list(policy.audience),
                issuer=policy.issuer,
                leeway=policy.leeway_s,
                options={"require": _REQUIRED},
            )
        except (jwt.PyJWTError, ValueError, TypeError) as error:
            raise UnauthenticatedError(_refusal(error)) from None
        return self._access(claims)

    def _header(self, token: str) -> tuple[str | None, str]:
        """Return the token's kid and algorithm; neither is believed yet."""
        if len(token) > _LENGTH_MAX:
            raise UnauthenticatedError(f"the token is longer than {_LENGTH_MAX} characters")
        try:
            header = jwt.get_unverified_header(token)
        except (jwt.PyJWTError, ValueError) as error:
            raise UnauthenticatedError("what was presented is no token") from error
        algorithm, kid = header.get("alg"), header.get("kid")
        if algorithm not in self._policy.algorithms:
            allowed = ", ".join(self._policy.algorithms)
            raise UnauthenticatedError(f"tokens are to be signed with {allowed}")
        return kid, str(algorithm)

    def _access(self, claims: Mapping[str, object]) -> Access:
        policy = self._policy
        principal = _claim(claims, policy.principal_claim)
        if not isinstance(principal, str) or not principal.strip():
            raise UnauthenticatedError(f"the token has no claim {policy.principal_claim!r}")
        regions = _words(_claim(claims, policy.region_claim))
        if not regions:
            raise UnauthenticatedError(
                f"the token has no claim {policy.region_claim!r} with codes of regions, or {_EVERYWHERE} for all"
            )
        principal = f"oidc:{principal.strip()}"
        words = _words(_claim(claims, policy.scope_claim))
        scopes = frozenset(one for one in SCOPES if f"{policy.scope_prefix}{one}" in words)
        if not scopes and words & frozenset(SCOPES):
            log.warning("scopes_without_prefix", principal=principal, wanted=policy.scope_prefix)
        return Access(
            principal=principal,
            scopes=scopes,
            territory=EVERYWHERE if _EVERYWHERE in regions else Territory.of(regions),
        )


def _claim(claims: Mapping[str, object], path: str) -> object:
    """Return a claim; one of that very name, else what the dots of its path lead to."""
    if path in claims:
        return claims[path]
    found: object = claims
    for name in path.split("."):
        if not isinstance(found, dict):
            return None
        found = found.get(name)
    return found


def _words(value: object) -> frozenset[str]:
    if isinstance(value, str):
        return frozenset(value.replace(",", " ").split())
    if isinstance(value, list):
        return frozenset(one.strip() for one in value if isinstance(one, str) and one.strip())
    return frozenset()


def _refusal(error: Exception) -> str:
    for kind, said in _REFUSALS:
        if isinstance(error, kind):
            return said
    return "the token cannot be checked against the issuer's key"
