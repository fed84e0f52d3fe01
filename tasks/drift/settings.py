"""What counts as drift: the policy's thresholds, and how often one looks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from tasks.rollout.refusal import BadInput

STATISTICS = ("ks", "psi")


@dataclass(frozen=True, slots=True)
class Settings:
    """Drift needs an effect over its threshold and a corrected p-value under fdr / looks.

    looks: how many looks at overlapping windows share the false discovery rate (1 for one comparison; the nights of a
    season for a monitor that looks every morning). statistic: column -> `ks` or `psi`, with `default`.
    """

    statistic: Mapping[str, str] = field(default_factory=lambda: {"default": "ks"})
    ks_effect: float = 0.1
    psi_effect: float = 0.1
    missing_effect: float = 0.05
    fdr: float = 0.05
    min_rows: int = 30
    looks: int = 1
    threads: int | None = None

    def __post_init__(self) -> None:
        for column, name in self.statistic.items():
            if name not in STATISTICS:
                raise BadInput(f"drift.statistic.{column}", f"{name!r} is not one of {', '.join(STATISTICS)}")
        if not 0.0 < self.fdr < 1.0:
            raise BadInput("drift.fdr", f"must lie between 0 and 1, not {self.fdr}")
        if self.looks < 1 or self.min_rows < 2:
            raise BadInput("drift.looks", "at least one look, and min_rows of at least 2, are needed")

    @property
    def level(self) -> float:
        """Return the level that one look may spend."""
        return self.fdr / self.looks

    def statistic_of(self, column: str) -> str:
        """Return the declared statistic of a column."""
        return self.statistic.get(column, self.statistic.get("default", "ks"))
