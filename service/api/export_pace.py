"""How much of the time exports may work, so that what comes in is not slowed by what goes out.

The share follows the lag of the consumers. Batches are only so large that even at the least share no client hears
nothing for long: proxies and clients give a silent line up after a minute or less.
"""

from dataclasses import dataclass

_GROWTH: float = 2.0  # of a batch, against the one before


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportPace:
    """Shares of the time in which all exports of a process together read and encode; the rest they wait."""

    level_share: float = 0.5  # while ingestion keeps up, 0..1
    behind_share: float = 0.03  # while it works through what has waited: then it needs the machine
    level_s: float = 300.0  # readings stored now that are no older than this, seconds, did not wait
    behind_s: float = 1800.0  # older than this: they have waited
    silence_s: float = 10.0  # of one export between two batches, at most
    points_max: int = 200  # 288 000 minutes of a day

    def share(self, lag_s: float) -> float:
        """Return the share while the consumers store what is so many seconds old; in between it falls evenly."""
        waited = (lag_s - self.level_s) / (self.behind_s - self.level_s)
        fall = (self.level_share - self.behind_share) * min(max(waited, 0.0), 1.0)
        return self.level_share - fall


@dataclass(slots=True, kw_only=True)
class PaceState:
    """What a point costs, and what rest is still owed."""

    n_points: int = 5  # of the last batch; the first one finds out what a point costs
    point_s: float = 0.0  # what each of them took; 0: not known yet
    owed_s: float = 0.0  # rest that had to be cut short

    def size(self, pace: ExportPace, *, lag_s: float, n_open: int) -> int:
        """Return how many points the next batch may have, so that the rest after it is not too long.

        Args:
            pace: The limits.
            lag_s: How old what the consumers store is.
            n_open: Exports that take turns, 1 or more: each of them hears nothing while the others have theirs.
        """
        largest = min(pace.points_max, int(self.n_points * _GROWTH))
        if not self.point_s:
            return largest
        budget_s = pace.silence_s / n_open * pace.share(lag_s)
        return max(1, min(largest, int(budget_s / self.point_s)))

    def learn(self, work_s: float, n_points: int, n_found: int) -> None:
        """Note what a batch took, seconds, that was to have ``n_points`` and had ``n_found``: fewer end a day."""
        self.n_points = n_points
        if n_found:
            self.point_s = work_s / n_found

    def pause_s(self, pace: ExportPace, work_s: float, *, lag_s: float, n_open: int) -> float:
        """Return how long to wait after a batch that took ``work_s`` seconds.

        Args:
            pace: The limits.
            work_s: 0 or more.
            lag_s: As it was when the batch was begun.
            n_open: As for ``size``.
        """
        share = pace.share(lag_s)
        due_s = work_s * (1 - share) / share + self.owed_s
        pause_s = min(due_s, pace.silence_s / n_open)
        # What was cut short is made up for while ingestion is behind; once it is level again, nobody needs it.
        self.owed_s = 0.0 if share >= pace.level_share else due_s - pause_s
        return pause_s
