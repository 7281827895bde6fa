"""One small district for the tests that only read it."""

import pytest

from tests.simulate.district import District, make


@pytest.fixture(scope="session")
def district(tmp_path_factory: pytest.TempPathFactory) -> District:
    return make(tmp_path_factory.mktemp("district") / "out")
