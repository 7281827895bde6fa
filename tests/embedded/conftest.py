import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from service.embedded.broker import EmbeddedBroker


@pytest.fixture
def folder() -> Iterator[Path]:
    """An empty folder that every account may enter; pytest's own are closed to them."""
    path = Path(tempfile.mkdtemp(prefix="voltpass-test-"))
    path.chmod(0o755)
    yield path
    shutil.rmtree(path)


@pytest.fixture
async def broker() -> AsyncIterator[EmbeddedBroker]:
    async with EmbeddedBroker() as running:
        yield running
