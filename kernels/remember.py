"""Remembering names: each gets a code, by which it is known from then on."""

from kernels._jit import kernel
from kernels._names import find, hash_of
from kernels.layout import NONE, Bytes, Int32s, Int64s
from kernels.message_layout import Names


@kernel
def remember(names: Names, octets: Bytes, first: Int64s, code: Int32s) -> int:
    """Write the code of every name into ``code``; one that was not known gets the next.

    Shapes: name ``i`` is ``octets[first[i] : first[i + 1]]``; ``code`` ``(n_names,)``.
    Order: codes are given in the order of the names.
    Requires: room for as many names and characters, and half of the slots still free then.

    Returns:
        Number of names that were not known.
    """
    if code.size == 0:
        return 0
    n_before: int = names.used[0]
    for i in range(code.size):
        start = first[i]
        n = first[i + 1] - start
        found = find(names, octets, start, n)
        if found < 0:
            slot = -1 - found
            found = names.used[0]
            at = names.used[1]
            for j in range(n):
                names.characters[at + j] = octets[start + j]
            names.slots[slot] = found
            names.hashes[found] = hash_of(names, octets, start, n)
            names.following[found] = NONE
            names.first[found + 1] = at + n
            names.used[0] += 1
            names.used[1] += n
        code[i] = found
    n_new: int = names.used[0] - n_before
    return n_new
