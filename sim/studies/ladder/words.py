"""words: the effect that remains, and the assumption whose removal costs most of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from sim.present.answer import Answer
from sim.present.format import given, interval, number, sentence, signed
from sim.present.table import Table
from sim.studies.ladder.spec import Spec, lever_text
from sim.studies.spec import Study, when


def words(study: Study[Spec], tables: Mapping[str, Table]) -> Answer:
    """The answer in sentences."""
    frame = tables["ladder"].frame
    parts = [rows for _, rows in frame.groupby(["outcome", "week"], sort=False)]
    ends = [
        f"from {signed(rows['effect'].iloc[0])} to {signed(rows['effect'].iloc[-1])} "
        f"({_when(rows)})"
        for rows in parts
    ]
    verdict = (
        f"From the first step to the last, the effect of {contrast(study)} changes "
        f"{'; '.join(ends)}."
    )
    lines = [_sentence(rows) for rows in parts]
    counted = frame.drop_duplicates("outcome")
    if (counted["n"] < counted["runs"]).any():
        fewest = counted.sort_values("n").iloc[0]
        lines.append(
            f"Pairs with a run that failed or has no value are left out: {fewest['n']} of "
            f"{fewest['runs']} count."
        )
    if study.plausible is not None:
        lines.append(
            f"{sentence(study.plausible.source)}. Each step is taken in every set, and the "
            "intervals are those of the mean over the sets."
        )
    return Answer(verdict, (*lines, "The sizes of these effects are assumptions of the model."))


def shown(study: Study[Spec], tables: Mapping[str, Table]) -> Sequence[Table]:
    """The effect on every step; only the files hold the sides of the contrast."""
    names = ["outcome", "week", "step", "effect", "low", "high", "share"]
    if len(study.header.weeks) == 1:
        names.remove("week")
    return [tables["ladder"].pick(names)]


def contrast(study: Study[Spec]) -> str:
    """The contrast in words."""
    asked = study.header.contrast
    high, low = (
        one.replace("_", " ") if isinstance(one, str) else given(one)
        for one in (asked.high, asked.low)
    )
    return f"{lever_text(study)} {high} instead of {low}"


def _when(rows: pd.DataFrame) -> str:
    return when(str(rows["outcome"].iloc[0]), str(rows["week"].iloc[0]))


def _sentence(rows: pd.DataFrame) -> str:
    first, last = rows.iloc[0], rows.iloc[-1]
    text = (
        f"{_when(rows)}: the effect is {signed(first['effect'])} "
        f"({interval(first['low'], first['high'], signed)}) on the first step and "
        f"{signed(last['effect'])} ({interval(last['low'], last['high'], signed)}) on the last"
    )
    if not (last["low"] > 0 or last["high"] < 0):
        text += ", where the interval includes 0"
    lost = -rows["effect"].diff().to_numpy()[1:]
    if len(lost) and np.isfinite(lost).any():
        place = int(np.nanargmax(lost))
        text += (
            f"; the largest single part of it, {number(lost[place])}, goes with the step "
            f"'{rows['step'].iloc[place + 1]}'"
        )
    return f"{text[0].upper()}{text[1:]}."
