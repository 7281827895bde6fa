"""TLS and a login, against a broker that lets nobody in without."""

import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from service.errors import SourceUnavailableError
from service.ingest.letter_topic import LetterMessage, LetterTopic
from service.ingest.polled import Partition
from service.ingest.source import KafkaSource
from service.settings.parts import KafkaSettings
from tests.ingest.brokers import Broker, unique
from tests.real.instance import Instance, free_ports
from tests.real.kafka import RealKafka
from tests.real.parts import read_parts

pytestmark = pytest.mark.real  # the embedded broker has neither

LOGIN = "org.apache.kafka.common.security.plain.PlainLoginModule required"


@dataclass(kw_only=True)
class SecureKafka(RealKafka):
    """A broker with a second listener, that wants TLS and a login."""

    key: str
    certificate: str
    secure: str = field(init=False, default="")  # host:port

    def _properties(
        self, instance: Instance, broker_port: int, controller_port: int
    ) -> dict[str, str]:
        lines = super()._properties(instance, broker_port, controller_port)
        (port,) = free_ports(1)
        self.secure = f"localhost:{port}"
        secure = "listener.name.secure."
        return {
            **lines,
            "listeners": f"{lines['listeners']},SECURE://127.0.0.1:{port}",
            "advertised.listeners": f"{lines['advertised.listeners']},SECURE://{self.secure}",
            "listener.security.protocol.map": f"{lines['listener.security.protocol.map']},SECURE:SASL_SSL",
            f"{secure}sasl.enabled.mechanisms": "PLAIN",
            f"{secure}plain.sasl.jaas.config": f'{LOGIN} user_reader="right";',
            f"{secure}ssl.keystore.type": "PEM",
            f"{secure}ssl.keystore.key": _one_line(self.key),
            f"{secure}ssl.keystore.certificate.chain": _one_line(self.certificate),
        }


def _one_line(pem: str) -> str:
    return pem.strip().replace("\n", "\\n")


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Key and certificate of a broker on this machine, signed by itself."""
    folder = tmp_path_factory.mktemp("tls")
    key, certificate = folder / "key.pem", folder / "certificate.pem"
    make = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"]
    names = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"]
    files = ["-keyout", str(key), "-out", str(certificate)]
    subprocess.run([*make, *names, *files], check=True, capture_output=True)
    return key, certificate


@pytest.fixture(scope="module")
def kafka(certificate: tuple[Path, Path]) -> Iterator[SecureKafka]:
    key, chain = (path.read_text() for path in certificate)
    with SecureKafka(parts=read_parts(os.environ), key=key, certificate=chain) as running:
        yield running


def settings(kafka: SecureKafka, certificate: Path, topic: str, password: str) -> KafkaSettings:
    return KafkaSettings.model_validate(
        {
            "kafka_bootstrap": kafka.secure,
            "kafka_tls": True,
            "kafka_ca_file": certificate,
            "kafka_sasl_mechanism": "PLAIN",
            "kafka_sasl_username": "reader",
            "kafka_sasl_password": password,
            "topics": (topic,),
            "group": unique("group"),
            "dead_letter_topic": topic,
            "session_timeout_s": 6.0,
        }
    )


async def nothing() -> None:
    """Let go of nothing."""


async def test_with_the_right_login_readings_and_dead_letters_pass(
    kafka: SecureKafka, certificate: tuple[Path, Path]
) -> None:
    topic = unique("secure")
    await Broker(kafka.bootstrap).create_topic(topic, 1)
    given = settings(kafka, certificate[1], topic, "right")
    letters, source = LetterTopic(given), KafkaSource(given)

    await letters.send([LetterMessage(None, b"a letter", [])])
    await letters.close()
    await source.start(nothing)
    while source.assignment is None:
        await source.poll()
    source.seek(Partition(topic, 0), 0)
    source.resume()
    polled = await source.poll()
    while not polled.messages:
        polled = await source.poll()
    await source.stop()

    assert [one.value for one in polled.messages[Partition(topic, 0)]] == [b"a letter"]


async def test_with_a_wrong_login_nobody_comes_in(
    kafka: SecureKafka, certificate: tuple[Path, Path]
) -> None:
    source = KafkaSource(settings(kafka, certificate[1], "secure", "wrong"))

    with pytest.raises(SourceUnavailableError, match=kafka.secure):
        await source.start(nothing)


async def test_a_broker_that_nobody_vouches_for_is_not_trusted(
    kafka: SecureKafka, certificate: tuple[Path, Path]
) -> None:
    given = settings(kafka, certificate[1], "secure", "right").model_copy(
        update={"kafka_ca_file": None}
    )

    with pytest.raises(SourceUnavailableError, match=kafka.secure):
        await KafkaSource(given).start(nothing)
