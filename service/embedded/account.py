"""The account that a server runs as: PostgreSQL refuses to run as root."""

import os
import pwd
import stat
from pathlib import Path
from typing import NamedTuple

from service.errors import EmbeddedPartError

_UNPRIVILEGED = "nobody"


class Account(NamedTuple):
    """A user and a group of this machine."""

    uid: int
    gid: int


def server_account() -> Account | None:
    """Return whom the server has to become, or None where this process is not root.

    Raises:
        EmbeddedPartError: this process is root and the machine has no unprivileged account.
    """
    if os.geteuid() != 0:
        return None
    try:
        entry = pwd.getpwnam(_UNPRIVILEGED)
    except KeyError as error:
        raise EmbeddedPartError(
            f"account {_UNPRIVILEGED!r} does not exist, and a server must not run as root"
        ) from error
    return Account(uid=entry.pw_uid, gid=entry.pw_gid)


def closed_folder(path: Path) -> Path | None:
    """Return the outermost folder above ``path`` that strangers cannot enter, or None."""
    for folder in reversed(path.resolve().parents):
        if not folder.stat().st_mode & stat.S_IXOTH:
            return folder
    return None
