"""Prometheus for a test: it asks the given targets each second, and forgets everything in the end."""

import signal
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Self

import httpx
import yaml

from tests.real.instance import LOOPBACK, Instance, RealServerError, free_ports
from tests.real.parts import RealParts

_START_LIMIT_S = 60.0  # a second on two idle cores
_ASK_LIMIT_S = 1.0


@dataclass(kw_only=True)
class RealPrometheus:
    """A server without rules; each start has fresh files and a port of its own."""

    parts: RealParts
    targets: Mapping[str, str]  # host:port by name of the job
    scrape_interval_s: int = 1
    url: str = field(init=False, default="")  # while it runs
    _instance: Instance | None = field(init=False, default=None, repr=False)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Start the server and return when it answers.

        Raises:
            RealServerError: It does not; nothing is left running.
        """
        if self._instance is not None:
            raise RealServerError("this Prometheus runs already")
        self._instance = instance = Instance(self.parts.folder / "run", "prometheus")
        try:
            self._start(instance)
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """End the server and remove its files; again: nothing."""
        instance, self._instance = self._instance, None
        self.url = ""
        if instance is not None:
            instance.close()

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
