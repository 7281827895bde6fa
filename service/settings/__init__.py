"""The settings: ``VOLTPASS_*`` in the environment, read once, when a command starts."""

import difflib
import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TypeVar

from pydantic import ValidationError

from service.errors import SettingsError
from service.settings.auth import AuthSettings
from service.settings.parts import (
    PREFIX,
    DatabaseSettings,
    JudgingSettings,
    KafkaSettings,
    Part,
    ServingSettings,
)

P = TypeVar("P", bound=Part)

_SECRETS_DIR = "SECRETS_DIR"  # of Docker or Kubernetes


class Settings(KafkaSettings, DatabaseSettings, JudgingSettings, ServingSettings, AuthSettings):
    """Everything that can be set."""


def read_settings(env: Mapping[str, str] | None = None) -> Settings:
    """Return the settings in ``env``, by default the environment of this process.

    What it leaves out is looked for in the folder ``VOLTPASS_SECRETS_DIR``, in files that are named
    like the variables, in lower case. An empty value counts as not set.

    Raises:
        SettingsError: A ``VOLTPASS_*`` name is unknown, or a value is missing or out of bounds.
    """
    return _read(Settings, env)


def read_judging_settings(env: Mapping[str, str] | None = None) -> JudgingSettings:
    """Return what is set of judging, for commands that need nothing else; like ``read_settings``.

    Raises:
        SettingsError: A ``VOLTPASS_*`` name is unknown, or a value of judging is out of bounds.
    """
    return _read(JudgingSettings, env)


def _read(model: type[P], env: Mapping[str, str] | None) -> P:
    source = os.environ if env is None else env  # noqa: TID251
    named = {
        name.removeprefix(PREFIX): value
        for name, value in source.items()
        if name.startswith(PREFIX)
    }
    secrets_dir = named.pop(_SECRETS_DIR, "")
    given = {name.lower(): value for name, value in named.items() if value}
    _refuse_unknown(name.lower() for name in named)
    found = {**_read_secrets(secrets_dir), **given}
    try:
        return model.model_validate({k: v for k, v in found.items() if k in model.model_fields})
    except ValidationError as error:
        raise SettingsError("\n".join(_complaints(error))) from None  # its text shows passwords


def env_example() -> str:
    """Return ``deploy/env.example``: every setting with what it means and its default."""
    lines = [
        "# Settings of Voltpass. Each can also be a file, named like its variable in lower case,",
        f"# in the folder that {PREFIX}{_SECRETS_DIR} names (Docker and Kubernetes secrets).",
        f"# {PREFIX}{_SECRETS_DIR}=/run/secrets",
    ]
    for part in (KafkaSettings, DatabaseSettings, JudgingSettings, ServingSettings, AuthSettings):
        lines += ["", f"# -- {part.__doc__}"]
        for name, field in part.model_fields.items():
            default = "" if field.is_required() else field.default
            value = ",".join(default) if isinstance(default, tuple) else default
            shown = "" if value is None else str(value).lower() if value is False else str(value)
            lines += ["", f"# {field.description}"]
            lines += [f"{'' if field.is_required() else '# '}{PREFIX}{name.upper()}={shown}"]
    return "\n".join(lines) + "\n"


def _read_secrets(folder: str) -> dict[str, str]:
    if not folder:
        return {}
    try:
        files = [
            file
            for file in Path(folder).iterdir()
            if file.is_file() and file.name.startswith(PREFIX.lower())
        ]
        read = {file.name.removeprefix(PREFIX.lower()): file.read_text().strip() for file in files}
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{PREFIX}{_SECRETS_DIR} = {folder!r}: {error}") from error
    _refuse_unknown(read)
    return read


def _refuse_unknown(names: Iterable[str]) -> None:
    known = list(Settings.model_fields)
    complaints = []
    for name in names:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1, cutoff=0.0)[0]
            complaints.append(
                f"{PREFIX}{name.upper()} is no setting; the nearest is {PREFIX}{near.upper()}"
            )
    if complaints:
        raise SettingsError("\n".join(complaints))


def _complaints(error: ValidationError) -> Iterator[str]:
    for one in error.errors(include_url=False, include_context=False):
        name = f"{PREFIX}{str(one['loc'][0]).upper()}: " if one["loc"] else ""
        is_secret = not one["loc"] or one["loc"][0] in {"database_dsn", "kafka_sasl_password"}
        value = "" if is_secret or one["type"] == "missing" else f", not {one['input']!r}"
        yield f"{name}{one['msg'].removeprefix('Value error, ')}{value}"
