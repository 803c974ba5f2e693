"""What a visitor takes home: numbers as CSV, a report in one file that needs nothing else."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence

import numpy as np

from sim import __version__
from sim.view import hover_plan
from sim.view._report_parts import script_json
from sim.view.report import plotly_script
from sim.web import plan_map, plan_words
from sim.web.answer import CURVES, EFFECTS, Answer, planned
from sim.web.parts import WHAT_IF, text
from sim.web.plan_map import DosageMap

Lines = Sequence[tuple[str, Sequence[int], np.ndarray]]
"""Label, weeks and middle of plans kept for comparison."""


def csv_of(found: Answer) -> str:
    """The numbers behind the page, a row a week, outcome and arm; then the effects.

    Columns: part (weeks | effects), week, outcome, arm (with_ta | without), middle, low, high,
    luck_low, luck_high. In the part effects, ``middle`` is the mean difference against no TA.
    """
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(
        ("part", "week", "outcome", "arm", "middle", "low", "high", "luck_low", "luck_high")
    )
    for outcome in CURVES:
        for arm, band in (
            ("with_ta", found.with_ta[outcome]), ("without", found.without[outcome]),
        ):  # fmt: skip
            columns = (band.middle, band.low, band.high, band.luck_low, band.luck_high)
            for place, week in enumerate(found.weeks.tolist()):
                numbers = [f"{column[place]:.6f}" for column in columns]
                writer.writerow(("weeks", week, outcome, arm, *numbers))
    for outcome in EFFECTS:
        for point, week in (("end_of_ta", found.end), ("horizon", found.scenario.horizon_weeks)):
            effect = found.effects[outcome, point]
            numbers = [f"{value:.6f}" for value in (effect.mean, effect.low, effect.high)]
            writer.writerow(("effects", week, outcome, "difference", *numbers, "", ""))
    return file.getvalue()


def report_of(
    found: Answer,
    lines: Mapping[str, Lines] | None = None,
    kept: Sequence[str] = (),
    comparison: str = "",
    made: DosageMap | None = None,
    mode: str = "",
) -> str:
    """A self-contained HTML report of a plan, with the figures of the page: it asks nothing of any
    network.

    Args:
        lines: outcome -> the lines of plans kept for comparison.
        kept: their labels, for the legend.
        comparison: the table of paired differences as the page shows it.
        made, mode: the dosage map of this plan and the mode to show, when it was worked out.
    """
    scenario = found.scenario
    figures = [
        (
            plan_words.unit_words(outcome),
            plan_words.chart_words(outcome, found),
            hover_plan.trajectory(
                outcome, found.weeks.tolist(), found.with_ta[outcome], found.without[outcome],
                found.end, (lines or {}).get(outcome, ()),
            ),
        )
        for outcome in CURVES
    ]  # fmt: skip
    charts = "".join(_chart(place, *figure[:2]) for place, figure in enumerate(figures))
    drawn = [figure for *_, figure in figures]
    map_part = ""
    if made is not None and mode in made.level:
        map_part = _map(made, mode, len(drawn))
        drawn.append(plan_map.figure(made, mode))
    compared = f"<h2>Compared with other plans</h2>{comparison}" if comparison else ""
    return _PAGE.format(
        title=text(scenario.name),
        what_if=text(WHAT_IF),
        sentence=text(plan_words.headline(scenario)),
        costs=plan_words.cost_tiles(planned(scenario)),
        costs_note=text(plan_words.costs_rest_on(scenario)),
        effects=plan_words.effect_tiles(found),
        note=text(plan_words.effect_note(found)),
        legend=plan_words.legend(kept),
        charts=charts,
        table=plan_words.numbers_table(found),
        rests=plan_words.rests_on(found, link=False),
        compared=compared,
        map=map_part,
        yaml=text(scenario.to_yaml()),
        version=text(__version__),
        plotly=plotly_script(),
        figures=script_json(drawn),
    )


def _chart(place: int, caption: str, words: str) -> str:
    return (
        f"<figure><figcaption>{caption}</figcaption>"
        f"<div class='chart' id='figure-{place}' role='img' aria-label='{text(words)}'></div>"
        "</figure>"
    )


def _map(made: DosageMap, mode: str, place: int) -> str:
    best = "".join(
        f"<li><b>{plan_map.MODE_WORDS[one]}:</b> {text(plan_map.cheapest_words(cheapest))}</li>"
        for one, cheapest in plan_map.by_cost(made)
    )
    name = plan_map.MODE_WORDS[mode].lower()
    return (
        f"<h2>Dosage map: {text(name)}</h2>"
        f"<ul class='legend'>{plan_map.legend(made, mode)}</ul>"
        f"<figure><figcaption>{plan_map.caption(made)}</figcaption>"
        f"<div class='chart map' id='figure-{place}' role='img' "
        f"aria-label='Map of {text(made.outcome)} by {text(name)}'></div></figure>"
        f"<h3>{text(plan_map.cheapest_title(made))}</h3>"
        f"{f'<ul>{best}</ul>' if best else '<p>None on this map is sure enough.</p>'}"
        f"<p class='note'>{text(plan_map.rests_on(made))}</p>"
    )


_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; script-src 'unsafe-inline';
 style-src 'unsafe-inline'; img-src data: blob:; base-uri 'none'; form-action 'none'">
<title>{title}</title><style>
:root {{ --with: #0072b2; --none: #7a7a7a; --kept-0: #d55e00; --kept-1: #009e73; --kept-2: #a8528a;
  --kept-3: #9a6a00; --kept-4: #5b5fc7; --ink: #1a1a1a; }}
body {{ font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; max-width: 980px;
  margin: 32px auto; padding: 0 20px; color: #1a1a1a; background: #fff; }}
h1 {{ font-size: 1.6rem; line-height: 1.2; margin: 0 0 4px; }}
h2 {{ font-size: 1.15rem; margin: 36px 0 8px; }} h3 {{ font-size: 1rem; margin: 16px 0 4px; }}
.note, small {{ color: #55595e; font-size: 0.85rem; }} small {{ display: block; font-weight: 400; }}
figcaption small {{ display: inline; }} figcaption {{ font-weight: 600; font-size: 0.95rem; }}
.what {{ background: #e4f0f8; padding: 6px 12px; border-radius: 6px; }}
.tiles {{ display: grid; grid-template-columns: repeat(auto-fit, minmax(140px, 1fr)); gap: 12px; }}
.tile dt {{ font-size: 0.85rem; color: #55595e; }} .tile dd {{ margin: 0; font-size: 1.4rem;
  font-weight: 600; }} .over {{ color: #a33a00; }}
.charts {{ display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 380px), 1fr));
  gap: 16px 24px; }} figure {{ margin: 0; min-width: 0; break-inside: avoid; }}
.chart {{ height: 230px; }} .map {{ height: 400px; }}
.legend {{ display: flex; flex-wrap: wrap; gap: 4px 18px; padding: 0; margin: 8px 0;
  list-style: none; font-size: 0.85rem; color: #55595e; }}
.key {{ display: inline-block; width: 24px; border-top: 3px solid var(--c); margin-right: 8px;
  vertical-align: 4px; }}
.key.with {{ --c: var(--with); }} .key.none {{ --c: var(--none); }} .key.dashed {{
  border-top-style: dashed; }} .key.dotted {{ border-top-style: dotted; }}
.key.band {{ border: 0; height: 12px; background: var(--c); opacity: 0.22; vertical-align: -1px; }}
.key.band.strong {{ opacity: 0.5; }} .key.kept-0 {{ --c: var(--kept-0); }}
.key.kept-1 {{ --c: var(--kept-1); }} .key.kept-2 {{ --c: var(--kept-2); }}
.key.kept-3 {{ --c: var(--kept-3); }} .key.kept-4 {{ --c: var(--kept-4); }}
.key.target-line {{ --c: #d55e00; }} .key.sure-line {{ --c: var(--ink); border-top-style: dashed; }}
.key.ring {{ width: 8px; height: 8px; border: 3px solid var(--ink); border-radius: 50%;
  vertical-align: -1px; }}
.key.star {{ border: 0; width: auto; vertical-align: 0; }} .key.star::after {{ content: "★";
  color: #b8860b; font-style: normal; }}
table {{ border-collapse: collapse; width: 100%; font-size: 0.9rem; }} th {{ text-align: left; }}
td, th {{ padding: 5px 10px 5px 0; border-bottom: 1px solid #d8dde1; vertical-align: top; }}
.n {{ text-align: right; }} .scroll {{ overflow-x: auto; }} caption {{ display: none; }}
pre {{ background: #f5f7f8; padding: 12px; overflow-x: auto; font-size: 0.8rem; }}
</style></head><body><main>
<h1>{title}</h1><p>{sentence}</p><p class="what">{what_if}</p>
<h2>What it takes</h2>{costs}<p class="note">{costs_note}</p>
<h2>What would follow</h2>{effects}<p class="note">{note}</p>
<h2>Over time</h2><ul class="legend">{legend}</ul><div class="charts">{charts}</div>{rests}
<h2>The numbers</h2>{table}
{compared}{map}
<h2>The scenario</h2><p class="note">Saved as a file it runs with <code>codose run</code>. Made with
codose {version}.</p>
<pre>{yaml}</pre></main>
<script>{plotly}</script>
<script>
for (const [place, figure] of {figures}.entries())
  Plotly.newPlot("figure-" + place, figure.data, figure.layout, figure.config);
</script>
</body></html>
"""
