"""What a set of dashboards is made for: a language, a zone, a rule set, and where the console answers."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal, TypeAlias, get_args

from service.domain.rules import RuleSet, load_rule_set

Language = Literal["en", "zh"]
Catalogue: TypeAlias = Mapping[str, Mapping[str, str | Mapping[str, str]]]

LANGUAGES: Final[tuple[Language, ...]] = get_args(Language)
TEXTS: Final = Path(__file__).parent / "texts"


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """What differs from deployment to deployment; the defaults are those of ``deploy/compose.yaml``."""

    zone: str = "Asia/Shanghai"  # as VOLTPASS_ZONE
    rule_set: str = "sgcc-2003"  # as VOLTPASS_RULE_SET; its targets and limits are drawn
    console_url: str = "http://127.0.0.1:8000"  # of `serve`, as browsers reach it
    runbooks_url: str = (
        "http://127.0.0.1:8000/runbooks"  # a page with the headings of docs/runbooks.md
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Edition:
    """The texts of one language, and the rules of one deployment."""

    language: Language
    site: Site
    rules: RuleSet
    catalogue: Catalogue

    def title(self, part: str, key: str) -> str:
        """Return the title of a panel, a row or a dashboard."""
        return self._filled(self._entry(part, key)["title"])

    def text(self, part: str, key: str) -> str:
        """Return what a panel or a dashboard says of itself."""
        return self._filled(self._entry(part, key)["text"])

    def label(self, name: str) -> str:
        """Return what a column or a series is called."""
        return self._word("labels", name)

    def word(self, value: str) -> str:
        """Return what stands for a value in a cell."""
        return self._word("words", value)

    def uid(self, dashboard: str) -> str:
        """Return the uid of a dashboard; it never changes."""
        return f"voltpass-{dashboard}-{self.language}"

    @property
    def tag(self) -> str:
        """What the dashboards of this language have in common."""
        return f"voltpass-{self.language}"

    def _entry(self, part: str, key: str) -> Mapping[str, str]:
        entry = self.catalogue[part][key]
        if isinstance(entry, str):
            raise TypeError(f"{part}.{key} of {self.language}.toml has to be a table")
        return entry

    def _word(self, part: str, key: str) -> str:
        entry = self.catalogue[part][key]
        if not isinstance(entry, str):
            raise TypeError(f"{part}.{key} of {self.language}.toml has to be a text")
        return entry

    def _filled(self, text: str) -> str:
        for name, value in self._values().items():
            text = text.replace(f"<{name}>", value)
        return text

    def _values(self) -> Mapping[str, str]:
        """Return what stands for the placeholders ``<...>`` of the texts."""
        rules = self.rules
        return {
            "bounds": self._word("words", "bounds_text").replace(
                "<floor>", f"{rules.coverage.floor:.0%}"
            ),
            "rule_set": rules.name,
            "floor": f"{rules.coverage.floor:.0%}",
            "pass_source": self._sources("pass_rate"),
            "reliability_source": self._sources("supply_reliability"),
            "crew_source": self._promise_sources("crew_arrival"),
            "notice_source": self._promise_sources("planned_notice", "temporary_notice"),
            "window_source": self._promise_sources("planned_window"),
            "band_source": "; ".join(
                dict.fromkeys(row.source for row in rules.bands if row.certainty == "confirmed")
            ),
        }

    def _sources(self, figure: str) -> str:
        rows = (row.source for row in self.rules.targets if row.figure == figure)
        return "; ".join(dict.fromkeys(rows)) or "-"

    def _promise_sources(self, *promises: str) -> str:
        rows = (row.source for row in self.rules.promises if row.promise in promises)
        return "; ".join(dict.fromkeys(rows)) or "-"


def edition_of(language: Language, site: Site | None = None) -> Edition:
    """Return the edition of a language for a deployment.

    Raises:
        UnknownRuleSetError: There is no such rule set.
    """
    site = site or Site()
    return Edition(
        language=language,
        site=site,
        rules=load_rule_set(site.rule_set),
        catalogue=read_catalogue(language),
    )


def read_catalogue(language: Language) -> Catalogue:
    """Return the texts of a language: `dashboards`, `rows`, `panels`, `labels`, `words`."""
    return tomllib.loads((TEXTS / f"{language}.toml").read_text("utf-8"))
