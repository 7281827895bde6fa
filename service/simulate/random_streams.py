"""Randomness by purpose: what is drawn for one thing does not shift what is drawn for another."""

from enum import IntEnum, unique

import numpy as np


@unique
class Purpose(IntEnum):
    """What numbers are drawn for; a number of its own makes a stream of its own."""

    NETWORK = 1
    OUTAGES = 2
    DECLARATIONS = 3
    LOSSES = 4
    EVENTS = 5
    CALLS = 6
    FEEDER_VOLTAGE = 7
    METER_VOLTAGE = 8
    DELIVERY = 9


def random_of(seed: int, purpose: Purpose, *keys: int) -> np.random.Generator:
    """Return the generator of a purpose, and of a feeder or day of it."""
    return np.random.default_rng([seed, int(purpose), *keys])
