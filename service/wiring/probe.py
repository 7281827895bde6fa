"""Asking a role on this machine whether it is healthy: what ``voltpass healthcheck`` does."""

import http.client
import urllib.error
import urllib.request

from service.settings import Settings

WITHIN_S = 5.0


def is_healthy(settings: Settings, url: str | None = None) -> bool:
    """Return whether ``url`` answers with success; without one, whether any role of these settings does."""
    asked = (
        [url]
        if url
        else [
            f"http://127.0.0.1:{port}/healthz"
            for port in (settings.api_port, settings.metrics_port)
        ]
    )
    return any(_answers(one) for one in asked)


def _answers(url: str) -> bool:
    if not url.startswith(("http://", "https://")):
        return False
    try:
        with urllib.request.urlopen(url, timeout=WITHIN_S) as answer:  # noqa: S310  (http only, checked)
            return bool(answer.status < http.client.BAD_REQUEST)
    except (urllib.error.URLError, OSError, http.client.HTTPException):
        return False
