"""How load goes through a day: what voltage and power follow from."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

# Hour of the peak, its width in hours, its height; on top of a night load.
_NIGHT: Final = 0.28
_PEAKS: Final = {
    "homes": ((7.5, 1.1, 0.22), (12.2, 1.6, 0.30), (19.6, 2.1, 0.68)),
    "business": ((10.5, 2.2, 0.55), (15.5, 2.2, 0.50), (19.0, 2.0, 0.25)),
}
_WAVES: Final = np.arange(3, 13)  # periods a day of the irregular part
_WAVE_HEIGHT: Final = 0.09
_SUNRISE_H: Final = 6.2
_SUNSET_H: Final = 18.7


def hours_of_day(n_intervals: int) -> NDArray[np.float64]:
    """Return the middle of each interval of a day, hours."""
    return (np.arange(n_intervals) + 0.5) * 24 / n_intervals


def load_curve(kind: str, hour: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return load as a share of its usual peak, 0.28 to about 1."""
    load = np.full(hour.size, _NIGHT)
    for peak_h, width_h, height in _PEAKS[kind]:
        load += height * np.exp(-(((hour - peak_h) / width_h) ** 2))
    return load


def irregular(
    hour: NDArray[np.float64], n: int, random: np.random.Generator
) -> NDArray[np.float64]:
    """Return ``n`` slow random curves around 0, ``(n, n_intervals)``, of standard deviation 0.09."""
    height = random.normal(0, _WAVE_HEIGHT / np.sqrt(_WAVES.size / 2), (n, _WAVES.size))
    turn = random.uniform(0, 2 * np.pi, (n, _WAVES.size, 1))
    waves = np.sin(2 * np.pi * _WAVES[:, None] * hour / 24 + turn)
    curves: NDArray[np.float64] = np.einsum("nk,nkt->nt", height, waves)
    return curves


def sunshine(hour: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the power of the sun as a share of noon's."""
    height = np.sin(np.pi * (hour - _SUNRISE_H) / (_SUNSET_H - _SUNRISE_H))
    return np.where((hour > _SUNRISE_H) & (hour < _SUNSET_H), height.clip(0), 0)


def is_night(hour: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Return when inverters sleep."""
    return (hour <= _SUNRISE_H) | (hour >= _SUNSET_H)
