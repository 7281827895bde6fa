"""A Kafka-compatible broker from a wheel, on loopback and in memory, for the demo and the tests."""

import asyncio
import signal
import struct
import tempfile
from types import TracebackType
from typing import IO, Final, Self

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import KafkaError, NoError, TopicAlreadyExistsError, for_code

from service.embedded.child import Child
from service.embedded.ports import LOOPBACK, free_port, is_free
from service.embedded.program import broker_program
from service.errors import EmbeddedPartError

_N_PORTS_TO_TRY: Final = 3
_REQUEST_WITHIN_MS: Final = 10_000

_CORRELATION: Final = 0x766F6C74
# Length, ApiVersions (18) version 0, correlation id, no client id.
_WHICH_VERSIONS: Final = struct.pack(">ihhih", 10, 18, 0, _CORRELATION, -1)
_ANSWER_BEGIN: Final = struct.Struct(">ii")  # length, correlation id


class EmbeddedBroker:
    """Tansu 0.6: one broker, everything in memory, that ends with this process.

    Use it as an async context manager, or ``start`` and ``stop`` it, in any event loop; the thread
    that starts it must live as long. What differs from Apache Kafka, each measured:

    - Nothing is ever thrown away: memory grows by what is produced, as it comes (compressed stays
      compressed), until the topic is deleted. Retention settings are kept and ignored.
    - A stamp is the producer's, or the producer's clock (CreateTime), whatever
      ``message.timestamp.type`` says.
    - ``end_offsets`` is one more than the *first* offset of the last batch; high water is right.
      ``offsets_for_times`` knows batches only.
    - An offset past the end is no error: the read waits until the topic gets there.
    - A topic that is asked for and does not exist is made, with 4 partitions.
    - A group waits half the session timeout before it settles, each time somebody comes or goes.
    - An empty read returns late: 0.2 s after the message at the default ``fetch_max_wait_ms``
      (500), 5 ms after it at 50.
    - No idempotent or transactional producers, no new partitions for a topic, no group list.
    """

    def __init__(
        self,
        *,
        port: int | None = None,
        start_within_s: float = 20.0,
        stop_within_s: float = 1.0,
    ) -> None:
        """Prepare a broker; nothing happens before ``start``.

        Args:
            port: TCP port on loopback; None takes a free one, which a later ``start`` keeps.
            start_within_s: Longest start, seconds.
            stop_within_s: Longest stop in order, seconds; then the broker is killed.
        """
        self._port = port
        self._start_within_s = start_within_s
        self._stop_within_s = stop_within_s
        self._log: IO[bytes] | None = None
        self._server: Child | None = None

    @property
    def bootstrap(self) -> str:
        """Where clients begin, as ``host:port``.

        Raises:
            EmbeddedPartError: the broker was never started and has no port yet.
        """
        if self._port is None:
            raise EmbeddedPartError("the embedded broker was not started")
        return f"{LOOPBACK}:{self._port}"

    @property
    def pid(self) -> int:
        """Process id of the broker.

        Raises:
            EmbeddedPartError: the broker was not started.
        """
        if self._server is None:
            raise EmbeddedPartError("the embedded broker was not started")
        return self._server.pid

    @property
    def is_running(self) -> bool:
        """Whether the broker was started and has not ended, by itself or by ``stop``."""
        return self._server is not None and self._server.is_running

    async def start(self) -> None:
        """Start the broker, empty, and return when it answers Kafka requests.

        Raises:
            EmbeddedPartError: the wheel is missing, the port is taken, or the broker does not come
                up in time.
        """
        if self.is_running:
            return
        try:
            await self._start()
        except BaseException:
            await self.stop()
            raise

    async def stop(self) -> None:
        """End the broker and all it holds; may be called at any time and more than once."""
        try:
            if self._server is not None:
                # SIGTERM would wait up to five seconds for clients that are connected.
                await self._server.stop(signal.SIGINT, within_s=self._stop_within_s)
        finally:
            self._server = None
            if self._log is not None:
                self._log.close()
                self._log = None

    async def create_topic(self, name: str, *, n_partitions: int) -> None:
        """Make a topic; one that exists with as many partitions is taken as it is.

        Raises:
            EmbeddedPartError: it exists with another number of partitions, or the broker refuses or
                does not answer.
        """
        try:
            await self._create_topic(name, n_partitions)
        except KafkaError as error:
            raise EmbeddedPartError(
                f"topic {name!r} with {n_partitions} partitions: {error!r}"
            ) from error

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.stop()

    async def _start(self) -> None:
        wanted = self._port
        for attempt in range(1, _N_PORTS_TO_TRY + 1):
            port = free_port() if wanted is None else wanted
            if not is_free(port):
                raise EmbeddedPartError(f"port {port} is taken")
            self._port = port
            server = self._serve(port)

            async def is_ready(port: int = port) -> bool:
                return await _answers_kafka(port)

            try:
                await server.until(is_ready, within_s=self._start_within_s)
            except EmbeddedPartError:
                if server.is_running or wanted is not None or attempt == _N_PORTS_TO_TRY:
                    raise
            else:
                return

    def _serve(self, port: int) -> Child:
        if self._log is None:
            self._log = tempfile.TemporaryFile(buffering=0)  # noqa: SIM115  (stop closes it)
        url = f"tcp://{LOOPBACK}:{port}"
        command = [str(broker_program()), "broker", "--listener-url", url]
        command += ["--advertised-listener-url", url, "--storage-engine", "memory://tansu/"]
        self._server = Child.spawn(command, log=self._log)
        return self._server

    async def _create_topic(self, name: str, n_partitions: int) -> None:
        admin = AIOKafkaAdminClient(
            bootstrap_servers=self.bootstrap, request_timeout_ms=_REQUEST_WITHIN_MS
        )
        await admin.start()
        try:
            answer = await admin.create_topics([NewTopic(name, n_partitions, 1)])
            refusal = for_code(answer.to_object()["topic_errors"][0]["error_code"])
            if refusal not in {NoError, TopicAlreadyExistsError}:
                raise refusal(name)
            topic = (await admin.describe_topics([name]))[0]
        finally:
            await admin.close()
        if len(topic["partitions"]) != n_partitions:
            raise EmbeddedPartError(
                f"topic {name!r} has {len(topic['partitions'])} partitions, not {n_partitions}"
            )


async def _answers_kafka(port: int) -> bool:
    try:
        reader, writer = await asyncio.open_connection(LOOPBACK, port)
    except OSError:
        return False
    try:
        writer.write(_WHICH_VERSIONS)
        begin = await reader.readexactly(_ANSWER_BEGIN.size)
    except (OSError, EOFError):
        return False
    finally:
        writer.close()
    return bool(_ANSWER_BEGIN.unpack(begin)[1] == _CORRELATION)
