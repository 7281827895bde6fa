"""Where a name stands among a million, in twelve bytes for each; a dictionary takes a hundred and forty."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kernels.layout import NONE
from service.domain.texts import Texts


@dataclass(frozen=True, slots=True, eq=False)
class NameIndex:
    """The first place of each name. Make it with ``name_index``; it lives as long as the process, as hashes do."""

    names: Texts
    _hash: NDArray[np.int64]  # sorted
    _place: NDArray[np.int32]  # in ``names``

    def places_of(self, names: Sequence[str]) -> NDArray[np.int32]:
        """Return the place of each of these names, NONE for one that is not there; 0.3 us a name for a thousand."""
        places = np.full(len(names), NONE, np.int32)
        wanted = np.fromiter(map(hash, names), np.int64, len(names))
        at = np.searchsorted(self._hash, wanted)
        for i, (name, first) in enumerate(zip(names, at.tolist(), strict=True)):
            places[i] = self._place_from(first, int(wanted[i]), name)
        return places

    def _place_from(self, at: int, wanted: int, name: str) -> int:
        """Return the place among the names that have this hash; there is hardly ever more than one."""
        while at < self._hash.size and self._hash[at] == wanted:
            place = int(self._place[at])
            if self.names[place] == name:
                return place
            at += 1
        return NONE


def name_index(names: Texts, places: NDArray[np.int32]) -> NameIndex:
    """Return the index of the names at ``places``, each of which stands for another name."""
    hashes = np.fromiter(map(hash, names), np.int64, len(names))[places]
    order = np.argsort(hashes, kind="stable")
    return NameIndex(names, hashes[order], places[order])
