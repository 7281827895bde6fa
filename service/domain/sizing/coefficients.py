"""What one reading, point, page or checkpoint costs: every number of the sizing, with unit, source and date.

They are data, in ``coefficients.toml`` beside this module, and nowhere else. ``measured`` came out of
``python -m tests.bench coefficients``; ``counted`` follows from the code, and a test compares it; ``assumed`` is a
choice about machines that nobody has measured.
"""

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from functools import cache
from importlib.resources import files
from typing import Final, Literal

from service.errors import SettingsError

Certainty = Literal["measured", "counted", "assumed"]
_CERTAINTIES: Final = ("measured", "counted", "assumed")
_FILE: Final = "coefficients.toml"


@dataclass(frozen=True, slots=True, kw_only=True)
class Coefficient:
    """One number."""

    name: str
    value: Decimal
    unit: str
    what: str  # of what it is, in words
    certainty: Certainty
    source: str  # which run, or which line of the code
    on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedCheckpoint:
    """One checkpoint that was measured, processor time per thousand lanes."""

    with_pages: bool
    client_us: Decimal
    server_us: Decimal


@dataclass(frozen=True, slots=True)
class Coefficients:
    """All of them, by name."""

    rows: Mapping[str, Coefficient]
    recorded: tuple[RecordedCheckpoint, ...]
    machine: str

    def __getitem__(self, name: str) -> Decimal:
        """Return a value, in the unit that the file gives it."""
        return self.rows[name].value

    def __iter__(self) -> Iterator[Coefficient]:
        return iter(self.rows.values())


def parse_coefficients(text: str) -> Coefficients:
    """Return what a file says.

    Raises:
        SettingsError: It is no TOML, a field is missing or unknown, or a value is no positive number.
    """
    try:
        parsed = tomllib.loads(text)
        machine, runs = parsed.pop("machine"), parsed.pop("run")
        recorded = tuple(_recorded(one) for one in parsed.pop("checkpoint"))
        rows = {name: _coefficient(name, row, runs) for name, row in parsed.items()}
    except (tomllib.TOMLDecodeError, KeyError, TypeError, InvalidOperation, ValueError) as error:
        raise SettingsError(f"{_FILE}: {error!r}") from error
    return Coefficients(rows, recorded, str(machine))


@cache
def load_coefficients() -> Coefficients:
    """Return the packaged ones."""
    return parse_coefficients(files(__package__).joinpath(_FILE).read_text(encoding="utf-8"))


def _coefficient(
    name: str, row: Mapping[str, object], runs: Mapping[str, Mapping[str, object]]
) -> Coefficient:
    run = runs[str(row["run"])]
    value, on, certainty = Decimal(str(row["value"])), run["on"], str(run["certainty"])
    unknown = set(row) - {"value", "unit", "what", "run"}
    if unknown:
        raise ValueError(f"{name}: {sorted(unknown)} are no fields of a coefficient")
    if not (value.is_finite() and value > 0):
        raise ValueError(f"{name}: value {value} is not above 0")
    if not isinstance(on, date):
        raise TypeError(f"{name}: its run has no date")
    return Coefficient(
        name=name,
        value=value,
        unit=str(row["unit"]),
        what=str(row["what"]),
        certainty=_certainty(certainty),
        source=str(run["source"]),
        on=on,
    )


def _certainty(text: str) -> Certainty:
    for one in _CERTAINTIES:
        if one == text:
            return one
    raise ValueError(f"certainty {text!r} is none of {', '.join(_CERTAINTIES)}")


def _recorded(row: Mapping[str, object]) -> RecordedCheckpoint:
    n_lanes = Decimal(str(row["n_lanes"]))
    return RecordedCheckpoint(
        with_pages=bool(row["with_pages"]),
        client_us=Decimal(str(row["client_us"])) * 1000 / n_lanes,
        server_us=Decimal(str(row["server_us"])) * 1000 / n_lanes,
    )
