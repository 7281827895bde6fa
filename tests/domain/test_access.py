"""Scopes say what is done, a territory says where."""

import pytest

from service.domain.access import EVERYWHERE, LOCAL_ACCESS, NOBODY, NOWHERE, SCOPES, Territory


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


def test_only_everywhere_is_whole() -> None:
    whole = [one.is_whole for one in (EVERYWHERE, NOWHERE, Territory.of(["GZ-TH"]))]

    assert whole == [True, False, False]


def test_who_is_local_may_do_everything_and_nobody_nothing() -> None:
    assert all(LOCAL_ACCESS.may(scope) for scope in SCOPES)
    assert not any(NOBODY.may(scope) for scope in SCOPES)
    assert not NOBODY.territory.admits("GZ-TH")
