"""Meter events on the wire: what is taken, what is refused and why, and that nothing is lost."""

import json
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.domain.batch import Message
from service.domain.meter_event_codes import CODES, EVENTS
from service.domain.meter_events import SaidEvent, Stamp
from service.wire.meter_events import EVENT_ALLOWED, DecodedEvents, MeterEventDecoder
from tests.wire.samples import RECORD_MS, STAMP_MS, message

LATER_MS = STAMP_MS + 60_000
SIMULATED = (
    '{"device":"M00002","event":"power_failure_log","at":"2026-11-23T18:56:00+08:00",'
    '"until":"2026-11-23T18:57:00+08:00","arrives_at":"2026-11-23T19:20:00+08:00"}'
)
TEXT = (Path(__file__).parents[2] / "docs" / "telemetry.md").read_text(encoding="utf-8")
CHAPTER = TEXT.split("\n## Meter events\n")[1].split("\n## ")[0]


def event(**changed: object) -> dict[str, object]:
    """Return a good event as a JSON object, some keys changed."""
    return {"device": "m-1", "event": "power_off", "at": STAMP_MS} | changed


def log(**changed: object) -> dict[str, object]:
    return event(event="power_failure_log", until=LATER_MS) | changed


def decode(*messages: Message) -> DecodedEvents:
    return MeterEventDecoder().decode(messages)


def refused(decoded: DecodedEvents) -> list[tuple[int, int, str]]:
    return [(one.offset, one.index, one.reason) for one in decoded.refusals]


@pytest.mark.parametrize("word", EVENTS)
def test_every_event_is_taken(word: str) -> None:
    sent = log() if word == "power_failure_log" else event(event=word)

    decoded = decode(message(sent))

    until = Stamp(LATER_MS, has_zone=True) if word == "power_failure_log" else None
    expected = SaidEvent("m-1", word, Stamp(STAMP_MS, has_zone=True), until, 7, 0, RECORD_MS)
    assert decoded.said == [expected]
    assert decoded.refusals == []


def test_a_line_of_the_simulator_is_a_message_as_it_is() -> None:
    (said,) = decode(message(SIMULATED)).said

    assert (said.device, said.word) == ("M00002", "power_failure_log")
    assert said.at == Stamp(STAMP_MS, has_zone=True)
    assert said.until == Stamp(LATER_MS, has_zone=True)


@pytest.mark.parametrize("code", CODES)
def test_every_code_stands_for_an_event(code: str) -> None:
    sent = {"device": "m-1", "code": code, "at": STAMP_MS}
    if code == "1-0:99.97.0":
        sent["until"] = LATER_MS

    (said,) = decode(message(sent)).said

    assert said.word == code


def test_a_stamp_without_offset_is_the_wall_clock_of_the_device() -> None:
    (said,) = decode(message(event(at="2026-11-23T18:56:00"))).said

    assert said.at == Stamp(STAMP_MS + 8 * 3_600_000, has_zone=False)


def test_a_log_whose_zones_differ_is_left_to_the_registry() -> None:
    (said,) = decode(message(log(until="2026-11-23T10:00:00"))).said

    assert said.until is not None
    assert not said.until.has_zone


@pytest.mark.parametrize(
    ("sent", "detail"),
    [
        (event(device=""), "device is ''; allowed: a text of 1 to 200 characters"),
        (event(device="m\u0001"), "device is 'm\\x01'"),
        (event(device=None), "device is null"),
        (event(event="exploded"), "event is 'exploded'; allowed: power_off, power_on"),
        ({"device": "m-1", "at": STAMP_MS}, "event is missing; allowed: power_off"),
        (event(event=None), "event is missing"),
        (event(code="26.26.0.85"), "event and code are both there"),
        ({"device": "m-1", "code": "1.2.3", "at": STAMP_MS}, "in place of event one of 26.26.0.85"),
        ({"device": "m-1", "event": "power_off"}, "at is missing; the keys device, event and at"),
        (event(at="yesterday"), "at is 'yesterday'; allowed: ISO 8601"),
        (event(at=STAMP_MS + 0.5), "at is 1795431360000.5"),
        (event(at=7_258_118_400_000), "at is 7258118400000"),
        (event(until=LATER_MS), "until is 1795431420000; allowed: in a power_failure_log"),
        (log(until=None), "until is null; allowed: in a power_failure_log the end"),
        (log(until=STAMP_MS), "until is 1795431360000; allowed: in a power_failure_log the end"),
        (log(until="never"), "until is 'never'"),
        ({"device": "m-1", "code": "1-0:99.97.0", "at": STAMP_MS}, "until is null"),
        ("a text", "an event is 'a text'; allowed: an object"),
    ],
)
def test_a_wrong_event_is_refused_and_its_neighbours_are_kept(sent: object, detail: str) -> None:
    decoded = decode(message([event(), sent, event(device="m-2")]))

    assert [(said.device, said.place) for said in decoded.said] == [("m-1", 0), ("m-2", 2)]
    (refusal,) = decoded.refusals
    assert (refusal.index, refusal.reason) == (1, "malformed_event")
    assert detail in refusal.detail
    assert json.loads(refusal.payload) == sent


@pytest.mark.parametrize(
    ("sent", "reason", "detail"),
    [
        (message(b""), "empty_message", "without value"),
        (message([]), "empty_message", "an array without events"),
        (message(b"\xff\xff"), "undecodable_message", "is not UTF-8"),
        (message(b"{"), "undecodable_message", "array of events"),
        (message("[1,2] x"), "undecodable_message", "not JSON"),
        (message(b"[" * 100_000), "undecodable_message", "nested too deeply"),
        (message("12"), "undecodable_message", "allowed: one event (an object)"),
        (
            message(event(), content_type="text/csv"),
            "undecodable_message",
            "allowed: application/json",
        ),
    ],
)
def test_a_message_that_is_none_is_refused_whole(sent: Message, reason: str, detail: str) -> None:
    decoded = decode(message(event(), offset=6), sent, message(event(), offset=8))

    assert [said.offset for said in decoded.said] == [6, 8]
    assert refused(decoded) == [(7, -1, reason)]
    assert detail in decoded.refusals[0].detail


def test_too_many_events_are_refused_whole() -> None:
    decoded = MeterEventDecoder(max_events=2).decode(
        [message([event()] * 3), message([event()] * 2)]
    )

    assert len(decoded.said) == 2
    assert "more than 2 events" in decoded.refusals[0].detail


@pytest.mark.parametrize(
    "content_type", ["", "application/json", "Application/JSON; charset=utf-8"]
)
def test_json_is_told_by_its_header_or_not_at_all(content_type: str) -> None:
    assert len(decode(message(event(), content_type=content_type)).said) == 1


@given(
    st.binary(max_size=200)
    | st.recursive(
        st.none() | st.booleans() | st.floats() | st.text(max_size=5) | st.just(event()),
        lambda inner: (
            st.lists(inner, max_size=4)
            | st.dictionaries(st.sampled_from([*EVENT_ALLOWED, "x"]), inner, max_size=5)
        ),
        max_leaves=15,
    ).map(lambda value: json.dumps(value).encode())
)
def test_any_bytes_are_accounted_for(value: bytes) -> None:
    decoded = decode(message(value), message(event(), offset=8))

    assert decoded.said[-1].offset == 8
    assert len(decoded.said) + len(decoded.refusals) >= 2
    assert all(one.detail and one.reason for one in decoded.refusals)


@given(st.integers(0, len(SIMULATED)), st.binary(max_size=3), st.integers(0, 3))
def test_a_message_with_a_change_anywhere_is_accounted_for(at: int, put: bytes, cut: int) -> None:
    value = SIMULATED.encode()

    decoded = decode(message(value[:at] + put + value[at + cut :]))

    assert len(decoded.said) + len(decoded.refusals) >= 1


def test_the_contract_names_every_key_event_and_code() -> None:
    first_cells = set(re.findall(r"^\| `([^`]+)`", CHAPTER, re.MULTILINE))

    assert {*EVENT_ALLOWED, *EVENTS, *CODES} <= first_cells


def test_the_examples_of_the_contract_are_messages() -> None:
    examples = re.findall(r"^```json\n(.*?)^```", CHAPTER, re.MULTILINE | re.DOTALL)

    assert examples
    for text in examples:
        decoded = decode(message(text))
        assert decoded.said
        assert decoded.refusals == []
