"""Result folders as their figures see them: :class:`StoredPlan`.

Each offers what the figures of its kind read of a fresh result, from the tables and the manifest of
a folder, so that a report draws the same figures as the command did.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sim import _folder
from sim.scenario import Scenario

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class _Sets:
    """The parameter sets of a study: how many, and where they come from."""

    count: int
    source: str

    def __len__(self) -> int:
        return self.count


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


class StoredPlan(_Stored):
    """What ``codose plan`` left."""

    def __init__(self, folder: Path, manifest: Mapping[str, Any]) -> None:
        super().__init__(folder, manifest)
        self.source = self.plausible.source
        self.labels: dict[str, str] = manifest["labels"]
        self.budget_unit: str = manifest["budget"]["unit"]

    @property
    def budget_limit(self) -> float | None:
        """What may be spent at most, in the unit of the budget."""
        names = ("money", "provider_hours", "money_a_week", "provider_hours_a_week")
        known = (self.manifest["budget"].get(name) for name in names)
        return next((float(value) for value in known if value), None)

    def scenario(self) -> Scenario:
        """The recommended plan."""
        return Scenario.load(self.folder / "plan.yaml")
