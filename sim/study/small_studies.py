"""A ladder: what remains of a contrast as assumptions are taken away one after another.

:class:`LadderFile` is the study, :class:`Ladder` runs it, :class:`LadderResult` is the answer. The
contrast (co-creation high against low) is paired, replicate by replicate: the same people and luck
on both sides.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import pandas as pd

from sim import _folder, results
from sim.checking import Frozen, FrozenDict, Issue, Number, Strict, Words
from sim.errors import InputError, did_you_mean
from sim.levers import SHORT, lever_names, with_levers
from sim.parameters import check_name, check_value
from sim.runs.collect import Points
from sim.runs.execute import Execution, execute
from sim.runs.plan import RunPlan, common
from sim.scenario import Scenario
from sim.study.sensitivity_words import when
from sim.study.study_file import Study, StudyHeader, read_study, week_label, week_number

Z = 1.959963984540054


class Contrast(Strict):
    """Two settings of one lever."""

    lever: Annotated[str, Words(100)]
    """A lever: co_creation, hours, dosage[0].hours ..."""
    low: Annotated[float, Number()]
    """The setting compared with."""
    high: Annotated[float, Number()]
    """The setting whose effect is asked for."""


class Step(Strict):
    """One rung of a ladder; it keeps what those before it have changed."""

    name: Annotated[str, Words(200)]
    """What is different from here on."""
    parameters: Annotated[dict[str, float], Frozen] = FrozenDict()
    """Parameters that are set, also beyond their plausible range."""


class LadderFile(StudyHeader):
    """What remains of a contrast as assumptions are taken away."""

    contrast: Contrast
    """What is compared."""
    steps: tuple[Step, ...]
    """The rungs, in order."""


@dataclass(frozen=True, eq=False)
class LadderResult:
    """What a ladder found.

    Attributes:
        header: the file.
        frame: a row a step, outcome and week. Columns: outcome, week, step, low_side and high_side
            (means of the sides of the contrast), effect, low and high (its 95 % interval), share
            (of the effect on the first step).
        scenario: what was run.
        runs: of the model.
    """

    header: LadderFile
    frame: pd.DataFrame
    scenario: Scenario
    runs: int

    @property
    def columns(self) -> tuple[tuple[str, str], ...]:
        """Headings and kinds of the printed table."""
        return (("outcome", "left"), ("step", "text"), ("effect", "right"),
                ("95 % interval", "left"), ("left of the first", "right"))  # fmt: skip

    def rows(self) -> Iterable[tuple[str, ...]]:
        """The printed table."""
        for row in self.frame.itertuples(index=False):
            one: Any = row
            interval = f"{one.low:+.3f} .. {one.high:+.3f}"
            share = f"{100 * one.share:.0f} %" if np.isfinite(one.share) else "-"
            yield (one.outcome, one.step, f"{one.effect:+.3f}", interval, share)

    def record(self) -> dict[str, Any]:
        """Everything, for JSON."""
        return {
            "study": self.header.name,
            "kind": "ladder",
            "runs": self.runs,
            "seed": self.header.seed,
            "rows": self.frame.to_dict("records"),
            "words": self.words(),
        }

    def words(self) -> str:
        """The result in paragraphs."""
        head = (
            f"{self.header.name}: {self.runs:,} runs, {self.header.replicates:,} replicates with "
            f"the same people and luck on both sides, seed {self.header.seed}."
        )
        body = list(_sentences(self.frame))
        if "n" in self.frame and (least := self.frame.loc[self.frame["n"].idxmin()])["n"] < least[
            "runs"
        ]:
            pairs = f"{least['n']:,} of {least['runs']:,} pairs of runs"
            body.append(f"{pairs} count at least; in the others a run failed: they are left out.")
        close = "Sizes of these effects are assumptions of the model. What if, not forecast."
        return "\n\n".join([head, *body, close])


def _sentences(frame: pd.DataFrame) -> list[str]:
    texts = []
    for (outcome, week), rows in frame.groupby(["outcome", "week"], sort=False):
        first, last = rows.iloc[0], rows.iloc[-1]
        text = (
            f"{when(str(outcome), str(week))}: co-creating fully instead of not at all makes "
            f"{first['effect']:+.3f} ({first['low']:+.3f} to {first['high']:+.3f})"
        )
        if last["low"] > 0 or last["high"] < 0:
            text += f"; with everything taken away {last['effect']:+.3f} remains"
        else:
            text += f"; with everything taken away nothing certain remains ({last['effect']:+.3f})"
        drop = -rows["effect"].diff()
        biggest = rows.iloc[int(np.nanargmax(drop.to_numpy()))]
        text += f". The largest single part goes with: {biggest['step']}."
        texts.append(text[0].upper() + text[1:])
    return texts


@dataclass(frozen=True, eq=False)
class Ladder:
    """A ladder, ready to run."""

    study: Study[LadderFile]

    @property
    def line(self) -> str:
        """What is about to be done."""
        header = self.study.header
        return f"{header.name}: {len(header.steps)} steps, {header.replicates:,} pairs of runs each"

    def run(self, execution: Execution | None = None) -> LadderResult:
        """Run every step on both sides of the contrast."""
        header, scenario = self.study.header, self.study.scenario
        contrast = header.contrast
        base, sets = scenario.parameter_set(), []
        changes: dict[str, float] = {}
        for step in header.steps:
            changes |= step.parameters
            sets.append(base.replace(beyond_range=True, **changes))
        names = tuple(header.outcomes)
        sides, weeks = [], []
        for value in (contrast.low, contrast.high):
            arm = with_levers(scenario, {contrast.lever: value})
            weeks.append([week_number(week, arm) for week in header.weeks])
            # Rungs are compared with each other: they share people and chance, as the sides do.
            sides.append(common(arm, sets, header.replicates, list(dict.fromkeys(weeks[-1]))))
        done = execute(RunPlan(tuple(sides), header.seed), execution, Points(names))
        found = [
            done.grid(side)[:, :, [sides[side].weeks.index(week) for week in weeks[side]], 0]
            for side in range(2)
        ]
        lost = done.failed(0) | done.failed(1)  # of a pair: both are left out
        for side in found:
            side[lost] = np.nan
        gap = found[1] - found[0]  # (steps, replicates, weeks, outcomes)
        rows = []
        for o, outcome in enumerate(names):
            for w, week in enumerate(header.weeks):
                for s, step in enumerate(header.steps):
                    kept = ~lost[s]
                    effect, half = _interval(gap[s, kept, w, o])
                    first = float(gap[0, ~lost[0], w, o].mean())
                    rows.append(
                        {
                            "outcome": outcome, "week": week_label(week), "step": step.name,
                            "low_side": float(found[0][s, kept, w, o].mean()),
                            "high_side": float(found[1][s, kept, w, o].mean()), "effect": effect,
                            "low": effect - half, "high": effect + half,
                            "share": effect / first if first else np.nan,
                            "n": int(kept.sum()), "runs": len(kept),
                        }
                    )  # fmt: skip
        runs = 2 * len(sets) * header.replicates
        return LadderResult(header, pd.DataFrame(rows), scenario, runs)


def _issues(header: LadderFile) -> Iterable[Issue]:
    for place, name in enumerate(header.outcomes):
        if " " in name:
            yield Issue(("outcomes", place), f"{name!r} is not asked for here", name)
    if header.kind != "ladder":
        yield Issue(("kind",), f"{header.kind!r} is another kind of study", allowed="ladder")
    if not header.steps:
        yield Issue(("steps",), "is empty", allowed="one step or more")
    if header.replicates < 2:
        yield Issue(("replicates",), "an interval needs two replicates", allowed="2 or more")
    for place, step in enumerate(header.steps):
        for name, value in step.parameters.items():
            wrong = check_name(name) or check_value(name, value, beyond_range=True)
            if wrong is not None:
                where = ("steps", place, "parameters", name)
                yield Issue(where, wrong.message, value, wrong.allowed, wrong.suggestion, key=True)


def _interval(gap: np.ndarray) -> tuple[float, float]:
    """Mean of paired differences and the half-width of its 95 % interval."""
    return float(gap.mean()), float(Z * gap.std(ddof=1) / np.sqrt(len(gap)))


def load(path: Path, changes: dict[str, int] | None = None) -> Ladder:
    """Read and check a ladder.

    Args:
        changes: fields of the header to change (replicates, seed).

    Raises:
        StudyError: every mistake with its line.
    """
    study = read_study(path, LadderFile, issues=_issues)
    _check_contrast(study)
    return Ladder(replace(study, header=study.header.model_copy(update=changes or {})))


def _check_contrast(study: Study[LadderFile]) -> None:
    contrast = study.header.contrast
    if contrast.low == contrast.high:
        raise study.error(("contrast", "high"), "both sides are the same")
    for name in ("low", "high"):
        _check_lever(study, ("contrast", name), contrast.lever, getattr(contrast, name))


def _check_lever(
    study: Study[LadderFile], where: tuple[str | int, ...], lever: str, value: float
) -> None:
    known = lever_names(study.scenario)
    if lever not in known:
        raise study.error(
            ("contrast", "lever"), f"{lever!r} is not a lever", value=lever,
            allowed=", ".join(SHORT), suggestion=did_you_mean(lever, known),
        )  # fmt: skip
    try:
        with_levers(study.scenario, {lever: value})
    except InputError as error:
        found = error.problem
        raise study.error(where, found.message, value=value, allowed=found.allowed) from None


def save(
    result: LadderResult, folder: Path, *, force: bool = False, command: str = "",
    draw: Callable[[LadderResult, Path], object] | None = None,
) -> Path:  # fmt: skip
    """Write the table, the words and the origin; whole or not at all."""

    def write(place: Path) -> None:
        _folder.write_table(place, "ladder", result.frame)
        (place / "result.txt").write_text(
            result.words() + "\n", encoding="utf-8", newline="\n"
        )  # fmt: skip
        _folder.write_json(
            place / "manifest.json",
            {
                "format": _folder.FORMAT,
                "format_version": _folder.FORMAT_VERSION,
                "kind": "ladder",
                **results.provenance(),
                "command": command,
                "study": result.header.model_dump(mode="json", exclude={"factors"}),
                "seed": result.header.seed,
                "runs": result.runs,
                "scenario": result.scenario.to_dict(),
                "files": _folder.fingerprints(place),
            },
        )
        if draw is not None:
            (place / "figures").mkdir()
            draw(result, place / "figures")

    return _folder.write_folder(folder, write, force=force)
