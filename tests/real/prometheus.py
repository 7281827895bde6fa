"""Prometheus for a test: it asks the given targets each second, and forgets everything in the end."""

import signal
from collections.abc import Mapping
from dataclasses import dataclass, field

import httpx
import yaml

from tests.real.instance import LOOPBACK, Instance, free_ports
from tests.real.server import RealServer

_START_LIMIT_S = 60.0  # a second on two idle cores
_ASK_LIMIT_S = 1.0


@dataclass(kw_only=True)
class RealPrometheus(RealServer):
    """A server without rules; each start has fresh files and a port of its own."""

    WHAT = "Prometheus"

    targets: Mapping[str, str]  # host:port by name of the job
    scrape_interval_s: int = 1
    url: str = field(init=False, default="")  # while it runs

    def _new_instance(self) -> Instance:
        return Instance(self.parts.folder / "run", "prometheus")

    def _forget_address(self) -> None:
        self.url = ""

    def _start(self, instance: Instance) -> None:
        (port,) = free_ports(1)
        config = instance.folder / "prometheus.yml"
        config.write_text(yaml.safe_dump(self._config()), "utf-8")
        server = (
            str(self.parts.prometheus),
            f"--config.file={config}",
            f"--storage.tsdb.path={instance.folder / 'tsdb'}",
            f"--web.listen-address={LOOPBACK}:{port}",
        )
        instance.start(["setpriv", "--pdeathsig", "KILL", *server], stop_signal=signal.SIGTERM)
        url = f"http://{LOOPBACK}:{port}"
        instance.wait_until(lambda: _is_ready(url), _START_LIMIT_S)
        self.url = url

    def _config(self) -> dict[str, object]:
        interval = f"{self.scrape_interval_s}s"
        return {
            "global": {"scrape_interval": interval, "scrape_timeout": interval},
            "scrape_configs": [
                {"job_name": job, "static_configs": [{"targets": [target]}]}
                for job, target in self.targets.items()
            ],
        }


def _is_ready(url: str) -> bool:
    try:
        return httpx.get(f"{url}/-/ready", timeout=_ASK_LIMIT_S).is_success
    except httpx.TransportError:
        return False
