"""What a client is told when a request fails, and what the log is told."""

from collections.abc import Iterator
from http import HTTPStatus

import pytest
import structlog
from structlog.testing import capture_logs

from service import errors
from service.api.problem import ANSWERS, answer_of
from service.errors import ServiceError, StoreRefusedError, StoreTimeoutError
from tests.api.clients import NOWHERE, application, client_of, problem, problem_of


def family(kind: type[ServiceError] = ServiceError) -> Iterator[type[ServiceError]]:
    """Yield every error of ours."""
    yield kind
    for child in kind.__subclasses__():
        yield from family(child)


@pytest.mark.parametrize("kind", list(family()))
def test_every_error_of_ours_has_a_status(kind: type[ServiceError]) -> None:
    answer = answer_of(kind)

    assert answer.status in HTTPStatus
    assert answer.status >= 400
    assert answer.title
    assert answer.next
    if kind.retryable and issubclass(kind, errors.StoreError):
        assert answer.status == HTTPStatus.SERVICE_UNAVAILABLE


def test_every_answer_stands_for_an_error_with_a_code_of_its_own() -> None:
    codes = [kind.code for kind in ANSWERS]

    assert len(set(codes)) == len(codes)
    assert all(issubclass(kind, ServiceError) for kind in ANSWERS)


@pytest.mark.parametrize(
    "path",
    [
        "/v1/points",
        "/v1/points/P",
        "/v1/points/P/pass-rate",
        "/v1/points/P/minutes",
        "/v1/pass-rate?group_by=area",
        "/v1/interruptions",
        "/v1/events",
        "/v1/declarations",
        "/readyz",
        "/metrics/points?point=P",
    ],
)
async def test_while_the_database_is_away_clients_are_asked_to_come_again(path: str) -> None:
    async with client_of(application(NOWHERE)) as client:
        answer = await client.get(path)

    found = problem_of(answer)
    assert (found["status"], found["code"]) == (503, "store_unavailable")
    assert found["retryable"] is True
    assert int(answer.headers["retry-after"]) > 0


async def test_without_the_database_the_process_is_alive_and_measured() -> None:
    async with client_of(application(NOWHERE)) as client:
        alive = await client.get("/healthz")
        metrics = await client.get("/metrics")
        rules = await client.get("/v1/rule-sets")

    assert alive.json() == {"status": "ok"}
    assert "voltpass_http_requests_total" in metrics.text
    assert "voltpass_pass_ratio{" not in metrics.text
    assert rules.status_code == 200


@pytest.mark.parametrize(
    ("error", "status", "code", "tells"),
    [
        (RuntimeError("secret"), 500, "internal_error", False),
        (KeyError("secret"), 500, "internal_error", False),
        (StoreRefusedError("secret"), 500, "store_refused", False),
        (StoreTimeoutError("took 15 s"), 503, "store_timeout", True),
    ],
)
async def test_what_is_our_fault_is_told_to_the_log_loudly_and_to_the_client_not_at_all(
    error: Exception,
    status: int,
    code: str,
    tells: bool,
) -> None:
    app = application(NOWHERE)

    async def fails() -> None:
        raise error

    app.router.routes.clear()
    app.get("/fails")(fails)
    structlog.configure(cache_logger_on_first_use=False)
    async with client_of(app) as client:
        with capture_logs() as logs:
            found = await problem(client, "/fails")

    assert (found["status"], found["code"]) == (status, code)
    assert ("15 s" in found["detail"]) == tells
    assert "secret" not in str(found)
    loud = [one for one in logs if one["event"] == "request_failed"]
    assert len(loud) == (0 if tells else 1)
    assert all(one["log_level"] == "error" and one["exc_info"] for one in loud)


async def test_a_path_or_method_that_is_not_there() -> None:
    async with client_of(application(NOWHERE)) as client:
        unknown = problem_of(await client.get("/v2/points"))
        answer = await client.put("/v1/points")

    assert (unknown["status"], unknown["code"]) == (404, "not_found")
    wrong = problem_of(answer)
    assert (wrong["status"], wrong["code"]) == (405, "method_not_allowed")
    assert answer.headers["allow"] == "GET"


async def test_requests_are_measured_by_the_template_of_their_route() -> None:
    async with client_of(application(NOWHERE)) as client:
        for path in ("/v1/points/A", "/v1/points/B", "/nowhere", "/healthz"):
            await client.get(path)
        text = (await client.get("/metrics")).text

    def counted(route: str, status: int) -> str:
        return f'voltpass_http_requests_total{{method="GET",route="{route}",status="{status}"}}'

    assert f"{counted('/v1/points/{point}', 503)} 2.0" in text
    assert f"{counted('unknown', 404)} 1.0" in text
    assert f"{counted('/healthz', 200)} 1.0" in text
    assert "nowhere" not in text


async def test_every_request_is_an_event_of_the_log() -> None:
    async with client_of(application(NOWHERE)) as client:
        with capture_logs() as logs:
            await client.get("/healthz")

    [event] = [one for one in logs if one["event"] == "request"]
    assert event["log_level"] == "debug"
    assert (event["method"], event["route"], event["status"]) == ("GET", "/healthz", 200)
    assert event["duration_ms"] >= 0
