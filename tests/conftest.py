"""What every test needs: compiled kernels, backends, and hypothesis without a clock."""

import os

import pytest
from hypothesis import HealthCheck, settings

import kernels

# A slow machine is not a failure, and CI fails only for what changed.
# The kernels' other modes repeat what the compiled ones are held to, at up to a hundred times the cost.
_IN_ANOTHER_MODE = "NUMBA_DISABLE_JIT" in os.environ or "NUMBA_BOUNDSCHECK" in os.environ
settings.register_profile(
    "voltpass",
    deadline=None,
    derandomize="CI" in os.environ,
    max_examples=10 if _IN_ANOTHER_MODE else 40,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("voltpass")

pytest_plugins = ["tests.backends"]


@pytest.fixture(scope="session", autouse=True)
def warm_kernels() -> int:
    """Compile every kernel before the first test, and none later."""
    return kernels.warm_up()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What may take longest begins first, so that no worker is left alone with it at the end."""
    items.sort(key=_limit_s, reverse=True)


def _limit_s(item: pytest.Item) -> float:
    mark = item.get_closest_marker("timeout")
    return float(mark.args[0]) if mark else 0.0
