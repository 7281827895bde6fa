"""A folder that one process owns, as long as it lives."""

import fcntl
import os
import shutil
import tempfile
from pathlib import Path
from typing import Final

from service.errors import EmbeddedPartError

_LOCK: Final = "owner.lock"
_TEMPORARY: Final = "voltpass-server-"
_UNFINISHED: Final = "voltpass-new-"  # never swept: its owner may not hold the lock yet


class OwnedFolder:
    """A folder with a lock in it that the kernel takes back when the owner dies.

    Whoever holds the lock may stop what a dead owner left running in the folder.
    """

    def __init__(self, path: Path, lock_fd: int, *, is_temporary: bool) -> None:
        self.path = path
        self._lock_fd = lock_fd
        self._is_temporary = is_temporary

    @classmethod
    def given(cls, path: Path) -> "OwnedFolder":
        """Return the folder at ``path``, made if need be; it outlives this process.

        Raises:
            EmbeddedPartError: another process owns it, or it cannot be made.
        """
        try:
            if not path.is_dir():
                path.mkdir(parents=True)
                path.chmod(0o755)  # the server may run as somebody else
            return cls(path.resolve(), _lock(path), is_temporary=False)
        except OSError as error:
            raise EmbeddedPartError(f"folder {path} cannot be used: {error}") from error

    @classmethod
    def temporary(cls) -> "OwnedFolder":
        """Return a new folder that goes with its owner; those of dead owners are removed here.

        Raises:
            EmbeddedPartError: the folder for temporary files takes no new ones.
        """
        place = Path(tempfile.gettempdir()).resolve()
        try:
            _sweep(place)
            unfinished = Path(tempfile.mkdtemp(prefix=_UNFINISHED, dir=place))
            unfinished.chmod(0o755)  # the server may run as somebody else
            lock_fd = _lock(unfinished)
            path = unfinished.with_name(_TEMPORARY + unfinished.name.removeprefix(_UNFINISHED))
            unfinished.rename(path)
        except OSError as error:
            raise EmbeddedPartError(f"folder {place} takes no new folder: {error}") from error
        return cls(path, lock_fd, is_temporary=True)

    def give_back(self) -> None:
        """Let others own the folder; a temporary one is removed."""
        if self._is_temporary:
            shutil.rmtree(self.path, ignore_errors=True)
        os.close(self._lock_fd)


def _lock(folder: Path) -> int:
    lock_fd = os.open(folder / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        fcntl.flock(lock_fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.ftruncate(lock_fd, 0)
        os.write(lock_fd, b"%d\n" % os.getpid())
    except BlockingIOError as error:
        owner = os.pread(lock_fd, 20, 0).decode().strip()
        os.close(lock_fd)
        raise EmbeddedPartError(f"folder {folder} belongs to process {owner}") from error
    except OSError:
        os.close(lock_fd)
        raise
    return lock_fd


def _sweep(place: Path) -> None:
    """Remove the temporary folders whose owner was killed."""
    for folder in place.glob(_TEMPORARY + "*"):
        try:
            if folder.lstat().st_uid != os.geteuid():
                continue
            lock_fd = _lock(folder)
        except (EmbeddedPartError, OSError):  # in use, or just being removed by another process
            continue
        shutil.rmtree(folder, ignore_errors=True)
        os.close(lock_fd)
