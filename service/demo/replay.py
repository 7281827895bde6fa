"""The messages of the demonstration: recordings as their meters would have sent them, and the simulated street."""

from collections.abc import Iterator
from datetime import datetime

import msgspec
import numpy as np
import pyarrow as pa

from service.demo.street import StreetMessage, street_messages
from service.embedded.producer import Outgoing
from service.recordings import SECHA_FEEDER, UCI_HOUSEHOLD

HOUSE_DEVICE = "uci-house"
HOUSE_DEVICE_220 = "uci-house-220"  # the same readings, for a point of 220 V nominal
FEEDER_DEVICE = "secha-34kv"
JSON = "application/json"
ARROW = "application/vnd.apache.arrow.stream"
READINGS_PER_ARRAY = 96
_REPEATED = 100  # every so many messages of the street one comes twice


def house_messages() -> Iterator[Outgoing]:
    """Yield the recorded house as JSON, a minute a message, stamps as its wall clock showed them."""
    for row in UCI_HOUSEHOLD.rows():
        reading = {
            "ts": row["ts"].replace(" ", "T"),
            "v1": float(row["v"]),
            "p_kw": float(row["p_kw"]),
            "q_kvar": float(row["q_kvar"]),
        }
        both = [{"device": device, **reading} for device in (HOUSE_DEVICE, HOUSE_DEVICE_220)]
        yield Outgoing(HOUSE_DEVICE, msgspec.json.encode(both), JSON)


def feeder_messages() -> Iterator[Outgoing]:
    """Yield the recorded 34.5 kV feeder as JSON arrays of a day."""
    readings = [
        {"device": FEEDER_DEVICE, "ts": row["ts"].replace(" ", "T")}
        | {phase: float(row[phase]) for phase in ("v1", "v2", "v3")}
        for row in SECHA_FEEDER.rows()
    ]
    for first in range(0, len(readings), READINGS_PER_ARRAY):
        array = readings[first : first + READINGS_PER_ARRAY]
        yield Outgoing(FEEDER_DEVICE, msgspec.json.encode(array), JSON)


def street_messages_as_sent(start: datetime) -> Iterator[Outgoing]:
    """Yield the simulated street as Arrow, one message a transformer and minute, some of them twice."""
    for number, message in enumerate(street_messages(start)):
        outgoing = Outgoing(message.concentrator, _arrow(message), ARROW)
        yield outgoing
        if number % _REPEATED == 0:
            yield outgoing


def _arrow(message: StreetMessage) -> bytes:
    batch = pa.record_batch(
        {
            "device": pa.array(message.devices),
            "ts": pa.array(message.stamp_ms, pa.timestamp("ms", "UTC")),
            "v1": pa.array(message.volts.astype(np.float64)),
        }
    )
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, batch.schema) as stream:
        stream.write_batch(batch)
    value: bytes = sink.getvalue().to_pybytes()
    return value
