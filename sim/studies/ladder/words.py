"""words: what remains of an effect, and with which assumption most of it goes."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from sim.present.answer import Answer
from sim.present.format import given, interval, number, percent, signed
from sim.present.table import Table
from sim.studies.ladder.spec import Spec, lever_text
from sim.study.study_file import Study, when


def words(study: Study[Spec], tables: Mapping[str, Table]) -> Answer:
    """The answer in sentences."""
    frame = tables["ladder"].frame
    parts = [rows for _, rows in frame.groupby(["outcome", "week"], sort=False)]
    left = [f"{_remains(rows)} of {_when(rows)}" for rows in parts]
    verdict = (
        f"With every step taken, this remains of what {contrast(study)} does: {'; '.join(left)}."
    )
    lines = [_sentence(rows) for rows in parts]
    counted = frame.drop_duplicates("outcome")
    if (counted["n"] < counted["runs"]).any():
        fewest = counted.loc[counted["n"].idxmin()]
        lines.append(
            f"Pairs with a run that failed or has no value are left out: {fewest['n']} of "
            f"{fewest['runs']} count."
        )
    return Answer(verdict, (*lines, "Sizes of these effects are assumptions of the model."))


def contrast(study: Study[Spec]) -> str:
    """The contrast in words."""
    asked = study.header.contrast
    return f"{lever_text(study)} {given(asked.high)} instead of {given(asked.low)}"


def _when(rows: pd.DataFrame) -> str:
    return when(str(rows["outcome"].iloc[0]), str(rows["week"].iloc[0]))


def _remains(rows: pd.DataFrame) -> str:
    """How much of the first effect the last step leaves, if it is certain that anything is."""
    last = rows.iloc[-1]
    if not (last["low"] > 0 or last["high"] < 0):
        return "nothing certain"
    return percent(last["share"]) if last["share"] >= 0 else "the opposite"


def _sentence(rows: pd.DataFrame) -> str:
    first, last = rows.iloc[0], rows.iloc[-1]
    text = (
        f"{_when(rows)}: the effect is {signed(first['effect'])} "
        f"({interval(first['low'], first['high'], signed)}) on the first step and "
        f"{signed(last['effect'])} ({interval(last['low'], last['high'], signed)}) on the last"
    )
    lost = -rows["effect"].diff().to_numpy()[1:]
    if len(lost) and np.isfinite(lost).any():
        place = int(np.nanargmax(lost))
        text += (
            f"; its largest single part, {number(lost[place])}, goes with: "
            f"{rows['step'].iloc[place + 1]}"
        )
    return f"{text[0].upper()}{text[1:]}."
