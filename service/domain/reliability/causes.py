"""Why supply went: the tree of causes, and what each index of DL/T 836 leaves out of it.

Each outage has one leaf, so figures by leaf add up to the whole, and those of a node are those of
the leaves below it. Who knows only a node says so ("planned"): its outage has the leaf that stands
for the rest of that node ("planned_unspecified"), and is left out only with the whole node.
"""

from collections.abc import Mapping
from typing import Final, Literal, get_args

Cause = Literal[
    "fault_internal",
    "fault_external",
    "emergency",
    "fault_unspecified",
    "planned_maintenance",
    "planned_construction",
    "customer_request",
    "planned_unspecified",
    "temporary",
    "supply_shortage",
    "network_limit",
    "rationing_unspecified",
    "prearranged_unspecified",
    "unknown",
]
CauseGroup = Literal["all", "fault", "prearranged", "planned", "rationing"]
CauseNode = Cause | CauseGroup

CAUSES: Final[tuple[Cause, ...]] = get_args(Cause)

# Source: DL/T 836-2012, nature of outages (confirm). A fault is what was not approved through
# dispatch six hours before, so an emergency outage is one, of the network itself (confirm).
# What a temporary outage was for is not told apart here.
CHILDREN: Final[Mapping[CauseGroup, tuple[CauseNode, ...]]] = {
    "all": ("fault", "prearranged", "unknown"),
    "fault": ("fault_internal", "fault_external", "emergency", "fault_unspecified"),
    "prearranged": ("planned", "temporary", "rationing", "prearranged_unspecified"),
    "planned": (
        "planned_maintenance",
        "planned_construction",
        "customer_request",
        "planned_unspecified",
    ),
    "rationing": ("supply_shortage", "network_limit", "rationing_unspecified"),
}
PARENT: Final[Mapping[CauseNode, CauseGroup]] = {
    child: group for group, children in CHILDREN.items() for child in children
}

_REST_OF: Final[Mapping[str, Cause]] = {
    "fault": "fault_unspecified",
    "prearranged": "prearranged_unspecified",
    "planned": "planned_unspecified",
    "rationing": "rationing_unspecified",
}
# What a record may say, and the leaf that it means; who knows no cause says nothing.
LEAF_OF: Final[Mapping[str, Cause]] = {
    cause: cause for cause in CAUSES if cause not in _REST_OF.values() and cause != "unknown"
} | dict(_REST_OF)

# Which outages the second and the third index of DL/T 836 leave out: influence from outside, and
# rationing because the system is short of power; not rationing because the network is too weak.
EXTERNAL: Final[CauseNode] = "fault_external"
SHORTAGE: Final[CauseNode] = "supply_shortage"


def leaf_of(said: str) -> Cause:
    """Return the leaf that a record's word means; ``unknown`` of any other text."""
    return LEAF_OF.get(said, "unknown")


def way_up(node: CauseNode) -> tuple[CauseNode, ...]:
    """Return a node, the node that it hangs under, and so on up to ``all``."""
    way: list[CauseNode] = [node]
    while way[-1] in PARENT:
        way.append(PARENT[way[-1]])
    return tuple(way)


def is_under(node: CauseNode, other: CauseNode) -> bool:
    """Return whether a node is ``other``, or hangs somewhere under it."""
    return other in way_up(node)


def leaves_under(node: CauseNode) -> frozenset[Cause]:
    """Return the leaves of a node; of a leaf itself."""
    return frozenset(cause for cause in CAUSES if is_under(cause, node))


def perhaps_under(node: CauseNode) -> frozenset[Cause]:
    """Return the leaves that are not under a node, but stand for a cause that may be."""
    groups: dict[Cause, CauseGroup] = {leaf: PARENT[leaf] for leaf in _REST_OF.values()}
    groups["unknown"] = "all"
    own = leaves_under(node)
    return frozenset(
        leaf for leaf, group in groups.items() if leaf not in own and is_under(node, group)
    )


def is_for_certain(cause: Cause) -> bool:
    """Return whether a leaf says what it was, not only that something else was not known."""
    return cause != "unknown" and cause not in _REST_OF.values()


def tree_order() -> tuple[CauseNode, ...]:
    """Return all nodes, each before what hangs under it, as the tree is read."""
    found: list[CauseNode] = []
    left: list[CauseNode] = ["all"]
    while left:
        node = left.pop()
        found.append(node)
        left += reversed(_children(node))
    return tuple(found)


def _children(node: CauseNode) -> tuple[CauseNode, ...]:
    return next((children for group, children in CHILDREN.items() if group == node), ())
