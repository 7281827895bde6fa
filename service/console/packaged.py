"""The files that pages load: style, script, icon, and plotly's own script from its wheel.

Their addresses contain a digest of what is in them, so a browser may keep them for ever and never has an old one.
"""

import asyncio
import gzip
import hashlib
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import TYPE_CHECKING, Final

from fastapi import APIRouter, Request, Response
from fastapi.responses import Response as PlainResponse

from service.errors import NotFoundError

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable

PREFIX: Final = "/assets"
PLOTLY: Final = "plotly.min.js"
_FOR_EVER: Final = "public, max-age=31536000, immutable"
_TYPES: Final = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
_NAMES: Final = ("console.css", "console.js", "icon.svg", "points.css", "points.js", PLOTLY)

router = APIRouter(include_in_schema=False)


@dataclass(frozen=True, slots=True)
class Packaged:
    """One file, as it is sent."""

    digest: str
    content_type: str
    plain: bytes
    zipped: bytes


@router.get(PREFIX + "/{digest}/{name}")
async def packaged_file(request: Request, digest: str, name: str) -> Response:
    """Return a packaged file; zipped where the browser takes that."""
    if name not in _NAMES:
        raise NotFoundError(f"no such file: {name}")
    found = await asyncio.to_thread(packaged, name)
    headers = {"Vary": "Accept-Encoding", "ETag": f'"{found.digest}"'}
    # An old address, as a page open since before an update has it, is answered with what there is now.
    headers["Cache-Control"] = _FOR_EVER if digest == found.digest else "no-cache"
    if request.headers.get("if-none-match") == headers["ETag"]:
        return PlainResponse(status_code=304, headers=headers)
    body = found.plain
    if "gzip" in request.headers.get("accept-encoding", ""):
        headers["Content-Encoding"] = "gzip"
        body = found.zipped
    return PlainResponse(body, media_type=found.content_type, headers=headers)


def address_of(name: str) -> str:
    """Return where a packaged file is, below the console's own address."""
    return f"{PREFIX}/{_digest(name)}/{name}"


@lru_cache(maxsize=len(_NAMES))
def packaged(name: str) -> Packaged:
    """Return a packaged file; read and zipped once."""
    plain = _file(name).read_bytes()
    return Packaged(
        digest=_digest(name),
        content_type=_TYPES[name[name.rindex(".") :]],
        plain=plain,
        zipped=gzip.compress(plain, compresslevel=6, mtime=0),
    )


@lru_cache(maxsize=len(_NAMES))
def _digest(name: str) -> str:
    return hashlib.sha256(_file(name).read_bytes()).hexdigest()[:16]


def _file(name: str) -> "Traversable":
    if name == PLOTLY:
        return files("plotly").joinpath("package_data", PLOTLY)
    return files("service.console").joinpath("assets", name)
