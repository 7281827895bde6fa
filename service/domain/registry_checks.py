"""What the rows of one registry file may not do to one another."""

from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, TypeVar

from service.domain.csv_rows import BadRow, Rows
from service.domain.registry import Device, Point

T = TypeVar("T")


class HasValidity(Protocol):
    """Something that is in force from one instant to another."""

    @property
    def valid_from(self) -> datetime:
        """Inclusive."""

    @property
    def valid_to(self) -> datetime | None:
        """Exclusive; None is open."""


@dataclass(frozen=True, slots=True)
class DeviceRow:
    """A device as a file has it: it knows points by their names."""

    point: str
    device: Device  # its ids are 0


def repeated(found: Rows[T], column: str, key: Callable[[T], str]) -> Iterator[BadRow]:
    """Yield the rows whose key stands in an earlier row."""
    first: dict[str, int] = {}
    for line, row in zip(found.lines, found.rows, strict=True):
        earlier = first.setdefault(key(row), line)
        if earlier != line:
            yield BadRow(line, column, key(row), f"each once; it stands in line {earlier} already")


def ends_before_it_starts(found: Rows[T], validity: Callable[[T], HasValidity]) -> Iterator[BadRow]:
    """Yield the rows whose validity is empty."""
    for line, row in zip(found.lines, found.rows, strict=True):
        one = validity(row)
        if one.valid_to is not None and one.valid_to <= one.valid_from:
            start = one.valid_from.isoformat()
            yield BadRow(line, "valid_to", one.valid_to.isoformat(), f"after valid_from, {start}")


def heads_of_nothing(found: Rows[Point]) -> Iterator[BadRow]:
    """Yield the rows that stand at the head of a feeder that they do not name."""
    for line, point in zip(found.lines, found.rows, strict=True):
        if point.is_feeder_head and not point.feeder:
            allowed = "no, unless the row names in feeder whose head it measures"
            yield BadRow(line, "feeder_head", "yes", allowed)


def overlapping(found: Rows[DeviceRow]) -> Iterator[BadRow]:
    """Yield the rows of a device that begin before an earlier one of it has ended."""
    of_device: defaultdict[str, list[tuple[datetime, int, Device]]] = defaultdict(list)
    for line, row in zip(found.lines, found.rows, strict=True):
        of_device[row.device.device].append((row.device.valid_from, line, row.device))
    for assignments in of_device.values():
        if len(assignments) > 1:
            yield from _overlapping_one(sorted(assignments, key=lambda one: one[:2]))


def _overlapping_one(assignments: list[tuple[datetime, int, Device]]) -> Iterator[BadRow]:
    _, reaching_line, reaching = assignments[0]
    for valid_from, line, device in assignments[1:]:
        if reaching.valid_to is None or valid_from < reaching.valid_to:
            end = (
                "has no end"
                if reaching.valid_to is None
                else f"ends {reaching.valid_to.isoformat()}"
            )
            allowed = f"from when the same device of line {reaching_line} ends; that {end}"
            yield BadRow(line, "valid_from", valid_from.isoformat(), allowed)
        if reaching.valid_to is not None and (
            device.valid_to is None or device.valid_to > reaching.valid_to
        ):
            reaching_line, reaching = line, device
