"""Errors of simulated districts."""

from service.errors import ServiceError


class SimulationError(ServiceError):
    """A district cannot be simulated as asked; the message says which option, and what is allowed."""

    code = "simulation"
