"""The console beside the API, in this process."""

from datetime import datetime

from fastapi import FastAPI

from service.api.app import create_app
from service.console.app import PATH, create_console
from service.console.context import AccessOf, everybody_is_local
from service.settings import Settings
from tests.api.clients import NOW


def application(
    settings: Settings, *, access_of: AccessOf = everybody_is_local, now: datetime = NOW
) -> FastAPI:
    """Return both, with a clock that stands."""
    console = create_console(settings, now=lambda: now, access_of=access_of)
    return create_app(settings, now=lambda: now, beside={PATH: console})
