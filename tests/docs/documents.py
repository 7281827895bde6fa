"""The documents for people, and what in them is code."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
_BLOCK = re.compile(r"^```[^\n]*\n(.*?)^```", re.MULTILINE | re.DOTALL)
_SPAN = re.compile(r"`([^`\n]+)`")
_NOT_IN_A_NAME = re.compile(r"[^\w\s-]")


@dataclass(frozen=True)
class Document:
    """One Markdown file."""

    path: Path

    @property
    def name(self) -> str:
        return self.path.relative_to(REPOSITORY).as_posix()

    @cached_property
    def text(self) -> str:
        return self.path.read_text(encoding="utf-8")

    @cached_property
    def prose(self) -> str:
        """The text without its blocks of code."""
        return _BLOCK.sub("", self.text)

    @cached_property
    def code(self) -> list[str]:
        """The lines of its blocks, and what stands in backticks."""
        lines = [line for block in _BLOCK.findall(self.text) for line in block.splitlines()]
        return [*lines, *_SPAN.findall(self.prose)]

    def found(self, pattern: str) -> Iterator[str]:
        """Yield what ``pattern`` finds in the code of the document, its first group if it has one."""
        for line in self.code:
            for match in re.finditer(pattern, line):
                yield match.group(match.lastindex or 0)

    def has_heading(self, anchor: str) -> bool:
        """Return whether a heading has this anchor, as GitHub makes them."""
        headings = re.findall(r"^#+ (.+)$", self.prose, re.MULTILINE)
        return anchor in {
            _NOT_IN_A_NAME.sub("", heading.lower()).replace(" ", "-") for heading in headings
        }


def documents() -> list[Document]:
    """Return every document that users and contributors read."""
    named = ["README.md", "CHANGELOG.md", "CONTRIBUTING.md", "deploy/README.md"]
    paths = [*(REPOSITORY / name for name in named), *sorted(REPOSITORY.glob("docs/*.md"))]
    return [Document(path) for path in paths]
