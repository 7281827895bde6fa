"""The words for what the ledger keeps of a minute, in the order of their codes."""

from typing import Final, Literal, get_args

Verdict = Literal["missing", "pass", "over", "under", "interrupted", "exempt", "invalid"]
Rank = Literal["missing", "invalid", "estimated", "good"]
VERDICTS: Final[tuple[Verdict, ...]] = get_args(Verdict)
RANKS: Final[tuple[Rank, ...]] = get_args(Rank)
