"""The environment of the peers: theirs alone, made when it is needed, from a lock with hashes."""

import hashlib
import subprocess
import sys
import venv
from pathlib import Path
from typing import Final

REQUIREMENTS: Final = Path(__file__).with_name("requirements.txt")
FOLDER: Final = Path(__file__).parents[3] / ".cache" / "peers"
_WITHIN_S: Final = 600


class PeersMissingError(Exception):
    """The peers cannot be installed here; its text says why."""


def peers_python() -> Path:
    """Return the interpreter that has the peers, installing them where that has not been done.

    Raises:
        PeersMissingError: A package does not come, or has no wheel for this interpreter.
    """
    python, stamp = FOLDER / "bin" / "python", FOLDER / "installed"
    wanted = hashlib.sha256(REQUIREMENTS.read_bytes() + sys.version.encode()).hexdigest()
    if stamp.exists() and stamp.read_text() == wanted:
        return python
    try:
        venv.create(FOLDER, clear=True, with_pip=True)
    except subprocess.CalledProcessError as error:
        raise PeersMissingError(f"no environment can be made: {error}") from error
    command = [str(python), "-m", "pip", "install", "--quiet", "--no-input"]
    options = ["--require-hashes", "--only-binary", ":all:", "-r", str(REQUIREMENTS)]
    try:
        done = subprocess.run(
            [*command, *options], check=False, capture_output=True, text=True, timeout=_WITHIN_S
        )
    except subprocess.TimeoutExpired as error:
        raise PeersMissingError(f"pip did not end within {_WITHIN_S} s") from error
    if done.returncode:
        said = [line for line in done.stderr.splitlines() if line.strip()]
        raise PeersMissingError(said[-1] if said else f"pip ended with {done.returncode}")
    stamp.write_text(wanted)
    return python
