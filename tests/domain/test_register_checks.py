"""What is wrong with entries of the register is said, all of it."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from service.domain.register import (
    CAUSES,
    OUTAGE_KINDS,
    NewDeadline,
    NewDeclaration,
    NewFaultCall,
    Place,
    ToldCustomer,
)
from service.domain.register_checks import (
    too_early,
    wrong_with_call,
    wrong_with_deadline,
    wrong_with_declaration,
    wrong_with_hand,
)
from tests.domain.register_entries import DAY, HOUR, NOON, abnormal, planned

NOT_YET: dict[str, Any] = {"from_at": None, "to_at": None}
SECOND = timedelta(seconds=1)


@pytest.mark.parametrize(
    "told",
    [
        planned(),
        planned(**NOT_YET),
        planned(**NOT_YET, cancelled_at=NOON - HOUR),
        planned(to_at=None),
        planned(window_from=None, window_to=None),
        planned(notice_at=None, notice_fields=(), important_told=()),
        planned(from_at=NOON, to_at=NOON + timedelta(microseconds=1)),
        planned(outage_kind=None, cause="tree on the line", window_from=None, window_to=None,
                notice_at=None, notice_fields=(), important_told=()),
        abnormal(),
        abnormal(cause="", to_at=None),
    ],
)  # fmt: skip
def test_what_can_stand_is_taken(told: NewDeclaration) -> None:
    assert wrong_with_declaration(told) == []


@pytest.mark.parametrize(
    ("told", "fields"),
    [
        (planned(author="  ", approver=""), ["author", "approver"]),
        (planned(approver=" li.na "), ["approver"]),
        (planned(author="straße", approver=" STRASSE"), ["approver"]),
        (planned(ticket=""), ["ticket"]),
        (planned(places=()), ["places"]),
        (planned(places=(Place("street", "x"),)), ["place"]),  # type: ignore[arg-type]
        (planned(cause="fault_internal"), ["cause"]),
        (planned(cause=""), ["cause"]),
        (planned(outage_kind="storm"), ["outage_kind"]),
        (abnormal(outage_kind="fault"), ["outage_kind"]),
        (abnormal(notice_at=NOON), ["notice_at"]),
        (abnormal(window_from=NOON, window_to=NOON + HOUR), ["window_from", "window_to"]),
        (abnormal(**NOT_YET), ["from_at"]),
        (planned(**NOT_YET, window_from=None, window_to=None), ["from_at"]),
        (planned(from_at=None), ["to_at"]),
        (planned(to_at=NOON), ["to_at"]),
        (planned(window_to=NOON), ["window_to"]),
        (planned(window_to=None), ["window_to"]),
        (planned(cancelled_at=NOON), ["cancelled_at"]),
        (planned(notice_at=None), ["notice_at"]),
        (planned(notice_fields=("area", "town")), ["notice_fields"]),
        (planned(important_told=(ToldCustomer("C1", NOON), ToldCustomer("C1", NOON + HOUR))),
         ["important_told"]),
        (planned(important_told=(ToldCustomer("", NOON),)), ["important_told"]),
        (planned(important_told=(ToldCustomer("C1;C2", NOON),)), ["important_told"]),
        (planned(from_at=NOON.replace(tzinfo=None)), ["from_at"]),
        (planned(important_told=(ToldCustomer("C1", NOON.replace(tzinfo=None)),)),
         ["important_told"]),
        (planned(made_at=datetime(1, 1, 1, tzinfo=NOON.tzinfo)), ["made_at"]),
        (planned(to_at=datetime(2200, 1, 1, tzinfo=NOON.tzinfo)), ["to_at"]),
        (planned(ticket="", cause="?", to_at=NOON - DAY), ["ticket", "cause", "to_at"]),
    ],
)  # fmt: skip
def test_what_cannot_stand_is_named(told: NewDeclaration, fields: list[str]) -> None:
    wrong = wrong_with_declaration(told)

    assert [one.field for one in wrong] == fields
    assert all(one.allowed in str(one) for one in wrong)


@pytest.mark.parametrize(
    ("made_by", "n_wrong"), [("wang.wei", 1), (" Wang.Wei ", 1), ("li.na", 0), ("key 7", 0)]
)
def test_who_approves_does_not_write(made_by: str, n_wrong: int) -> None:
    wrong = wrong_with_hand(planned(), made_by)

    assert [one.field for one in wrong] == ["author"] * n_wrong


@pytest.mark.parametrize(
    ("told", "before", "fields"),
    [
        (planned(to_at=NOON + DAY), None, []),  # exactly a day ahead
        (planned(to_at=NOON + DAY + SECOND), None, ["to_at"]),
        (planned(from_at=NOON + 2 * DAY, to_at=None), None, ["from_at"]),
        (planned(to_at=NOON + 2 * DAY), planned(to_at=NOON + 2 * DAY), []),  # it had it before
        (planned(to_at=NOON + 3 * DAY), planned(to_at=NOON + 2 * DAY), ["to_at"]),
        (planned(**NOT_YET, window_to=NOON + 9 * DAY), None, []),
        (abnormal(to_at=NOON + 9 * DAY), None, []),  # has no window to tell it by
    ],
)
def test_what_took_place_is_not_told_ahead(
    told: NewDeclaration, before: NewDeclaration | None, fields: list[str]
) -> None:
    assert [one.field for one in too_early(told, before, NOON)] == fields
    assert too_early(told, before, None) == []


@pytest.mark.parametrize("kind", OUTAGE_KINDS)
def test_a_kind_of_outage_has_causes_of_its_own(kind: str) -> None:
    others = {cause for other in OUTAGE_KINDS if other != kind for cause in CAUSES[other]}

    taken = [
        one
        for one in CAUSES[kind]
        if not wrong_with_declaration(planned(outage_kind=kind, cause=one))
    ]
    refused = [
        one for one in others if wrong_with_declaration(planned(outage_kind=kind, cause=one))
    ]

    assert tuple(taken) == CAUSES[kind]
    assert set(refused) == others


def call(**others: Any) -> NewFaultCall:
    fields: dict[str, Any] = {
        "call": "95598-1", "response_area": "urban", "called_at": NOON,
        "arrived_at": NOON + HOUR, "restored_at": NOON + HOUR,
    }  # fmt: skip
    return NewFaultCall(**{**fields, **others})


@pytest.mark.parametrize(
    ("told", "fields"),
    [
        (call(), []),
        (call(arrived_at=NOON, restored_at=None), []),
        (call(arrived_at=None, restored_at=NOON), []),  # supply came back by itself
        (call(call=" "), ["call"]),
        (call(response_area="town"), ["response_area"]),
        (call(arrived_at=NOON - SECOND, restored_at=NOON - HOUR), ["arrived_at", "restored_at"]),
        (call(called_at=NOON.replace(tzinfo=None)), ["called_at"]),
    ],
)
def test_a_crew_does_not_come_before_the_call(told: NewFaultCall, fields: list[str]) -> None:
    assert [one.field for one in wrong_with_call(told)] == fields


@pytest.mark.parametrize(
    ("others", "fields"),
    [
        ({}, []),
        ({"answered_at": NOON}, []),
        ({"answered_at": NOON - SECOND}, ["answered_at"]),
        ({"reference": "", "promise": " "}, ["reference", "promise"]),
        ({"opened_at": NOON.replace(tzinfo=None)}, ["opened_at"]),
    ],
)
def test_nothing_is_answered_before_it_is_asked(others: dict[str, Any], fields: list[str]) -> None:
    told: dict[str, Any] = {"reference": "YK-1", "promise": "supply_plan", "opened_at": NOON}

    wrong = wrong_with_deadline(NewDeadline(**{**told, **others}))

    assert [one.field for one in wrong] == fields
