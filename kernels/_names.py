"""Names that are known: how one is found among them by its characters."""

from kernels._jit import inline, inline_always, signed
from kernels.layout import NONE, Bytes
from kernels.message_layout import Names

_FNV_PRIME = 16_777_619
_HASH_MASK = 0x7FFF_FFFF  # so that no product leaves int64


@inline
def hash_of(names: Names, octets: Bytes, start: int, n: int) -> int:
    """Return the hash of ``n`` characters (FNV-1a on 31 bits, begun where nobody outside can know)."""
    found: int = names.used[2]
    for i in range(start, start + n):
        found = ((found ^ signed(octets[i])) * _FNV_PRIME) & _HASH_MASK
    return found ^ (found >> 15)


@inline_always
def is_name(names: Names, code: int, octets: Bytes, start: int, n: int) -> bool:
    """Return whether ``n`` characters are the name of ``code``."""
    first = signed(names.first[code])
    if signed(names.first[code + 1]) - first != n:
        return False
    for i in range(n):  # noqa: SIM110 (compiled)
        if names.characters[first + i] != octets[start + i]:
            return False
    return True


@inline
def find(names: Names, octets: Bytes, start: int, n: int) -> int:
    """Return the code of a name; of one that is not known, the slot that it would take, as ``-1 - slot``."""
    wanted = hash_of(names, octets, start, n)
    mask = names.slots.size - 1
    slot = wanted & mask
    while names.slots[slot] != NONE:
        code = signed(names.slots[slot])
        if names.hashes[code] == wanted and is_name(names, code, octets, start, n):
            return code
        slot = (slot + 1) & mask
    return -1 - slot
