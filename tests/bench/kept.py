"""The measurements that are kept beside the benches, as JSON: the last of each bench."""

from dataclasses import asdict, dataclass
from pathlib import Path

import msgspec

from tests.bench.figure import Figure

FILE = Path(__file__).with_name("measured.json")


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurement:
    """What one bench measured in one run."""

    at: str  # ISO 8601, to the minute, with zone
    commit: str
    took_s: float
    machine: dict[str, str]
    figures: list[Figure]


def read_kept(file: Path = FILE) -> dict[str, Measurement]:
    """Return the kept measurements by the names of their benches; none where the file is not there."""
    if not file.exists():
        return {}
    return msgspec.json.decode(file.read_bytes(), type=dict[str, Measurement])


def keep(measured: dict[str, Measurement], file: Path = FILE) -> None:
    """Write measurements over those of the same benches; the others stay."""
    kept = read_kept(file) | measured
    words = msgspec.json.encode({name: asdict(one) for name, one in kept.items()})
    new = file.with_suffix(".new")
    new.write_bytes(msgspec.json.format(words, indent=1) + b"\n")
    new.replace(file)
