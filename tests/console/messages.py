"""Which messages the console uses: read from its templates and its code, without rendering anything."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from jinja2 import Environment, nodes

CONSOLE = Path(__file__).resolve().parents[2] / "service" / "console"


@dataclass
class Used:
    """Messages by id, and the beginnings of those whose end is only known when a page is shown."""

    ids: set[str] = field(default_factory=set)
    beginnings: set[str] = field(default_factory=set)

    def add(self, text: str, *, is_whole: bool) -> None:
        (self.ids if is_whole else self.beginnings).add(text)

    def has(self, message: str) -> bool:
        return message in self.ids or any(message.startswith(one) for one in self.beginnings)


def used_messages() -> Used:
    """Return what the templates and the modules of the console use."""
    used = Used()
    environment = Environment(autoescape=True)
    for template in sorted((CONSOLE / "templates").glob("*.html")):
        for text, is_whole in _of_template(environment.parse(template.read_text("utf-8"))):
            used.add(text, is_whole=is_whole)
    for module in sorted(CONSOLE.rglob("*.py")):
        for text, is_whole in _of_module(ast.parse(module.read_text("utf-8"))):
            used.add(text, is_whole=is_whole)
    return used


def _of_template(tree: nodes.Template) -> Iterator[tuple[str, bool]]:
    for call in tree.find_all(nodes.Call):
        if isinstance(call.node, nodes.Name) and call.node.name == "t":
            yield _beginning(call.args[0])
        elif isinstance(call.node, nodes.Getattr) and call.node.attr == "word":
            family = call.args[0]
            assert isinstance(family, nodes.Const), "the family of a word is written out"
            yield f"{family.value!s}.", False


def _beginning(text: nodes.Expr) -> tuple[str, bool]:
    if isinstance(text, nodes.Const):
        return str(text.value), True
    assert isinstance(text, nodes.Concat), f"a message is a text or begins with one, not {text!r}"
    first = text.nodes[0]
    assert isinstance(first, nodes.Const)
    return str(first.value), False


def _of_module(tree: ast.Module) -> Iterator[tuple[str, bool]]:
    for call in ast.walk(tree):
        if not isinstance(call, ast.Call) or not call.args:
            continue
        name = ast.unparse(call.func)
        if name in {"texts", "page.texts"}:
            yield _beginning_in_code(call.args[0])
        elif name in {"texts.word", "page.texts.word"}:
            family = call.args[0]
            assert isinstance(family, ast.Constant)
            yield str(family.value) + ".", False


def _beginning_in_code(text: ast.expr) -> tuple[str, bool]:
    if isinstance(text, ast.Constant):
        return str(text.value), True
    assert isinstance(text, ast.JoinedStr), ast.unparse(text)
    first = text.values[0]
    assert isinstance(first, ast.Constant)
    return str(first.value), False
