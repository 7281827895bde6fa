"""Errors of who asks, and of where they may."""

from service.errors import ServiceError


class UnauthenticatedError(ServiceError):
    """Nobody knows who asks: no key or token came, or one that is not good; the message says why, without it."""

    code = "unauthenticated"

    def __init__(self, message: str, *, was_presented: bool = True) -> None:
        super().__init__(message)
        self.was_presented = was_presented  # what came was not good


class IssuerUnavailableError(ServiceError):
    """The keys of the issuer of tokens cannot be had, so nobody knows whether a token is good."""

    retryable = True
    code = "issuer_unavailable"


class OutsideTerritoryError(ServiceError):
    """What is to be read or written reaches outside the regions of who asks; the message says what of it."""

    code = "outside_territory"


class ApiKeyError(ServiceError):
    """An API key cannot be created or revoked as asked; the message says what is allowed."""

    code = "api_key_invalid"
