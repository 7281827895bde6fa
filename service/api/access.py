"""Who asks, and what they may have: each route needs its scopes, by one table; who asks is told from outside.

``create_app`` takes the function that knows. Without one everybody is `local` and may do everything, which is why
`serve` then listens to this machine only. What lies outside the territory of who asks is kept from the routes by
the reader that they get (`service/api/context.py`), so none of them can forget it.
"""

from collections.abc import Awaitable, Callable, Mapping
from types import MappingProxyType
from typing import Annotated, Final

from fastapi import Depends, Request

from service.domain.access import LOCAL_ACCESS, NOBODY, Access, Scope
from service.errors import ScopeMissingError
from service.errors.access import OutsideTerritoryError

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
        "PUT /v1/declarations": _CHANGE_ENTRY,
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
        "GET /v1/held-alerts": "read:customer",  # names points
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
        "GET /v1/reports/{report}": "read:customer",  # it lists points and outages
        "GET /v1/residential-pass-rate": "read:aggregate",
        "GET /v1/rule-sets": "read:aggregate",
        "GET /v1/sarfi": "read:aggregate",
        "GET /v1/scorecard": "read:aggregate",
        "GET /v1/worst-served": "read:customer",
    }
)
# What this process measures of itself and of everything: nothing of it can be told by region.
OF_THE_WHOLE: Final = frozenset({"GET /metrics"})
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
    return LOCAL_ACCESS


def bearer_access(who: Callable[[str | None], Awaitable[Access]]) -> AccessOf:
    """Return what finds out who asks by the key or token in `Authorization: Bearer`.

    A query string is not looked at: it goes into logs, histories and referrers.
    """

    async def access_of(request: Request) -> Access:
        scheme, _, presented = request.headers.get("authorization", "").strip().partition(" ")
        return await who(presented.strip() if scheme.lower() == "bearer" else None)

    return access_of


async def check_access(request: Request) -> None:
    """Find out who asks, and whether the route may answer them; every route depends on it.

    Raises:
        UnauthenticatedError: Nobody knows.
        ScopeMissingError: They may not have what they ask for.
        OutsideTerritoryError: It is of the whole deployment, and they may see some regions only.
    """
    method, path = request.method, request.scope["route"].path_format
    needed = needed_scopes(method, path)
    if not needed:
        request.state.access = NOBODY
        return
    access_of: AccessOf = request.app.state.access_of
    access = await access_of(request)
    missing = [scope for scope in needed if not access.may(scope)]
    if missing:
        raise ScopeMissingError(
            f"{method} {path} needs the scope {' and the scope '.join(missing)}, "
            f"which {access.principal} does not have"
        )
    if f"{method} {path}" in OF_THE_WHOLE and not access.territory.is_whole:
        raise OutsideTerritoryError(
            f"{method} {path} tells of the whole deployment, and {access.principal} may see some regions only: "
            "ask with a key without regions"
        )
    request.state.access = access


def _asking(request: Request) -> Access:
    access: Access = request.state.access
    return access


Asking = Annotated[Access, Depends(_asking)]
