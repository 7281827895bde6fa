"""Why this process, and no part below it, refuses a request."""

from service.errors import RequestError, ServiceError


class NotAcceptableError(RequestError):
    """A request wants its answer in media types that are not offered."""

    code = "not_acceptable"


class BusyError(ServiceError):
    """As many long answers are under way as may be at once; the message says which."""

    retryable = True
    code = "busy"
