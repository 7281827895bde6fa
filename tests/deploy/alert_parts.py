"""Prometheus and Alertmanager with the files of the deployment, and a receiver that listens."""

import json
import subprocess
import threading
import time
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import yaml

from service.embedded.ports import free_port
from tests.deploy.places import DEPLOY, read_yaml
from tests.real.parts import RealParts

STARTS_WITHIN_S = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """What is set otherwise than shipped, so that a test is quick; rules stay as they are."""

    scrape: str = "1s"
    evaluation: str = "1s"
    group_wait: str = "2s"
    group_interval: str = "5s"


@dataclass(slots=True)
class Receiver:
    """What a webhook was told, and when (seconds since the Unix epoch)."""

    url: str = ""
    told: list[tuple[float, dict[str, Any]]] = field(default_factory=list)

    def alerts(self, status: str) -> list[dict[str, Any]]:
        """Return the alerts of every message so far with this status."""
        return [
            alert
            for _, message in self.told
            for alert in message["alerts"]
            if alert["status"] == status
        ]


@dataclass(frozen=True, slots=True)
class AlertServers:
    """Where the two answer."""

    prometheus: str
    alertmanager: str

    def get(self, path: str) -> Any:
        """Return what Prometheus answers."""
        with urllib.request.urlopen(self.prometheus + path, timeout=10) as answer:  # noqa: S310 (this machine)
            return json.load(answer)["data"]


@contextmanager
def receiver() -> Iterator[Receiver]:
    """Listen for webhooks."""
    heard = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            heard.told.append((time.time(), json.loads(body)))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    heard.url = f"http://127.0.0.1:{server.server_port}/"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield heard
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@contextmanager
def alert_servers(
    parts: RealParts,
    folder: Path,
    targets: Mapping[str, int],
    webhook: str,
    pace: Pace | None,
) -> Iterator[AlertServers]:
    """Run both with the files of the deployment.

    Args:
        parts: The programs.
        folder: For their files.
        targets: Port of each job on this machine.
        webhook: Where the operator's receiver leads.
        pace: What is changed; None: everything as shipped.
    """
    ports = {name: free_port() for name in ("prometheus", "alertmanager")}
    _write(folder / "alertmanager.yml", _alertmanager(webhook, pace))
    _write(folder / "prometheus.yml", _prometheus(targets, ports["alertmanager"], pace))
    urls = {name: f"http://127.0.0.1:{port}" for name, port in ports.items()}
    alertmanager_run: list[str | Path] = [
        parts.alertmanager, f"--config.file={folder / 'alertmanager.yml'}",
        f"--storage.path={folder / 'alertmanager'}", "--cluster.listen-address=",
        f"--web.listen-address=127.0.0.1:{ports['alertmanager']}",
    ]  # fmt: skip
    prometheus_run: list[str | Path] = [
        parts.prometheus, f"--config.file={folder / 'prometheus.yml'}",
        f"--storage.tsdb.path={folder / 'tsdb'}",
        f"--web.listen-address=127.0.0.1:{ports['prometheus']}",
    ]  # fmt: skip
    with (
        _running(alertmanager_run, folder / "alertmanager.log", urls["alertmanager"]),
        _running(prometheus_run, folder / "prometheus.log", urls["prometheus"]),
    ):
        yield AlertServers(urls["prometheus"], urls["alertmanager"])


def _alertmanager(webhook: str, pace: Pace | None) -> dict[str, Any]:
    config = dict(read_yaml(DEPLOY / "alertmanager" / "alertmanager.yml"))
    config["templates"] = [str(DEPLOY / "alertmanager" / "voltpass.tmpl")]
    for one in config["receivers"]:
        for hook in one.get("webhook_configs", ()):
            hook["url"] = webhook
    if pace is not None:
        for route in (config["route"], *config["route"]["routes"]):
            if "group_wait" in route:
                route |= {"group_wait": pace.group_wait, "group_interval": pace.group_interval}
    return config


def _prometheus(targets: Mapping[str, int], alertmanager: int, pace: Pace | None) -> dict[str, Any]:
    config = dict(read_yaml(DEPLOY / "prometheus" / "prometheus.yml"))
    config["rule_files"] = [str(DEPLOY / "prometheus" / "alerts.yml")]
    config["alerting"] = {
        "alertmanagers": [{"static_configs": [{"targets": [f"127.0.0.1:{alertmanager}"]}]}]
    }
    config["scrape_configs"] = [
        {"job_name": job, "static_configs": [{"targets": [f"127.0.0.1:{port}"]}]}
        for job, port in targets.items()
    ]
    if pace is not None:
        config["global"] |= {
            "scrape_interval": pace.scrape,
            "evaluation_interval": pace.evaluation,
        }
    return config


def _write(path: Path, config: Mapping[str, Any]) -> None:
    path.write_text(yaml.safe_dump(dict(config), allow_unicode=True), "utf-8")


@contextmanager
def _running(command: Sequence[str | Path], log: Path, url: str) -> Iterator[None]:
    with log.open("wb") as out, subprocess.Popen(command, stdout=out, stderr=out) as process:
        try:
            deadline = time.monotonic() + STARTS_WITHIN_S
            while not _answers(f"{url}/-/ready"):
                if process.poll() is not None or time.monotonic() > deadline:
                    raise RuntimeError(f"{command[0]} does not run:\n{log.read_text('utf-8')}")
                time.sleep(0.2)
            yield
        finally:
            process.terminate()


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2) as answer:  # noqa: S310 (this machine)
            return bool(answer.status == 200)
    except OSError:
        return False
