"""What a register holds of a territory alone, so that promises are judged by nothing else."""

from collections.abc import Sequence
from dataclasses import replace

from service.domain.access import Territory
from service.domain.promises.figures import PlannedYear, Register
from service.domain.promises.notice import AnnouncedOutage


def inside(register: Register, territory: Territory) -> Register:
    """Return the part of a register that lies in a territory.

    Of an outage that reaches beyond it only the regions inside are named. Deadlines of files have no region: they
    are in the whole territory only.
    """
    if territory.is_whole:
        return register
    return Register(
        outages=_outages(register.outages, territory),
        year=None if register.year is None else _year(register.year, territory),
        calls=[one for one in register.calls if territory.admits(one.region)],
        deadlines=(),
    )


def _outages(outages: Sequence[AnnouncedOutage], territory: Territory) -> list[AnnouncedOutage]:
    named = [
        replace(one, regions=tuple(code for code in one.regions if territory.admits(code)))
        for one in outages
    ]
    return [one for one in named if one.regions]


def _year(year: PlannedYear, territory: Territory) -> PlannedYear:
    return replace(
        year,
        touched=[one for one in year.touched if territory.admits(one.region)],
        n_customers={
            (region, level_kv): n_customers
            for (region, level_kv), n_customers in year.n_customers.items()
            if territory.admits(region)
        },
    )
