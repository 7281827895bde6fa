"""Doing something again, while its failure may pass."""

from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

import tenacity

from service.errors import ServiceError
from service.logs import logger

T = TypeVar("T")

_FIRST_PAUSE_S: Final = 0.2
_LONGEST_PAUSE_S: Final = 10.0

_log = logger(__name__)


async def retried(
    work: Callable[[], Awaitable[T]],
    *,
    name: str,
    within_s: float | None = None,
    unless: Callable[[], bool] = lambda: False,
) -> T:
    """Return what ``work`` returns, at the first try that does not fail.

    Args:
        work: Doing it twice is as good as once.
        name: For the log.
        within_s: No try begins later than this; None is for ever.
        unless: No try begins once this is true.

    Raises:
        ServiceError: Of the last try; or of the first that is not retryable.
    """
    tries = tenacity.AsyncRetrying(
        retry=tenacity.retry_if_exception(_may_pass),
        wait=tenacity.wait_exponential(multiplier=_FIRST_PAUSE_S, max=_LONGEST_PAUSE_S),
        stop=lambda state: (
            unless() or (within_s is not None and (state.seconds_since_start or 0.0) >= within_s)
        ),
        before_sleep=lambda state: _log_failure(name, state),
        reraise=True,
    )
    async for attempt in tries:
        with attempt:
            return await work()
    raise AssertionError(name)  # the last attempt has raised


def _may_pass(error: BaseException) -> bool:
    return isinstance(error, ServiceError) and error.retryable


def _log_failure(name: str, state: tenacity.RetryCallState) -> None:
    error = None if state.outcome is None else state.outcome.exception()
    _log.warning("failed_for_now", what=name, attempt=state.attempt_number, error=repr(error))
