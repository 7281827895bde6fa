"""An answer that a client has is not sent again, and no cache gives it to somebody else."""

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.api.validators import is_known
from tests.api.clients import NOWHERE, application, client_of
from tests.api.seeding import NewPoint, Seeder

TAG = '"3f"'


@pytest.mark.parametrize("header", [TAG, f"W/{TAG}", f'"1", {TAG}', "*", f'W/"0",W/{TAG}'])
def test_a_known_tag_is_found_among_others(header: str) -> None:
    assert is_known(TAG, header)


@given(st.text(alphabet='"W/,3f* ', max_size=12).filter(lambda text: TAG not in text))
def test_any_other_header_knows_nothing(header: str) -> None:
    assert is_known(TAG, header) == (header.strip() == "*")


@pytest.mark.integration
@pytest.mark.parametrize("wanted", ["json", "csv", "arrow", "parquet"])
async def test_what_a_client_has_is_not_sent_again_until_it_changes(
    seeder: Seeder, client: httpx.AsyncClient, wanted: str
) -> None:
    await seeder.points(NewPoint(point="P"))
    path = f"/v1/points?format={wanted}"
    first = await client.get(path)
    known = {"if-none-match": first.headers["etag"]}

    again = await client.get(path, headers=known)
    await seeder.points(NewPoint(point="Q"))
    changed = await client.get(path, headers=known)

    assert (first.status_code, again.status_code, changed.status_code) == (200, 304, 200)
    assert again.content == b""
    assert "content-length" not in again.headers
    assert again.headers["etag"] == first.headers["etag"] != changed.headers["etag"]


@pytest.mark.integration
async def test_no_cache_gives_an_answer_to_others(
    seeder: Seeder, client: httpx.AsyncClient
) -> None:
    answer = await client.get("/v1/points")
    wrote = await client.post("/v1/declarations", json={})

    assert answer.headers["cache-control"] == "private, no-cache"
    assert {"Accept", "Authorization", "Cookie"} <= set(answer.headers["vary"].split(", "))
    assert wrote.headers["cache-control"] == "no-store"
    assert "etag" not in wrote.headers


async def test_a_problem_has_no_tag() -> None:
    async with client_of(application(NOWHERE)) as client:
        answer = await client.get("/v1/nothing", headers={"if-none-match": "*"})

    assert answer.status_code == 404
    assert "etag" not in answer.headers
