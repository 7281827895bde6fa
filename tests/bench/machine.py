"""The machine that a measurement was made on, and the versions of what it ran."""

import os
import platform
import re
import subprocess
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

from tests.real.parts import MissingPartError, RealParts, read_parts

_REPOSITORY = Path(__file__).resolve().parents[2]
_LIBRARIES = ("numpy", "numba", "pyarrow", "asyncpg", "aiokafka")


def machine() -> dict[str, str]:
    """Return what the page says of this machine, in its order; servers only where they are installed."""
    found = {
        "Processor": f"{len(os.sched_getaffinity(0))} cores of {_line_of('/proc/cpuinfo', 'model name')}",
        "Memory": f"{int(_line_of('/proc/meminfo', 'MemTotal').split()[0]) / 2**20:.1f} GiB",
        "Kernel": f"{platform.system()} {platform.release()}, {platform.machine()}",
        "Python": f"{platform.python_implementation()} {platform.python_version()}",
        "Libraries": ", ".join(f"{name} {version(name)}" for name in _LIBRARIES),
    }
    try:
        parts = read_parts(os.environ)
    except MissingPartError:
        return found
    return found | {"Servers": ", ".join(_servers(parts))}


def commit() -> str:
    """Return the short name of the commit that is checked out, with ``+`` where files differ from it."""
    command = ["git", "-C", str(_REPOSITORY), "describe", "--always", "--exclude=*", "--dirty=+"]
    said = subprocess.run(command, check=False, capture_output=True, text=True)
    return said.stdout.strip() or "unknown"


def _servers(parts: RealParts) -> Iterator[str]:
    """Yield names and versions, as the installed files tell them."""
    for jar in parts.kafka_libs.glob("kafka-clients-*.jar"):
        yield f"Apache Kafka {jar.stem.removeprefix('kafka-clients-')}"
    root, program = parts.postgres_root, str(parts.postgres_bin / "postgres")
    command = [program] if root == Path("/") else ["chroot", str(root), program]
    said = subprocess.run([*command, "--version"], check=True, capture_output=True, text=True)
    yield f"PostgreSQL {said.stdout.split()[2]}"
    major = parts.postgres_bin.parent.name
    [control] = root.glob(f"usr/share/postgresql*/{major}/extension/timescaledb.control")
    found = re.search(r"default_version\s*=\s*'([^']+)'", control.read_text(encoding="utf-8"))
    is_community = any(root.glob(f"usr/lib/postgresql/{major}/lib/timescaledb-tsl-*.so"))
    edition = "Community" if is_community else "Apache"
    yield f"TimescaleDB {found[1] if found else 'of unknown version'} ({edition} edition)"


def _line_of(file: str, name: str) -> str:
    lines = Path(file).read_text(encoding="utf-8").splitlines()
    found = (line.partition(":")[2].strip() for line in lines if line.startswith(name))
    return next(found, "unknown")
