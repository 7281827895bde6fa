"""Groups of few members say what single ones did: who may read sums only does not get them."""

from typing import Annotated, Final

from fastapi import Depends

from service.api.access import Asking
from service.api.context import Context

WITHHELD: Final = (
    "groups that are left out: of fewer members than who may not read customers is shown"
)


def _fewest(asking: Asking, context: Context) -> int:
    """Return how many members a group needs to be shown to who asks."""
    return 0 if asking.may("read:customer") else context.fewest_in_group


Fewest = Annotated[int, Depends(_fewest)]
