"""What the offline commands have in common: options with values, and how they fail."""

from collections.abc import Callable
from typing import Literal, TypeVar

import click
from click.decorators import FC

from service.domain.catalogue import read_catalogue
from service.domain.rules import RuleSet
from service.errors import ScoreInputError
from service.offline.options import parse_zone
from service.settings import read_judging_settings

T = TypeVar("T")
OutputFormat = Literal["table", "json", "csv"]


FORMAT_OPTION = click.option(
    "--format",
    "output_format",
    type=click.Choice(["table", "json", "csv"]),
    default="table",
    show_default=True,
)


class InputFailure(click.ClickException):
    """Nothing could be worked out; the message says what to do next."""

    exit_code = 2


def parsed(
    parse: Callable[[str], T],
) -> Callable[[click.Context, click.Parameter, str | None], T | None]:
    """Return a callback that reads the value of an option by ``parse``."""

    def read(ctx: click.Context, _param: click.Parameter, value: str | None) -> T | None:
        try:
            return None if value is None else parse(value)
        except ScoreInputError as error:
            raise click.UsageError(str(error), ctx) from error

    return read


def all_parsed(
    parse: Callable[[str], T],
) -> Callable[[click.Context, click.Parameter, tuple[str, ...]], tuple[T, ...]]:
    """Return a callback that reads each value of an option that may be given several times."""

    def read(ctx: click.Context, _param: click.Parameter, values: tuple[str, ...]) -> tuple[T, ...]:
        try:
            return tuple(parse(value) for value in values)
        except ScoreInputError as error:
            raise click.UsageError(str(error), ctx) from error

    return read


def asked_rule_set(name: str) -> RuleSet:
    """Return the rule set of that name, of those packaged and those of one's own folder.

    Raises:
        UnknownRuleSetError: There is none of that name; the message lists those there are.
        RuleSetError: A file of the folder is no rule set.
        SettingsError: A setting is wrong.
    """
    return read_catalogue(read_judging_settings().rule_set_folder).load(name)


def rule_set_option(text: str) -> Callable[[FC], FC]:
    """Return the option that names a rule set; ``text`` is its help."""
    return click.option(
        "--rule-set", metavar="NAME", default="sgcc-2003", show_default=True, help=text
    )


def zone_option(text: str) -> Callable[[FC], FC]:
    """Return the option that names a time zone, as ``zone``; ``text`` is its help."""
    return click.option(
        "--timezone",
        "zone",
        callback=parsed(parse_zone),
        metavar="ZONE",
        default="UTC",
        show_default=True,
        help=text,
    )
