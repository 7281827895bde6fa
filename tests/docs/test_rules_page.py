"""docs/rules.md is made from the data, and leaves nothing out."""

from pathlib import Path

from service.domain.catalogue import read_catalogue
from service.domain.event_tables import load_event_tables
from service.offline.rule_pages import markdown_table, rules_page
from tests.docs.documents import REPOSITORY

PAGE = REPOSITORY / "docs" / "rules.md"
OWN = """
name = "own-2024"
title = "Own limits | with a bar"
extends = "sgcc-2003"
effective_from = 2024-01-01
"""


def test_the_page_is_what_the_data_say() -> None:
    assert PAGE.read_text(encoding="utf-8") == rules_page(read_catalogue()), "make docs"


def test_every_row_of_every_set_is_on_the_page_with_source_certainty_and_date() -> None:
    catalogue = read_catalogue()
    sets = PAGE.read_text(encoding="utf-8").partition("\n## Classes of voltage events")[0]
    chapters = sets.split("\n### ")[1:]
    lines_of = {chapter.partition("\n")[0]: chapter.splitlines() for chapter in chapters}

    assert sorted(lines_of) == catalogue.names()
    for name, lines in lines_of.items():
        rule_set = catalogue.load(name)
        rows = [line for line in lines if line.startswith("| ")][2:]
        assert len(rows) == len(rule_set.rows())
        for line, row in zip(rows, rule_set.rows(), strict=True):
            ends = [end for end in (row.effective_to, rule_set.effective_to) if end is not None]
            until = f" to {min(ends)}" if ends else ""
            ending = f"| {row.source} | {row.certainty} | {row.effective_from}{until} | `"
            assert ending in line, (name, row)


def test_every_row_of_the_event_tables_is_on_the_page_with_source_certainty_and_date() -> None:
    events = PAGE.read_text(encoding="utf-8").partition("\n## Classes of voltage events")[2]
    lines = iter(events.splitlines())

    for part, row, limit in load_event_tables().named_rows():
        ending = f"| {limit} | {row.source} | {row.certainty} | {row.effective_from} |"
        assert any(line.endswith(ending) for line in lines), (part, row)  # in this order


def test_a_row_says_which_set_gives_it(tmp_path: Path) -> None:
    (tmp_path / "own-2024.toml").write_text(OWN)

    page = rules_page(read_catalogue(tmp_path))

    chapter = page.split("\n### own-2024\n")[1].split("\n### ")[0]
    assert "It extends [`sgcc-2003`](#sgcc-2003)." in chapter
    assert chapter.count("| `sgcc-2003` |") == 36
    assert chapter.count("| `voltpass-defaults` |") == 14


def test_a_bar_does_not_break_a_table() -> None:
    assert (
        markdown_table(("a", "b"), [("1 | 2", "3")])
        == "| a | b |\n| --- | --- |\n| 1 \\| 2 | 3 |\n"
    )


def test_the_reference_day_is_cut_not_rounded() -> None:
    page = PAGE.read_text(encoding="utf-8")

    for shown in ("| 95.7446 % |", "| 94.4055 % |", "| 95.8333 % |"):
        assert shown in page
