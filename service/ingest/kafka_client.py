"""How a client reaches the brokers, and what it is set to."""

import ssl
from typing import Any, Final

from aiokafka.record.default_records import DefaultRecordBatch

from service.errors import SettingsError, SourceError
from service.settings.parts import KafkaSettings

_METADATA_MAX_AGE_MS: Final = 30_000  # new partitions are seen this late; the default is 5 minutes
_HEARTBEAT_MAX_MS: Final = 3000
_FETCH_MAX_BYTES: Final = 32 << 20  # of one answer; held by the client until it is polled
# An answer with a message or two costs as much as one with a hundred, here and at the broker.
_FETCH_MIN_BYTES: Final = 256 << 10
_FETCH_WAIT_MS: Final = 100  # for so many, at most
_PARTITION_FETCH_MAX_BYTES: Final = 2 << 20  # of one partition: 80 messages of 1000 readings
_POLL_INTERVAL_MAX_MS: Final = 600_000  # the supervisor acts long before


def consumer_arguments(settings: KafkaSettings) -> dict[str, Any]:
    """Return the arguments of a consumer that never moves by itself: no commit, no reset.

    There is no deserializer: one record that raises there would be polled for ever.

    Raises:
        SettingsError: A certificate or key cannot be read.
    """
    session_ms = round(settings.session_timeout_s * 1000)
    return client_arguments(settings) | {
        "group_id": settings.group,
        "group_instance_id": settings.group_instance,
        "enable_auto_commit": False,
        "auto_offset_reset": "none",
        "isolation_level": "read_committed",
        "max_poll_interval_ms": _POLL_INTERVAL_MAX_MS,
        "rebalance_timeout_ms": round(settings.rebalance_timeout_s * 1000),
        "session_timeout_ms": session_ms,
        "heartbeat_interval_ms": min(_HEARTBEAT_MAX_MS, session_ms // 5),
        "fetch_min_bytes": _FETCH_MIN_BYTES,
        "fetch_max_wait_ms": _FETCH_WAIT_MS,
        "fetch_max_bytes": _FETCH_MAX_BYTES,
        "max_partition_fetch_bytes": _PARTITION_FETCH_MAX_BYTES,
    }


def producer_arguments(settings: KafkaSettings) -> dict[str, Any]:
    """Return the arguments of a producer whose messages every in-sync replica has.

    Raises:
        SettingsError: A certificate or key cannot be read.
    """
    return client_arguments(settings) | {"acks": "all", "compression_type": "lz4", "linger_ms": 5}


def client_arguments(settings: KafkaSettings) -> dict[str, Any]:
    """Return how to reach the brokers: addresses, TLS, login.

    Raises:
        SettingsError: A certificate or key cannot be read.
    """
    password = settings.kafka_sasl_password
    protocol = "SSL" if settings.kafka_tls else "PLAINTEXT"
    return {
        "bootstrap_servers": settings.kafka_bootstrap,
        "client_id": settings.group_instance or "voltpass",
        "metadata_max_age_ms": _METADATA_MAX_AGE_MS,
        "security_protocol": f"SASL_{protocol}" if settings.kafka_sasl_mechanism else protocol,
        "ssl_context": _ssl_context(settings) if settings.kafka_tls else None,
        "sasl_mechanism": settings.kafka_sasl_mechanism or "PLAIN",
        "sasl_plain_username": settings.kafka_sasl_username,
        "sasl_plain_password": None if password is None else password.get_secret_value(),
    }


def check_record_parser() -> None:
    """See that records are parsed by compiled code.

    Raises:
        SourceError: They are not: each record would cost many times as much.
    """
    module = DefaultRecordBatch.__module__
    if "_crecords" not in module:
        raise SourceError(
            f"records are parsed by {module}: install aiokafka from a wheel of this platform,"
            " and leave AIOKAFKA_NO_EXTENSIONS unset"
        )


def _ssl_context(settings: KafkaSettings) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=settings.kafka_ca_file)
        if settings.kafka_cert_file is not None:
            context.load_cert_chain(settings.kafka_cert_file, settings.kafka_key_file)
    except OSError as error:  # SSLError is one
        files = (settings.kafka_ca_file, settings.kafka_cert_file, settings.kafka_key_file)
        named = ", ".join(str(file) for file in files if file is not None)
        raise SettingsError(f"the certificates for Kafka, {named}: {error}") from error
    return context
