"""Where ``provision.sh`` has put the real parts."""

import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

_REPOSITORY = Path(__file__).resolve().parents[2]


class MissingPartError(RuntimeError):
    """A part is not installed; the message says what to run."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RealParts:
    """The installed parts, as paths of this machine unless said otherwise."""

    folder: Path  # the cache folder; servers keep their files in `run` below it
    java: Path
    kafka_libs: Path  # the broker's jars
    postgres_root: Path  # "/", or a root of its own that PostgreSQL is started in by chroot
    postgres_bin: Path  # initdb, postgres, psql; as seen from inside postgres_root
    promtool: Path
    prometheus: Path
    amtool: Path
    alertmanager: Path
    soffice: Path  # LibreOffice, without a screen
    pdftoppm: Path  # pictures of the pages of a PDF
    chromium: Path
    helm: Path | None  # None: not asked for
    systemd_analyze: Path


def read_parts(env: Mapping[str, str]) -> RealParts:
    """Return the parts named by ``TEST_REAL_*``; what ``env`` leaves out is read from the file.

    The file is ``parts.env`` in the cache folder, written by ``provision.sh``. So tests find the
    parts whether or not the exports of that script were evaluated.

    Raises:
        MissingPartError: The script has not run, or a part has gone since.
    """
    folder = Path(env.get("TEST_REAL_DIR", _REPOSITORY / ".cache" / "real"))
    named = _read_exports(folder / "parts.env") | dict(env)

    def part(name: str) -> Path:
        try:
            return Path(named[f"TEST_REAL_{name}"])
        except KeyError:
            raise _missing(f"TEST_REAL_{name} is not set, nor in {folder}/parts.env") from None

    parts = RealParts(
        folder=folder.resolve(),
        java=part("JAVA"),
        kafka_libs=part("KAFKA_LIBS"),
        postgres_root=part("POSTGRES_ROOT"),
        postgres_bin=part("POSTGRES_BIN"),
        promtool=part("PROMTOOL"),
        prometheus=part("PROMETHEUS"),
        amtool=part("AMTOOL"),
        alertmanager=part("ALERTMANAGER"),
        soffice=part("SOFFICE"),
        pdftoppm=part("PDFTOPPM"),
        chromium=part("CHROMIUM"),
        helm=part("HELM") if {"TEST_REAL_HELM", "TEST_REAL_WITH_HELM"} & named.keys() else None,
        systemd_analyze=part("SYSTEMD_ANALYZE"),
    )
    _check_there(parts)
    return parts


def _check_there(parts: RealParts) -> None:
    postgres = parts.postgres_root / (parts.postgres_bin / "postgres").relative_to("/")
    programs = (
        *(parts.promtool, parts.prometheus, parts.amtool, parts.alertmanager),
        *(parts.soffice, parts.pdftoppm, parts.systemd_analyze),
        *(() if parts.helm is None else (parts.helm,)),
        parts.chromium,
    )
    for path in (parts.java, parts.kafka_libs, postgres, *programs):
        if not path.exists():
            raise _missing(f"{path} is not there")


def _read_exports(file: Path) -> dict[str, str]:
    if not file.exists():
        return {}
    words = shlex.split(file.read_text())  # export, NAME=value, export, NAME=value, ...
    return dict(word.split("=", 1) for word in words if "=" in word)


def _missing(what: str) -> MissingPartError:
    return MissingPartError(f"{what}: run tests/real/provision.sh first")
