"""The pages that the console has, in the order of its navigation, and what each of them needs."""

from dataclasses import dataclass
from typing import Final

from service.domain.access import Scope


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One page of the navigation."""

    name: str  # its title is the message ``page.name``
    path: str  # below the console's own address
    scope: Scope


# Single points, customers and cases are for who may read customers; sums of them for everybody with a key.
ENTRIES: Final = (
    Entry(name="overview", path="/", scope="read:aggregate"),
    Entry(name="feeders", path="/feeders", scope="read:aggregate"),
    Entry(name="points", path="/points", scope="read:customer"),
    Entry(name="outages", path="/outages", scope="read:customer"),
    Entry(name="promises", path="/promises", scope="read:aggregate"),
    Entry(name="quality", path="/quality", scope="read:aggregate"),
)
