"""What processes have used so far, as the kernel counts it: processor seconds and memory."""

import os
from contextlib import suppress
from pathlib import Path

_TICKS_PER_S = os.sysconf("SC_CLK_TCK")
# Fields after the name; behind the two of the process stand those of its children that have ended.
_PARENT, _USER, _SYSTEM, _CHILDREN_SYSTEM = 1, 11, 12, 14


def processor_s(pid: int) -> float:
    """Return processor seconds of a process, user and system, all of its threads."""
    fields = _fields(pid)
    return (int(fields[_USER]) + int(fields[_SYSTEM])) / _TICKS_PER_S


def family_processor_s(pid: int) -> float:
    """Return processor seconds of a process and its children, of those that have ended too."""
    own = _fields(pid)[_USER : _CHILDREN_SYSTEM + 1]
    used_s = sum(map(int, own)) / _TICKS_PER_S
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()
    for child in children:
        with suppress(FileNotFoundError, ProcessLookupError):  # it may end at any moment
            used_s += processor_s(int(child))
    return used_s


def parent_of(pid: int) -> int:
    """Return the process that started this one."""
    return int(_fields(pid)[_PARENT])


def peak_memory_bytes(pid: int) -> int:
    """Return the most resident memory that a process has had."""
    return _memory_bytes(pid, "VmHWM")


def resident_bytes(pid: int) -> int:
    """Return the resident memory of a process."""
    return _memory_bytes(pid, "VmRSS")


def _memory_bytes(pid: int, name: str) -> int:
    lines = Path(f"/proc/{pid}/status").read_text(encoding="utf-8", errors="replace").splitlines()
    [found] = [line for line in lines if line.startswith(f"{name}:")]
    return int(found.split()[1]) * 1024


def _fields(pid: int) -> list[str]:
    text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    return text.rpartition(")")[2].split()  # the name may hold blanks and brackets
