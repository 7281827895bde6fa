"""How many of what each feeder has, so that all together are as many as the plan says."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from service.simulate.plan import SimulationPlan


@dataclass(frozen=True, slots=True, kw_only=True)
class FeederSizes:
    """Counts by feeder, ``(n_feeders,)`` each."""

    heads: NDArray[np.int64]  # monitors behind the breaker: 0 or 1
    transformers: NDArray[np.int64]  # public ones, at least 1
    terminals: NDArray[np.int64]  # of its transformers have a meter at their terminals
    plants: NDArray[np.int64]  # customers at 10 kV
    reserves: NDArray[np.int64]  # of these have a reserve entrance
    customers: NDArray[np.int64]  # low voltage


def feeder_sizes(plan: SimulationPlan, random: np.random.Generator) -> FeederSizes:
    """Return the counts of a plan; heads, terminals, plants, reserves and customers sum to its meters."""
    grid, n_feeders = plan.grid, plan.feeders
    every = np.arange(n_feeders)
    n_heads = round(grid.head_share * n_feeders)
    heads = np.bincount(random.permutation(every)[:n_heads], minlength=n_feeders)
    n_plants = max(1, round(grid.mv_share * plan.meters)) if grid.mv_share else 0
    plants = np.bincount(random.choice(every, n_plants), minlength=n_feeders)
    n_reserves = max(1, round(grid.reserve_share * n_plants)) if grid.reserve_share else 0
    reserves = _of_those(plants, n_reserves, random)
    left = plan.meters - int(heads.sum() + plants.sum() + reserves.sum())
    n_transformers = max(n_feeders, round(left / (grid.meters_per_transformer + 1)))
    more = random.choice(every, n_transformers - n_feeders)
    transformers = 1 + np.bincount(more, minlength=n_feeders)
    terminals = _of_those(transformers, round(grid.terminal_share * n_transformers), random)
    customers = in_proportion(left - int(terminals.sum()), transformers.astype(np.float64))
    return FeederSizes(
        heads=heads,
        transformers=transformers,
        terminals=terminals,
        plants=plants,
        reserves=reserves,
        customers=customers,
    )


def in_proportion(n: int, weights: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return whole numbers in proportion to ``weights`` whose sum is ``n``."""
    edges = np.round(np.cumsum(weights) / weights.sum() * n).astype(np.int64)
    parts: NDArray[np.int64] = np.diff(edges, prepend=0)
    return parts


def _of_those(counts: NDArray[np.int64], n: int, random: np.random.Generator) -> NDArray[np.int64]:
    """Return on which feeders ``n`` fall that are chosen from ``counts`` of each."""
    owners = np.repeat(np.arange(counts.size), counts)
    return np.bincount(random.permutation(owners)[:n], minlength=counts.size)
