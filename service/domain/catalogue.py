"""The catalogue: which rule sets there are, those packaged with Voltpass and those of a folder.

A set of the folder may extend a packaged one, and another of the folder; it may not take a packaged
name, so that a figure's rule set means the same everywhere.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, time
from decimal import Decimal
from pathlib import Path
from types import MappingProxyType
from typing import Final

from service.domain.rules import RuleSet, packaged_text, parse_rule_set, rule_set_names
from service.errors import RuleSetError, UnknownRuleSetError
from service.settings.parts import JudgingSettings

_SUFFIX = ".toml"
_WORDS = frozenset({"title", "source", "certainty", "extends"})  # no figure depends on them

Canonical = None | bool | int | str | list["Canonical"] | dict[str, "Canonical"]

# What is told to people, not counted; checksums that are stored have it as the first release had it.
_BREACH_HYSTERESIS_FIRST: Final = {"percent": Decimal("1.00"), "effective_from": date(2003, 11, 1)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalogue:
    """All rule sets, read and checked; make it with ``read_catalogue``."""

    rule_sets: Mapping[str, RuleSet]  # by name

    def names(self) -> list[str]:
        """Return the names, sorted."""
        return sorted(self.rule_sets)

    def load(self, name: str) -> RuleSet:
        """Return the rule set ``name``.

        Raises:
            UnknownRuleSetError: There is none of that name; the message lists those there are.
        """
        try:
            return self.rule_sets[name]
        except KeyError:
            raise UnknownRuleSetError(
                f"rule set {name!r} is unknown, there are: {', '.join(self.names())}"
            ) from None

    def checksum(self, name: str) -> str:
        """Return ``checksum_of`` the rule set ``name``.

        Raises:
            UnknownRuleSetError: There is none of that name.
        """
        return checksum_of(self.load(name))


@dataclass(frozen=True, slots=True, kw_only=True)
class ChosenRuleSets:
    """The rule sets that a deployment works with."""

    catalogue: Catalogue
    statutory: RuleSet  # pages hold its verdicts
    beside: tuple[RuleSet, ...]  # judged over the same pages; without the statutory one


def read_catalogue(folder: Path | None = None) -> Catalogue:
    """Return the packaged rule sets and those of ``folder``: its files ``NAME.toml``.

    Every file is read and checked, so that a mistake in one shows when a role starts, not when the
    set is asked for.

    Raises:
        RuleSetError: The folder cannot be read, or holds a file that is no rule set, that takes a
            packaged name, or whose name is not that of its set; the message names the file.
    """
    packaged = {name: packaged_text(name) for name in rule_set_names()}
    texts = packaged | _texts_of(folder, packaged)
    rule_sets = {}
    for name, text in texts.items():
        try:
            rule_sets[name] = _parsed(name, text, texts)
        except RuleSetError as error:
            place = "" if name in packaged else f"{folder}/"
            raise RuleSetError(f"{place}{name}{_SUFFIX}: {error}") from error
    return Catalogue(rule_sets=MappingProxyType(rule_sets))


def read_rule_set(file: Path, folder: Path | None = None) -> RuleSet:
    """Return the rule set in ``file``; it may extend those packaged, of ``folder``, and beside it.

    Raises:
        RuleSetError: The file cannot be read, or is no rule set that a catalogue would take.
    """
    packaged = {name: packaged_text(name) for name in rule_set_names()}
    name, text = file.name.removesuffix(_SUFFIX), _read(file)
    if packaged.get(name, text) != text:
        raise RuleSetError(_is_packaged(name))
    own = {} if folder is None else _texts_of(folder, packaged)
    beside = {
        one.name.removesuffix(_SUFFIX): _read(one)
        for one in sorted(file.parent.glob(f"*{_SUFFIX}"))
        if one != file
    }
    return _parsed(name, text, beside | own | packaged | {name: text})


def chosen_rule_sets(settings: JudgingSettings) -> ChosenRuleSets:
    """Return the rule sets that ``settings`` name, from the catalogue that they name.

    Raises:
        RuleSetError: A file of the folder is no rule set.
        UnknownRuleSetError: A set that they name is not there.
    """
    catalogue = read_catalogue(settings.rule_set_folder)
    return ChosenRuleSets(
        catalogue=catalogue,
        statutory=catalogue.load(settings.rule_set),
        beside=tuple(catalogue.load(name) for name in settings.rule_sets_beside),
    )


def checksum_of(rule_set: RuleSet) -> str:
    """Return SHA-256, hexadecimal, of all that a figure under ``rule_set`` may depend on.

    Taken over the resolved set: an edited set that this one extends changes it, too. Titles,
    sources and certainties are left out: a clause that is cited better asks for no figure to be
    made again. So is what people are told: alerts are tuned without a figure changing, and so is
    where a live breach ends, which counts with the value that it had in the first release. How a
    number or the order of a list without order is written changes nothing.
    """
    figured = rule_set.model_dump(exclude={"alerts"})
    figured["events"]["breach_hysteresis"] = _BREACH_HYSTERESIS_FIRST
    content = json.dumps(_canonical(figured), ensure_ascii=False, sort_keys=True)
    return hashlib.sha256(content.encode()).hexdigest()


def _texts_of(folder: Path | None, packaged: Mapping[str, str]) -> dict[str, str]:
    """Return the files of ``folder`` by the names of their sets."""
    if folder is None:
        return {}
    if not folder.is_dir():
        raise RuleSetError(f"the folder of rule sets {str(folder)!r} is not there")
    files = {file.name.removesuffix(_SUFFIX): file for file in sorted(folder.glob(f"*{_SUFFIX}"))}
    for name, file in files.items():
        if name in packaged:
            raise RuleSetError(f"{file}: {_is_packaged(name)}")
    return {name: _read(file) for name, file in files.items()}


def _parsed(name: str, text: str, texts: Mapping[str, str]) -> RuleSet:
    def text_of(extended: str) -> str:
        if extended not in texts:
            raise UnknownRuleSetError(
                f"it extends {extended!r}, which is unknown; there are: {', '.join(sorted(texts))}"
            )
        return texts[extended]

    rule_set = parse_rule_set(text, text_of)
    if rule_set.name != name:
        raise RuleSetError(
            f"its name is {rule_set.name!r}, so its file has to be {rule_set.name}{_SUFFIX}"
        )
    return rule_set


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise RuleSetError(f"{file} cannot be read: {error}") from error


def _is_packaged(name: str) -> str:
    return (
        f"{name!r} is a packaged rule set, which no other may replace: "
        f"give it another name, and let it say extends = {name!r}"
    )


def _canonical(value: object) -> Canonical:
    """Return a value as what JSON has, the same for everything that means the same."""
    match value:
        case dict():
            kept = {str(k): _canonical(v) for k, v in value.items() if k not in _WORDS}
            return {k: v for k, v in kept.items() if v is not None and v != []}
        case list() | tuple():
            return [_canonical(one) for one in value]
        case set() | frozenset():
            return sorted((_canonical(one) for one in value), key=str)
        case Decimal():
            return f"{value.normalize():f}"
        case date() | time():
            return value.isoformat()
        case None | bool() | int() | str():
            return value
    raise TypeError(f"{type(value).__name__} in a rule set")
