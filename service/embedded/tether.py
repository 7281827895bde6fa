"""The last step before a server program: it ties the server's life to that of its owner.

Runs as a script in a process of its own, before the server's program replaces it, so that no Python
code runs between fork and exec in a process that has threads.
"""

import ctypes
import os
import signal
import sys
from pathlib import Path

_KEEP = -1
_PR_SET_PDEATHSIG = 1

# Nothing of the caller's environment reaches a server: it could change what the server does.
_ENVIRONMENT = {"LC_ALL": "C", "PATH": os.defpath, "RUST_LOG": "error", "TZ": "UTC"}


def tethered(
    command: list[str], *, when_orphaned: signal.Signals, uid: int = _KEEP, gid: int = _KEEP
) -> list[str]:
    """Return a command line that runs ``command`` as a server of the calling process.

    Args:
        command: Absolute path of the program, and its arguments.
        when_orphaned: What the server gets when the thread that started it ends, however it ends.
            Linux only; elsewhere an orphan stays.
        uid: User that the server becomes; -1 keeps the caller's.
        gid: Group that the server becomes; -1 keeps the caller's.
    """
    own = [os.getpid(), int(when_orphaned), uid, gid]
    # -I -S: nothing but the standard library is imported; 15 ms instead of 60.
    return [sys.executable, "-I", "-S", str(Path(__file__).resolve()), *map(str, own), *command]


def _become(uid: int, gid: int) -> None:
    if gid != _KEEP:
        os.setgroups([])
        os.setgid(gid)
    if uid != _KEEP:
        os.setuid(uid)


def _tie_to(owner_pid: int, when_orphaned: int) -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, when_orphaned, 0, 0, 0)
    if os.getppid() != owner_pid:  # it died before we were tied to it
        sys.exit(1)


def _main() -> None:
    owner_pid, when_orphaned, uid, gid = map(int, sys.argv[1:5])
    command = sys.argv[5:]
    _become(uid, gid)
    # After the change of user, which would forget the signal.
    _tie_to(owner_pid, when_orphaned)
    os.umask(0o077)
    os.execve(command[0], command, _ENVIRONMENT)  # noqa: S606  (no shell is what we want)


if __name__ == "__main__":
    _main()
