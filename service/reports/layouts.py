"""Which sheets a report has."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from service.reports.columns import Layout
from service.reports.figures import Report, Tables
from service.reports.supply_layout import SUPPLY
from service.reports.voltage_layout import VOLTAGE

LAYOUTS: Final[Mapping[Report, Layout]] = MappingProxyType({"voltage": VOLTAGE, "supply": SUPPLY})


def laid_out(report: Report, tables: Tables) -> Tables:
    """Return tables with what their sheets show, and nothing else: what is signed is what was seen."""
    return {
        sheet.table: [
            {column.key: row.get(column.key) for column in sheet.columns}
            for row in tables.get(sheet.table, ())
        ]
        for sheet in LAYOUTS[report]
    }
