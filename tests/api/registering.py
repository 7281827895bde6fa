"""The outage register in a migrated database, put there by plain rows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tests.api.seeding import FOREVER, Seeder


def at(text: str) -> datetime:
    """Return a local time in Shanghai."""
    return datetime.fromisoformat(f"{text}+08:00")


@dataclass(frozen=True, slots=True)
class Registrar:
    """Writes entries of the register, and customers as they matter to it."""

    seeder: Seeder

    async def customer(
        self, customer: str, points: Sequence[str], level_v: int, **others: Any
    ) -> None:
        """Put a customer into the registry; unimportant, urban, for ever unless ``others`` say so."""
        number = await self.seeder.run(
            """
            INSERT INTO customer (customer, voltage_level_mv, residential, important, user_class,
                                  target_area, response_area, valid_from)
            VALUES ($1, $2, false, $3, 'MV', 'urban', $5, $4)
            RETURNING customer_id
            """,
            customer,
            level_v * 1000,
            others.get("important", False),
            others.get("valid_from", FOREVER),
            others.get("response_area", "urban"),
        )
        for point in points:
            await self.seeder.run(
                "INSERT INTO customer_point VALUES ($1, $2)",
                number,
                self.seeder.point_ids[point],
            )

    async def outage(
        self,
        ticket: str,
        feeder: str,
        *,
        window: tuple[str, str] | None = None,
        actual: tuple[str, str | None] | None = None,
        told: Mapping[str, str] | None = None,
        **others: Any,
    ) -> int:
        """Declare an outage of a feeder; planned unless ``others`` say so."""
        window_at = [None, None] if window is None else [at(one) for one in window]
        actual_at = [None, None]
        if actual is not None:
            actual_at = [one if one is None else at(one) for one in actual]  # type: ignore[misc]
        names = ("notice_at", "cancelled_at", "withdrawn_at")
        times = [at(others[name]) if others.get(name) else None for name in names]
        number: int = await self.seeder.run(
            """
            INSERT INTO declaration (kind, ticket, author, approver, outage_kind, cause, window_from,
                                     window_to, from_at, to_at, notice_at, cancelled_at,
                                     withdrawn_at, notice_fields)
            VALUES ('outage', $1, 'li.na', 'wang.wei', $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
            RETURNING declaration_id
            """,
            ticket,
            others.get("outage_kind", "planned"),
            others.get("cause", "planned_maintenance"),
            *window_at,
            *actual_at,
            *times,
            others.get("notice_fields", ["area", "lines", "off", "restore"]),
        )
        await self.seeder.run(
            "INSERT INTO declaration_scope VALUES ($1, 'feeder', $2)", number, feeder
        )
        for customer, told_at in (told or {}).items():
            await self.seeder.run(
                "INSERT INTO declaration_told VALUES ($1, $2, $3)", number, customer, at(told_at)
            )
        return number

    async def call(self, call: str, called: str, arrived: str | None, **others: Any) -> None:
        """Store a fault call; urban unless ``others`` say so."""
        await self.seeder.run(
            """
            INSERT INTO fault_call (call, customer, point_id, response_area, called_at, arrived_at,
                                    restored_at, severe_weather, author, withdrawn_at)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 'desk', $9)
            """,
            call,
            others.get("customer", ""),
            self.seeder.point_ids.get(others.get("point", "")),
            others.get("response_area", "urban"),
            at(called),
            arrived if arrived is None else at(arrived),
            at(others["restored"]) if others.get("restored") else None,
            others.get("severe_weather", False),
            at(others["withdrawn"]) if others.get("withdrawn") else None,
        )

    async def deadline(
        self, reference: str, promise: str, opened: str, answered: str | None, **others: Any
    ) -> None:
        """Store a dated promise."""
        await self.seeder.run(
            """
            INSERT INTO deadline (reference, promise, subject, opened_at, answered_at, author, withdrawn_at)
            VALUES ($1, $2, $3, $4, $5, 'desk', $6)
            """,
            reference,
            promise,
            others.get("subject", ""),
            at(opened),
            answered if answered is None else at(answered),
            at(others["withdrawn"]) if others.get("withdrawn") else None,
        )
