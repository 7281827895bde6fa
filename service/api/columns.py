"""The columns that an answer has as a table: the rows of its list, flattened, then what stands beside the list.

What is nested becomes columns whose names join those of its fields by ``_``. A column knows its unit: by
the last word of its name, or as a share by its description.
"""

import types
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Annotated, Final, TypeGuard, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

_NOT_OF_ROWS: Final = frozenset({"next_cursor"})
_UNITS: Final = {
    "v": "V",
    "kv": "kV",
    "mv": "mV",
    "kva": "kVA",
    "s": "s",
    "minutes": "min",
    "hours": "h",
    "percent": "%",
    "cell": "0.01 %",
    "hz": "Hz",
}


class RowsMark:
    """Says at a field that its list is the rows of the answer, where an answer has several lists."""


@dataclass(frozen=True, slots=True)
class Spread:
    """Says at a list that it becomes columns, ``phase_1_...`` to ``phase_3_...``."""

    name: str
    n_max: int


ROWS: Final = RowsMark()


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table."""

    name: str
    unit: str  # empty: none, or not a quantity
    meaning: str
    of: object  # annotation of its values
    read: Callable[[object], object]  # its value, from a row

    @property
    def title(self) -> str:
        """Return the name with the unit, as people read it above a column."""
        return f"{self.name} [{self.unit}]" if self.unit else self.name


def rows_field(answer: type[BaseModel]) -> str | None:
    """Return the field of an answer that has its rows: the one that is marked, or its only list of shapes."""
    lists = {name: one for name, one in answer.model_fields.items() if item_of(one.annotation)}
    marked = [
        name
        for name, one in lists.items()
        if any(isinstance(mark, RowsMark) for mark in one.metadata)
    ]
    if marked:
        return marked[0]
    return next(iter(lists)) if len(lists) == 1 else None


def columns_of(answer: type[BaseModel]) -> list[Column]:
    """Return the columns of the table that an answer of this class is: those of its rows, then its own fields."""
    name = rows_field(answer)
    if name is None:
        raise TypeError(f"{answer.__name__} has no rows")
    item = item_of(answer.model_fields[name].annotation)
    assert item is not None  # noqa: S101 (rows_field has seen it)
    return list(_of_shape(item, "", lambda row: row, ()))


def own_columns_of(answer: type[BaseModel], taken: Sequence[Column]) -> list[Column]:
    """Return the fields of an answer beside its rows, as columns; those whose names are ``taken`` are left out."""
    names = {one.name for one in taken} | _NOT_OF_ROWS
    fields = [
        (name, one)
        for name, one in answer.model_fields.items()
        if not item_of(one.annotation) and not is_shape(bare_of(one.annotation))
    ]
    return [
        _column(one, one.alias or name, _reader(lambda row: row, name))
        for name, one in fields
        if (one.alias or name) not in names
    ]


def bare_of(annotation: object) -> object:
    """Return what an annotation is about, without None and without notes."""
    if get_origin(annotation) is Annotated:
        return bare_of(get_args(annotation)[0])
    if get_origin(annotation) in {Union, types.UnionType}:
        kinds = [one for one in get_args(annotation) if one is not type(None)]
        return bare_of(kinds[0]) if len(kinds) == 1 else annotation
    return annotation


def is_shape(annotation: object) -> TypeGuard[type[BaseModel]]:
    """Return whether it is a class of shapes."""
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)


def item_of(annotation: object) -> type[BaseModel] | None:
    """Return the shape that a list is of, None for everything else."""
    bare = bare_of(annotation)
    item = bare_of(get_args(bare)[0]) if get_origin(bare) is list else None
    return item if is_shape(item) else None


def _of_shape(
    shape: type[BaseModel], prefix: str, outer: Callable[[object], object], above: tuple[type, ...]
) -> Iterator[Column]:
    """Yield the columns of a shape, those of nested ones with their names before."""
    for name, field in shape.model_fields.items():
        title = prefix + (field.alias or name)
        read = _reader(outer, name)
        spread = next((mark for mark in field.metadata if isinstance(mark, Spread)), None)
        nested = bare_of(field.annotation)
        if spread is not None:
            item = item_of(field.annotation)
            assert item is not None  # noqa: S101 (only lists of shapes are spread)
            for nth in range(spread.n_max):
                of_nth = _nth_of(read, nth)
                yield from _of_shape(item, f"{prefix}{spread.name}_{nth + 1}_", of_nth, above)
        elif is_shape(nested) and nested in (*above, shape):
            yield Column(title, "", field.description or "", object, read)  # without end
        elif is_shape(nested):
            yield from _of_shape(nested, f"{title}_", read, (*above, shape))
        else:
            yield _column(field, title, read)


def _column(field: FieldInfo, title: str, read: Callable[[object], object]) -> Column:
    meaning = field.description or ""
    return Column(title, _unit(title, meaning, field.annotation), meaning, field.annotation, read)


def _unit(name: str, meaning: str, annotation: object) -> str:
    """Return the unit of a number: what its name ends in or is counted in, or the range 0..1 of a share."""
    if bare_of(annotation) not in {int, float}:
        return ""
    words = name.split("_")
    if words[-1] not in _UNITS and "0..1" in meaning:
        return "0..1"
    return _UNITS.get(words[-1]) or ("min" if "minutes" in words else "")


def _reader(outer: Callable[[object], object], name: str) -> Callable[[object], object]:
    def read(row: object) -> object:
        inner = outer(row)
        return None if inner is None else getattr(inner, name)

    return read


def _nth_of(read: Callable[[object], object], nth: int) -> Callable[[object], object]:
    def nth_of(row: object) -> object:
        found = read(row)
        return found[nth] if isinstance(found, Sequence) and nth < len(found) else None

    return nth_of
