"""The connection to the database is encrypted, and the server is who it should be."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from service.errors import StoreUnavailableError
from service.settings.parts import DatabaseSettings
from service.store.pool import connect
from tests.real.parts import read_parts
from tests.real.timescale import RealTimescale

pytestmark = pytest.mark.real

FILES = Path("tests/data/tls").resolve()


@pytest.fixture(scope="module")
def dsn() -> Iterator[str]:
    """A server with a certificate for 127.0.0.1; the one from the wheel is built without TLS."""
    parts = read_parts(os.environ)
    folder = Path(tempfile.mkdtemp(prefix="voltpass-tls-", dir=parts.postgres_root / "var/tmp"))
    try:
        for name in ("ca.pem", "server.pem", "server.key"):
            shutil.copy(FILES / name, folder)
        give_to_postgres(folder, parts.postgres_root)
        inside = Path("/") / folder.relative_to(parts.postgres_root.resolve())
        names = {
            "ssl_ca_file": "ca.pem",
            "ssl_cert_file": "server.pem",
            "ssl_key_file": "server.key",
        }
        files = {setting: str(inside / name) for setting, name in names.items()}
        with RealTimescale(parts=parts, fsync=False, settings={"ssl": "on", **files}) as server:
            yield server.dsn("postgres")
    finally:
        shutil.rmtree(folder)


def give_to_postgres(folder: Path, root: Path) -> None:
    """Let the server, and nobody else, read its key."""
    owner = -1
    if os.geteuid() == 0:
        lines = (root / "etc/passwd").read_text().splitlines()
        owner = next(int(line.split(":")[2]) for line in lines if line.startswith("postgres:"))
    for path in (folder, *folder.iterdir()):
        os.chown(path, owner, -1)
        path.chmod(0o700 if path.is_dir() else 0o600)


async def ask(dsn: str, **settings: Any) -> tuple[bool, str | None]:
    """Return whether the connection is encrypted, and as whom the server knows us."""
    connection = await connect(DatabaseSettings(database_dsn=dsn, **settings), "reader")
    try:
        row = await connection.fetchrow(
            "SELECT ssl, client_dn FROM pg_stat_ssl WHERE pid = pg_backend_pid()"
        )
    finally:
        await connection.close()
    assert row is not None
    return row["ssl"], row["client_dn"]


@pytest.mark.parametrize(
    ("mode", "is_encrypted"),
    [(None, True), ("disable", False), ("prefer", True), ("require", True)],
)
async def test_the_mode_says_whether_to_encrypt(
    dsn: str, mode: str | None, is_encrypted: bool
) -> None:
    assert await ask(dsn, database_tls=mode) == (is_encrypted, None)


async def test_without_a_mode_the_dsn_says(dsn: str) -> None:
    assert await ask(f"{dsn}?sslmode=disable") == (False, None)


@pytest.mark.parametrize("mode", ["verify-ca", "verify-full"])
async def test_a_server_of_our_authority_is_trusted(dsn: str, mode: str) -> None:
    assert await ask(dsn, database_tls=mode, database_ca_file=FILES / "ca.pem") == (True, None)


@pytest.mark.parametrize("ca_file", [FILES / "stranger.pem", None])
@pytest.mark.parametrize("mode", ["verify-ca", "verify-full"])
async def test_a_server_of_another_authority_is_not(
    dsn: str, mode: str, ca_file: Path | None
) -> None:
    with pytest.raises(StoreUnavailableError, match="CERTIFICATE_VERIFY_FAILED"):
        await ask(dsn, database_tls=mode, database_ca_file=ca_file)


async def test_a_name_that_the_certificate_does_not_have_fails_only_in_full(dsn: str) -> None:
    elsewhere = dsn.replace("127.0.0.1", "localhost")
    ours = {"database_ca_file": FILES / "ca.pem"}

    assert await ask(elsewhere, database_tls="verify-ca", **ours) == (True, None)
    with pytest.raises(StoreUnavailableError, match="localhost"):
        await ask(elsewhere, database_tls="verify-full", **ours)


async def test_we_show_our_own_certificate(dsn: str) -> None:
    files = {
        f"database_{kind}_file": FILES / name
        for kind, name in [("ca", "ca.pem"), ("cert", "client.pem")]
    }

    found = await ask(
        dsn, database_tls="verify-full", database_key_file=FILES / "client.key", **files
    )

    assert found == (True, "/CN=test client")
