"""What the tests need to know of other processes."""

import asyncio
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

_ROOT = Path(__file__).parents[2]


class Owner(NamedTuple):
    """A process that owns an embedded part."""

    process: "subprocess.Popen[str]"
    part_pid: int
    part_where: str  # bootstrap or DSN

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()


@contextmanager
def owner_of(*arguments: str, temporary: Path | None = None) -> Iterator[Owner]:
    """Yield a process that has started the part; it is killed at the latest at the end."""
    environment = (
        dict(os.environ) if temporary is None else {**os.environ, "TMPDIR": str(temporary)}
    )
    with subprocess.Popen(
        [sys.executable, "-m", "tests.embedded.owner", *arguments],
        cwd=_ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            assert process.stdout is not None
            answer = json.loads(process.stdout.readline())
            yield Owner(process, answer["pid"], answer["where"])
        finally:
            process.kill()


def has_ended(pid: int) -> bool:
    """Return whether the process is gone, or dead and not yet waited for."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return True
    return stat.rpartition(")")[2].split()[0] == "Z"


async def eventually(condition: Callable[[], bool], *, within_s: float = 10.0) -> None:
    """Return when ``condition`` holds; fail when it does not within ``within_s`` seconds."""
    deadline = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < deadline, f"not within {within_s} s"
        await asyncio.sleep(0.01)
