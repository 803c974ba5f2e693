"""words: the answer of an audit in sentences."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from sim.core.units import Z95
from sim.present.answer import Answer
from sim.present.format import count, interval, number, percent, signed
from sim.present.table import Table
from sim.studies.audit.spec import LABELS, SLOPES, Spec, asked_in, replications
from sim.studies.spec import Study


def words(study: Study[Spec], tables: Mapping[str, Table]) -> Answer:
    """The answer in sentences."""
    assert study.plausible is not None
    frames = {name: table.frame for name, table in tables.items()}
    source = study.plausible.source
    tell = _slopes if study.header.design == "dose_regression" else _changes
    verdict, lines = tell(study, frames)
    return Answer(verdict, (*lines, f"The parameters come from {source}."))


def of(frame: pd.DataFrame, **where: object) -> pd.DataFrame:
    """The rows of a frame with these values."""
    for column, value in where.items():
        frame = frame[frame[column] == value]
    return frame


Frames = Mapping[str, pd.DataFrame]


def _changes(study: Study[Spec], frames: Frames) -> tuple[str, Sequence[str]]:
    header = study.header
    remedies = frames["remedies"]
    verdict = _best(remedies, replications(study))
    base = of(frames["audit"], design="before_after", trend=header.background_trends[0])
    lines = [
        f"The study has {count(len(study.scenario.region_names), 'region')}, asks "
        f"{asked_in(study)} people "
        f"in each and has {header.items} items a scale, 1-5; it was repeated "
        f"{count(replications(study), 'time')}."
    ]
    for construct in header.asks_about:
        works = of(base, construct=construct, world="works").iloc[0]
        nothing = of(base, construct=construct, world="does nothing").iloc[0]
        lines.append(
            f"Before and after, as the study was, it would report {signed(works['reported'])} "
            f"points of {construct} when TA works (the true effect is {signed(works['true'])}; 90 "
            f"% of studies report {interval(works['low'], works['high'], signed)}; "
            f"{percent(works['significant'])} call it significant) and "
            f"{signed(nothing['reported'])} when TA does nothing "
            f"({interval(nothing['low'], nothing['high'], signed)}; false alarms in "
            f"{percent(nothing['significant'])})."
        )
    if len(header.background_trends) > 1:
        lines.append(_trend(study, frames["audit"]))
    if "leniency" in frames:
        lines.append(_leniency(study, frames["leniency"]))
    ranked = "; ".join(
        f"{LABELS[row['design']]} {row['rmse_ratio']:.2f} (SE {number(row['se'])}, power "
        f"{percent(row['power'])}, false alarms {percent(row['false_alarms'])}, bias "
        f"{row['bias']:.2f})"
        for _, row in remedies.iterrows()
    )
    lines.append(
        "Over all constructs, whether TA works or not, the error of the reported effect as a share "
        f"of that of the design as it was is: {ranked}."
    )
    return verdict, lines


def _best(remedies: pd.DataFrame, repeats: int) -> str:
    """The design with the least error, or those of which none is known to have the least."""
    leading = remedies[remedies["leads"]].to_dict("records")
    if not leading:
        return "No design is known to help: too few people answer for an estimate."
    named = [
        f"{LABELS[str(row['design'])]} ({row['rmse_ratio']:.2f}, SE {number(row['se'])})"
        for row in leading
    ]
    if len(leading) > 1:
        return (
            f"Which design errs least is not known from {count(repeats, 'replication')}: a study "
            f"{' or '.join(named)}, by error as a share of that of the design as it was."
        )
    (best,) = leading
    if best["design"] == "before_after":
        return "No addition helps the study's design: as it was, its error is the least."
    return (
        f"What helps the study's design most is a study {LABELS[str(best['design'])]}: its error "
        f"is {best['rmse_ratio']:.2f} (SE {number(best['se'])}) of that of the design as it was."
    )


def _trend(study: Study[Spec], frame: pd.DataFrame) -> str:
    trend = max(study.header.background_trends, key=abs)
    rows = of(frame, world="does nothing", trend=trend, construct="knowledge")
    if rows.empty:
        return ""
    base = of(rows, design="before_after").iloc[0]
    rows, errors = rows[rows["bias"].notna()], rows["bias_se"]
    if rows.empty:
        return ""
    size, least = rows["bias"].abs(), int(rows["bias"].abs().to_numpy().argmin())
    apart = size - size.iloc[least] > Z95 * np.hypot(errors, errors.iloc[least])
    leading = rows[~apart].sort_values("bias", key=abs, kind="stable")
    named = " or ".join(
        f"{LABELS[str(row['design'])]} ({signed(row['bias'])})" for _, row in leading.iterrows()
    )
    return (
        f"Where knowledge changes by {signed(trend)} a year without TA, a study before and after "
        f"reports {signed(base['reported'])} points of knowledge for TA that does nothing (false "
        f"alarms in {percent(base['significant'])}); the least biased study is one "
        f"{named}."
    )


def _leniency(study: Study[Spec], frame: pd.DataFrame) -> str:
    parts = []
    for construct in study.header.asks_about:
        rows = of(frame, construct=construct)
        own = rows.iloc[0]
        parts += [
            f"{construct} {percent(own['change_points'] / row['change_points'])}"
            for _, row in rows.iloc[1:].iterrows()
        ]
    return (
        "Leniency (acquiescence) pushes answers to the ceiling of the scale, so a survey reads a "
        f"smaller change at a leniency of {frame['leniency'].max():.2f} than at "
        f"{frame['leniency'].min():.2f}. The share that it still reads is, by construct, "
        f"{', '.join(parts)}."
    )


def _slopes(study: Study[Spec], frames: Frames) -> tuple[str, Sequence[str]]:
    frame: Any = frames["audit"]
    level, change = (of(frame, design=design) for design in SLOPES)
    nothing = of(level, world="does nothing").sort_values("significant", ascending=False).iloc[0]
    construct = nothing["construct"]
    after = of(change, world="does nothing", construct=construct).iloc[0]
    works = of(change, world="works", construct=construct).iloc[0]
    verdict = (
        f"Even if TA did nothing, a regression on hours would find a significant slope for "
        f"{construct} in {percent(nothing['significant'])} of studies, because those who ask for "
        "more are not like the others (they are readier, more trusting, better led)."
    )
    lines = [
        f"The {len(study.scenario.region_names)} regions ask for their own contacts; slopes are "
        f"points of the scale per ten contact hours received; the study was repeated "
        f"{count(replications(study), 'time')}.",
        f"For the change since the start, the slope is {after['reported']:+.3f} when TA does "
        f"nothing (significant in {percent(after['significant'])}). When TA works, the slope is "
        f"{works['reported']:+.3f}; the true slope is {works['true']:+.3f}.",
    ]
    lines += [
        f"For {row['construct']}, {row['design']}, when TA {row['world']}: slope "
        f"{row['reported']:+.3f} (90 % of studies {row['low']:+.3f} to {row['high']:+.3f}), true "
        f"{row['true']:+.3f}; significant in {percent(row['significant'])}."
        for _, row in frame.iterrows()
    ]
    return verdict, lines
