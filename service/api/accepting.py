"""Which media type a request is answered in: by ``?format=``, else by Accept (RFC 9110, 12.5.1)."""

from collections.abc import Sequence
from decimal import Decimal, InvalidOperation
from typing import Final, Literal, NamedTuple

from service.api.refusals import NotAcceptableError

Format = Literal["json", "csv", "arrow", "parquet"]

MEDIA_TYPES: Final[dict[Format, str]] = {  # the first that is wanted as much as any other is taken
    "json": "application/json",
    "csv": "text/csv",
    "arrow": "application/vnd.apache.arrow.stream",
    "parquet": "application/vnd.apache.parquet",
}
_RANGES_MAX: Final = 100  # of one header; what comes after is not looked at


class _Range(NamedTuple):
    """A media range and how much it is wanted, 0..1."""

    kind: str
    part: str
    quality: Decimal


def chosen_format(accept: str, offered: Sequence[Format]) -> Format:
    """Return the format that an Accept header wants most; an empty header takes the first that is offered.

    Of the ranges that fit a media type the closest says how much it is wanted. Parameters other than ``q`` are not
    looked at.

    Raises:
        NotAcceptableError: It wants none of those offered.
    """
    ranges = [_range_of(text) for text in accept.split(",")[:_RANGES_MAX] if text.strip()]
    if not ranges:
        return offered[0]
    best = max(offered, key=lambda one: _quality(MEDIA_TYPES[one], ranges))  # of equals the first
    if not _quality(MEDIA_TYPES[best], ranges):
        names = ", ".join(f"{MEDIA_TYPES[one]} (?format={one})" for one in offered)
        raise NotAcceptableError(f"Accept is {accept[:200]!r}; offered are: {names}")
    return best


def _quality(media_type: str, ranges: Sequence[_Range]) -> Decimal:
    kind, part = media_type.split("/")
    fitting = [
        (one.kind != "*", one.part != "*", one.quality)
        for one in ranges
        if one.kind in {"*", kind} and one.part in {"*", part}
    ]
    return max(fitting)[2] if fitting else Decimal(0)


def _range_of(text: str) -> _Range:
    media_range, *parameters = (one.strip().lower() for one in text.split(";"))
    kind, _, part = media_range.partition("/")
    quality = Decimal(1)
    for name, _, value in (one.partition("=") for one in parameters):
        if name.strip() == "q":
            quality = _share(value.strip())
    return _Range(kind, part or ("*" if kind == "*" else ""), quality)


def _share(text: str) -> Decimal:
    """Return a quality; one that cannot be read wants the type as if nothing were said."""
    try:
        found = Decimal(text)
    except InvalidOperation:
        return Decimal(1)
    return min(max(found, Decimal(0)), Decimal(1)) if found.is_finite() else Decimal(1)
