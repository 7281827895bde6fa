"""Unpacking messages: the columns of many as one set of columns, each device by the code of its name.

Concentrators send the same meters in the same order, now and then without some. So the name that followed the last
one the time before is compared first; only where it is another is the name looked up.
"""

import math

from kernels._jit import inline, inline_always, kernel, signed, unsigned
from kernels._names import find, is_name
from kernels.layout import NONE, Floats
from kernels.message_layout import (
    N_NUMBERS,
    PLAN_CHARACTERS,
    PLAN_HAS_ZONE,
    PLAN_N_CHARACTERS,
    PLAN_NUMBERS,
    PLAN_OFFSETS,
    PLAN_ROWS,
    PLAN_SINGLES,
    PLAN_STAMP,
    PLAN_STAMP_END,
    PLAN_STAMP_FIRST,
    PLAN_UNITS_PER_S,
    Messages,
    Names,
    Plans,
    Unpacked,
)

PER_S = 1000  # milliseconds


@kernel
def unpack(  # noqa: PLR0913, PLR0917  (a kernel's columns)
    messages: Messages,
    plans: Plans,
    names: Names,
    limits: Floats,
    first: int,
    row: int,
    columns: Unpacked,
) -> int:
    """Write the readings of messages ``first``, ``first + 1``, ... from ``row`` on, in their order.

    Shapes: ``plans`` ``(n_plans, PLAN_WORDS)``; ``limits`` ``(6,)``, by number; ``columns`` as long as all messages.
    Units: stamps come in the unit of their plan and are rounded down to milliseconds; numbers stay in theirs.
    NaN: allowed; it stands for a number that is not there.
    Order: only the result matters for what follows; the names that follow each other are remembered.
    Requires: every message is as its plan says, without nulls.

    Returns:
        Index of the first message that was not taken: the number of messages, or less where one has a name that is not
        known, a number beyond its limit, or a stamp outside of what is allowed. Of that one nothing counts.
    """
    n_messages = messages.start.size
    for k in range(first, n_messages):
        plan = signed(messages.plan[k])
        if not (
            _take_stamps(messages, plans, k, row, columns)
            and _take_numbers(messages, plans, limits, k, row, columns)
            and _take_names(messages, plans, names, k, row, columns)
        ):
            return k
        _mark(messages, plans, k, row, columns)
        row += plans[plan, PLAN_ROWS]
    return n_messages


@inline_always
def _mark(messages: Messages, plans: Plans, k: int, row: int, columns: Unpacked) -> None:
    """Write what is the same for every reading of a message, and their places."""
    has_zone = plans[signed(messages.plan[k]), PLAN_HAS_ZONE]
    offset, record_ms = messages.offset[k], messages.record_ms[k]
    to = unsigned(row)
    for i in range(unsigned(plans[signed(messages.plan[k]), PLAN_ROWS])):
        columns.has_zone[to + i] = has_zone
        columns.offset[to + i] = offset
        columns.record_ms[to + i] = record_ms
        columns.place[to + i] = i


@inline_always
def _take_stamps(messages: Messages, plans: Plans, k: int, row: int, columns: Unpacked) -> bool:
    """Write the stamps of a message; return whether all are allowed."""
    plan = signed(messages.plan[k])
    at = unsigned((messages.start[k] + plans[plan, PLAN_STAMP]) // 8)
    to, n = unsigned(row), unsigned(plans[plan, PLAN_ROWS])
    begin, end = plans[plan, PLAN_STAMP_FIRST], plans[plan, PLAN_STAMP_END]
    per_s = plans[plan, PLAN_UNITS_PER_S]
    n_beyond = 0
    for i in range(n):
        stamp = messages.int64s[at + i]
        n_beyond += (stamp < begin) | (stamp >= end)
        columns.stamp_ms[to + i] = stamp
    if n_beyond > 0:
        return False
    if per_s < PER_S:
        for i in range(n):
            columns.stamp_ms[to + i] *= PER_S // per_s
    elif per_s > PER_S:
        for i in range(n):
            columns.stamp_ms[to + i] //= per_s // PER_S
    return True


@inline_always
def _take_numbers(
    messages: Messages, plans: Plans, limits: Floats, k: int, row: int, columns: Unpacked
) -> bool:
    """Write the numbers of a message; return whether all are within their limits."""
    plan = signed(messages.plan[k])
    to, n = unsigned(row), unsigned(plans[plan, PLAN_ROWS])
    n_beyond = 0
    for column in range(N_NUMBERS):
        if columns.is_wanted[column] == 0:
            continue
        place = plans[plan, PLAN_NUMBERS + column]
        limit = limits[column]
        if place == NONE:
            for i in range(n):
                columns.number[column, to + i] = math.nan
        elif plans[plan, PLAN_SINGLES + column] == 1:
            at = unsigned((messages.start[k] + place) // 4)
            for i in range(n):
                number = float(messages.singles[at + i])
                columns.number[column, to + i] = number
                n_beyond += abs(number) > limit
        else:
            at = unsigned((messages.start[k] + place) // 8)
            for i in range(n):
                number = messages.doubles[at + i]
                columns.number[column, to + i] = number
                n_beyond += abs(number) > limit
    return n_beyond == 0


@inline
def _take_names(
    messages: Messages, plans: Plans, names: Names, k: int, row: int, columns: Unpacked
) -> bool:
    """Write the codes of the devices of a message; return whether all are known."""
    plan = signed(messages.plan[k])
    at = (messages.start[k] + plans[plan, PLAN_OFFSETS]) // 4
    characters = messages.start[k] + plans[plan, PLAN_CHARACTERS]
    n_characters = plans[plan, PLAN_N_CHARACTERS]
    n = plans[plan, PLAN_ROWS]
    begin = signed(messages.int32s[at])
    last = NONE
    for i in range(n):
        end = signed(messages.int32s[at + i + 1])
        if not 0 <= begin <= end <= n_characters:
            return False
        code = signed(names.following[last]) if last != NONE else NONE
        if code == NONE or not is_name(
            names, code, messages.octets, characters + begin, end - begin
        ):
            code = find(names, messages.octets, characters + begin, end - begin)
            if code < 0:
                return False
            if last != NONE:
                names.following[last] = code
        columns.device[row + i] = code
        last, begin = code, end
        if i == 0 and _follow(messages, at, characters, n_characters, n, names, code):
            for j in range(unsigned(n)):
                columns.device[unsigned(row) + j] = code + signed(j)
            return True
    return True


@inline
def _follow(  # noqa: PLR0913, PLR0917  (a kernel's columns)
    messages: Messages,
    at: int,
    characters: int,
    n_characters: int,
    n: int,
    names: Names,
    code: int,
) -> bool:
    """Return whether ``n`` names of a message are those of ``code``, ``code + 1``, ...: two comparisons of columns."""
    if code + n > names.used[0]:
        return False
    begin, first = signed(messages.int32s[at]), signed(names.first[code])
    n_octets = signed(names.first[code + n]) - first
    if begin + n_octets > n_characters:
        return False
    n_other = 0
    mine, theirs = unsigned(at), unsigned(code)
    for i in range(unsigned(n + 1)):
        n_other += (
            signed(names.first[theirs + i]) - first != signed(messages.int32s[mine + i]) - begin
        )
    if n_other > 0:
        return False
    mine, theirs = unsigned(characters + begin), unsigned(first)
    for i in range(unsigned(n_octets)):
        n_other += names.characters[theirs + i] != messages.octets[mine + i]
    return n_other == 0
