"""The answer of a calibration: tables, words, a result folder, plausible sets to ship."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from sim import _folder
from sim.runs.execute import Execution
from sim.runs.folder import provenance
from sim.study import learned, plausible
from sim.study.blocked import hits
from sim.study.calibration import Calibration, digest, plausible_table, study_digest
from sim.study.targets import Target, parse_measure

PLAUSIBLE = "plausible"
"""Stem of the plausible sets in a result folder."""


@dataclass(eq=False)
class CalibrationReport:
    """A calibration with its tables, each worked out once; see :mod:`sim.study.learned`."""

    found: Calibration
    execution: Execution | None = None
    contraction: pd.DataFrame = field(init=False)
    directions: pd.DataFrame = field(init=False)
    fights: pd.DataFrame = field(init=False)
    ruled_out: pd.DataFrame = field(init=False)
    predictive: pd.DataFrame = field(init=False)

    def __post_init__(self) -> None:
        self.contraction = learned.contraction(self.found)
        self.directions = learned.directions(self.found)
        self.fights = learned.fights(self.found)
        self.ruled_out = learned.ruled_out(self.found)
        self.predictive = learned.predictive_check(self.found, execution=self.execution)

    @property
    def learned(self) -> list[str]:
        """Free parameters about which more is known than their range."""
        return learned.learned_names(self.found, self.contraction)

    @property
    def constrained_by(self) -> str:
        """What is printed wherever the sets are used."""
        found = self.found
        return plausible.constrained_by(
            len(found.targets), found.borrowed, len(self.learned), len(found.free)
        )

    def words(self) -> str:
        """The answer in sentences."""
        found, check = self.found, self.predictive
        scored = check[check["use"].isin(("scored", "pattern"))]
        missed = scored[scored["default_verdict"] == "miss"]
        bad = scored[scored["verdict"] == "miss"]
        left = found.waves[-1].left if found.waves else 1.0
        met = float(hits(found.targets, found.bank).all(axis=1).mean())
        parts = [
            f"Plausible sets: {self.constrained_by}. What if, not forecast.",
            f"History matching left {left:.0%} of the prior; of {len(found.bank):,} settings drawn "
            f"from it {met:.0%} meet every target at once (effective sample {found.ess:,.0f}). "
            f"Settings without a value: {found.broken} (they get no weight).",
            "The scenario as it stands "
            + (
                f"meets all {len(scored)} scored targets."
                if missed.empty
                else f"meets {len(scored) - len(missed)} of {len(scored)} scored targets and "
                f"misses {_list(missed, 'default')}."
            ),
            "The plausible sets, on fresh luck and with the uncertain parameters drawn anew, "
            + (
                "meet every target on average; "
                if bad.empty
                else f"miss on average {_list(bad, 'mean')}; "
            )
            + "the targets that most single sets miss are "
            + ", ".join(
                f"{row.target} (met by {row.hit_share:.0%})"
                for row in scored.sort_values("hit_share").head(3).itertuples()
            )
            + ".",
            self._learned_words(),
            self._fight_words(),
            self._survey_words(),
        ]
        return "\n\n".join(part for part in parts if part)

    def _learned_words(self) -> str:
        table = self.contraction
        known = set(self.learned)
        free = table[table["what"] == "free"]
        told = free[free["name"].isin(known)].sort_values("distance", ascending=False)
        rest = free[~free["name"].isin(known)]
        text = "Learned (moved from the prior by .10 or more on the scale of probabilities): "
        text += ", ".join(
            f"{r['name']} {r['mean']:.3g} ({r['low']:.3g}..{r['high']:.3g})"
            for _, r in told.iterrows()
        )
        if len(rest):
            text += ". Not learned, their range came back: " + ", ".join(rest["name"])
        joint = table[table["what"] == "combination"].sort_values("contraction", ascending=False)
        best_alone = float(table[table["what"] != "combination"]["contraction"].max())
        if len(joint) and joint.iloc[0]["contraction"] > max(0.0, best_alone):
            top = joint.iloc[0]
            text += (
                f". Combinations are held better than their parts: {top['name']} lost "
                f"{top['contraction']:.0%} of its prior spread"
            )
        if len(self.directions):
            first = self.directions.iloc[0]
            text += (
                f". The best-held direction of all, {first['direction']}, lost "
                f"{first['contraction']:.0%} (chance alone: {first['by_chance']:.0%})"
            )
        return text + "."

    def _fight_words(self) -> str:
        worst = self.fights[self.fights["lift"] < 1.0].head(3)
        if worst.empty:
            return "No two targets hinder each other."
        return "Targets that hinder each other most: " + ", ".join(
            f"{r['one']} and {r['other']} (met together {r['lift']:.2f} times as often as by "
            "chance)"
            for _, r in worst.iterrows()
        ) + "."  # fmt: skip

    def _survey_words(self) -> str:
        if "leniency" not in self.predictive:
            return ""
        rows = self.predictive.dropna(subset=["leniency"])
        return " ".join(
            f"{r['target']}: a survey mean of {r['observed']:g} pins the leniency of answers "
            f"({r['leniency']:.2f}; {r['leniency_low']:.2f}..{r['leniency_high']:.2f} over the "
            "sets), not the state behind it."
            for _, r in rows.iterrows()
        )

    # --- files -------------------------------------------------------------------------------

    def plausible_record(self, command: str) -> dict[str, Any]:
        """The description beside the plausible sets (see :mod:`sim.study.plausible`)."""
        names, table = plausible_table(self.found)
        header = self.found.study.header
        return {
            "format": plausible.FORMAT,
            "format_version": plausible.FORMAT_VERSION,
            "targets": len(self.found.targets),
            "borrowed": self.found.borrowed,
            "learned": self.learned,
            "constrained_by": self.constrained_by,
            "target_ids": [target.id for target in self.found.targets],
            "grades": {target.id: target.grade for target in self.found.targets},
            "scenario": self.found.scenario.digest(),
            "study": study_digest(header),
            "command": command,
            "seed": header.seed,
            "method": header.method,
            "effective_sample": round(self.found.ess, 1),
            "parameters": self.parameters_record(),
            "sha256_of_values": digest(table, names),
        }

    def parameters_record(self) -> dict[str, dict[str, Any]]:
        """Of each free parameter: the calibrated number, whether anything was learned, and the
        grades of the targets that taught it (of all targets, when no single one did)."""
        table = self.contraction[self.contraction["what"] == "free"]
        record = {}
        for row in table.to_dict("records"):
            name = str(row["name"])
            known = name in self.learned
            taught = learned.teachers(self.found, name) if known else []
            grades = {target.grade for target in taught or self.found.targets}
            numbers = ("prior_low", "prior_high", "mean", "low", "high", "contraction", "distance")
            record[name] = {
                **{key: float(f"{row[key]:.4g}") for key in numbers},
                "learned": known,
                "taught_by": [target.id for target in taught],
                "grades": ", ".join(sorted(grades)) if known else "",
            }
        return record

    def save(
        self,
        directory: Path,
        *,
        force: bool = False,
        command: str = "",
        draw: Callable[[CalibrationReport, Path], object] | None = None,
    ) -> Path:
        """Write a result folder (manifest kind "calibrate"): complete, or not at all.

        Raises:
            ResultsError: it may not or cannot be written.
        """

        def write(folder: Path) -> None:
            tables = {
                "predictive_check": self.predictive,
                "contraction": self.contraction,
                "directions": self.directions,
                "fights": self.fights,
                "ruled_out": self.ruled_out,
            }
            for name, frame in tables.items():
                _folder.write_table(folder, name, frame)
            _folder.write_table(folder, "bank", bank_frame(self.found), csv=False)
            write_plausible(self, folder, PLAUSIBLE, command)
            text = self.words() + "\n"
            (folder / "answer.txt").write_text(text, encoding="utf-8", newline="\n")
            _folder.write_json(
                folder / _folder.MANIFEST,
                {
                    "format": _folder.FORMAT,
                    "format_version": _folder.FORMAT_VERSION,
                    "kind": "calibrate",
                    **provenance(),
                    "command": command,
                    "answer": self.words(),
                    "study": self.found.study.header.model_dump(mode="json"),
                    "scenario": self.found.scenario.to_dict(),
                    "targets": [target_record(target) for target in self.found.targets],
                    "plausible": self.plausible_record(command),
                    "files": _folder.fingerprints(folder),
                },
            )
            if draw is not None:
                draw(self, folder / "figures")

        return _folder.write_folder(directory, write, force=force)


def write_plausible(report: CalibrationReport, folder: Path, stem: str, command: str) -> None:
    """Write plausible sets as ``stem.csv`` with ``stem.json`` beside it."""
    names, table = plausible_table(report.found)
    lines = [",".join(names)]
    lines += [",".join(f"{x:.9g}" for x in row) for row in table.tolist()]
    text = "\n".join(lines) + "\n"
    (folder / f"{stem}.csv").write_text(text, encoding="utf-8", newline="\n")
    record = report.plausible_record(command)
    (folder / f"{stem}.json").write_text(
        json.dumps(record, indent=2, ensure_ascii=False) + "\n", encoding="utf-8", newline="\n"
    )


def bank_frame(found: Calibration) -> pd.DataFrame:
    """Every setting of the final sample: values, what each target measures, weight."""
    columns: dict[str, np.ndarray] = {
        factor.name: found.bank.values[:, i] for i, factor in enumerate(found.factors)
    }
    columns |= {f"target {t.id}": found.bank.outputs[:, i] for i, t in enumerate(found.targets)}
    return pd.DataFrame(columns | {"weight": found.weights})


def target_record(target: Target) -> dict[str, Any]:
    """A target as plain values; an open bound or a pattern's number is None."""

    def plain(x: float) -> float | None:
        return x if math.isfinite(x) else None

    return {
        "id": target.id,
        "what": target.what,
        "measures": target.measure.text,
        "value": plain(target.value),
        "low": plain(target.low),
        "high": plain(target.high),
        "use": target.use,
        "grade": target.grade,
        "source": target.source,
    }


def target_of(record: Mapping[str, Any]) -> Target:
    """The inverse of :func:`target_record`."""

    def number(name: str, empty: float) -> float:
        return empty if record[name] is None else float(record[name])

    return Target(
        record["id"], record["what"], parse_measure(record["measures"]),
        number("value", math.nan), number("low", -math.inf), number("high", math.inf),
        record["use"], record["grade"], record["source"],
    )  # fmt: skip


def _list(rows: pd.DataFrame, column: str) -> str:
    return ", ".join(
        f"{r['target']} ({r[column]:.3g}, wanted {bounds(r['low'], r['high'])})"
        for _, r in rows.iterrows()
    )


def bounds(low: float, high: float) -> str:
    """Bounds as text, open ends too.

    >>> bounds(0.05, math.inf), bounds(0.2, 0.6)
    ('0.05 or more', '0.2..0.6')
    """
    if math.isinf(low) and math.isinf(high):
        return "anything"
    if math.isinf(high):
        return f"{low:g} or more"
    return f"{high:g} or less" if math.isinf(low) else f"{low:g}..{high:g}"
