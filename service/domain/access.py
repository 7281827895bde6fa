"""Who asks, and what they may have: scopes say what is done, a territory says where."""

import re
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, Literal, Self, get_args

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

Scope = Literal["read:aggregate", "read:customer", "write:declarations", "admin"]

SCOPES: Final[tuple[Scope, ...]] = get_args(Scope)
LOCAL: Final = "local"  # who asks where nobody is told apart
_IMPLIED: "Final[Mapping[Scope, Scope]]" = MappingProxyType({"read:aggregate": "read:customer"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Territory:
    """The part of the network that somebody is answered about: points of some regions, or all points.

    What lies outside is answered as if it did not exist, and no sum contains it.
    """

    regions: frozenset[str] | None  # codes, as points have them; None: everywhere

    @classmethod
    def of(cls, regions: "Iterable[str]") -> Self:
        """Return the territory of these regions; of none, where nothing lies."""
        return cls(regions=frozenset(regions))

    @property
    def is_whole(self) -> bool:
        """Return whether nothing lies outside, points without a region included."""
        return self.regions is None

    def admits(self, region: str) -> bool:
        """Return whether what lies in a region lies in the territory."""
        return self.regions is None or region in self.regions


EVERYWHERE: Final = Territory(regions=None)
NOWHERE: Final = Territory(regions=frozenset())


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """Who asks, and what they may have."""

    principal: str  # for the trail
    scopes: frozenset[Scope]
    territory: Territory

    def may(self, scope: Scope) -> bool:
        """Return whether a scope is there; `admin` has all, who may read customers may read sums of them."""
        return bool(self.scopes & {scope, "admin", _IMPLIED.get(scope, scope)})

    def signs(self, author: str) -> str:
        """Return who is named in the trail for what ``author`` is said to have done."""
        return author if self.principal == LOCAL else self.principal


_TOLD_APART: Final = re.compile(r"(?:oidc:|key:[a-z2-7]{10} )(.+)", re.DOTALL)


def person_of(made_by: str) -> str:
    """Return the name in what the trail says of who made something: the subject of a token, the owner of a key."""
    found = _TOLD_APART.fullmatch(made_by)
    return made_by if found is None else found[1]


# Where requests are not authenticated: everybody who reaches this machine's loopback.
LOCAL_ACCESS: Final = Access(principal=LOCAL, scopes=frozenset(SCOPES), territory=EVERYWHERE)
# Who shows nothing, on the few paths that answer anybody.
NOBODY: Final = Access(principal="nobody", scopes=frozenset(), territory=NOWHERE)
