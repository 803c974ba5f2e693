"""Result folders as their figures see them: :class:`StoredComparison`, :class:`StoredSurface`.

Each offers what the figures of its kind read of a fresh result, from the tables and the manifest of
a folder, so that a report draws the same figures as the command did.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sim import _folder
from sim.scenario import Scenario

if TYPE_CHECKING:
    import pandas as pd

    from sim.study.surface_grid import Cell


@dataclass(frozen=True)
class _Sets:
    """The parameter sets of a study: how many, and where they come from."""

    count: int
    source: str

    def __len__(self) -> int:
        return self.count


@dataclass(frozen=True)
class _Arm:
    """A scenario of a comparison: its label and the last week of its assistance."""

    label: str
    end: int


class _Stored:
    """A folder with its manifest."""

    def __init__(self, folder: Path, manifest: Mapping[str, Any]) -> None:
        self.folder, self.manifest = folder, manifest
        self.seed: int = manifest["seed"]
        self.outcomes: tuple[str, ...] = tuple(manifest["outcomes"])
        sets = manifest.get("sets", 0)
        self.plausible = _Sets(sets, str(manifest.get("plausible", {}).get("source", "")))
        self.replicates: int = manifest.get("replicates", 1)

    def table(self, name: str) -> pd.DataFrame:
        """A table of the folder."""
        return _folder.read_table(self.folder / f"{name}.parquet")


class StoredComparison(_Stored):
    """What ``codose compare`` left."""

    def __init__(self, folder: Path, manifest: Mapping[str, Any]) -> None:
        super().__init__(folder, manifest)
        self.gains: bool = manifest["gains"]
        scenarios = {x["label"]: Scenario.from_dict(x["scenario"]) for x in manifest["scenarios"]}
        self.labels = tuple(scenarios)
        self.arms = tuple(_Arm(label, one.end_of_ta) for label, one in scenarios.items())
        self.horizon = min(one.horizon_weeks for one in scenarios.values())

    def weeks(self) -> pd.DataFrame:
        """Levels and differences by week."""
        return self.table("weeks")

    def differences(self) -> pd.DataFrame:
        """Differences from the first scenario."""
        return self.table("differences")

    def costs(self) -> pd.DataFrame:
        """What each takes."""
        return self.table("costs")

    def efficiency(self) -> pd.DataFrame:
        """What 100 provider hours bring; without rows where no outcome can say it."""
        if (self.folder / "efficiency.parquet").is_file():
            return self.table("efficiency")
        import pandas as pd

        return pd.DataFrame(columns=["scenario", "outcome", "per_100_hours", "low", "high"])


class StoredSurface(_Stored):
    """What ``codose surface`` left."""

    def __init__(self, folder: Path, manifest: Mapping[str, Any]) -> None:
        super().__init__(folder, manifest)
        self.label: str = manifest["label"]
        self.targets: dict[str, float] = manifest["targets"]
        self.provider_hours: float | None = manifest["provider_hours"]

    @cached_property
    def _frame(self) -> pd.DataFrame:
        return self.table("surface")

    def frame(self) -> pd.DataFrame:
        """A row a cell and outcome."""
        return self._frame

    @cached_property
    def cells(self) -> tuple[Cell, ...]:
        """Every cell, in the order of their numbers."""
        from sim.study.surface_grid import Cell

        axes = ("every_weeks", "hours", "co_creation", "months", "mode", "sites")
        rows = self._frame[self._frame["outcome"] == self.outcomes[0]].sort_values("cell")
        found = []
        for row in rows.to_dict("records"):
            place: dict[str, Any] = {
                name: None if _empty(row[name]) else row[name] for name in axes
            }
            if place["sites"] is not None:
                place["sites"] = int(place["sites"])
            found.append(
                Cell(
                    **place,
                    planned_hours=row["planned_provider_hours"],
                    on_budget_line=row["on_budget_line"],
                    affordable=row["affordable"],
                )
            )
        return tuple(found)

    @property
    def facets(self) -> tuple[tuple[object, ...], ...]:
        """Combinations of the axes that a map does not show."""
        return tuple(dict.fromkeys(cell.facet for cell in self.cells))


def _empty(value: Any) -> bool:
    return value is None or type(value).__name__ == "NAType" or value != value
