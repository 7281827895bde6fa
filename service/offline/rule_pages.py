"""``docs/rules.md``: every limit of every packaged rule set, made from the data.

``python -m service.offline.rule_pages`` prints the page. What else is data with a source gets a
function that returns its chapter, and a place in ``_CHAPTERS``.
"""

import sys
from collections.abc import Callable, Iterable, Sequence
from datetime import date
from fractions import Fraction
from typing import Final

from service.domain.catalogue import Catalogue, read_catalogue
from service.domain.event_tables import load_event_tables
from service.domain.rates import VerdictCounts, rate_by
from service.domain.rule_rows import Counting, DenominatorRow
from service.domain.rules import RuleSet
from service.offline.rule_lines import in_force, lines_of, n_to_confirm

_HEAD: Final = """\
# Rules

Made from the files in `service/domain/rule_sets` and `service/domain/event_tables` by `make docs`; a test fails when
this page is older than they are.

Every limit names the clause it comes from. **confirmed**: the clause was read, in the standard or in a text that
quotes it. **confirm**: a named default, to be compared with the paper standard before compliance is claimed. Limits
are inclusive and on a grid of 0.01 % of nominal; edges in volts are snapped outward to it. Levels are kV between
phases. Dates are the first day, and the day after the last one.

A deployment has one statutory set (`VOLTPASS_RULE_SET`), by which pages are judged, and any number beside it
(`VOLTPASS_RULE_SETS_BESIDE`). Sets of one's own are TOML files, named like the set, in a folder
(`VOLTPASS_RULE_SET_FOLDER`) that give what differs from the set they name in `extends`; `voltpass rules check FILE`
says what is wrong with one. `voltpass migrate` makes another set, or an edited one, the statutory one: `settle`
then judges every stored page again, and until it has, figures are partly of the set before.
"""

_DENOMINATORS: Final = """\
## What is not judged

A rate is good minutes over judged minutes. What minutes without supply and minutes without a reading count as, no
clause was found to say, and devices differ; the sets here exclude both and give coverage and bounds instead. The
same day (1440 minutes: 1350 good, 36 above, 24 below, 20 without supply, 10 without a reading) by what these count
as:
"""

_DAY: Final = VerdictCounts(n_pass=1350, n_over=36, n_under=24, n_interrupted=20, n_missing=10)
_PRACTICE: Final[Sequence[tuple[Counting, Counting, str]]] = (
    (
        "excluded",
        "excluded",
        "all packaged sets; DL/T 645 meters leave out what is outside their assessment band",
    ),
    ("bad", "excluded", "an outage as a minute below the limit"),
    (
        "good",
        "good",
        "wall clock: DL/T 698.45 meters count minutes of the day, whatever was measured",
    ),
    ("excluded", "good", "the upper bound of a rate"),
    ("excluded", "bad", "the lower bound of a rate"),
)


_EVENTS: Final = """\
## Classes of voltage events

What a dip, a swell or an interruption is called, and whether equipment has to ride through it, is the same in every
rule set. The rows are those of `service/domain/event_tables`.
"""


def rules_page(catalogue: Catalogue) -> str:
    """Return the page in Markdown, for the sets of ``catalogue``."""
    blocks = [_HEAD]
    for chapter in _CHAPTERS:
        blocks += chapter(catalogue)
    return "\n".join(blocks)


def markdown_table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table; a bar in a cell is escaped."""
    lines = [columns, ["---"] * len(columns), *rows]
    return "".join(
        f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |\n" for line in lines
    )


def _denominators(_: Catalogue) -> list[str]:
    rows = [
        (interrupted, missing, _shown(_rate(interrupted, missing)), who)
        for interrupted, missing, who in _PRACTICE
    ]
    return [
        _DENOMINATORS,
        markdown_table(("without supply", "without a reading", "rate", "who"), rows),
    ]


def _overview(catalogue: Catalogue) -> list[str]:
    rows = [
        (
            f"[`{one.name}`](#{_anchor(one.name)})",
            one.title,
            in_force(one),
            str(len(one.rows())),
            str(n_to_confirm(one)),
        )
        for one in map(catalogue.load, catalogue.names())
    ]
    return [
        "## Rule sets\n",
        markdown_table(("rule set", "title", "in force", "rows", "confirm"), rows),
    ]


def _rule_sets(catalogue: Catalogue) -> list[str]:
    blocks = []
    for name in catalogue.names():
        blocks += _rule_set(catalogue, catalogue.load(name))
    return blocks


def _rule_set(catalogue: Catalogue, rule_set: RuleSet) -> list[str]:
    extends = (
        ""
        if rule_set.extends is None
        else f" It extends [`{rule_set.extends}`](#{_anchor(rule_set.extends)})."
    )
    rows = [
        (
            line.limit,
            line.value,
            line.scope,
            line.source,
            line.certainty,
            line.in_force,
            f"`{line.given_by}`",
        )
        for line in lines_of(catalogue, rule_set)
    ]
    return [
        f"### {rule_set.name}\n",
        f"{rule_set.title}. In force {in_force(rule_set)}.{extends}\n",
        markdown_table(
            ("limit", "value", "for", "source", "certainty", "in force", "given by"), rows
        ),
    ]


def _rate(interrupted: Counting, missing: Counting) -> Fraction:
    row = DenominatorRow(
        interrupted=interrupted,
        missing=missing,
        source="example",
        certainty="confirm",
        effective_from=date(2003, 11, 1),
    )
    rate = rate_by(_DAY, row)
    if rate is None:
        raise AssertionError  # the day has minutes
    return rate


def _shown(rate: Fraction) -> str:
    """Return a rate in percent, cut after four places."""
    hundredths, rest = divmod(int(rate * 1_000_000), 10_000)
    return f"{hundredths}.{rest:04} %"


def _anchor(name: str) -> str:
    """Return the anchor of a heading, as GitHub makes them."""
    return name.replace(".", "")


def _event_tables(_: Catalogue) -> list[str]:
    tables = load_event_tables()
    rows_of: dict[str, list[tuple[str, ...]]] = {}
    for part, row, limit in tables.named_rows():
        table, _dot, name = part.partition(".")
        rows_of.setdefault(table, []).append(
            (name.replace("_", " "), limit, row.source, row.certainty, in_force(row))
        )
    blocks = [_EVENTS]
    for name, table in tables:
        blocks += [
            f"### {table.name}\n",
            f"For {table.applies_to}\n",
            markdown_table(("part", "limit", "source", "certainty", "in force"), rows_of[name]),
        ]
    return blocks


_CHAPTERS: Final[Sequence[Callable[[Catalogue], list[str]]]] = (
    _denominators,
    _overview,
    _rule_sets,
    _event_tables,
)

if __name__ == "__main__":
    sys.stdout.write(rules_page(read_catalogue()))
