"""How a connection is made: who we say we are, how it is encrypted, and what its limits are."""

import ssl
from typing import Any, Literal

from service.errors import SettingsError
from service.settings.parts import DatabaseSettings

Purpose = Literal["writer", "reader", "migrator"]


def connect_arguments(settings: DatabaseSettings, purpose: Purpose) -> dict[str, Any]:
    """Return what the driver is to be told, for a connection or a pool of them.

    Raises:
        SettingsError: The certificates cannot be read.
    """
    is_reader = purpose == "reader"
    statement_s = {
        "reader": settings.reader_statement_timeout_s,
        "writer": settings.writer_command_timeout_s,
        "migrator": 0.0,  # an index over everything takes its time
    }[purpose]
    return {
        "dsn": settings.database_dsn,
        "ssl": _tls(settings),
        "timeout": settings.database_connect_timeout_s,
        # The server is to end a statement first; this is for a server that no longer answers.
        "command_timeout": statement_s + 5.0 if statement_s else None,
        "server_settings": {
            "application_name": f"voltpass-{purpose}",
            "timezone": "UTC",
            "jit": "off",  # compiling costs more than it saves in statements as short as these
            # Who writes does it in rounds of some thousand rows: starting workers for each takes longer than they save.
            **({} if is_reader else {"max_parallel_workers_per_gather": "0"}),
            "default_transaction_read_only": "on" if is_reader else "off",
            "statement_timeout": _milliseconds(statement_s),
            "lock_timeout": _milliseconds(settings.writer_lock_timeout_s),
            "idle_in_transaction_session_timeout": _milliseconds(settings.writer_idle_timeout_s),
        },
    }


def _tls(settings: DatabaseSettings) -> ssl.SSLContext | str | None:
    mode = settings.database_tls
    if mode not in {"verify-ca", "verify-full"}:
        return mode
    try:
        context = ssl.create_default_context(cafile=settings.database_ca_file)
        context.check_hostname = mode == "verify-full"
        if settings.database_cert_file is not None:
            context.load_cert_chain(settings.database_cert_file, settings.database_key_file)
    except OSError as error:  # SSLError is one
        files = (settings.database_ca_file, settings.database_cert_file, settings.database_key_file)
        named = ", ".join(str(file) for file in files if file is not None)
        raise SettingsError(f"the certificates for the database, {named}: {error}") from error
    return context


def _milliseconds(seconds: float) -> str:
    return str(round(seconds * 1000))
