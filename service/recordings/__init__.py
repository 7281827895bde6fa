"""Recorded voltage that ships with Voltpass, for demo and tests; sources in ATTRIBUTION.md."""

import csv
import gzip
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from importlib.resources import as_file, files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """One file of readings, and what it does not say of itself."""

    file_name: str
    title: str
    nominal_v: int  # of the voltage that was measured
    wiring: Literal["1p", "3p4w", "3p3w"]
    interval_s: int
    stamp_at: Literal["start", "end"]  # where in its interval a stamp stands
    zone: str  # of the stamps, which carry no offset
    n_rows: int

    def file(self) -> Traversable:
        """Return the file inside the package, gzip of CSV."""
        return files(__name__) / self.file_name

    def path(self) -> AbstractContextManager[Path]:
        """Return a context in which the file has a path, also when the package is zipped."""
        return as_file(self.file())

    def rows(self) -> Iterator[dict[str, str]]:
        """Yield the rows by column name, values as the text that the file holds."""
        with (
            self.file().open("rb") as packed,
            gzip.open(packed, "rt", encoding="utf-8", newline="") as text,
        ):
            yield from csv.DictReader(text)


UCI_HOUSEHOLD = Recording(
    file_name="uci_household.csv.gz",
    title="One house in Sceaux (France), one-minute means, December 2006 and January 2007",
    nominal_v=230,
    wiring="1p",
    interval_s=60,
    stamp_at="start",
    zone="Europe/Paris",
    n_rows=37_283,
)

SECHA_FEEDER = Recording(
    file_name="secha_feeder.csv.gz",
    title="A 34.5 kV feeder, line voltages, 15-minute means, June 1999",
    nominal_v=34_500,
    wiring="3p3w",
    interval_s=900,
    stamp_at="end",
    zone="UTC",
    n_rows=2_495,
)
