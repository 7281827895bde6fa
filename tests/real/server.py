"""What the servers of a test have in common: one instance while they run, nothing of it afterwards."""

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import ClassVar, Self

from tests.real.instance import Instance, RealServerError
from tests.real.parts import RealParts


@dataclass(kw_only=True)
class RealServer(ABC):
    """A server that runs inside a ``with`` block, or from ``start`` to ``stop``; each start has a fresh instance."""

    WHAT: ClassVar[str]  # in errors

    parts: RealParts
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
            raise RealServerError(f"this {self.WHAT} runs already")
        self._instance = instance = self._new_instance()
        try:
            self._start(instance)
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """End the server with all its processes and remove its files; again: nothing."""
        instance, self._instance = self._instance, None
        self._forget_address()
        if instance is not None:
            instance.close()

    @abstractmethod
    def _new_instance(self) -> Instance:
        """Return the folder and guard of a start."""

    @abstractmethod
    def _start(self, instance: Instance) -> None:
        """Start the server in its instance and wait until it answers; say where."""

    @abstractmethod
    def _forget_address(self) -> None:
        """Forget where it answered."""
