"""figures: the effect of each trial beside the forecasts of the model and of its rivals."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING

import pandas as pd

from sim.core.units import Z95
from sim.present import style
from sim.present.figures import Figure
from sim.present.format import sentence
from sim.present.table import Table
from sim.studies.spec import Study
from sim.studies.trials.spec import Spec

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Drawn


def figures(study: Study[Spec], tables: Mapping[str, Table]) -> list[Figure]:
    """The one figure."""
    return [
        Figure(
            "trials",
            "Trials and simulated trials",
            "Each trial's effect with its 95 % interval, and what the model and the rivals "
            "forecast from the other trials.",
            "Effects of trials and of the simulated trials, with intervals; the table holds them",
            partial(_trials, study, tables["trials"].frame),
        )
    ]


def _trials(study: Study[Spec], frame: pd.DataFrame) -> Drawn:
    """Observed effect of each trial (95 % interval) against the model's and the rival's."""
    assert study.plausible is not None
    table = frame.sort_values("hours_a_month", kind="stable").reset_index(drop=True)
    figure = style.figure(
        style.WIDTH, 2.0 + 0.34 * len(table),
        "Compared, not validated: each trial's effect, forecast from the other trials",
        "By hours a month and site. Grey: observed effect with its 95 % interval. Blue: the model "
        "with 90 % of what such a trial could see. Cross: log hours a month. Dashed: one constant. "
        f"SMD = a + b x effect in the model. {sentence(study.plausible.source)}. What if, not "
        "forecast.",
    )  # fmt: skip
    axes = figure.subplots()
    style.dress(axes, grid=False)
    for place, row in table.iterrows():
        y = int(str(place))
        half = Z95 * row["se"]
        axes.plot(
            [row["observed"] - half, row["observed"] + half], [y + 0.14] * 2,
            color=style.MUTED, linewidth=1.4, alpha=0.6,
        )  # fmt: skip
        axes.plot(row["observed"], y + 0.14, "o", color=style.MUTED, markersize=5)
        axes.plot(
            [row["low"], row["high"]], [y - 0.14] * 2, color=style.BLUE, linewidth=2, alpha=0.5
        )
        axes.plot(row["model"], y - 0.14, "o", color=style.BLUE, markersize=5)
        axes.plot(row["by_hours"], y, "x", color=style.VERMILLION, markersize=6)
    axes.axvline(float(table["constant"].mean()), color=style.MUTED, linestyle="--", linewidth=0.9)
    axes.axvline(0, color=style.FAINT, linewidth=0.8)
    axes.set_yticks(range(len(table)))
    axes.set_yticklabels(
        [
            f"{r['trial']}: {r['hours_a_month']:.2g} h/month, {r['sites']}"
            f"{'' if r['sites_known'] else '?'} sites"
            for _, r in table.iterrows()
        ],
        fontsize=style.SMALL_SIZE, color=style.INK,
    )  # fmt: skip
    axes.set_ylim(-0.7, len(table) - 0.3)
    style.name_x(axes, "effect, standardised mean difference")
    return figure
