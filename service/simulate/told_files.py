"""What meters and people tell beside readings: meter_events.jsonl, outages.csv, calls.csv."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import msgspec

from service.simulate.calls import Call
from service.simulate.csv_files import write_csv
from service.simulate.declarations import Declaration
from service.simulate.instants import instant_texts, minute_text
from service.simulate.meter_events import EVENTS, NO_TIME, MeterEvents
from service.simulate.network import Network

_PIECE: Final = 10_000  # events that are text at a time

_DECLARATIONS: Final = (
    *("ticket", "kind", "cause", "place", "codes", "window_from", "window_to", "notice_at"),
    *("notice_fields", "important_customers", "important_told_at", "off_at", "on_at"),
    *("cancelled_at", "author", "approver", "entered_at"),
)
_CALLS: Final = (
    *("call", "customer", "point", "response_area", "called_at", "arrived_at", "restored_at"),
    "severe_weather",
)


def write_events(path: Path, network: Network, events: MeterEvents) -> int:
    """Write a line for each event, in the order of arrival; return their number."""
    encoder = msgspec.json.Encoder()
    with path.open("wb") as file:
        for first in range(0, events.event.size, _PIECE):
            lines = [encoder.encode(event) for event in _events(network, events, first)]
            file.write(b"\n".join([*lines, b""]))
    return int(events.event.size)


def _events(network: Network, events: MeterEvents, first: int) -> Iterator[dict[str, str]]:
    piece = slice(first, first + _PIECE)
    kinds, points = events.event[piece].tolist(), events.point[piece].tolist()
    at, arrives = instant_texts(events.at_ms[piece]), instant_texts(events.arrives_ms[piece])
    until_ms = events.until_ms[piece]
    until, has_until = instant_texts(until_ms), (until_ms != NO_TIME).tolist()
    for row, (kind, point) in enumerate(zip(kinds, points, strict=True)):
        event = {"device": network.points.device[point], "event": EVENTS[kind], "at": at[row]}
        if has_until[row]:
            event["until"] = until[row]
        event["arrives_at"] = arrives[row]
        yield event


def write_declarations(path: Path, declarations: tuple[Declaration, ...]) -> int:
    """Write what operators declare; return the number of declarations."""
    return write_csv(path, _DECLARATIONS, map(_declaration, declarations))


def _declaration(one: Declaration) -> tuple[object, ...]:
    return (
        one.ticket,
        one.kind,
        one.cause,
        one.place,
        ";".join(one.codes),
        minute_text(one.window_from_ms),
        minute_text(one.window_to_ms),
        minute_text(one.notice_at_ms),
        ";".join(one.notice_fields),
        ";".join(one.important_customers),
        minute_text(one.important_told_at_ms),
        minute_text(one.off_ms),
        minute_text(one.on_ms),
        minute_text(one.cancelled_at_ms),
        one.author,
        one.approver,
        minute_text(one.entered_at_ms),
    )


def write_calls(path: Path, calls: tuple[Call, ...]) -> int:
    """Write the fault calls; return their number."""
    return write_csv(path, _CALLS, map(_call, calls))


def _call(one: Call) -> tuple[object, ...]:
    return (
        one.call,
        one.customer,
        one.point,
        one.response_area,
        minute_text(one.called_ms),
        minute_text(one.arrived_ms),
        minute_text(one.restored_ms),
        one.severe_weather,
    )
