"""How much of the time exports may work, so that what comes in is not slowed by what goes out."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportPace:
    """Shares of the time in which all exports of a process together read and encode; the rest they wait."""

    level_share: float = 0.5  # while ingestion keeps up, 0..1
    behind_share: float = 0.03  # while it works through what has waited: then it needs the machine
    behind_s: float = 1800.0  # readings stored now that are older than this, seconds, have waited

    def pause_s(self, work_s: float, *, is_behind: bool) -> float:
        """Return how long to wait after so many seconds of work."""
        share = self.behind_share if is_behind else self.level_share
        return work_s * (1 - share) / share
