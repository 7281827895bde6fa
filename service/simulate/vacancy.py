"""Which feeders are free when: what happens on one feeder happens one after the other."""

from collections import defaultdict
from collections.abc import Callable
from typing import Final

from service.simulate.instants import HOUR_MS

_MARGIN_MS: Final = HOUR_MS  # before and after
_TRIES: Final = 60


class Vacancy:
    """Keeps what is taken of each feeder's time."""

    def __init__(self, from_ms: int, to_ms: int) -> None:
        """Give out times in ``[from_ms, to_ms)`` only."""
        self._from_ms, self._to_ms = from_ms, to_ms
        self._taken: defaultdict[int, list[tuple[int, int]]] = defaultdict(list)

    def take(self, length_ms: int, feeder: int, draw_start: Callable[[], int]) -> int | None:
        """Return a start that was drawn and is free for ``length_ms``, and take it; None: none was."""
        for _ in range(_TRIES):
            start_ms = draw_start()
            if self._is_free(feeder, start_ms, start_ms + length_ms):
                self._taken[feeder].append((start_ms, start_ms + length_ms))
                return start_ms
        return None

    def _is_free(self, feeder: int, start_ms: int, end_ms: int) -> bool:
        if start_ms < self._from_ms or end_ms > self._to_ms:
            return False
        return all(
            end_ms + _MARGIN_MS <= taken_from or taken_to + _MARGIN_MS <= start_ms
            for taken_from, taken_to in self._taken[feeder]
        )
