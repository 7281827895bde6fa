"""Stamps in text: ISO 8601 into milliseconds, remembered, for meters of one interval share them."""

import re
from datetime import UTC, datetime, timedelta

from service.wire.fields import STAMP_END_MS, STAMP_FIRST_MS

NO_STAMP = -(2**62)  # of a text that is no stamp
STAMPS_KEPT_MAX = 100_000  # about 15 MB

_ISO = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ](?:[01][0-9]|2[0-3]):[0-9]{2}(?::[0-9]{2}(?:[.,][0-9]{1,9})?)?"
    r"(?P<offset>Z|[+-][0-9]{2}:?[0-9]{2})?"
)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)


class StampCache(dict[str, int]):
    """Codes of stamps: twice the milliseconds since the epoch, plus 1 if the text has an offset."""

    def __missing__(self, text: str) -> int:
        """Parse and remember a stamp that is not there; forget the others when they are many."""
        code = _code(text)
        if code != NO_STAMP:
            if len(self) >= STAMPS_KEPT_MAX:
                self.clear()
            self[text] = code
        return code


def _code(text: str) -> int:
    match = _ISO.fullmatch(text)
    if match is None:
        return NO_STAMP
    try:
        stamp = datetime.fromisoformat(text)
    except ValueError:  # the 30th of February
        return NO_STAMP
    has_offset = stamp.tzinfo is not None
    utc = stamp if has_offset else stamp.replace(tzinfo=UTC)
    stamp_ms = (utc - _EPOCH) // _MILLISECOND
    if not STAMP_FIRST_MS <= stamp_ms < STAMP_END_MS:
        return NO_STAMP
    return 2 * stamp_ms + has_offset
