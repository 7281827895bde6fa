"""The names of devices that were found to be good: as the kernels look for them, in some thirty bytes each."""

import itertools
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias, overload

import numpy as np
from numpy.typing import NDArray

from kernels import remember
from kernels.layout import NONE
from kernels.message_layout import Names
from service.domain.room import enlarged, room_for

_Slice: TypeAlias = "slice[int | None, int | None, int | None]"

_N_NAMES_MAX: Final = 4_000_000
_CHARACTERS_MAX: Final = 128 * 2**20  # bytes
_ROOM: Final = 1024  # names to begin with
_CHARACTERS_EACH: Final = 16
_SLOTS_EACH: Final = 2  # at least; a power of two of them together, so up to twice as many
_serials = itertools.count(1)  # of the process: two tables never give one key to different texts


@dataclass(frozen=True, slots=True, eq=False)
class KnownNames(Sequence[str]):
    """The names that a table had at one moment, by code; later ones stand behind them."""

    table: Names
    n_names: int

    def __len__(self) -> int:
        return self.n_names

    @overload
    def __getitem__(self, index: int) -> str: ...
    @overload
    def __getitem__(self, index: "_Slice") -> list[str]: ...
    def __getitem__(self, index: "int | _Slice") -> str | list[str]:
        if isinstance(index, slice):
            return [self[code] for code in range(*index.indices(self.n_names))]
        code = range(self.n_names)[index]
        first, after = self.table.first[code], self.table.first[code + 1]
        return self.table.characters[first:after].tobytes().decode()


class DeviceNames:
    """Names by code. Beyond its bounds all are forgotten, and known again when they come again."""

    def __init__(
        self, n_names_max: int = _N_NAMES_MAX, characters_max: int = _CHARACTERS_MAX
    ) -> None:
        """Remember at most ``n_names_max`` names of ``characters_max`` bytes together."""
        self._n_names_max = n_names_max
        self._characters_max = characters_max
        self._forget()

    @property
    def texts(self) -> KnownNames:
        """The names that are known now."""
        return KnownNames(self.table, int(self.table.used[0]))

    def learn(self, texts: Sequence[str]) -> NDArray[np.int32] | None:
        """Remember texts, all of them good names; return their codes, None where they are too many or too long."""
        encoded = [text.encode() for text in texts]
        octets = np.frombuffer(bytearray().join(encoded), np.uint8)
        if len(texts) > self._n_names_max or octets.size > self._characters_max:
            return None
        n_names, n_characters = self._sizes()
        if (
            n_names + len(texts) > self._n_names_max
            or n_characters + octets.size > self._characters_max
        ):
            self._forget()
            n_names, n_characters = self._sizes()
        self._reserve(n_names + len(texts), n_characters + octets.size)
        first = np.zeros(len(texts) + 1, np.int64)
        np.cumsum([len(text) for text in encoded], out=first[1:])
        code = np.zeros(len(texts), np.int32)
        remember(self.table, octets, first, code)
        return code

    def _sizes(self) -> tuple[int, int]:
        """Return how many names are known, and of how many characters."""
        return int(self.table.used[0]), int(self.table.used[1])

    def _forget(self) -> None:
        self.key = b"names %d" % next(_serials)  # of ``texts``
        seed = secrets.randbits(31)  # nobody outside can choose names that collide
        self.table = Names(
            slots=np.full(_SLOTS_EACH * _ROOM, NONE, np.int32),
            hashes=np.zeros(_ROOM, np.int32),
            first=np.zeros(_ROOM + 1, np.int32),
            characters=np.zeros(_ROOM * _CHARACTERS_EACH, np.uint8),
            following=np.zeros(_ROOM, np.int32),
            used=np.array([0, 0, seed], np.int64),
        )  # another table: see ``KnownNames``

    def _reserve(self, n_names: int, n_characters: int) -> None:
        """Make room for names and characters, the known ones among them.

        The arrays before stay as they are: who holds ``texts`` may go by them.
        """
        old = self.table
        room = room_for(n_names, old.hashes.size)
        characters = room_for(n_characters, old.characters.size)
        if characters > old.characters.size:
            self.table = self.table._replace(characters=enlarged(old.characters, characters))
        if room > old.hashes.size:
            known = int(old.used[0])
            self.table = self.table._replace(
                hashes=enlarged(old.hashes, room),
                first=enlarged(old.first, room + 1),
                following=enlarged(old.following, room),
                slots=_with_slots_for(old.slots, old.hashes[:known], room),
            )


def _with_slots_for(
    slots: NDArray[np.int32], hashes: NDArray[np.int32], n_names: int
) -> NDArray[np.int32]:
    """Return slots of which more than half are free with ``n_names``; those there are where they are enough."""
    if slots.size >= _SLOTS_EACH * n_names:
        return slots
    larger = np.full(1 << (_SLOTS_EACH * n_names - 1).bit_length(), NONE, np.int32)
    _place(larger, hashes)
    return larger


def _place(slots: NDArray[np.int32], hashes: NDArray[np.int32]) -> None:
    """Put codes into empty slots: each into the first free one from its hash on."""
    waiting = np.arange(hashes.size, dtype=np.int32)
    at = hashes.astype(np.int64) & (slots.size - 1)
    while waiting.size:
        free = slots[at] == NONE
        slots[at[free]] = waiting[free]  # of several that want one slot, one gets it
        left = slots[at] != waiting
        waiting, at = waiting[left], (at[left] + 1) & (slots.size - 1)
