"""Trouble that goes on at the end of a simulated district: for panels about this moment.

The simulator ends two hours after its last outage, with every call answered. Here a point of each
kind is out of its band or dark, nobody else is heard, messages of each kind are bad, and people wait.
"""

import csv
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

_SHARES = {"dark": 0.0, "under": 0.8, "over": 1.1, "high": 1.25}  # of nominal
_NOMINAL_V = 220
_N_INTERVALS = 24  # six hours: slots close once the slowest device would have been heard


@dataclass(frozen=True, slots=True)
class Message:
    """What is sent, to which topic."""

    is_event: bool
    key: str
    value: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """Meters of a district by what happens to them."""

    to_at: datetime  # the end of the simulated time
    interval: timedelta
    meters: dict[str, dict[str, str]]  # rows of devices.csv

    @property
    def dark_point(self) -> str:
        """The point that has an event, an interruption that lasts, and all its minutes before."""
        return self.meters["dark"]["point"]

    def messages(self) -> Iterator[Message]:
        """Yield readings of some hours, meter events, and what is no reading at all.

        All other meters fall silent, so communication is lost.
        """
        for nth in range(_N_INTERVALS):
            stamp = self.to_at + nth * self.interval
            for kind, meter in self.meters.items():
                yield self._reading(meter, stamp, v1=_SHARES[kind] * _NOMINAL_V)
        meter = self.meters["over"]
        yield self._reading(meter, self.to_at - timedelta(hours=7), v1=229.0)  # late
        yield self._reading(meter, self.to_at, v1=None)  # invalid
        yield self._reading(meter, datetime(2099, 1, 1).astimezone(), v1=229.0)  # ahead
        yield self._reading(meter | {"device": "nobody-knows-it"}, self.to_at, v1=229.0)
        yield Message(is_event=False, key="x", value=b"{")
        for event in ("power_off", "last_gasp", "power_on"):
            told = {
                "device": self.meters["dark"]["device"],
                "event": event,
                "at": _text(self.to_at),
            }
            yield Message(is_event=True, key="x", value=json.dumps(told).encode())

    def register_files(self, folder: Path) -> dict[str, Path]:
        """Write a call that no crew came to, and a file that is not answered; return both by kind."""
        called = _text(self.to_at - timedelta(minutes=20))
        texts = {
            "calls": f"call,point,response_area,called_at\nH-1,{self.dark_point},urban,{called}\n",
            "deadlines": "reference,promise,subject,opened_at\n"
            f"K-1,supply_plan,low_voltage,{_text(self.to_at)}\n",
        }
        paths = {kind: folder / f"trouble-{kind}.csv" for kind in texts}
        for kind, path in paths.items():
            path.write_text(texts[kind], "utf-8")
        return paths

    def _reading(self, meter: dict[str, str], stamp: datetime, *, v1: float | None) -> Message:
        reading = {"device": meter["device"], "ts": _text(stamp), "v1": v1}
        return Message(
            is_event=False, key=meter["concentrator"], value=json.dumps(reading).encode()
        )


def trouble_of(folder: Path, to_at: datetime) -> Trouble:
    """Return trouble for single-phase meters with a supply of their own, in a simulated folder."""
    with (folder / "points.csv").open(encoding="utf-8", newline="") as file:
        single = {row["point"] for row in csv.DictReader(file) if row["wiring"] == "1p"}
    with (folder / "devices.csv").open(encoding="utf-8", newline="") as file:
        fit = [
            row
            for row in csv.DictReader(file)
            if row["point"] in single
            and (row["self_powered"], row["stamp_at"], row["voltage_ratio"]) == ("no", "start", "1")
            and row["zero_means"] == "no_supply"
        ]
    return Trouble(
        to_at=to_at,
        interval=timedelta(seconds=int(fit[0]["interval_s"])),
        meters=dict(zip(_SHARES, fit, strict=False)),
    )


def _text(at: datetime) -> str:
    return at.isoformat()
