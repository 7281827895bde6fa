"""Scopes say what is done, a territory says where."""

import pytest

from service.domain.access import (
    EVERYWHERE,
    LOCAL_ACCESS,
    NOBODY,
    NOWHERE,
    SCOPES,
    Territory,
    person_of,
)


@pytest.mark.parametrize(
    ("territory", "admitted"),
    [
        (EVERYWHERE, {"GZ-TH", "GZ-YX", ""}),
        (Territory.of(["GZ-TH"]), {"GZ-TH"}),
        (Territory.of([""]), {""}),  # points without a region
        (NOWHERE, set()),
    ],
)
def test_a_territory_admits_its_regions_only(territory: Territory, admitted: set[str]) -> None:
    assert {one for one in ("GZ-TH", "GZ-YX", "") if territory.admits(one)} == admitted


@pytest.mark.parametrize(
    ("made_by", "person"),
    [
        ("li.na", "li.na"),
        ("oidc:li.na", "li.na"),
        ("key:abcdefg234 outage desk", "outage desk"),
        ("key: desk", "key: desk"),
    ],
)
def test_nobody_approves_what_their_own_key_or_token_writes(made_by: str, person: str) -> None:
    assert person_of(made_by) == person


def test_only_everywhere_is_whole() -> None:
    whole = [one.is_whole for one in (EVERYWHERE, NOWHERE, Territory.of(["GZ-TH"]))]

    assert whole == [True, False, False]


def test_who_is_local_may_do_everything_and_nobody_nothing() -> None:
    assert all(LOCAL_ACCESS.may(scope) for scope in SCOPES)
    assert not any(NOBODY.may(scope) for scope in SCOPES)
    assert not NOBODY.territory.admits("GZ-TH")
