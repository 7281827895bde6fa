"""Answers that last: whoever hears them for minutes or hours is asked for their access again and again."""

from typing import Final

from fastapi import Request

from service.api.access import check_access
from service.clock import monotonic_s
from service.domain.access import Access
from service.errors import ServiceError
from service.errors.access import UnauthenticatedError

ASK_AGAIN_S: Final = 30.0  # so long may a key that was revoked go on being answered
UNSURE_S: Final = 300.0  # while nobody can say whether it is good, an answer goes on for so long


class LastingAccess:
    """The access with which an answer began, and whether it still holds."""

    def __init__(self, request: Request, ask_again_s: float = ASK_AGAIN_S) -> None:
        self._request = request
        self._first: Access = request.state.access
        self._ask_again_s = ask_again_s
        self._confirmed_s = monotonic_s()
        self._due_s = self._confirmed_s + ask_again_s

    @property
    def due_in_s(self) -> float:
        """Return in how many seconds it is to be asked for again; 0: now."""
        return max(0.0, self._due_s - monotonic_s())

    async def confirm(self) -> None:
        """Ask for the access again if that is due.

        Raises:
            UnauthenticatedError: The key was revoked, the key or token has expired, or may see something else now.
            ScopeMissingError, OutsideTerritoryError: It may not have this answer any more.
            IssuerUnavailableError, StoreError: For ``UNSURE_S`` seconds nobody could say.
        """
        if self.due_in_s > 0:
            return
        self._due_s = monotonic_s() + self._ask_again_s
        try:
            await check_access(self._request)
        except ServiceError as error:
            if error.retryable and monotonic_s() - self._confirmed_s < UNSURE_S:
                return
            raise
        if self._request.state.access != self._first:
            raise UnauthenticatedError("what this key or token may see has changed: ask anew")
        self._confirmed_s = monotonic_s()
