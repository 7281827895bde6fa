"""The tree of causes, as domain knowledge has it."""

from collections import Counter

import pytest

from service.domain.reliability.causes import (
    CAUSES,
    CHILDREN,
    EXTERNAL,
    LEAF_OF,
    PARENT,
    SHORTAGE,
    Cause,
    CauseNode,
    is_under,
    leaf_of,
    tree_order,
    way_up,
)


def test_each_node_hangs_in_one_place_and_the_leaves_are_the_causes() -> None:
    nodes = tree_order()

    inner = [node for node in nodes if node in CHILDREN]

    assert Counter(nodes).most_common(1)[0][1] == 1
    assert sorted(set(nodes) - set(inner)) == sorted(CAUSES)
    assert all(way_up(node)[-1] == "all" for node in nodes)
    assert all(nodes.index(PARENT[node]) < nodes.index(node) for node in nodes if node != "all")


@pytest.mark.parametrize(
    ("cause", "way"),
    [
        ("fault_external", ("fault_external", "fault", "all")),
        ("emergency", ("emergency", "fault", "all")),
        ("planned_construction", ("planned_construction", "planned", "prearranged", "all")),
        ("temporary", ("temporary", "prearranged", "all")),
        ("network_limit", ("network_limit", "rationing", "prearranged", "all")),
        ("unknown", ("unknown", "all")),
    ],
)
def test_a_cause_hangs_under_its_nature(cause: Cause, way: tuple[CauseNode, ...]) -> None:
    assert way_up(cause) == way


@pytest.mark.parametrize(
    ("said", "leaf"),
    [
        ("fault_internal", "fault_internal"),
        ("customer_request", "customer_request"),
        ("fault", "fault_unspecified"),
        ("planned", "planned_unspecified"),
        ("rationing", "rationing_unspecified"),
        ("prearranged", "prearranged_unspecified"),
        ("", "unknown"),
        ("unknown", "unknown"),
        ("all", "unknown"),
        ("a tree fell on the line", "unknown"),
        ("Planned", "unknown"),
    ],
)
def test_a_word_of_a_record_means_one_leaf(said: str, leaf: Cause) -> None:
    assert leaf_of(said) == leaf


def test_who_knows_only_a_node_says_it_and_stays_under_it() -> None:
    for said, leaf in LEAF_OF.items():
        group = next((node for node in CHILDREN if node == said), leaf)

        assert is_under(leaf, group)


def test_what_dl_t_836_leaves_out_is_external_faults_and_lack_of_power_alone() -> None:
    left_out = {
        node: {cause for cause in CAUSES if is_under(cause, node)} for node in (EXTERNAL, SHORTAGE)
    }

    assert left_out == {EXTERNAL: {"fault_external"}, SHORTAGE: {"supply_shortage"}}
