"""What can be set of who may ask."""

import ipaddress
from pathlib import Path
from typing import Final, Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, model_validator

from service.settings.parts import Names, Part, Seconds

# A key that everybody may read signs nothing: HS256 with the public key as its secret is the old trick.
ALGORITHMS: Final = (
    *("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"),
)
NO_PREFIX: Final = "none"  # in OIDC_SCOPE_PREFIX
# Claims in which an issuer puts words for every service it knows.
_SHARED_CLAIMS: Final = frozenset({"scope", "scp", "roles", "groups", "realm_access.roles"})
_MEANT: Final = "https://, or http:// on this machine's loopback"


class AuthSettings(Part):
    """Who may ask, and how they show it; see docs/access.md."""

    auth: Literal["none", "keys", "oidc", "keys,oidc"] = Field(
        default="none",
        description="how requests are authenticated: none (then `serve` answers this machine only), API keys, "
        "OIDC tokens, or both",
    )
    oidc_issuer: str | None = Field(
        default=None, description="issuer of the tokens, exactly as its claim iss has it"
    )
    oidc_audience: Names | None = Field(
        default=None, description="the tokens are for one of these, comma between them (claim aud)"
    )
    oidc_jwks_url: str | None = Field(
        default=None, description="where the issuer's keys are; without: its discovery says"
    )
    oidc_ca_file: Path | None = Field(
        default=None,
        description="PEM file of the authorities to trust for the issuer; without: the system's",
    )
    oidc_algorithms: Names = Field(
        default=("RS256", "ES256"), description="signatures that are taken, comma between them"
    )
    oidc_principal_claim: str = Field(
        default="sub", min_length=1, description="claim that names who asks in the trail"
    )
    oidc_scope_claim: str = Field(
        default="scope",
        min_length=1,
        description="claim with the scopes, a list or blanks between them; a dot goes into an object",
    )
    oidc_scope_prefix: str = Field(
        default="voltpass:",
        pattern=r"^[^\s,]+$",
        description="stands before each scope in that claim (voltpass:admin), other words are ignored; none: nothing "
        "does, only where the claim is of Voltpass alone",
    )
    oidc_region_claim: str = Field(
        default="voltpass_regions",
        min_length=1,
        description="claim with the codes of the regions, in the same forms; * is everywhere",
    )
    oidc_leeway_s: int = Field(
        default=30, ge=0, le=300, description="clocks of issuer and `serve` may differ by so much"
    )
    oidc_timeout_s: Seconds = Field(
        default=5.0, le=60, description="the issuer's keys come within this many seconds"
    )

    @model_validator(mode="after")
    def _oidc_agrees(self) -> Self:
        wrong = [one for one in self.oidc_algorithms if one not in ALGORITHMS]
        if wrong:
            raise ValueError(
                f"OIDC_ALGORITHMS takes {', '.join(ALGORITHMS)}, not {', '.join(wrong)}"
            )
        for name in ("oidc_issuer", "oidc_jwks_url"):
            url = getattr(self, name)
            if url is not None and not _is_safe(url):
                raise ValueError(f"{name.upper()} must begin with {_MEANT}, not {url!r}")
        if self.oidc_scope_prefix == NO_PREFIX and self.oidc_scope_claim in _SHARED_CLAIMS:
            raise ValueError(
                f"OIDC_SCOPE_PREFIX = none needs an OIDC_SCOPE_CLAIM that is of Voltpass alone; the words of "
                f"{self.oidc_scope_claim!r} are of all services of the issuer, and another's admin would be one here"
            )
        if "oidc" in self.auth and (self.oidc_issuer is None or self.oidc_audience is None):
            raise ValueError(f"AUTH = {self.auth} needs OIDC_ISSUER and OIDC_AUDIENCE")
        return self


def _is_safe(url: str) -> bool:
    """Return whether nobody on the way can put keys of their own into an answer."""
    parts = urlsplit(url)
    if parts.scheme == "https":
        return bool(parts.hostname)
    if parts.scheme != "http" or not parts.hostname:
        return False
    try:
        return ipaddress.ip_address(parts.hostname).is_loopback
    except ValueError:
        return parts.hostname == "localhost"
