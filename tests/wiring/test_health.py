import asyncio
import socket
from contextlib import closing

import pytest

from service.errors import SettingsError
from service.metrics import ConsumeMetrics, new_registry
from service.wiring.health import HealthServer

HOST = "127.0.0.1"


async def ask(port: int, request: bytes) -> tuple[int, str, str]:
    """Return status, content type and body of the answer to a raw request."""
    reader, writer = await asyncio.open_connection(HOST, port)
    writer.write(request)
    async with asyncio.timeout(10):
        answer = await reader.read()
    writer.close()
    head, _, body = answer.decode().partition("\r\n\r\n")
    status, *lines = head.split("\r\n")
    fields = dict(line.split(": ", 1) for line in lines)
    assert int(fields["Content-Length"]) == len(body.encode()) or request.startswith(b"HEAD")
    return int(status.split()[1]), fields["Content-Type"], body


def get(path: str, fields: str = "") -> bytes:
    return f"GET {path} HTTP/1.1\r\nHost: here\r\n{fields}\r\n".encode()


def server(metrics: ConsumeMetrics) -> HealthServer:
    async def refresh() -> None:
        metrics.show_judgement(7)

    return HealthServer(metrics.registry, HOST, 0, refresh)


@pytest.fixture
def metrics() -> ConsumeMetrics:
    return ConsumeMetrics(new_registry())


async def test_a_scrape_gets_the_metrics_as_they_are_now(metrics: ConsumeMetrics) -> None:
    async with server(metrics) as health:
        status, content_type, body = await ask(health.port, get("/metrics"))

    assert (status, content_type.split(";")[0]) == (200, "text/plain")
    assert "voltpass_judgement_number 7.0" in body


async def test_a_scrape_gets_open_metrics_if_it_asks_for_them(metrics: ConsumeMetrics) -> None:
    async with server(metrics) as health:
        answer = await ask(
            health.port, get("/metrics", "Accept: application/openmetrics-text; version=1.0.0\r\n")
        )

    assert answer[1].startswith("application/openmetrics-text")
    assert answer[2].endswith("# EOF\n")


async def test_a_scrape_gets_old_figures_when_new_ones_take_too_long(
    metrics: ConsumeMetrics,
) -> None:
    async def never() -> None:
        await asyncio.Event().wait()

    async with HealthServer(metrics.registry, HOST, 0, never, refresh_within_s=0.01) as health:
        status, _, body = await ask(health.port, get("/metrics"))

    assert (status, "voltpass_judgement_number" in body) == (200, True)


async def test_it_is_healthy_at_once_and_ready_when_told(metrics: ConsumeMetrics) -> None:
    async with server(metrics) as health:
        healthy = await ask(health.port, get("/healthz"))
        before = await ask(health.port, get("/readyz?verbose"))
        health.is_ready = True
        after = await ask(health.port, get("/readyz"))

    assert (healthy[0], before[0], after[0]) == (200, 503, 200)


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (get("/"), 404),
        (b"POST /metrics HTTP/1.1\r\n\r\n", 405),
        (b"HEAD /healthz HTTP/1.1\r\n\r\n", 200),
    ],
)
async def test_other_requests_are_answered_too(
    metrics: ConsumeMetrics, request_: bytes, status: int
) -> None:
    async with server(metrics) as health:
        answer = await ask(health.port, request_)

    assert answer[0] == status


@pytest.mark.parametrize("junk", [b"", b"x" * 100_000, b"\xff\xfe\r\n\r"])
async def test_who_does_not_speak_http_harms_nobody(metrics: ConsumeMetrics, junk: bytes) -> None:
    async with server(metrics) as health:
        _, writer = await asyncio.open_connection(HOST, health.port)
        writer.write(junk)
        writer.close()

        assert (await ask(health.port, get("/healthz")))[0] == 200


async def test_a_port_that_is_taken_is_a_setting_to_change(metrics: ConsumeMetrics) -> None:
    with closing(socket.create_server((HOST, 0))) as taken:
        port = taken.getsockname()[1]

        with pytest.raises(SettingsError, match=f"{HOST}:{port}"):
            async with HealthServer(metrics.registry, HOST, port):
                pass
