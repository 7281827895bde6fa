"""The command is run in this process; the kernels are compiled once, before anything is timed."""

import pytest

from kernels import warm_up


@pytest.fixture(scope="session", autouse=True)
def _warm_kernels() -> None:
    warm_up()
