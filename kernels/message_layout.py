"""What unpacking works on: messages, where their columns lie, names of devices, and the columns that come out."""

from typing import Annotated, NamedTuple

import numpy as np
from numpy.typing import NDArray

from kernels.layout import Bytes, Floats, Int32s, Int64s

# A plan is one row of words (int64): where the columns of a message lie, in bytes from its first one.
PLAN_ROWS = 0  # readings in the message
PLAN_OFFSETS = 1  # of the devices' names, one more than readings, int32
PLAN_CHARACTERS = 2  # of the names
PLAN_N_CHARACTERS = 3
PLAN_STAMP = 4  # of the stamps, int64
PLAN_UNITS_PER_S = 5  # of a stamp: 1, 1_000, 1_000_000 or 1_000_000_000
PLAN_STAMP_FIRST = 6  # stamps that are allowed, in their own unit: from here, inclusive
PLAN_STAMP_END = 7  # to here, exclusive
PLAN_HAS_ZONE = 8  # 1: stamps are UTC
PLAN_NUMBERS = 9  # six words: of v1, v2, v3, pf, p_kw, q_kvar; NONE without that column
PLAN_SINGLES = 15  # six words: 1: that column is float32, else float64
PLAN_WORDS = 21
N_NUMBERS = 6

Singles = Annotated[NDArray[np.float32], np.float32, (0,)]
Numbers = Annotated[NDArray[np.float64], np.float64, (N_NUMBERS, 0)]
Plans = Annotated[NDArray[np.int64], np.int64, (0, PLAN_WORDS)]


class Messages(NamedTuple):
    """Messages one behind the other, each from a multiple of eight bytes on; the first five are the same bytes."""

    octets: Bytes
    int32s: Int32s
    int64s: Int64s
    singles: Singles
    doubles: Floats
    start: Int64s  # (n_messages,): first byte of each
    plan: Int32s  # (n_messages,): row of the plans
    offset: Int64s  # (n_messages,): in the log
    record_ms: Int64s  # (n_messages,)


class Names(NamedTuple):
    """Names that are known, each by its code: its place in the order in which they were remembered."""

    slots: Int32s  # code by hash, NONE where it is free; a power of two, half of them free at least
    hashes: Int32s  # by code
    first: Int32s  # by code, and one more: first of its characters
    characters: Bytes  # UTF-8
    following: Int32s  # by code: the name that came after it last; any code where nobody knows
    used: Int64s  # (3,): names, characters, and what hashes begin with


class Unpacked(NamedTuple):
    """Columns of many messages, ``(n_readings,)`` each, as they came; NaN where a message lacks a number."""

    device: Int32s  # code of its name
    stamp_ms: Int64s
    has_zone: Bytes
    number: Numbers  # (6, n_readings), in the order of ``PLAN_NUMBERS``
    offset: Int64s
    record_ms: Int64s
    place: Int32s  # in the message
    is_wanted: Bytes  # (6,): 0: this number is in none of the messages, and is not written


class Values(NamedTuple):
    """Values of messages, each a part of ``octets``; they may lie anywhere and in any order."""

    octets: Bytes
    start: Int64s  # (n_messages,)
    length: Int64s  # (n_messages,)


class Parsed(NamedTuple):
    """Plain readings, one a message, ``(n_messages,)`` each."""

    device: Int32s  # code of its name; NONE where it is not known
    name_start: Int64s  # of its name, in ``Values.octets``
    name_length: Int64s
    stamp_ms: Int64s  # UTC
    number: Numbers  # (6, n_messages), in the order of ``PLAN_NUMBERS``; NaN for null and without that key
    quality: Bytes
    seen: Int64s  # (1,): bit mask of the numbers that any reading has the key of


class Records(NamedTuple):
    """Records of one batch of Kafka, ``(n_records,)`` each; what a kernel finds of them."""

    start: Int64s  # of its value
    length: Int64s  # of its value; 0 for one without
    offset: Int64s  # in the log
    record_ms: Int64s
    headers: Int64s  # (2,): start and length of the first record's headers, their number among them
