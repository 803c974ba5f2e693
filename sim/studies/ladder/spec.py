"""Spec: a contrast of one lever, and the assumptions that are removed step by step."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Literal

from sim.core.errors import InputError, did_you_mean
from sim.core.parameters import check_name, check_value
from sim.present.format import count
from sim.scenario.checking import Frozen, FrozenDict, Issue, Number, Shape, Strict, Words
from sim.scenario.levers import SHORT, lever_names, with_levers
from sim.studies.plausible import PlausibleSets
from sim.studies.spec import SETS, Option, OverSets, Study

HELP = """Take assumptions away step by step: what remains of an effect?

Both sides of the contrast, and all steps, share people and chance, so that they differ by the
contrast alone. Parameters have the values of the scenario; with --sets, each step is taken in every
plausible set, and intervals show what we do not know about the parameters too.

\b
Examples:
  codose ladder cocreation_ladder
  codose ladder cocreation_ladder -n 100 --out results/ladder
  codose ladder cocreation_ladder --sets 50 -n 8
"""


def _setting(value: object) -> float | str:
    return Words(100).check(value) if isinstance(value, str) else Number().check(value)


_SETTING = Shape(_setting, {"type": ["number", "string"]})


class Contrast(Strict):
    """Two settings of one lever."""

    lever: Annotated[str, Words(100)]
    """A lever: co_creation, hours, functions, dosage[0].hours ..."""
    low: Annotated[float | str, _SETTING]
    """The setting compared with: a number, or a word such as training (of functions)."""
    high: Annotated[float | str, _SETTING]
    """The setting whose effect is asked for."""


class Step(Strict):
    """One step of a ladder; it keeps what the steps before it have changed."""

    name: Annotated[str, Words(200)]
    """Name of the step: what is different from here on."""
    parameters: Annotated[dict[str, float], Frozen] = FrozenDict()
    """Parameters that are set, also beyond their plausible range."""


class Spec(OverSets):
    """What remains of a contrast as assumptions are taken away."""

    kind: Literal["ladder"]  # pyright: ignore[reportIncompatibleVariableOverride]
    """ladder"""
    contrast: Contrast
    """The contrast: a lever and two of its settings."""
    steps: tuple[Step, ...]
    """The steps, in order."""
    replicates: Annotated[int, Number(1, 2**20, whole=True), Option("-n")] = 100
    """Pairs of runs on each step, of each parameter set."""
    sets: Annotated[  # pyright: ignore[reportIncompatibleVariableOverride]
        Annotated[int | str, SETS] | None,
        Option(metavar="N|DIR", path=True, default="the values of the scenario"),
    ] = None
    """Plausible parameter sets: how many, or the folder of a calibration to draw them from."""

    def plausible(self, folder: Path | None) -> PlausibleSets | None:
        """The plausible sets; None where parameters have the values of the scenario."""
        return None if self.sets is None else super().plausible(folder)


def issues(spec: Spec) -> Iterable[Issue]:
    """Mistakes between the fields."""
    if spec.scenarios:
        yield Issue(("scenarios",), "a ladder has one scenario: 'scenario'")
    for place, name in enumerate(spec.outcomes):
        if " " in name:
            yield Issue(("outcomes", place), f"{name!r} is not asked for here", name)
    if not spec.steps:
        yield Issue(("steps",), "is empty", allowed="one step or more")
    if spec.sets is None and spec.replicates < 2:
        yield Issue(("replicates",), "an interval needs two replicates", allowed="2 or more")
    for place, step in enumerate(spec.steps):
        for name, value in step.parameters.items():
            wrong = check_name(name) or check_value(name, value, beyond_range=True)
            if wrong is not None:
                where = ("steps", place, "parameters", name)
                yield Issue(where, wrong.message, value, wrong.allowed, wrong.suggestion, key=True)


def check(study: Study[Spec]) -> None:
    """Check the lever and both settings against the scenario, and the number of sets.

    Raises:
        StudyError: the lever does not exist, cannot have a setting, or has the same setting twice;
            or there is one plausible set only, which gives no interval.
    """
    if study.plausible is not None and len(study.plausible) < 2:
        raise study.error(
            ("sets",), "1 is out of range", value=1,
            allowed="2 or more; none for the values of the scenario",
        )  # fmt: skip
    contrast, scenario = study.header.contrast, study.scenario
    if contrast.low == contrast.high:
        raise study.error(("contrast", "high"), "both sides are the same")
    known = lever_names(scenario)
    if contrast.lever not in known:
        raise study.error(
            ("contrast", "lever"), f"{contrast.lever!r} is not a lever", value=contrast.lever,
            allowed=", ".join(SHORT), suggestion=did_you_mean(contrast.lever, known),
        )  # fmt: skip
    for name, value in (("low", contrast.low), ("high", contrast.high)):
        try:
            with_levers(scenario, {contrast.lever: value})
        except InputError as error:
            found = error.problem
            raise study.error(
                ("contrast", name), found.message, value=value, allowed=found.allowed,
                suggestion=found.suggestion,
            ) from None  # fmt: skip


def line(study: Study[Spec]) -> str:
    """One line that says which runs are about to be made."""
    header = study.header
    return (
        f"{header.name}: {count(len(header.steps), 'step')}, {_sets(study)}"
        f"{count(header.replicates, 'pair')} of runs each"
    )


def _sets(study: Study[Spec]) -> str:
    return "" if study.plausible is None else f"{count(len(study.plausible), 'plausible set')}, "


def lever_text(study: Study[Spec]) -> str:
    """The lever in words, for use in a sentence."""
    return study.header.contrast.lever.replace("co_creation", "co-creation").replace("_", " ")
