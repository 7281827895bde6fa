"""Apache Kafka for a test: one node, broker and controller in one process, on the loopback."""

import base64
import re
import signal
import socket
import struct
import sys
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from tests.real.instance import LOOPBACK, Instance, free_ports
from tests.real.server import RealServer

_START_LIMIT_S = 60.0  # five seconds on two idle cores
_ASK_LIMIT_S = 1.0
_LOG4J = Path(__file__).with_name("log4j2.properties")
_API_VERSIONS = struct.pack(">hhih", 18, 0, 1, -1)  # key, version, correlation, no client id


@dataclass(kw_only=True)
class RealKafka(RealServer):
    """A broker with no topics; each start has a fresh log and ports of its own.

    Stopping kills it: its log is thrown away, and an orderly shutdown takes seconds.
    """

    WHAT = "broker"

    timestamp_type: Literal["LogAppendTime", "CreateTime"] = "LogAppendTime"  # topics may differ
    heap_mb: int = 768
    properties: Mapping[str, str] = field(default_factory=dict)  # win over those set here
    bootstrap: str = field(init=False, default="")  # host:port, while it runs
    version: str = field(init=False, default="")  # as the broker says

    def _new_instance(self) -> Instance:
        return Instance(self.parts.folder / "run", "kafka")

    def _forget_address(self) -> None:
        self.bootstrap = ""

    def _start(self, instance: Instance) -> None:
        broker_port, controller_port = free_ports(2)
        config = instance.folder / "server.properties"
        lines = self._properties(instance, broker_port, controller_port) | dict(self.properties)
        config.write_text("".join(f"{name}={value}\n" for name, value in lines.items()))
        cluster_id = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
        quick = ("-Xmx128m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1")
        # The `=` form: an id may begin with a dash.
        tool = ("kafka.tools.StorageTool", "format", f"--cluster-id={cluster_id}")
        instance.run([*self._java(*quick), *tool, "--config", str(config)])

        server = [*self._java(f"-Xmx{self.heap_mb}m"), "kafka.Kafka", str(config)]
        instance.start(["setpriv", "--pdeathsig", "KILL", *server], stop_signal=signal.SIGKILL)
        instance.wait_until(
            lambda: "Kafka Server started" in instance.log_text() and _answers(broker_port),
            _START_LIMIT_S,
        )
        told = re.search(r"Kafka version: (\S+)", instance.log_text())
        self.version = told.group(1) if told else "of unknown version"
        self.bootstrap = f"{LOOPBACK}:{broker_port}"
        sys.stderr.write(f"Apache Kafka {self.version} at {self.bootstrap}\n")

    def _java(self, *options: str) -> list[str]:
        classes = f"{self.parts.kafka_libs}/*"
        log = f"-Dlog4j2.configurationFile={_LOG4J}"
        return [str(self.parts.java), *options, log, "-cp", classes]

    def _properties(
        self, instance: Instance, broker_port: int, controller_port: int
    ) -> dict[str, str]:
        broker, controller = (f"{LOOPBACK}:{port}" for port in (broker_port, controller_port))
        return {
            "process.roles": "broker,controller",
            "node.id": "1",
            "controller.quorum.voters": f"1@{controller}",
            "controller.listener.names": "CONTROLLER",
            "listeners": f"PLAINTEXT://{broker},CONTROLLER://{controller}",
            "advertised.listeners": f"PLAINTEXT://{broker}",
            "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
            "log.dirs": str(instance.folder / "logs"),
            "log.message.timestamp.type": self.timestamp_type,
            # Recorded data is years old: with CreateTime it would be deleted within minutes.
            "log.retention.ms": "-1",
            "auto.create.topics.enable": "false",
            "group.initial.rebalance.delay.ms": "0",
            # One node: the topics of the broker itself cannot have their three replicas.
            "offsets.topic.replication.factor": "1",
            "offsets.topic.num.partitions": "4",
            "transaction.state.log.replication.factor": "1",
            "transaction.state.log.min.isr": "1",
            "transaction.state.log.num.partitions": "4",
            "share.coordinator.state.topic.replication.factor": "1",
            "share.coordinator.state.topic.min.isr": "1",
            # Taken whole at start; the default is a sixth of the heap.
            "log.cleaner.dedupe.buffer.size": str(16 * 1024 * 1024),
        }


def _answers(port: int) -> bool:
    """Return whether the broker answers an ApiVersions request without an error."""
    try:
        with socket.create_connection((LOOPBACK, port), timeout=_ASK_LIMIT_S) as connection:
            connection.sendall(struct.pack(">i", len(_API_VERSIONS)) + _API_VERSIONS)
            head = connection.recv(10, socket.MSG_WAITALL)  # size, correlation, error
            return len(head) == 10 and struct.unpack(">iih", head)[1:] == (1, 0)
    except OSError:
        return False
