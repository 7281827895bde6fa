"""What the documents name is there: files, links, make targets, commands, settings, requests, metrics."""

import importlib.util
import re
import shlex

import click
import pytest

from service.__main__ import main
from service.api.app import create_app
from service.settings import env_example, read_settings
from tests.docs.documents import REPOSITORY, Document, documents

ROOMS = ("service", "kernels", "migrations", "tests", "deploy", "docs", r"\.ci")
PATH = rf"(?<![\w/.-])((?:{'|'.join(ROOMS)})/[\w./*-]*)(?![\w./*<-])"  # a name with <...> in it stands for several
FILE = r"^([\w./*-]+\.(?:py|md|toml|sql|sh|yml|yaml))$"


def by_name(document: Document) -> str:
    return document.name


@pytest.fixture(params=documents(), ids=by_name)
def document(request: pytest.FixtureRequest) -> Document:
    found: Document = request.param
    return found


def is_there(document: Document, path: str) -> bool:
    """Return whether a path, or a pattern, leads to something: from the top, from the document, or in a package."""
    places = (REPOSITORY, document.path.parent, REPOSITORY / "service")
    return any(any(place.glob(path.rstrip("/"))) for place in places)


def test_files_exist(document: Document) -> None:
    named = {*document.found(PATH), *document.found(FILE)}

    assert [path for path in sorted(named) if not is_there(document, path)] == []


def test_links_lead_somewhere(document: Document) -> None:
    wrong = []
    for target in re.findall(r"\]\(([^)\s]+)\)", document.prose):
        if "://" in target:
            continue
        path, _, anchor = target.partition("#")
        there = (document.path.parent / path).resolve() if path else document.path
        is_right = there.is_relative_to(REPOSITORY) and there.exists()
        if anchor and is_right:
            is_right = Document(there).has_heading(anchor)
        if not is_right:
            wrong.append(target)
    assert wrong == []


def test_make_has_the_targets(document: Document) -> None:
    makefile = (REPOSITORY / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE))

    assert set(document.found(r"^(?:\$ )?make ([a-z-]+)")) <= targets


def test_the_command_has_what_is_typed(document: Document) -> None:
    for typed in document.found(r"^(?:\$ )?(?:\S*/)?voltpass ([a-z].*)$"):
        words = shlex.split(typed, comments=True)
        command = main.get_command(click.Context(main), words[0])
        commands = [command]
        if (
            isinstance(command, click.Group) and len(words) > 1
        ):  # one of its own, or several: list|show
            context = click.Context(command)
            commands = [command.get_command(context, name) for name in words[1].split("|")]

        assert None not in commands, typed
        params = [param for each in commands if each is not None for param in each.params]
        known = {option for param in params for option in param.opts} | {"--help"}
        options = {word.partition("=")[0] for word in words if word.startswith("--")}
        assert options <= known, typed


def test_modules_that_are_run_exist(document: Document) -> None:
    for module in document.found(r"python -m ([\w.]+)"):
        assert importlib.util.find_spec(module) is not None, module


def test_settings_exist(document: Document) -> None:
    known = set(re.findall(r"VOLTPASS_\w+", env_example()))
    named = set(re.findall(r"VOLTPASS_\w+\b(?!\*)", document.text))

    assert {name for name in named if not name.endswith("_")} <= known


@pytest.fixture(scope="module")
def requests() -> list[re.Pattern[str]]:
    """The paths that ``serve`` answers, a name in place of each parameter."""
    settings = read_settings({"VOLTPASS_DATABASE_DSN": "postgresql://nobody@localhost/nothing"})
    paths = create_app(settings).openapi()["paths"]
    return [re.compile(re.sub(r"\\{.*?\\}", "[^/]+", re.escape(path))) for path in paths]


def test_requests_are_answered(document: Document, requests: list[re.Pattern[str]]) -> None:
    asked = document.found(r"(?:^|http://127\.0\.0\.1:8000|GET |POST )(/(?:v1|metrics)[\w/{}.-]*)")

    for path in asked:
        assert any(pattern.fullmatch(path) for pattern in requests), path


def test_metrics_and_roles_of_the_database_exist(document: Document) -> None:
    """A metric is made under its name without ``voltpass_``; a role is written out in the migrations."""
    code = text_of("service", "*.py")
    sql = text_of("migrations", "*.sql")

    for name in set(document.found(r"voltpass_[a-z_]*[a-z]")):
        metric = name.removeprefix("voltpass_").removesuffix("_total")
        assert f'"{metric}"' in code or name in sql, name


def text_of(folder: str, pattern: str) -> str:
    """Return the text of all files below ``folder`` that ``pattern`` matches."""
    paths = sorted((REPOSITORY / folder).rglob(pattern))
    return "\n".join(path.read_text(encoding="utf-8") for path in paths)
