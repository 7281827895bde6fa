"""The catalogue: packaged sets and those of a folder, told apart by content."""

from decimal import Decimal
from pathlib import Path

import pytest

from service.domain.catalogue import (
    checksum_of,
    chosen_rule_sets,
    read_catalogue,
    read_rule_set,
)
from service.domain.rules import load_rule_set, packaged_text, rule_set_names
from service.errors import RuleSetError, UnknownRuleSetError
from service.settings.parts import JudgingSettings

PROVINCE = """
name = "province-2012"
title = "A province's own pledge"
extends = "sgcc-pledge-2005"
effective_from = 2012-01-01

[coverage]
floor = 0.95
source = "a test"
certainty = "confirm"
effective_from = 2012-01-01
"""
CITY = PROVINCE.replace("province-2012", "city-2013").replace("sgcc-pledge-2005", "province-2012")


# Of the release before; a set that differs makes every stored page be judged again.
RELEASED_CHECKSUMS = {
    "ansi-c84.1": "bc4e828654521f48440224e40bb7171bfed4981f249de21426db754a802e3057",
    "ansi-c84.1-range-b": "ed532814a8bc3d8bbc399c653bf86270abae9641390494db193dffcae8dcc8e6",
    "as-61000.3.100": "e72018e7c39e434d497235c03176e7fa6bdbd712adebd7bb95175a86ec803e92",
    "dlt-645-monitor": "3865b9a8e8d44f57b1fdf6544c2292d0ee03fcedcabd2f397ba5c90ed3a9bcd3",
    "en-50160": "2d1754821be8f3a5980464fc4fbdb79fde8e68b51de5e2f801bfab89b347ae71",
    "gb-12325-2008": "2dea6ef419f37a58454843c8d5d100d991c1dd7969efdfa63f3a4aa1f3c6a428",
    "gb-28583-2012": "8977a314fd2ad1a9730caff85c0064818dbbd16c0bd5b605059c43de4f1eb8f3",
    "nea-regulation": "1c90c5cadac22659f9d53d44cdf8fd852a5a87f3bf975cf648511a46ad542aee",
    "sgcc-2003": "daa261b21d85ae051bb6bc484affc3211542db88e4b0a1fd86913fdda47124cd",
    "sgcc-pledge-2005": "32737cfe5f838cbbd872b615be3b666b8a5f82cdd879fb7ed2c2899bbfcbbc25",
    "sgcc-pledge-2023": "afcd3f287ab5833eb046f0f644ff0d9d62399d6bd23fb776ad46fbad632ab91b",
    "voltpass-defaults": "40455fc28ef08d21f90e7f23dbd8fa973443a21176a1cbcf934f625359ad460f",
}


def write(folder: Path, **texts: str) -> Path:
    for name, text in texts.items():
        (folder / f"{name.replace('_', '-')}.toml").write_text(text, encoding="utf-8")
    return folder


def test_without_a_folder_there_are_the_packaged_sets() -> None:
    catalogue = read_catalogue()

    assert catalogue.names() == rule_set_names()
    assert all(catalogue.load(name) == load_rule_set(name) for name in rule_set_names())


def test_a_folder_adds_sets_that_extend_packaged_ones_and_each_other(tmp_path: Path) -> None:
    write(tmp_path, province_2012=PROVINCE, city_2013=CITY)
    (tmp_path / "notes.txt").write_text("no rule set")

    catalogue = read_catalogue(tmp_path)

    assert catalogue.names() == sorted([*rule_set_names(), "province-2012", "city-2013"])
    city = catalogue.load("city-2013")
    assert city.coverage.floor == Decimal("0.95")
    assert city.targets == load_rule_set("sgcc-pledge-2005").targets


def test_an_unknown_set_is_refused_with_the_names_there_are(tmp_path: Path) -> None:
    catalogue = read_catalogue(write(tmp_path, province_2012=PROVINCE))

    with pytest.raises(UnknownRuleSetError, match=r"'sgcc-1999' is unknown.*province-2012, sgcc"):
        catalogue.load("sgcc-1999")


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("sgcc-2003", PROVINCE, "packaged rule set, which no other may replace"),
        (
            "province",
            PROVINCE,
            r"province.toml: its name is 'province-2012', so its file has to be",
        ),
        ("province-2012", PROVINCE + "[[", r"province-2012.toml: rule set is no TOML"),
        ("province-2012", PROVINCE.replace("0.95", "95"), "coverage.floor: Input should be"),
        ("province-2012", PROVINCE.replace("sgcc-pledge-2005", "sgcc-1999"), "extends 'sgcc-1999'"),
        ("province-2012", PROVINCE.replace("sgcc-pledge-2005", "province-2012"), "in a circle"),
    ],
)
def test_a_wrong_file_is_named_with_what_is_wrong(
    tmp_path: Path, name: str, text: str, said: str
) -> None:
    (tmp_path / f"{name}.toml").write_text(text, encoding="utf-8")

    with pytest.raises(RuleSetError, match=said):
        read_catalogue(tmp_path)
    with pytest.raises(RuleSetError, match=said.removeprefix(f"{name}.toml: ")):
        read_rule_set(tmp_path / f"{name}.toml")


def test_two_sets_that_extend_each_other_are_refused(tmp_path: Path) -> None:
    circle = PROVINCE.replace("sgcc-pledge-2005", "city-2013")

    with pytest.raises(RuleSetError, match=r"in a circle: .*city-2013, province-2012"):
        read_catalogue(write(tmp_path, province_2012=circle, city_2013=CITY))


def test_a_folder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RuleSetError, match=r"nowhere' is not there"):
        read_catalogue(tmp_path / "nowhere")
    with pytest.raises(RuleSetError, match=r"nowhere.toml cannot be read"):
        read_rule_set(tmp_path / "nowhere.toml")


def test_a_file_is_read_with_those_beside_it_and_those_of_the_folder(tmp_path: Path) -> None:
    folder, draft = tmp_path / "folder", tmp_path / "draft"
    folder.mkdir()
    draft.mkdir()
    write(folder, province_2012=PROVINCE)
    write(draft, city_2013=CITY)

    assert read_rule_set(draft / "city-2013.toml", folder).name == "city-2013"
    with pytest.raises(UnknownRuleSetError, match="extends 'province-2012'"):
        read_rule_set(draft / "city-2013.toml")
    write(draft, province_2012=PROVINCE)
    assert read_rule_set(draft / "city-2013.toml").name == "city-2013"


def test_settings_choose_one_statutory_set_and_others_beside_it(tmp_path: Path) -> None:
    settings = JudgingSettings(
        rule_set="province-2012",
        rule_sets_beside=("sgcc-2003", "en-50160"),
        rule_set_folder=write(tmp_path, province_2012=PROVINCE),
    )

    chosen = chosen_rule_sets(settings)

    assert chosen.statutory.name == "province-2012"
    assert [one.name for one in chosen.beside] == ["sgcc-2003", "en-50160"]
    with pytest.raises(UnknownRuleSetError):
        chosen_rule_sets(settings.model_copy(update={"rule_sets_beside": ("none",)}))


def test_each_packaged_set_has_a_checksum_of_its_own() -> None:
    catalogue = read_catalogue()

    checksums = {catalogue.checksum(name) for name in catalogue.names()}

    assert len(checksums) == len(catalogue.names())
    assert all(len(checksum) == 64 for checksum in checksums)


def test_an_upgrade_judges_nothing_again() -> None:
    catalogue = read_catalogue()

    found = {name: catalogue.checksum(name) for name in RELEASED_CHECKSUMS}

    assert found == RELEASED_CHECKSUMS


def test_where_a_live_breach_ends_changes_no_checksum(tmp_path: Path) -> None:
    province = read_catalogue(write(tmp_path, province_2012=PROVINCE)).load("province-2012")
    row = province.events.breach_hysteresis.model_copy(update={"percent": Decimal("0.30")})
    events = province.events.model_copy(update={"breach_hysteresis": row})

    tuned = province.model_copy(update={"events": events})

    assert tuned != province
    assert checksum_of(tuned) == checksum_of(province)


def test_an_edited_set_changes_the_checksums_of_all_that_extend_it(tmp_path: Path) -> None:
    before = read_catalogue(write(tmp_path, province_2012=PROVINCE, city_2013=CITY))
    after = read_catalogue(write(tmp_path, province_2012=PROVINCE + BAND, city_2013=CITY))

    for name in ("province-2012", "city-2013"):
        assert before.checksum(name) != after.checksum(name)
    assert before.checksum("sgcc-2003") == after.checksum("sgcc-2003")


BAND = """
[[bands]]
lower_percent = -5.00
upper_percent = 5.00
source = "a test"
certainty = "confirm"
effective_from = 2012-01-01
"""


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("floor = 0.95", "floor = 0.950"),
        ('source = "a test"', 'source = "a better test"'),
        ('certainty = "confirm"', 'certainty = "confirmed"'),
        ("A province's own pledge", "The same"),
        ("\n[coverage]", "\n# a remark\n[coverage]"),
        ('["1p", "3p4w"]', '["3p4w", "1p"]'),
    ],
)
def test_what_changes_no_figure_changes_no_checksum(tmp_path: Path, old: str, new: str) -> None:
    text = PROVINCE + BAND.replace("lower_percent", 'wirings = ["1p", "3p4w"]\nlower_percent')
    before = read_catalogue(write(tmp_path, province_2012=text)).load("province-2012")
    assert old in text

    after = read_catalogue(write(tmp_path, province_2012=text.replace(old, new)))

    assert checksum_of(before) == after.checksum("province-2012")


def test_checksums_are_the_same_in_every_process() -> None:
    # Sets without order come in another order in each process; this one was taken in an earlier one.
    assert checksum_of(load_rule_set("sgcc-2003")).startswith("daa261b21d")


def test_a_set_written_out_has_the_checksum_of_one_that_extends(tmp_path: Path) -> None:
    whole = packaged_text("voltpass-defaults").partition("bands = []")[2]
    text = packaged_text("sgcc-2003").replace('extends = "voltpass-defaults"\n', "") + whole

    (tmp_path / "whole.toml").write_text(text.replace('"sgcc-2003"', '"whole"'), encoding="utf-8")

    found = read_catalogue(tmp_path).load("whole").model_copy(update={"name": "sgcc-2003"})
    assert checksum_of(found) == checksum_of(load_rule_set("sgcc-2003"))


def test_what_people_are_told_changes_no_figure(tmp_path: Path) -> None:
    quieter = PROVINCE + packaged_text("voltpass-defaults").partition("[alerts]")[2].join(
        ["\n[alerts]", ""]
    ).replace("reclose_wait_s = 180", "reclose_wait_s = 600")
    plain = read_catalogue(write(tmp_path, province_2012=PROVINCE)).load("province-2012")

    tuned = read_catalogue(write(tmp_path, province_2012=quieter)).load("province-2012")

    assert tuned.alerts is not None
    assert tuned.alerts.reclose_wait_s == 600
    assert checksum_of(tuned) == checksum_of(plain)
