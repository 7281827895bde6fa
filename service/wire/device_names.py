"""The names of devices that were found to be good: as texts, and as the kernels look for them."""

import itertools
import secrets
from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from kernels import remember
from kernels.layout import NONE
from kernels.message_layout import Names

_N_NAMES_MAX: Final = 4_000_000
_CHARACTERS_MAX: Final = 128 * 2**20  # bytes
_ROOM: Final = 1024  # names to begin with
_CHARACTERS_EACH: Final = 16
_serials = itertools.count(1)  # of the process: two tables never give one key to different texts


class DeviceNames:
    """Names by code. Beyond its bounds all are forgotten, and known again when they come again."""

    def __init__(
        self, n_names_max: int = _N_NAMES_MAX, characters_max: int = _CHARACTERS_MAX
    ) -> None:
        """Remember at most ``n_names_max`` names of ``characters_max`` bytes together."""
        self._n_names_max = n_names_max
        self._characters_max = characters_max
        self._forget()

    def learn(self, texts: Sequence[str]) -> bool:
        """Remember texts, all of them good names; return whether they are known now."""
        encoded = [text.encode() for text in texts]
        octets = np.frombuffer(bytearray().join(encoded), np.uint8)
        if len(texts) > self._n_names_max or octets.size > self._characters_max:
            return False
        if (
            len(self.texts) + len(texts) > self._n_names_max
            or int(self.table.used[1]) + octets.size > self._characters_max
        ):
            self._forget()
        self._reserve(len(self.texts) + len(texts), int(self.table.used[1]) + octets.size)
        first = np.zeros(len(texts) + 1, np.int64)
        np.cumsum([len(text) for text in encoded], out=first[1:])
        code = np.zeros(len(texts), np.int32)
        if remember(self.table, octets, first, code):
            for text, its_code in zip(texts, code.tolist(), strict=True):
                if its_code == len(self.texts):
                    self.texts.append(text)
        return True

    def _forget(self) -> None:
        self.texts: list[str] = []  # by code; a list of its own, for batches hold the one before
        self.key = b"names %d" % next(_serials)  # of ``texts``
        seed = secrets.randbits(31)  # nobody outside can choose names that collide
        self.table = _with_room(np.array([0, 0, seed]), _ROOM, _ROOM * _CHARACTERS_EACH)

    def _reserve(self, n_names: int, n_characters: int) -> None:
        old = self.table
        room, characters = old.hashes.size, old.characters.size
        if n_names <= room and n_characters <= characters:
            return
        while room < n_names:
            room *= 2
        new = _with_room(old.used, room, max(n_characters, 2 * characters))
        known = int(old.used[0])
        new.hashes[:known] = old.hashes[:known]
        new.first[: known + 1] = old.first[: known + 1]
        new.characters[: old.used[1]] = old.characters[: old.used[1]]
        new.following[:known] = old.following[:known]
        if room > old.hashes.size:
            _place(new.slots, new.hashes[:known])
        else:
            new.slots[:] = old.slots
        self.table = new


def _with_room(used: NDArray[np.int64], n_names: int, n_characters: int) -> Names:
    """Return an empty table for ``n_names``, a power of two."""
    return Names(
        slots=np.full(4 * n_names, NONE, np.int32),
        hashes=np.zeros(n_names, np.int32),
        first=np.zeros(n_names + 1, np.int64),
        characters=np.zeros(n_characters, np.uint8),
        following=np.full(n_names, NONE, np.int32),
        used=used.astype(np.int64),
    )


def _place(slots: NDArray[np.int32], hashes: NDArray[np.int32]) -> None:
    """Put codes into empty slots: each into the first free one from its hash on."""
    waiting = np.arange(hashes.size, dtype=np.int32)
    at = hashes.astype(np.int64) & (slots.size - 1)
    while waiting.size:
        free = slots[at] == NONE
        slots[at[free]] = waiting[free]  # of several that want one slot, one gets it
        left = slots[at] != waiting
        waiting, at = waiting[left], (at[left] + 1) & (slots.size - 1)
