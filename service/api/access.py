"""Who asks, and what they may have: each route needs its scopes, by one table; who asks is told from outside.

``create_app`` takes the function that knows. Without one everybody is `local` and may do everything, which is why
`serve` listens to this machine only.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Annotated, Final, Literal, get_args

from fastapi import Depends, Request

from service.errors import ScopeMissingError

Scope = Literal["read:aggregate", "read:customer", "write:declarations", "admin"]

SCOPES: Final = get_args(Scope)
LOCAL: Final = "local"  # who asks where nobody is told apart
_IMPLIED: Final[Mapping[Scope, Scope]] = MappingProxyType({"read:aggregate": "read:customer"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """Who asks, and what they may have."""

    principal: str  # for the trail
    scopes: frozenset[Scope]

    def may(self, scope: Scope) -> bool:
        """Return whether a scope is there; `admin` has all, who may read customers may read sums of them."""
        return bool(self.scopes & {scope, "admin", _IMPLIED.get(scope, scope)})

    def signs(self, author: str) -> str:
        """Return who is named in the trail for what ``author`` is said to have done."""
        return author if self.principal == LOCAL else self.principal


AccessOf = Callable[[Request], Awaitable[Access]]

# A change of an entry is answered with all of the entry, also with what others told.
_CHANGE_ENTRY: Final[tuple[Scope, ...]] = ("write:declarations", "read:customer")

# None: anybody, without a key. What may show one customer, or one point that may be a customer's, needs
# read:customer; also entries of the register, which name authors, customers and places of single customers.
# Who makes an entry is answered with what they sent, so that needs no more than to write. Of several scopes all.
NEEDS: Final[Mapping[str, Scope | tuple[Scope, ...] | None]] = MappingProxyType(
    {
        "GET /": None,
        "GET /docs": None,
        "GET /docs/oauth2-redirect": None,
        "GET /healthz": None,
        "GET /readyz": None,
        "GET /metrics": "read:aggregate",
        "GET /metrics/points": "read:customer",
        "GET /v1/breaches/live": "read:customer",
        "GET /v1/budget": "read:aggregate",
        "GET /v1/communication-incidents": "read:aggregate",  # of five points or more
        "GET /v1/communication-incidents/{incident_id}/points": "read:customer",
        "GET /v1/compliance": "read:aggregate",
        "GET /v1/composite-pass-rate": "read:aggregate",
        "GET /v1/deadlines": "read:customer",
        "POST /v1/deadlines": "write:declarations",
        "GET /v1/deadlines/{deadline_id}": "read:customer",
        "PATCH /v1/deadlines/{deadline_id}": _CHANGE_ENTRY,
        "DELETE /v1/deadlines/{deadline_id}": _CHANGE_ENTRY,
        "GET /v1/deadlines/{deadline_id}/changes": "read:customer",
        "GET /v1/deadlines/due": "read:customer",
        "GET /v1/declarations": "read:customer",
        "POST /v1/declarations": "write:declarations",
        "GET /v1/declarations/{declaration_id}": "read:customer",
        "PATCH /v1/declarations/{declaration_id}": _CHANGE_ENTRY,
        "DELETE /v1/declarations/{declaration_id}": _CHANGE_ENTRY,
        "GET /v1/declarations/{declaration_id}/changes": "read:customer",
        "GET /v1/device-clocks": "read:customer",
        "GET /v1/events": "read:customer",
        "GET /v1/fault-calls": "read:customer",
        "POST /v1/fault-calls": "write:declarations",
        "GET /v1/fault-calls/{call_id}": "read:customer",
        "PATCH /v1/fault-calls/{call_id}": _CHANGE_ENTRY,
        "DELETE /v1/fault-calls/{call_id}": _CHANGE_ENTRY,
        "GET /v1/fault-calls/{call_id}/changes": "read:customer",
        "GET /v1/interruptions": "read:customer",
        "GET /v1/minutes": "read:customer",
        "GET /v1/major-event-days": "read:aggregate",
        "GET /v1/outages": "read:customer",  # some of them are of one point
        "GET /v1/outages/{outage_id}": "read:customer",
        "GET /v1/pass-rate": "read:aggregate",
        "GET /v1/points": "read:customer",
        "GET /v1/points/{point}": "read:customer",
        "GET /v1/points/{point}/interruptions/{start}/evidence": "read:customer",
        "GET /v1/points/{point}/minutes": "read:customer",
        "GET /v1/points/{point}/pass-rate": "read:customer",
        "GET /v1/points/{point}/weeks": "read:customer",
        "GET /v1/promises": "read:aggregate",
        "GET /v1/promises/{promise}/breaches": "read:customer",
        "GET /v1/reliability": "read:aggregate",
        "GET /v1/residential-pass-rate": "read:aggregate",
        "GET /v1/rule-sets": "read:aggregate",
        "GET /v1/sarfi": "read:aggregate",
        "GET /v1/scorecard": "read:aggregate",
        "GET /v1/worst-served": "read:customer",
    }
)
_UNDECLARED: Final[Scope] = "admin"  # a route that is not in the table


def needed_scopes(method: str, path: str) -> tuple[Scope, ...]:
    """Return what a route needs, all of it; nothing where it answers anybody.

    One that is not in the table needs `admin`.
    """
    needed = NEEDS.get(f"{method.upper()} {path}", _UNDECLARED)
    if needed is None:
        return ()
    return (needed,) if isinstance(needed, str) else needed


async def everybody_is_local(request: Request) -> Access:  # noqa: ARG001 (the signature of AccessOf)
    """Return the access of all who can reach this process, where requests are not authenticated."""
    return Access(principal=LOCAL, scopes=frozenset(SCOPES))


async def check_access(request: Request) -> None:
    """Find out who asks, and whether the route may answer them; every route depends on it.

    Raises:
        ScopeMissingError: They may not have what they ask for.
    """
    method, path = request.method, request.scope["route"].path_format
    needed = needed_scopes(method, path)
    if not needed:
        return
    access_of: AccessOf = request.app.state.access_of
    access = await access_of(request)
    missing = [scope for scope in needed if not access.may(scope)]
    if missing:
        raise ScopeMissingError(
            f"{method} {path} needs the scope {' and the scope '.join(missing)}, "
            f"which {access.principal} does not have"
        )
    request.state.access = access


def _asking(request: Request) -> Access:
    access: Access = request.state.access
    return access


Asking = Annotated[Access, Depends(_asking)]
