"""A token of the issuer says who asks; nothing else does."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from service.api.access import bearer_access
from service.api.app import create_app
from service.auth.authenticator import Authenticator, authenticating
from service.auth.issuer_keys import FRESH_S, KEPT_S, PAUSE_S
from service.domain.access import EVERYWHERE, Territory
from service.errors.access import IssuerUnavailableError, UnauthenticatedError
from service.settings import Settings
from tests.api.clients import NOWHERE, client_of, problem_of
from tests.auth.issuer import AUDIENCE, Issuer, rsa_key, running_issuer


@pytest.fixture(scope="module")
def running() -> Iterator[Issuer]:
    with running_issuer() as found:
        yield found


@pytest.fixture
def issuer(running: Issuer) -> Iterator[Issuer]:
    """The issuer, as it was when the test has ended."""
    keys = dict(running.keys)
    running.n_asked = 0
    yield running
    running.keys, running.is_away, running.said_issuer = keys, False, None
    running.may_answer.set()


class Clock:
    """Stands until it is moved."""

    def __init__(self) -> None:
        self.at_s = 1000.0

    def __call__(self) -> float:
        return self.at_s


@pytest.fixture
def clock() -> Clock:
    return Clock()


def settings_for(issuer: Issuer, **others: Any) -> Settings:
    return NOWHERE.model_copy(
        update={"auth": "oidc", "oidc_issuer": issuer.url, "oidc_audience": (AUDIENCE,), **others}
    )


@pytest.fixture
async def who(issuer: Issuer, clock: Clock) -> AsyncIterator[Authenticator]:
    async with authenticating(settings_for(issuer), monotonic_s=clock) as (authenticator, _):
        yield authenticator


@pytest.mark.parametrize("kid", ["rsa-1", "ec-1"])
async def test_a_good_token_says_who_asks(who: Authenticator, issuer: Issuer, kid: str) -> None:
    access = await who.access_of(issuer.token(kid))

    assert access.principal == "oidc:zhang.san"
    assert access.scopes == {"read:customer"}
    assert access.territory == Territory.of(["R-OWN"])


@pytest.mark.parametrize(
    ("claims", "territory"),
    [
        ({"voltpass_regions": "*"}, EVERYWHERE),
        ({"voltpass_regions": ["R1", "R 2"]}, Territory.of(["R1", "R 2"])),
        ({"voltpass_regions": "R1 R2,R3"}, Territory.of(["R1", "R2", "R3"])),
    ],
)
async def test_regions_come_as_a_list_or_as_words(
    who: Authenticator, issuer: Issuer, claims: dict[str, Any], territory: Territory
) -> None:
    access = await who.access_of(issuer.token(**claims))

    assert access.territory == territory


async def test_claims_have_the_names_that_the_settings_give_them(issuer: Issuer) -> None:
    named = {
        "oidc_principal_claim": "preferred_username",
        "oidc_scope_claim": "realm_access.roles",
        "oidc_region_claim": "https://grid.example/regions",
    }
    regions: dict[str, Any] = {"https://grid.example/regions": "R1"}
    token = issuer.token(
        preferred_username="lisi",
        realm_access={"roles": ["voltpass:admin", "offline_access"]},
        **regions,
    )

    async with authenticating(settings_for(issuer, **named)) as (who, _):
        access = await who.access_of(token)

    assert access.principal == "oidc:lisi"
    assert set(access.scopes) == {"admin"}
    assert access.territory == Territory.of(["R1"])


@pytest.mark.parametrize(
    ("prefix", "scope", "expected"),
    [
        ("voltpass:", "admin read:customer openid", set()),
        ("voltpass:", "billing:admin voltpass:read:aggregate", {"read:aggregate"}),
        ("voltpass:", ["voltpass:admin", "admin"], {"admin"}),
        ("voltpass:", "voltpass:voltpass:admin VOLTPASS:admin voltpass:", set()),
        ("api://voltpass/", "api://voltpass/write:declarations", {"write:declarations"}),
    ],
)
async def test_only_scopes_that_are_meant_for_this_service_are_taken(
    issuer: Issuer, prefix: str, scope: str | list[str], expected: set[str]
) -> None:
    async with authenticating(settings_for(issuer, oidc_scope_prefix=prefix)) as (who, _):
        access = await who.access_of(issuer.token(scope=scope))

    assert access.scopes == expected
    assert access.may("admin") is ("admin" in expected)


async def test_a_claim_of_this_service_alone_may_hold_scopes_as_they_are(issuer: Issuer) -> None:
    asked = settings_for(
        issuer, oidc_scope_claim="resource_access.voltpass.roles", oidc_scope_prefix="none"
    )
    roles = {"voltpass": {"roles": ["read:customer"]}, "billing": {"roles": ["admin"]}}

    async with authenticating(asked) as (who, _):
        access = await who.access_of(issuer.token(resource_access=roles))

    assert access.scopes == {"read:customer"}


async def test_who_has_bare_scopes_is_told_how_they_are_written(issuer: Issuer) -> None:
    async with authenticating(settings_for(issuer)) as (who, _):
        app = create_app(NOWHERE, access_of=bearer_access(who.access_of))
        async with client_of(app) as client:
            client.headers["Authorization"] = f"Bearer {issuer.token(scope='admin')}"
            found = problem_of(await client.get("/v1/points"))

    assert (found["status"], found["code"]) == (403, "scope_missing")
    assert "VOLTPASS_OIDC_SCOPE_PREFIX" in found["next"]


def long_ago() -> datetime:
    return datetime.now(UTC) - timedelta(minutes=5)


@pytest.mark.parametrize(
    ("claims", "said"),
    [
        ({"exp": long_ago()}, "expired"),
        ({"nbf": datetime.now(UTC) + timedelta(hours=1)}, "not good yet"),
        ({"aud": "another-service"}, "another audience"),
        ({"aud": None}, "lacks one of the claims"),
        ({"exp": None}, "lacks one of the claims"),
        ({"iss": "https://elsewhere.example"}, "another issuer"),
        ({"sub": None}, "no claim 'sub'"),
        ({"voltpass_regions": None}, "no claim 'voltpass_regions'"),
        ({"voltpass_regions": []}, "no claim 'voltpass_regions'"),
    ],
)
async def test_a_token_with_wrong_claims_is_refused(
    who: Authenticator, issuer: Issuer, claims: dict[str, Any], said: str
) -> None:
    with pytest.raises(UnauthenticatedError, match=said):
        await who.access_of(issuer.token(**claims))


async def test_clocks_may_differ_a_little(issuer: Issuer) -> None:
    token = issuer.token(exp=datetime.now(UTC) - timedelta(seconds=20))

    async with authenticating(settings_for(issuer, oidc_leeway_s=60)) as (who, _):
        assert (await who.access_of(token)).principal == "oidc:zhang.san"
    async with authenticating(settings_for(issuer, oidc_leeway_s=0)) as (who, _):
        with pytest.raises(UnauthenticatedError, match="expired"):
            await who.access_of(token)


def bad_tokens(issuer: Issuer) -> dict[str, str]:
    """Return tokens that somebody else made, by what is wrong with them."""
    good = issuer.token()
    return {
        "unsigned": issuer.forged("none", b""),
        "signed with the public key as a secret": issuer.forged(
            "HS256", issuer.public_pem("rsa-1")
        ),
        "signed by another key": issuer.token(signed_by=rsa_key()),
        "of an unknown kid": issuer.token("rsa-9", signed_by=rsa_key()),
        "of a kid of another type": issuer.token("ec-1", signed_by=rsa_key()),
        "with a changed content": good.replace(
            good.split(".")[1], good.split(".")[1][:-4] + "AAAA"
        ),
        "cut off": good[:-20],
        "without a signature": good.rsplit(".", 1)[0],
        "no token": "garbage",
        "an API key": "vp_abcdefghij_" + "x" * 43,
        "not even text": "\u7535\u538b",
        "endless": "a" * 20_000,
    }


async def test_every_bad_token_is_answered_with_401(issuer: Issuer) -> None:
    async with authenticating(settings_for(issuer)) as (who, _):
        app = create_app(NOWHERE, access_of=bearer_access(who.access_of))
        async with client_of(app) as client:
            for what, token in bad_tokens(issuer).items():
                shown = [(b"Authorization", f"Bearer {token}".encode())]
                answer = await client.get("/v1/points", headers=shown)
                found = problem_of(answer)
                assert (found["status"], found["code"]) == (401, "unauthenticated"), what
                assert answer.headers["www-authenticate"].startswith('Bearer realm="voltpass"')
                assert 'error="invalid_token"' in answer.headers["www-authenticate"], what
                assert token not in answer.text, what


@pytest.mark.parametrize("header", [None, "", "Basic dTpw", "Bearer", "Bearer "])
async def test_without_a_token_the_answer_says_what_is_needed(
    issuer: Issuer, header: str | None
) -> None:
    async with authenticating(settings_for(issuer)) as (who, _):
        app = create_app(NOWHERE, access_of=bearer_access(who.access_of))
        async with client_of(app) as client:
            headers = {} if header is None else {"Authorization": header}
            answer: httpx.Response = await client.get("/v1/points", headers=headers)

    assert "token of the OIDC issuer is needed" in problem_of(answer)["detail"]
    assert answer.headers["www-authenticate"] == 'Bearer realm="voltpass"'


async def test_a_new_key_of_the_issuer_is_found(
    who: Authenticator, issuer: Issuer, clock: Clock
) -> None:
    await who.access_of(issuer.token())
    issuer.keys["rsa-2"] = rsa_key()
    clock.at_s += PAUSE_S

    access = await who.access_of(issuer.token("rsa-2"))

    assert access.principal == "oidc:zhang.san"
    assert issuer.n_asked == 2


async def test_unknown_keys_do_not_make_it_ask_again_and_again(
    who: Authenticator, issuer: Issuer, clock: Clock
) -> None:
    stranger = rsa_key()
    for n in range(20):
        with pytest.raises(UnauthenticatedError, match="no key"):
            await who.access_of(issuer.token(f"kid-{n}", signed_by=stranger))
    assert issuer.n_asked == 1

    clock.at_s += PAUSE_S
    with pytest.raises(UnauthenticatedError):
        await who.access_of(issuer.token("kid-x", signed_by=stranger))
    assert issuer.n_asked == 2


async def test_a_key_that_the_issuer_took_away_is_not_good_for_long(
    issuer: Issuer, clock: Clock
) -> None:
    token = issuer.token()
    async with authenticating(settings_for(issuer), monotonic_s=clock) as (who, beside):
        await who.access_of(token)
        issuer.keys = {"rsa-2": rsa_key()}
        clock.at_s += FRESH_S + 1

        async with asyncio.timeout(10), asyncio.TaskGroup() as tasks:
            refreshing = tasks.create_task(beside())
            with pytest.raises(UnauthenticatedError, match="no key"):
                await _until_refused(who, token)
            refreshing.cancel()

    assert issuer.n_asked == 2


async def _until_refused(who: Authenticator, token: str) -> None:
    while True:
        await who.access_of(token)
        await asyncio.sleep(0.01)


async def test_who_shows_a_token_of_a_kept_key_does_not_wait_for_the_issuer(
    issuer: Issuer, clock: Clock
) -> None:
    async with authenticating(settings_for(issuer), monotonic_s=clock) as (who, beside):
        await who.access_of(issuer.token())
        issuer.may_answer.clear()
        clock.at_s += FRESH_S + 1

        async with asyncio.TaskGroup() as tasks:
            refreshing = tasks.create_task(beside())
            for _ in range(3):
                async with asyncio.timeout(3):
                    assert (await who.access_of(issuer.token())).principal == "oidc:zhang.san"
                await asyncio.sleep(0.05)  # the issuer is being asked
            issuer.may_answer.set()
            refreshing.cancel()


async def test_keys_that_come_for_somebody_who_has_gone_are_kept(
    who: Authenticator, issuer: Issuer
) -> None:
    issuer.may_answer.clear()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await who.access_of(issuer.token())
    issuer.may_answer.set()

    async with asyncio.timeout(10):
        while True:
            with contextlib.suppress(IssuerUnavailableError):
                assert (await who.access_of(issuer.token())).principal == "oidc:zhang.san"
                break
            await asyncio.sleep(0.01)

    assert issuer.n_asked == 1


async def test_while_the_issuer_is_away_its_keys_are_good_for_a_while(
    who: Authenticator, issuer: Issuer, clock: Clock
) -> None:
    await who.access_of(issuer.token())
    issuer.is_away = True
    clock.at_s += KEPT_S - 1
    assert (await who.access_of(issuer.token())).scopes == {"read:customer"}

    clock.at_s += 2
    with pytest.raises(IssuerUnavailableError):
        await who.access_of(issuer.token())


async def test_nobody_comes_in_while_the_keys_were_never_there(
    who: Authenticator, issuer: Issuer
) -> None:
    issuer.is_away = True

    with pytest.raises(IssuerUnavailableError, match="cannot be had"):
        await who.access_of(issuer.token())


async def test_the_discovery_of_another_issuer_is_not_believed(
    who: Authenticator, issuer: Issuer
) -> None:
    issuer.said_issuer = "https://elsewhere.example"

    with pytest.raises(IssuerUnavailableError):
        await who.access_of(issuer.token())
    assert issuer.n_asked == 0


async def test_keys_may_stand_at_an_address_of_their_own(issuer: Issuer) -> None:
    issuer.said_issuer = "not asked"
    asked = settings_for(issuer, oidc_jwks_url=f"{issuer.url}/jwks")

    async with authenticating(asked) as (who, _):
        assert (await who.access_of(issuer.token())).principal == "oidc:zhang.san"
