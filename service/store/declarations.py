"""Declarations written: each change in one transaction with what it concerns and with its row of the trail."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import NamedTuple, TypedDict

from service.domain.register import (
    Kind,
    NewDeclaration,
    NoticeField,
    OutageKind,
    Place,
    ToldCustomer,
)
from service.domain.register_checks import too_early, wrong_with_declaration, wrong_with_hand
from service.domain.register_reach import Reach, judged_again, made_again
from service.errors import (
    DeclarationError,
    EntryExistsError,
    UnknownCustomerError,
    UnknownDeclarationError,
    UnknownPlaceError,
)
from service.store.declaration_reach import (
    Span,
    mark_interruptions,
    points_judged_again,
    unknown_customers,
    unknown_places,
)
from service.store.declaration_reads import (
    StoredDeclaration,
    find_declaration,
    outage_of_ticket,
)
from service.store.declaration_rows import add_rows, content_of, plain, update_rows
from service.store.judgement import be_only_writer, raise_judgement
from service.store.pool import Connection
from service.store.register_changes import EntryChange, note_changes
from service.store.statements import statement

_WITHDRAW = statement(
    "declaration_withdraw",
    """
    UPDATE declaration
       SET withdrawn_at = now()
     WHERE declaration_id = $1
    RETURNING withdrawn_at
    """,
)


class Edit(NamedTuple):
    """A declaration that is made, or becomes another."""

    before: StoredDeclaration | None  # None: it is made
    after: NewDeclaration


class DeclarationChanges(TypedDict, total=False):
    """The fields that change; see ``NewDeclaration``."""

    kind: Kind
    places: Sequence[Place]
    ticket: str
    approver: str
    cause: str
    from_at: datetime | None
    to_at: datetime | None
    outage_kind: OutageKind | None
    window_from: datetime | None
    window_to: datetime | None
    notice_at: datetime | None
    notice_fields: Sequence[NoticeField]
    important_told: Sequence[ToldCustomer]
    cancelled_at: datetime | None


async def add_declaration(
    connection: Connection,
    told: NewDeclaration,
    made_by: str | None = None,
    now: datetime | None = None,
) -> int:
    """Store a declaration and return its number; call it last in a transaction.

    Args:
        connection: Of that transaction.
        told: What is declared.
        made_by: Who, for the trail; None: its author. Not its approver.
        now: Actual times of an outage that lie far after it are refused; None: they are taken.

    Raises:
        UnknownPlaceError: No point of the registry belongs to one of the places.
        UnknownCustomerError: The registry does not have one who was told.
        EntryExistsError: An outage of this kind has this ticket already.
        DeclarationError: It contradicts itself; the message says all that is wrong with it.
    """
    await be_only_writer(connection)
    edit, made_by = Edit(None, told), made_by or told.author
    await _check(connection, edit, made_by, now)
    (number,) = await write_declarations(connection, [edit], made_by)
    return number


async def change_declaration(
    connection: Connection,
    declaration_id: int,
    changes: DeclarationChanges,
    made_by: str,
    now: datetime | None = None,
) -> None:
    """Change fields of a declaration, also of one that is over; call it last in a transaction.

    Args:
        connection: Of that transaction.
        declaration_id: Its number.
        changes: What becomes different.
        made_by: Who, for the trail; not its approver, as it is changed.
        now: As when one is made.

    Raises:
        UnknownDeclarationError: There is none of this number, or it was withdrawn.
        UnknownPlaceError, UnknownCustomerError, EntryExistsError, DeclarationError: As when one is made.
    """
    await be_only_writer(connection)
    before = await _counting(connection, declaration_id)
    edit = Edit(before, replace(before.told, **changes))
    await _check(connection, edit, made_by, now)
    await write_declarations(connection, [edit], made_by)


async def put_declaration(
    connection: Connection, told: NewDeclaration, made_by: str, now: datetime | None = None
) -> tuple[int, bool]:
    """Bring the outage of a ticket and kind in line with ``told``, or make it; call it last in a transaction.

    One that is there keeps who made it and when. The same again changes nothing and leaves no trail.

    Args:
        connection: Of that transaction.
        told: All of it, with its kind of outage.
        made_by: Who does it now, for the trail; not its approver.
        now: As when one is made.

    Returns:
        Its number, and whether it is new.

    Raises:
        UnknownPlaceError, UnknownCustomerError, DeclarationError: As when one is made.
    """
    await be_only_writer(connection)
    before = await outage_of_ticket(connection, told)
    after = (
        told
        if before is None
        else replace(told, author=before.told.author, made_at=before.told.made_at)
    )
    edit = Edit(before, after)
    await _check(connection, edit, made_by, now)
    (number,) = await write_declarations(connection, [edit], made_by)
    return number, before is None


async def withdraw_declaration(connection: Connection, declaration_id: int, made_by: str) -> None:
    """Let a declaration count no longer; it stays on record. Call it last in a transaction.

    Raises:
        UnknownDeclarationError: There is none of this number, or it was withdrawn before.
    """
    await be_only_writer(connection)
    before = await _counting(connection, declaration_id)
    await mark_interruptions(
        connection, _spans(declaration_id, made_again(before.told, None), is_before=True)
    )
    spans = _spans(declaration_id, judged_again(before.told, None), is_before=True)
    changes = await points_judged_again(connection, spans)
    withdrawn_at = await connection.fetchval(_WITHDRAW, declaration_id)
    content = content_of(before.told)
    after = content | {"withdrawn_at": plain(withdrawn_at)}
    change = EntryChange(record_id=declaration_id, action="withdrawn", before=content, after=after)
    await note_changes(connection, "declaration", made_by, [change])
    if spans:
        await raise_judgement(connection, changes, f"declaration {declaration_id} was withdrawn")


async def write_declarations(
    connection: Connection, edits: Sequence[Edit], made_by: str
) -> list[int]:
    """Store what is checked and return the numbers, of those that change too; one judgement number for all.

    Call it last in a transaction that is the only writer. An edit that changes nothing leaves no trace.
    """
    changing = [one for one in edits if one.before is None or differs(one.before.told, one.after)]
    before = [(one.before.declaration_id, one) for one in changing if one.before is not None]
    due, judged = _concerned(before, is_before=True)
    await mark_interruptions(connection, due)
    changes = await points_judged_again(connection, judged)
    numbers = await _store(connection, changing)
    stored = list(zip(numbers, changing, strict=True))
    due, judged_after = _concerned(stored, is_before=False)
    await mark_interruptions(connection, due)
    changes += await points_judged_again(connection, judged_after)
    await note_changes(
        connection, "declaration", made_by, [_change(number, one) for number, one in stored]
    )
    if judged or judged_after:
        await raise_judgement(connection, changes, _reason(stored))
    new = iter([number for number, one in stored if one.before is None])
    return [next(new) if one.before is None else one.before.declaration_id for one in edits]


def differs(one: NewDeclaration, other: NewDeclaration) -> bool:
    """Return whether two declarations are stored as different ones."""
    return content_of(one) != content_of(other)


async def _check(connection: Connection, edit: Edit, made_by: str, now: datetime | None) -> None:
    told, before = edit.after, None if edit.before is None else edit.before.told
    wrong = wrong_with_declaration(told) or [
        *wrong_with_hand(told, made_by),
        *too_early(told, before, now),
    ]
    if wrong:
        raise DeclarationError("; ".join(map(str, wrong)))
    if before is None or set(before.places) != set(told.places):
        nowhere = await unknown_places(connection, told.places)
        if nowhere:
            named = ", ".join(f"{one.place} {one.code!r}" for one in sorted(nowhere))
            raise UnknownPlaceError(f"no point of the registry belongs to {named}")
    nobody = await unknown_customers(connection, [one.customer for one in told.important_told])
    if nobody:
        named = ", ".join(map(repr, sorted(nobody)))
        raise UnknownCustomerError(f"important_told: the registry has no customer {named}")
    if told.outage_kind is None:
        return
    one = await outage_of_ticket(connection, told)
    if one is not None and (
        edit.before is None or one.declaration_id != edit.before.declaration_id
    ):
        raise EntryExistsError(
            f"declaration {one.declaration_id} is the {told.outage_kind} outage of ticket {told.ticket!r} already"
        )


async def _counting(connection: Connection, declaration_id: int) -> StoredDeclaration:
    found = await find_declaration(connection, declaration_id)
    if found is None or found.withdrawn_at is not None:
        raise UnknownDeclarationError(f"declaration {declaration_id} does not exist any more")
    return found


async def _store(connection: Connection, edits: Sequence[Edit]) -> list[int]:
    new = [content_of(one.after) for one in edits if one.before is None]
    changed = {
        one.before.declaration_id: content_of(one.after) for one in edits if one.before is not None
    }
    added = iter(await add_rows(connection, new) if new else [])
    if changed:
        await update_rows(connection, changed)
    return [next(added) if one.before is None else one.before.declaration_id for one in edits]


def _concerned(
    edits: Sequence[tuple[int, Edit]], *, is_before: bool
) -> tuple[list[Span], list[Span]]:
    """Return whose interruptions are due, and what is judged again: of places as they are stored now."""
    due, judged = [], []
    for number, (stored, after) in edits:
        told = None if stored is None else stored.told
        due += _spans(number, made_again(told, after), is_before=is_before)
        judged += _spans(number, judged_again(told, after), is_before=is_before)
    return due, judged


def _spans(number: int, reaches: Sequence[Reach], *, is_before: bool) -> list[Span]:
    return [Span(number, one) for one in reaches if one.is_before == is_before]


def _change(number: int, edit: Edit) -> EntryChange:
    return EntryChange(
        record_id=number,
        action="made" if edit.before is None else "changed",
        before=None if edit.before is None else content_of(edit.before.told),
        after=content_of(edit.after),
    )


def _reason(stored: Sequence[tuple[int, Edit]]) -> str:
    if len(stored) == 1:
        ((number, edit),) = stored
        return f"declaration {number} {'was made' if edit.before is None else 'has changed'}"
    n_new = sum(edit.before is None for _, edit in stored)
    return f"declarations: {n_new} new, {len(stored) - n_new} changed"
