"""The table, the words and the result folder of a surface."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from sim import _folder
from sim.outcomes import INDEX, OUTCOMES
from sim.present.format import interval, number
from sim.runs.collect import left_out
from sim.runs.folder import provenance
from sim.stats import components as spread
from sim.stats.intervals import band
from sim.study._compare_words import CAVEAT, HEADLINE
from sim.study._compared import plausible_record, sets_frame
from sim.study.differing import series_words
from sim.study.surface import SURE, Surface
from sim.study.surface_grid import Cell, planned_provider_hours

AXES = ("every_weeks", "hours", "co_creation", "months", "mode", "sites")


def frame(found: Surface) -> pd.DataFrame:
    """One long table.

    Returns:
        A row a cell and outcome. Columns: cell (number), every_weeks, hours, co_creation, months,
        mode, sites (empty: the scenario's own), on_budget_line, affordable, planned_provider_hours
        (a week of TA and region), outcome, unit, mean, p05, p95 (all runs), gain_mean (against no
        TA), target (level), p_target (share of runs that reach it; without targets: that reach what
        the scenario's own dosage does, run by run), luck_share, n and runs (runs with a value, of
        so many made), provider_hours, staff_hours, cost (means, all regions, to the end of TA). NaN
        in cells that the budget does not pay for.
    """
    rows = []
    for outcome in found.outcomes:
        met = found.target_met(outcome)
        level = found.target_level(outcome)
        for place, cell in enumerate(found.cells):
            values = found.values[place][..., INDEX[outcome]]
            low, high = band(values)
            rows.append(
                {
                    "cell": place,
                    **{name: getattr(cell, name) for name in AXES},
                    "on_budget_line": cell.on_budget_line,
                    "affordable": cell.affordable,
                    "planned_provider_hours": cell.planned_hours,
                    "outcome": outcome,
                    "unit": OUTCOMES[outcome].unit,
                    "mean": spread.mean(values),
                    "p05": low,
                    "p95": high,
                    "gain_mean": spread.mean(values - found.no_ta[place][..., INDEX[outcome]]),
                    "target": math.nan if level is None else level,
                    "p_target": math.nan if met is None else float(met[place]),
                    "luck_share": spread.components(values).luck_share,
                    "n": int((~np.isnan(values)).sum()),
                    "runs": values.size,
                    **{
                        name: spread.mean(found.values[place][..., INDEX[name]])
                        for name in ("provider_hours", "staff_hours", "cost")
                    },
                }
            )
    table = pd.DataFrame(rows)
    for name in ("co_creation", "months", "sites"):
        table[name] = table[name].astype(float)
    table["mode"] = table["mode"].astype("string")
    return table


# --- words -------------------------------------------------------------------------------------


def varied(found: Surface) -> str:
    """What was varied and what was kept."""
    others = len(found.scenario.dosage) - 1
    text = (
        "In every cell the dosage is one scheduled series like the scenario's most frequent one "
        f"({series_words(found.series)}) with other weeks between contacts and other hours"
    )
    if others:
        count = "" if others == 1 else f"{others} "
        one, many = ("stays", "stay") if found.keep_others else ("is left out", "are left out")
        text += f"; its other {count}series {one if others == 1 else many}"
    text += "."
    if found.provider_hours is not None:
        left_out = sum(not cell.affordable for cell in found.cells)
        text += (
            f" Budget: {found.provider_hours:g} provider hours a week and region, preparation and "
            f"travel included, with every contact held; {left_out} cells of the grid cost more and "
            "are empty."
        )
    return text


def head_outcome(found: Surface) -> str:
    """The outcome that the answer is about: one with a target, capacity, or the first."""
    for name in (*found.targets, HEADLINE):
        if name in found.outcomes:
            return name
    return found.outcomes[0]


def answer(found: Surface) -> str:
    """The best dosage within the budget and the cheapest that meets the target, how surely, for
    every outcome with a target."""
    asked = [name for name in found.targets if name in found.outcomes] or [head_outcome(found)]
    sentences = [part(found, name) for name in asked for part in (_best, _cheapest)]
    if not found.targets:
        sentences.append(_own(found, asked[0]))
    sentences += [
        _failed(found),
        varied(found),
        f"It rests on {len(found.plausible)} {found.plausible.source}.",
        CAVEAT,
    ]
    return " ".join(sentence for sentence in sentences if sentence)


def _failed(found: Surface) -> str:
    """How many runs of a cell count, of the cell with the fewest."""
    return left_out(max(found.failed, key=lambda cell: int(cell.sum())))


def place_words(cell: Cell) -> str:
    """A cell in words."""
    weeks = "every week" if cell.every_weeks == 1 else f"every {cell.every_weeks:g} weeks"
    parts = [f"{number(cell.hours).rstrip('0').rstrip('.')} h {weeks}"]
    for name, word in (("co_creation", "co-creation"), ("months", "months"),
                       ("sites", "regions a provider")):  # fmt: skip
        value = getattr(cell, name)
        if value is not None:
            parts.append(f"{value:g} {word}" if name != "co_creation" else f"{word} {value:g}")
    if cell.mode is not None:
        parts.append(cell.mode)
    return ", ".join(parts)


def _means(found: Surface, outcome: str) -> np.ndarray:
    return np.array([
        spread.mean(values[..., INDEX[outcome]]) if cell.affordable else math.nan
        for cell, values in zip(found.cells, found.values, strict=True)
    ])  # fmt: skip


def _best(found: Surface, head: str) -> str:
    """The best mean, and how much else is as good for all that is known."""
    sign = OUTCOMES[head].sign or 1.0
    means = _means(found, head)
    best = int(np.nanargmax(sign * means))
    cell = found.cells[best]
    low, high = band(found.values[best][..., INDEX[head]])
    where = "" if found.provider_hours is None else " within the budget"
    text = (
        f"{'Highest' if sign > 0 else 'Lowest'} {head.replace('_', ' ')} at the end of TA{where}: "
        f"{place_words(cell)} "
        f"({number(means[best])}; 90 % of runs {interval(low, high)}; "
        f"{number(cell.planned_hours)} provider hours a week and region)"
    )
    worth = sign * means
    near = [i for i in np.flatnonzero(worth >= worth[best] - _near(head)) if i != best]
    if near:
        near.sort(key=lambda i: -worth[i])
        shown = "; ".join(place_words(found.cells[i]) for i in near[:3])
        more = f" and {len(near) - 3} more" if len(near) > 3 else ""
        text += f". No more than {_near(head):g} worse: {shown}{more}"
    return f"{text}."


def _near(outcome: str) -> float:
    high = OUTCOMES[outcome].high
    return 0.01 * (1.0 if high is None else high - OUTCOMES[outcome].low)


def _cheapest(found: Surface, head: str) -> str:
    """The fewest provider hours at which the target is met surely enough."""
    met = found.target_met(head)
    if met is None:
        return ""
    level = found.target_level(head)
    what = (
        f"{head.replace('_', ' ')} of {number(level or 0.0)}"
        if found.targets
        else f"no {'less' if (OUTCOMES[head].sign or 1) > 0 else 'more'} "
        f"{head.replace('_', ' ')} than the scenario's own dosage"
    )
    sure = np.flatnonzero(np.nan_to_num(met) >= SURE)
    surely = f"{100 * SURE:.0f} % of runs"
    if not len(sure):
        best = int(np.nanargmax(met))
        return (
            f"No cell gives {what} in {surely}; the likeliest, {place_words(found.cells[best])}, "
            f"does in {_of_runs(found, met[best])}."
        )
    least = min(sure, key=lambda i: (found.cells[i].planned_hours, -met[i]))
    cell = found.cells[least]
    return (
        f"Fewest provider hours that give {what} in {surely}: {place_words(cell)} "
        f"({number(cell.planned_hours)} a week and region, in {_of_runs(found, met[least])})."
    )


def _of_runs(found: Surface, share: float) -> str:
    """A share of the runs of a cell, as a count: ``24 of 24 runs``."""
    runs = len(found.plausible) * found.replicates
    return f"{round(share * runs):,} of {runs:,} runs"


def _own(found: Surface, head: str) -> str:
    level = float(np.nanmean(found.own[..., INDEX[head]]))
    return (
        f"The scenario's own dosage gives {number(level)} for "
        f"{number(planned_provider_hours(found.scenario))} planned provider hours a week and "
        "region."
    )


# --- the folder --------------------------------------------------------------------------------


def save(found: Surface, directory: Path, *, force: bool, command: str) -> Path:
    """Write the result folder of a surface; the same surface gives the same bytes."""

    def write(folder: Path) -> None:
        _folder.write_table(folder, "surface", frame(found))
        _folder.write_table(folder, "sets", sets_frame(found.plausible))
        (folder / "answer.txt").write_text(found.answer() + "\n", encoding="utf-8", newline="\n")
        text = found.scenario.to_yaml()
        (folder / "scenario.yaml").write_text(text, encoding="utf-8", newline="\n")
        _folder.write_json(
            folder / _folder.MANIFEST,
            _manifest(found, command) | {"files": _folder.fingerprints(folder)},
        )

    return _folder.write_folder(directory, write, force=force)


def _manifest(found: Surface, command: str) -> dict[str, Any]:
    return {
        "format": _folder.FORMAT,
        "format_version": _folder.FORMAT_VERSION,
        "kind": "surface",
        **provenance(),
        "command": command,
        "answer": found.answer(),
        "varied": varied(found),
        "seed": found.seed,
        "sets": len(found.plausible),
        "replicates": found.replicates,
        "runs": found.run_cells * len(found.plausible) * found.replicates,
        "plausible": plausible_record(found.plausible),
        "outcomes": list(found.outcomes),
        "targets": dict(found.targets),
        "sure": SURE,
        "provider_hours": found.provider_hours,
        "keep_others": found.keep_others,
        "cells": len(found.cells),
        "label": found.label,
        "scenario_digest": found.scenario.digest(),
        "scenario": found.scenario.to_dict(),
    }
